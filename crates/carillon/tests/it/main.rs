//! The command as an operator has it: started, asked over its socket, told to stop.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod account;
mod audit_log;
mod first_start;
mod harness;
mod http;
mod mail;
mod matrix;
mod model;
mod options;
mod policy;
mod serve;
