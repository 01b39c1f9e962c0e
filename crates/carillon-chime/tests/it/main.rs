//! What the administration of Chime promises on the wire, asked in the process and on every database.

mod account;
mod invitation;
mod model;
mod portal;
mod user;
mod world;
