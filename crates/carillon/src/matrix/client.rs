//! A small AWS client: signs requests and sends them over a socket, as any other does.

use std::net::SocketAddr;

use bytes::Bytes;
use carillon_aws::secret::Secret;
use carillon_aws::sigv4::Signer;
use carillon_aws::time::{Clock, SystemClock};
use http::header::{CONTENT_TYPE, HOST, HeaderMap, HeaderValue};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::request::Sample;

/// An access key with its secret.
pub struct Key {
    pub access_key_id: String,
    pub secret_access_key: Secret<String>,
}

/// An answer, read to its end.
pub struct Answer {
    pub status: StatusCode,
    /// The error's name, if it is one of a REST-JSON service.
    pub error: String,
    pub body: String,
}

impl Answer {
    /// The body as JSON; null if it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

/// Sends requests to one server.
pub struct Client {
    address: SocketAddr,
    http: legacy::Client<HttpConnector, Full<Bytes>>,
}

impl Client {
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            http: legacy::Client::builder(TokioExecutor::new()).build_http(),
        }
    }

    /// Asks Chime.
    pub async fn chime(&self, key: &Key, sample: &Sample) -> anyhow::Result<Answer> {
        self.send(key, "chime", "application/json", sample).await
    }

    /// Asks IAM, and fails if it does not do as asked.
    pub async fn iam(&self, key: &Key, action: &str, members: &[(&str, &str)]) -> anyhow::Result<Answer> {
        let mut body = format!("Action={action}&Version=2010-05-08");
        for (name, value) in members {
            body.push_str(&format!(
                "&{name}={}",
                utf8_percent_encode(value, NON_ALPHANUMERIC)
            ));
        }
        let sample = Sample {
            method: "POST",
            path_and_query: "/".to_owned(),
            body: body.into(),
        };
        let answer = self
            .send(key, "iam", "application/x-www-form-urlencoded", &sample)
            .await?;
        anyhow::ensure!(
            answer.status.is_success(),
            "iam:{action}: {} {}",
            answer.status,
            answer.body
        );
        Ok(answer)
    }

    async fn send(
        &self,
        key: &Key,
        service: &str,
        kind: &'static str,
        sample: &Sample,
    ) -> anyhow::Result<Answer> {
        let signer = Signer {
            access_key_id: &key.access_key_id,
            secret_access_key: key.secret_access_key.expose(),
            session_token: None,
            region: "us-east-1",
            service,
        };
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_str(&self.address.to_string())?);
        if !sample.body.is_empty() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        }
        signer.sign(
            sample.method,
            &sample.path_and_query,
            &mut headers,
            &sample.body,
            SystemClock.now(),
        )?;
        let mut request = Request::builder()
            .method(sample.method)
            .uri(format!("http://{}{}", self.address, sample.path_and_query))
            .body(Full::new(sample.body.clone()))?;
        *request.headers_mut() = headers;
        let response = self.http.request(request).await?;
        let status = response.status();
        let error = response
            .headers()
            .get("x-amzn-errortype")
            .and_then(|name| name.to_str().ok())
            .unwrap_or_default()
            .to_owned();
        let body = response.into_body().collect().await?.to_bytes();
        Ok(Answer {
            status,
            error,
            body: String::from_utf8_lossy(&body).into_owned(),
        })
    }
}
