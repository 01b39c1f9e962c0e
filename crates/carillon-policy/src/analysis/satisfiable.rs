//! Whether a condition can hold at all.

use super::language::Valuation;
use super::limit::Budget;
use super::solver::{Found, Solver};
use super::space::Space;
use crate::syntax::Node;

/// Some milliseconds: this is asked while a policy is typed.
const BUDGET: usize = 30_000;

/// Whether there may be a request in which a `Condition` element holds. No is certain.
pub(crate) fn can_hold(condition: &Node, variables: bool) -> bool {
    let mut space = Space::new(Valuation::default());
    let formula = space.conditions(condition, variables);
    let mut solver = Solver::new(&space, &[], Budget::new(BUDGET));
    !matches!(solver.context(&formula), Ok(Found::Nothing))
}
