//! Engines of others, each in the form that suits it best: it is given the policies of the caller and no others.

#[cfg(feature = "casbin")]
mod casbin;
#[cfg(feature = "cedar")]
mod cedar;
#[cfg(feature = "iam-rs")]
mod iam_rs;

use crate::world::World;
use crate::{line, measure};

/// What one decision costs each of them in microseconds. Before that they must have decided as expected.
pub fn compare(world: &World, expected: &[bool]) -> anyhow::Result<Vec<f64>> {
    // They need much longer where there are many statements, and have to come to an end.
    let policies = world.users.iter().map(|user| user.policies.len());
    let count = match policies.max() {
        Some(11..) => 16,
        _ => expected.len().min(2_048),
    };
    let mut costs = Vec::new();
    let mut cost_of = |name: &str, decide: &mut dyn FnMut(usize) -> bool| {
        let wrong = (0..count).find(|number| decide(*number) != expected[*number]);
        anyhow::ensure!(wrong.is_none(), "{name} decides request {wrong:?} otherwise");
        costs.push(line(name, measure(count, decide), None).prepared);
        Ok(())
    };
    #[cfg(feature = "cedar")]
    {
        let cedar = cedar::Engine::new(world)?;
        let requests = cedar.prepare(world, count)?;
        cost_of("cedar-policy", &mut |number| cedar.is_allowed(&requests[number]))?;
    }
    #[cfg(feature = "iam-rs")]
    {
        let iam_rs = iam_rs::Engine::new(world)?;
        let requests = iam_rs.prepare(world, count)?;
        cost_of("iam-rs", &mut |number| iam_rs.is_allowed(&requests[number]))?;
    }
    // An enforcer is an interpreter with its own scope, too large to have one for each of thousands of users.
    #[cfg(feature = "casbin")]
    if world.users.len() <= 64 {
        let casbin = casbin::Engine::new(world)?;
        cost_of("casbin", &mut |number| casbin.is_allowed(world, number))?;
    }
    Ok(costs)
}
