//! What one decision costs, in processor time, ours beside those of others. Before anything is measured, all engines
//! must decide all requests alike.

mod compile;
mod naive;
mod ours;
#[cfg(feature = "peers")]
mod peers;
mod table;
mod world;

use std::hint::black_box;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use self::ours::Engine;
use self::table::Table;
use self::world::World;

fn main() -> anyhow::Result<()> {
    compile::report()?;
    println!(
        "{:42} {:>10} {:>14}",
        "the founding table", "µs", "of strings, µs"
    );
    let founding = World::founding();
    compare(&founding)?;
    for (statements, users) in [(10, 5), (1_000, 5), (10_000, 2_500), (10_000, 1)] {
        println!("\n{statements} statements, {users} users");
        compare(&World::spread(statements, users))?;
    }
    Ok(())
}

fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(
        time.tv_sec.try_into().unwrap_or_default(),
        time.tv_nsec.try_into().unwrap_or_default(),
    )
}

/// The best of several rounds over all requests, for one of them: what disturbs only ever adds.
fn measure(count: usize, mut decide: impl FnMut(usize) -> bool) -> f64 {
    let mut best = f64::MAX;
    let begun = processor_time();
    let mut rounds = 0;
    while rounds < 3 || processor_time() - begun < Duration::from_millis(500) {
        let before = processor_time();
        for number in 0..count {
            black_box(decide(number));
        }
        let one = (processor_time() - before).as_secs_f64() / count as f64;
        best = best.min(one * 1e6);
        rounds += 1;
    }
    best
}

fn line(name: &str, prepared: f64, strings: Option<f64>) {
    let strings = strings
        .map(|strings| format!("{strings:14.3}"))
        .unwrap_or_default();
    println!("{name:42} {prepared:>10.3} {strings}");
}

fn compare(world: &World) -> anyhow::Result<()> {
    anyhow::ensure!(
        table::fits(world),
        "the table takes for granted that no text contains another"
    );
    let expected: Vec<bool> = world
        .requests
        .iter()
        .map(|request| world.is_allowed(request))
        .collect();
    let agree = |name: &str, decide: &mut dyn FnMut(usize) -> bool| {
        let wrong = (0..expected.len()).find(|number| decide(*number) != expected[*number]);
        anyhow::ensure!(wrong.is_none(), "{name} decides request {wrong:?} otherwise");
        Ok(())
    };
    let count = expected.len();
    let allowed = expected.iter().filter(|allowed| **allowed).count();
    println!("  {} of {count} requests allowed", allowed);
    let (contexts, names) = (ours::contexts(world), ours::names(world));
    let engine = Engine::new(world);
    let ready = engine.prepare(world, &contexts, &names);
    let mut prepared = |number: usize| ready[number].is_allowed();
    let mut strings = |number: usize| {
        let request = &world.requests[number];
        let user = world.users[request.user].name.as_str();
        let second_factor = if request.second_factor { "true" } else { "false" };
        let context = [
            ("aws:SourceIp", request.ip_text.as_str()),
            ("aws:MultiFactorAuthPresent", second_factor),
            ("aws:username", user),
        ];
        engine.from_strings(user, names[number][0], &request.resource, &context)
    };
    agree("ours", &mut prepared)?;
    agree("ours, from strings", &mut strings)?;
    line(
        "carillon-policy",
        measure(count, prepared),
        Some(measure(count, strings)),
    );

    let table = Table::new(world);
    let mut by_table = |number: usize| table.is_allowed(&world.requests[number]);
    let mut by_names = |number: usize| {
        let request = &world.requests[number];
        let second_factor = if request.second_factor { "true" } else { "false" };
        let user = world.users[request.user].name.as_str();
        table.from_strings(
            user,
            names[number][0],
            &request.resource,
            &request.ip_text,
            second_factor,
        )
    };
    agree("the table", &mut by_table)?;
    agree("the table, from strings", &mut by_names)?;
    line(
        "compiled by hand",
        measure(count, by_table),
        Some(measure(count, by_names)),
    );
    let (interpreter, texts) = (naive::Engine::new(world)?, naive::contexts(world));
    let mut interpreted = |number: usize| {
        let request = &world.requests[number];
        interpreter.is_allowed(request.user, names[number][0], &request.resource, &texts[number])
    };
    agree("the interpreter", &mut interpreted)?;
    line("naive interpreter", measure(count, interpreted), None);
    #[cfg(feature = "peers")]
    {
        // They need much longer where there are many statements, and have to come to an end.
        let most = world
            .users
            .iter()
            .map(|user| user.policies.len())
            .max()
            .unwrap_or_default();
        let count = if most > 10 { 16 } else { count.min(2_048) };
        compare_with_peers(world, count, &expected)?;
    }
    Ok(())
}

#[cfg(feature = "peers")]
fn compare_with_peers(world: &World, count: usize, expected: &[bool]) -> anyhow::Result<()> {
    let agree = |name: &str, decide: &mut dyn FnMut(usize) -> bool| {
        let wrong = (0..count).find(|number| decide(*number) != expected[*number]);
        anyhow::ensure!(wrong.is_none(), "{name} decides request {wrong:?} otherwise");
        Ok(())
    };
    let cedar = peers::cedar::Engine::new(world)?;
    let requests = cedar.prepare(world, count)?;
    agree("cedar-policy", &mut |number| cedar.is_allowed(&requests[number]))?;
    line(
        "cedar-policy",
        measure(count, |number| cedar.is_allowed(&requests[number])),
        None,
    );
    let iam_rs = peers::iam_rs::Engine::new(world)?;
    let requests = iam_rs.prepare(world, count)?;
    agree("iam-rs", &mut |number| iam_rs.is_allowed(&requests[number]))?;
    line(
        "iam-rs",
        measure(count, |number| iam_rs.is_allowed(&requests[number])),
        None,
    );
    // An enforcer is an interpreter with its own scope, too large to have one for each of thousands of users.
    if world.users.len() <= 64 {
        let casbin = peers::casbin::Engine::new(world)?;
        agree("casbin", &mut |number| casbin.is_allowed(world, number))?;
        line(
            "casbin",
            measure(count, |number| casbin.is_allowed(world, number)),
            None,
        );
    }
    Ok(())
}
