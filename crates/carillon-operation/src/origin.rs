//! Which site a request of a browser comes from.

use http::HeaderMap;
use http::header::{HOST, ORIGIN};

/// Whether a request to change something comes from one of our own pages, as the browser says. Browsers say it in one
/// header or the other, and pages cannot forge either; whoever says nothing is no browser of a person.
pub fn is_from_here(headers: &HeaderMap, public_url: &str) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site.as_bytes() == b"same-origin";
    }
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(origin) = text(ORIGIN) else {
        return false;
    };
    let parts = origin.split_once("://");
    origin == public_url
        || parts.is_some_and(|(scheme, host)| {
            // Whoever can put a page at our name without TLS must not speak as one of ours with it.
            public_url
                .split_once("://")
                .is_some_and(|(ours, _)| ours == scheme)
                && Some(host) == text(HOST)
        })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn comes(headers: &[(&'static str, &'static str)]) -> bool {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, HeaderValue::from_static(value));
        }
        is_from_here(&map, "https://chime.example.com")
    }

    #[test]
    fn our_own_pages_say_so() {
        assert!(comes(&[("sec-fetch-site", "same-origin")]));
        assert!(comes(&[("origin", "https://chime.example.com")]));
        assert!(comes(&[("origin", "https://[::1]:8443"), ("host", "[::1]:8443")]));
    }

    #[test]
    fn others_cannot() {
        for headers in [
            &[][..],
            &[("host", "chime.example.com")],
            &[("sec-fetch-site", "none")],
            &[
                ("sec-fetch-site", "same-site"),
                ("origin", "https://chime.example.com"),
            ],
            &[("origin", "null"), ("host", "null")],
            &[("origin", "https://evil.example"), ("host", "chime.example.com")],
            &[
                ("origin", "http://chime.example.com"),
                ("host", "chime.example.com"),
            ],
            &[("origin", "chime.example.com"), ("host", "chime.example.com")],
        ] {
            assert!(!comes(headers), "{headers:?}");
        }
    }
}
