//! Any text under validation: nothing panics, every place is in the text, every fix can be made, and a text is
//! called JSON exactly when it is.
#![no_main]

use carillon_policy::validate::{Catalogue, Code, MOST_FINDINGS, apply_fixes, validate};
use carillon_policy::{Document, PolicyType};
use libfuzzer_sys::fuzz_target;

const TYPES: [PolicyType; 8] = [
    PolicyType::Identity,
    PolicyType::Resource,
    PolicyType::Trust,
    PolicyType::Boundary,
    PolicyType::Session,
    PolicyType::ServiceControl,
    PolicyType::ResourceControl,
    PolicyType::Endpoint,
];

fuzz_target!(|text: &str| {
    let catalogue = Catalogue::default();
    for ty in TYPES {
        let findings = validate(text, ty, &catalogue);
        assert!(findings.len() <= MOST_FINDINGS);
        for finding in &findings {
            for span in std::iter::once(&finding.span).chain(finding.fix.iter().map(|fix| &fix.span)) {
                let place = text
                    .get(span.start.byte..span.end.byte)
                    .expect("a stretch of the text");
                assert_eq!(place.chars().count(), span.end.offset - span.start.offset);
            }
        }
        let (_, applied) = apply_fixes(text, &findings);
        assert_eq!(applied > 0, findings.iter().any(|finding| finding.fix.is_some()));
        let broken = findings
            .iter()
            .any(|finding| finding.code == Code::JsonSyntaxError);
        let refused = Document::parse(text, ty, false).is_err();
        assert!(refused || !broken, "what is stored is JSON");
    }
});
