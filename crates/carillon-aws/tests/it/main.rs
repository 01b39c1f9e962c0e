//! Signatures that others made: AWS's public test suite and the official Python client.

mod wire;

mod sigv4_botocore;
mod sigv4_suite;
