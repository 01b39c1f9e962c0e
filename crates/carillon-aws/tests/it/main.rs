//! Signatures that others made: AWS's public test suite and the official Python client.
#![expect(
    clippy::unwrap_used,
    reason = "the lint's exception for tests does not reach their helpers"
)]

mod wire;

mod sigv4_botocore;
mod sigv4_suite;
