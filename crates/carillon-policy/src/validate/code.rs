//! The codes of findings: one declaration each, from which the reference is written.

use super::finding::Severity;

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $Variant:ident = $name:literal $Severity:ident,)+) => {
        /// What a finding is about. Codes are stable; where AWS's Access Analyzer has one for the matter, it is AWS's.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[doc = $doc])+ $Variant),+
        }

        impl Code {
            /// All codes, in the order of their declaration.
            pub const ALL: &'static [Code] = &[$(Code::$Variant),+];

            /// In upper snake case, as findings carry it.
            pub const fn name(self) -> &'static str {
                match self { $(Code::$Variant => $name),+ }
            }

            /// The severity unless a finding says otherwise.
            pub const fn severity(self) -> Severity {
                match self { $(Code::$Variant => Severity::$Severity),+ }
            }

            /// What it means, in one sentence.
            pub const fn description(self) -> &'static str {
                match self { $(Code::$Variant => concat!($($doc),+).trim_ascii()),+ }
            }
        }
    };
}

codes! {
    // The text.
    /// The text is not JSON.
    JsonSyntaxError = "JSON_SYNTAX_ERROR" Error,
    /// A character that IAM does not store: only tab, line feed, carriage return and U+0020 to U+00FF are.
    UnsupportedCharacter = "UNSUPPORTED_CHARACTER" Error,
    /// There are more findings than are shown.
    TooManyFindings = "TOO_MANY_FINDINGS" Warning,
}
