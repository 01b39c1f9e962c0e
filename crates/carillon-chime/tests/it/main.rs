//! What the administration of Chime promises on the wire, asked in the process and on every database.

#![expect(
    clippy::unwrap_used,
    reason = "what a helper unwraps is the test's own world: a panic is its failure"
)]

mod account;
mod activity;
mod batch;
mod data_export;
mod delegate;
mod domain;
mod invitation;
mod job;
mod model;
mod open_id;
mod person;
mod portal;
mod registration;
mod support;
mod user;
mod world;
