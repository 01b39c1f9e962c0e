//! Names of domains: their one form, and those that nobody can claim.

use std::collections::HashSet;
use std::sync::LazyLock;

use carillon_operation::Settings;
use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};

use crate::email::is_domain;
use crate::error::Error;

mod wire {
    carillon_aws::string_type! {
        /// The name of a domain. International ones may be given in their own script, and are shown in ASCII.
        pub(crate) DomainName, min: 1, max: 253, example: "example.com"
    }
}

/// A domain in requests and answers.
pub(crate) use wire::DomainName as WireDomainName;

carillon_aws::string_type! {
    /// The name of a domain, in ASCII or in its own script.
    pub(crate) DomainInPath, pattern: r".*\S.*", example: "example.com"
}

/// The label under which the record of a claim is looked up.
const CHALLENGE_LABEL: &str = "_carillon-challenge";
/// RFC 1035, 2.3.4, less the dots that text does not show.
const WHOLE: usize = 253;
/// So that the record's own name is one.
const LONGEST: usize = WHOLE - CHALLENGE_LABEL.len() - 1;

/// Bytes of a name in its own script: each character of the name in ASCII stands for four at most.
const LONGEST_TEXT: usize = WHOLE * 4;

/// The domains of mail providers where everybody can have an address.
static PROVIDERS: LazyLock<HashSet<String>> =
    LazyLock::new(|| read_providers(include_str!("mail_providers.txt")));

/// A domain in its normal form: lower case, in ASCII, without a dot at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DomainName(String);

/// Why a text names no domain that can be claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoDomain {
    #[error("the name is not that of a domain with at least two labels, such as example.com")]
    Malformed,
    #[error("the name of the domain must not be longer than {LONGEST} characters in ASCII")]
    TooLong,
    #[error("anybody can have a domain under this name, so nobody can claim it")]
    PublicSuffix,
}

impl From<NoDomain> for Error {
    fn from(error: NoDomain) -> Self {
        Self::BadRequest(error.to_string())
    }
}

impl DomainName {
    pub fn parse(text: &str) -> Result<Self, NoDomain> {
        let name = to_ascii(text.strip_suffix('.').unwrap_or(text)).ok_or(NoDomain::Malformed)?;
        if name.len() > LONGEST {
            return Err(NoDomain::TooLong);
        }
        if psl::suffix(name.as_bytes()).is_none_or(|suffix| suffix.as_bytes().len() == name.len()) {
            return Err(NoDomain::PublicSuffix);
        }
        Ok(Self(name))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// That the domain is not one where everybody can have an address.
    pub fn require_not_public(&self, settings: &Settings) -> Result<(), Error> {
        let providers = settings.mail_providers.as_deref().unwrap_or(&PROVIDERS);
        if providers.contains(&self.0) {
            return Err(Error::BadRequest(format!(
                "`{}` belongs to a public mail provider, so nobody can claim it",
                self.0
            )));
        }
        Ok(())
    }
}

/// Where the record of a claim is looked up.
pub(crate) fn challenge_name(domain: &str) -> String {
    format!("{CHALLENGE_LABEL}.{domain}")
}

/// A host name in lower case and ASCII, if it is one of at least two labels.
///
/// Source: UTS 46, section 4, not transitional; hyphens in the third and fourth place are in use, and allowed.
pub(crate) fn to_ascii(text: &str) -> Option<String> {
    if text.len() > LONGEST_TEXT {
        return None;
    }
    let ascii = Uts46::new()
        .to_ascii(
            text.as_bytes(),
            AsciiDenyList::STD3,
            Hyphens::CheckFirstLast,
            DnsLength::Verify,
        )
        .ok()?;
    is_domain(&ascii).then(|| ascii.into_owned())
}

/// The domains in a list: one a line, whatever its script; comments begin with `#`. What is no domain is left out.
pub fn read_providers(text: &str) -> HashSet<String> {
    text.lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim())
        .filter_map(to_ascii)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Result<String, NoDomain> {
        DomainName::parse(text).map(|name| name.0)
    }

    #[test]
    fn a_domain_has_one_form() {
        for (text, normal) in [
            ("example.com", "example.com"),
            ("Example.COM.", "example.com"),
            ("exämple.com", "xn--exmple-cua.com"),
            ("EXÄMPLE.com", "xn--exmple-cua.com"),
            ("exa\u{308}mple.com", "xn--exmple-cua.com"),
            ("XN--EXMPLE-CUA.com", "xn--exmple-cua.com"),
            ("faß.de", "xn--fa-hia.de"),
            ("例え。jp", "xn--r8jz45g.jp"),
            ("ｅｘａｍｐｌｅ.com", "example.com"),
            ("a.b.c.example.co.uk", "a.b.c.example.co.uk"),
            ("r3---sn-x.example.com", "r3---sn-x.example.com"),
            ("1.example", "1.example"),
        ] {
            assert_eq!(name(text).as_deref(), Ok(normal), "{text}");
        }
    }

    #[test]
    fn what_is_no_domain() {
        let long_label = format!("{}.com", "x".repeat(64));
        let many = format!("{}com", "a.".repeat(127));
        for text in [
            "",
            ".",
            "com.",
            "localhost",
            "example..com",
            ".example.com",
            "example.com..",
            "-a.com",
            "a-.com",
            "a_b.com",
            "a b.com",
            "a\0.com",
            "a\n.com",
            "*.example.com",
            "user@example.com",
            "https://example.com",
            "example.com:53",
            "example.com/x",
            "127.0.0.1",
            "[::1]",
            "::1",
            "xn--a.com",
            "xn--.com",
            "a\u{202e}b.com",
            "a\u{200d}b.com",
            "\u{2488}com",
            &long_label,
            &many,
            &"ä.".repeat(100_000),
        ] {
            assert_eq!(name(text), Err(NoDomain::Malformed), "{text:?}");
        }
        let fits = format!("{0}.{0}.{0}.{1}.com", "x".repeat(57), "y".repeat(55));
        assert_eq!(fits.len(), LONGEST);
        assert_eq!(name(&fits).as_deref(), Ok(fits.as_str()));
        assert_eq!(name(&format!("z{fits}")), Err(NoDomain::TooLong));
        assert_eq!(challenge_name(&fits).len(), WHOLE);
    }

    #[test]
    fn suffixes_that_are_open_to_everybody_are_nobodys() {
        for text in [
            "co.uk",
            "CO.UK.",
            "github.io",
            "anything.ck",
            "公司.cn",
            "xn--55qx5d.cn",
            "s3.amazonaws.com",
        ] {
            assert_eq!(name(text), Err(NoDomain::PublicSuffix), "{text}");
        }
        for text in ["bbc.co.uk", "carillon.github.io", "www.ck", "食狮.公司.cn"] {
            assert!(name(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn mail_providers_can_be_said() {
        assert!(PROVIDERS.len() > 100);
        let settings = Settings::default();
        let gmail = DomainName::parse("GMail.com").unwrap();
        assert!(gmail.require_not_public(&settings).is_err());
        let own = Settings {
            mail_providers: Some(read_providers("# ours\nExämple.com # and theirs\n\nno domain\n").into()),
            ..Settings::default()
        };
        assert!(gmail.require_not_public(&own).is_ok());
        let international = DomainName::parse("xn--exmple-cua.com").unwrap();
        assert!(international.require_not_public(&own).is_err());
    }

    proptest::proptest! {
        #[test]
        fn the_normal_form_is_its_own(text in "\\PC{1,12}(\\.\\PC{1,8}){1,2}") {
            if let Ok(once) = name(&text) {
                proptest::prop_assert!(is_domain(&once) && !once.bytes().any(|byte| byte.is_ascii_uppercase()));
                proptest::prop_assert_eq!(name(&once), Ok(once));
            }
        }
    }
}
