//! Clients that sign what they send, and what they get.

use std::net::{IpAddr, Ipv4Addr};

use carillon_aws::secret::Secret;
use carillon_aws::sigv4::Signer;
use carillon_aws::time::Clock;
use carillon_operation::{ConsoleRequest, Peer};
use http::header::{CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::{TestServer, xml};
use crate::console::ConsoleSession;

const HERE: Peer = Peer {
    ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
    tls: None,
};

/// Somebody with credentials.
#[derive(Clone)]
pub struct TestClient<'a> {
    pub(super) server: &'a TestServer,
    pub access_key_id: String,
    pub(super) secret_access_key: Secret<String>,
    pub(super) session_token: Option<String>,
}

impl TestClient<'_> {
    /// Asks a Query service (`iam`, `sts`).
    pub async fn query(&self, service: &'static str, action: &str, members: &[(&str, &str)]) -> Answer {
        let entry = self.server.environment().registry.service(service);
        let version = entry.map_or("", |entry| entry.service.version);
        let mut form = format!("Action={action}&Version={version}");
        for (name, value) in members {
            form.push_str(&format!(
                "&{name}={}",
                utf8_percent_encode(value, NON_ALPHANUMERIC)
            ));
        }
        let headers = [(CONTENT_TYPE, "application/x-www-form-urlencoded; charset=utf-8")];
        self.send(service, Method::POST, "/", &headers, form.into_bytes())
            .await
    }

    /// Asks IAM.
    pub async fn iam(&self, action: &str, members: &[(&str, &str)]) -> Answer {
        self.query("iam", action, members).await
    }

    /// Asks a REST-JSON service, such as `chime`: `client.rest("chime", "POST", "/accounts", json!({"Name": "Sales"}))`.
    /// A body of `null` is no body.
    ///
    /// # Panics
    ///
    /// When the method is none, or the path cannot stand in a request.
    pub async fn rest(&self, service: &'static str, method: &str, path: &str, body: Value) -> Answer {
        let method = method.parse().expect("a method");
        let body = if body.is_null() {
            Vec::new()
        } else {
            body.to_string().into_bytes()
        };
        let headers = [(CONTENT_TYPE, "application/json")];
        self.send(service, method, path, &headers, body).await
    }

    /// Asks a JSON 1.1 service; `target` is the value of `X-Amz-Target`.
    pub async fn json(&self, service: &'static str, target: &str, body: Value) -> Answer {
        let headers = [
            (CONTENT_TYPE, "application/x-amz-json-1.1"),
            (HeaderName::from_static("x-amz-target"), target),
        ];
        self.send(
            service,
            Method::POST,
            "/",
            &headers,
            body.to_string().into_bytes(),
        )
        .await
    }

    /// Asks as a page of the web console does, with temporary credentials and no signature.
    pub async fn console(&self, service: &str, operation: &str, input: Value) -> Answer {
        let request = Request::post("/console").body(()).expect("a request");
        let peer = Peer {
            ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
            tls: None,
        };
        let asked = ConsoleRequest {
            access_key_id: &self.access_key_id,
            session_token: self.session_token.as_deref().unwrap_or_default(),
            service,
            operation,
        };
        let (parts, body) = (request.into_parts().0, input.to_string());
        let pipeline = &self.server.pipeline;
        Answer::of(
            &pipeline
                .serve_console(&parts, body.as_bytes(), &peer, asked)
                .await,
        )
    }

    async fn send(
        &self,
        service: &'static str,
        method: Method,
        path: &str,
        headers: &[(HeaderName, &str)],
        body: Vec<u8>,
    ) -> Answer {
        let (mut parts, ()) = Request::builder()
            .method(method)
            .uri(path)
            .body(())
            .expect("a path that can stand in a request")
            .into_parts();
        parts
            .headers
            .insert(HOST, HeaderValue::from_static("chime.example.com"));
        for (name, value) in headers {
            let value = HeaderValue::from_str(value).expect("a value that can stand in a header");
            parts.headers.insert(name, value);
        }
        if !self.access_key_id.is_empty() {
            self.sign(service, &mut parts, path, &body);
        }
        Answer::of(&self.server.pipeline.serve(&parts, &body, &HERE).await)
    }

    fn sign(&self, service: &'static str, parts: &mut http::request::Parts, path: &str, body: &[u8]) {
        Signer {
            access_key_id: &self.access_key_id,
            secret_access_key: self.secret_access_key.expose(),
            session_token: self.session_token.as_deref(),
            region: carillon_operation::REGION,
            service,
        }
        .sign(
            parts.method.as_str(),
            path,
            &mut parts.headers,
            body,
            self.server.clock.now(),
        )
        .expect("a request that can be signed");
    }
}

impl TestServer {
    /// Asks as the web console does for somebody who is signed in there.
    pub async fn at_console(
        &self,
        session: &ConsoleSession,
        service: &str,
        operation: &str,
        input: Value,
    ) -> Answer {
        let credentials = session.own_credentials();
        let (parts, ()) = Request::builder()
            .method(Method::POST)
            .uri("/console/api")
            .body(())
            .expect("a path that can stand in a request")
            .into_parts();
        let asked = ConsoleRequest {
            access_key_id: &credentials.access_key_id,
            session_token: &credentials.session_token,
            service,
            operation,
        };
        let body = input.to_string().into_bytes();
        Answer::of(&self.pipeline.serve_console(&parts, &body, &HERE, asked).await)
    }
}

/// What a request got.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    /// As it came over the wire.
    pub text: String,
    /// The members of the output, or of the error. Of XML all scalars are strings.
    pub body: Value,
    error: Option<(String, String)>,
}

impl Answer {
    fn of(response: &http::Response<impl AsRef<[u8]>>) -> Self {
        let status = response.status().as_u16();
        let text = String::from_utf8(response.body().as_ref().to_vec()).expect("answers are UTF-8");
        let string = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (body, error);
        if text.starts_with('<') {
            let (name, tree) = xml::read(&text);
            error =
                (status >= 400).then(|| (string(&tree["Error"]["Code"]), string(&tree["Error"]["Message"])));
            body = match name.strip_suffix("Response") {
                Some("Error") | None => tree,
                Some(operation) => tree[format!("{operation}Result")].clone(),
            };
        } else {
            body = if text.is_empty() {
                Value::Null
            } else {
                serde_json::from_str(&text).expect("answers are XML or JSON")
            };
            let code = response
                .headers()
                .get("x-amzn-errortype")
                .and_then(|value| value.to_str().ok())
                .map_or_else(|| string(&body["__type"]), str::to_owned);
            let message = body.get("Message").or_else(|| body.get("message"));
            error = (status >= 400).then(|| (code, message.map(string).unwrap_or_default()));
        }
        Self {
            status,
            headers: response.headers().clone(),
            text,
            body,
            error,
        }
    }

    /// The output.
    ///
    /// # Panics
    ///
    /// When the request was refused.
    #[track_caller]
    pub fn ok(&self) -> &Value {
        assert!(self.error.is_none(), "refused: {} {}", self.status, self.text);
        &self.body
    }

    /// The code of the error, or nothing of a success.
    pub fn code(&self) -> &str {
        self.error.as_ref().map_or("", |(code, _)| code)
    }

    /// The message of the error, or nothing of a success.
    pub fn message(&self) -> &str {
        self.error.as_ref().map_or("", |(_, message)| message)
    }

    /// Status, code and message, to be compared as a whole.
    pub fn refusal(&self) -> (u16, &str, &str) {
        (self.status, self.code(), self.message())
    }
}
