//! Requests as text, the way both collections of test data write them.

use http::{HeaderMap, HeaderName, HeaderValue};

use carillon_aws::sigv4::RequestView;

/// A request taken apart without judging it: a path may hold what an HTTP library would refuse.
#[derive(Debug)]
pub struct WireRequest {
    pub method: String,
    pub path_and_query: String,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl WireRequest {
    pub fn parse(text: &str) -> Self {
        let (head, body) = text.split_once("\n\n").unwrap_or((text.trim_end(), ""));
        // A folded line belongs to the one before; HTTP libraries unfold it with a space.
        let head = head.replace("\n ", " ");
        let mut lines = head.lines();
        let (method, rest) = lines.next().unwrap().split_once(' ').unwrap();
        let path_and_query = rest.strip_suffix(" HTTP/1.1").unwrap();
        let mut headers = HeaderMap::new();
        for line in lines {
            let (name, value) = line.split_once(':').unwrap();
            headers.append(
                HeaderName::try_from(name).unwrap(),
                HeaderValue::try_from(value.trim()).unwrap(),
            );
        }
        Self {
            method: method.to_owned(),
            path_and_query: path_and_query.to_owned(),
            headers,
            // The suite ends a request without a body with two line feeds or three.
            body: body.trim_end_matches('\n').as_bytes().to_vec(),
        }
    }

    pub fn view(&self) -> RequestView<'_> {
        RequestView {
            method: &self.method,
            path_and_query: &self.path_and_query,
            headers: &self.headers,
            authority: None,
        }
    }
}
