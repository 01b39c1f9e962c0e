//! The least a server of signed requests can do: verify, and answer a constant.

use anyhow::Result;
use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::Request;
use axum::http::StatusCode;
use carillon_aws::sigv4::{Presented, RegionRule, RequestView, SigningKey, sha256};
use carillon_aws::time::{Clock, SystemClock};

use crate::client::{REGION, SECRET_ACCESS_KEY, SERVICE};

/// About what a `GetUser` answers.
const ANSWER: &str = r#"{"User":{"UserId":"1ab2345c-67de-8901-f23g-45h678901j2k","AccountId":"12a3456b-7c89-012d-3456-78901e23fg45","PrimaryEmail":"person0@load.example.com","LicenseType":"Pro","UserType":"PrivateUser","UserRegistrationStatus":"Unregistered","UserInvitationStatus":"Pending","InvitedOn":"2026-01-01T00:00:00.000Z"}}"#;

/// Serves on a free port, which it prints, until the process is ended.
pub fn serve() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?);
        axum::serve(listener, Router::new().fallback(answer)).await?;
        Ok(())
    })
}

async fn answer(request: Request) -> (StatusCode, Bytes) {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, 1 << 20).await else {
        return (StatusCode::BAD_REQUEST, Bytes::new());
    };
    if is_signed(&parts, &body) {
        (StatusCode::OK, Bytes::from_static(ANSWER.as_bytes()))
    } else {
        (StatusCode::FORBIDDEN, Bytes::new())
    }
}

fn is_signed(parts: &http::request::Parts, body: &[u8]) -> bool {
    let Ok(presented) = Presented::parse(RequestView::of(parts)) else {
        return false;
    };
    let Ok(unchecked) = presented.credential() else {
        return false;
    };
    let Ok(credential) = unchecked.check(SERVICE, RegionRule::Any) else {
        return false;
    };
    if presented.check_time(SystemClock.now()).is_err() {
        return false;
    }
    // Carillon keeps the key of the day too.
    static KEY: std::sync::OnceLock<SigningKey> = std::sync::OnceLock::new();
    let key = KEY.get_or_init(|| SigningKey::derive(SECRET_ACCESS_KEY, credential.date, REGION, SERVICE));
    presented.verify(key, &sha256(body)).is_ok()
}
