//! Engines of others, each in the form that suits it best: it is given the policies of the caller and no others.

pub mod casbin;
pub mod cedar;
pub mod iam_rs;
