//! Questions about all requests at once: what a policy allows beyond another, who can do something, what
//! somebody can do.
//!
//! A question is a formula over facts: the action is in this language, the resource is an ARN of that pattern,
//! this test of a condition key holds ([`formula`], [`space`]). Finitely many languages divide all texts into
//! finitely many classes ([`language`]), and so do operators the values of a key ([`values`], [`key`]). The solver
//! goes through the classes, not through samples, so that an answer holds for every request ([`solver`]). What it
//! cannot see into, such as the values that a request will give to variables, becomes a free fact: if the answer
//! depends on one, it is *undecided*, unless a request is found that settles it. Every difference comes with such a
//! request, which [`decide`](crate::decide) confirmed. All work is bounded; what would be more is *too large*.

mod account;
mod compare;
mod difference;
mod effective;
mod example;
mod facts;
mod formula;
mod granted;
mod key;
mod language;
mod limit;
mod minimise;
mod satisfiable;
mod situation;
mod solver;
mod space;
mod values;
mod who;
mod words;

pub use account::{Account, BadAccount, Identity, IdentityKind};
pub use compare::{compare, new_access};
pub use difference::{Comparison, Difference, Source, Undecided, Values, Witness};
pub use effective::{Extent, Permission, Reason};
pub use granted::{Granted, granted, public};
pub use minimise::{Change, Minimised, What, minimise};
pub(crate) use satisfiable::can_hold;
pub use who::{Able, Can, Could, Step, WhoCan, what_can, what_each_can, who_can};

#[cfg(test)]
mod tests;
