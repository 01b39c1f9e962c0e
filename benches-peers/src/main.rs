//! What one decision costs, in processor time, ours beside those of others. Before anything is measured, all engines
//! must decide all requests alike.

mod compile;
mod naive;
mod ours;
#[cfg(any(feature = "cedar", feature = "iam-rs", feature = "casbin"))]
mod peers;
mod table;
mod world;

use std::hint::black_box;
use std::time::Duration;

use carillon_policy::Context;
use rustix::time::{ClockId, clock_gettime};

use self::ours::Engine;
use self::table::Table;
use self::world::World;

fn main() -> anyhow::Result<()> {
    // `batch` and the like: only what has the word in its name.
    let wanted = std::env::args().nth(1).unwrap_or_default();
    if "reading, compiling and batch".contains(&wanted) {
        compile::report()?;
    }
    let asked = |name: &str, world: fn(usize, usize) -> World, size: (usize, usize)| {
        if !name.contains(&wanted) {
            return Ok(());
        }
        println!("\n{name:40} {:>12} {:>16}", "µs", "from strings, µs");
        compare(&world(size.0, size.1))
    };
    asked("the founding table", |_, _| World::founding(), (0, 0))?;
    for (statements, users) in [(10, 5), (1_000, 5), (10_000, 2_500), (10_000, 1)] {
        let name = format!("{statements} statements, {users} users");
        asked(&name, World::spread, (statements, users))?;
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

/// What one decision costs an engine, in microseconds.
#[derive(Clone, Copy)]
struct Cost {
    prepared: f64,
    strings: Option<f64>,
}

fn line(name: &str, prepared: f64, strings: Option<f64>) -> Cost {
    let shown = strings.map(|strings| format!("{strings:16.4}"));
    println!("{name:40} {prepared:>12.4} {}", shown.unwrap_or_default());
    Cost { prepared, strings }
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
        let (context, count) = request.context(user);
        let [five @ .., _] = &context;
        let context: &dyn Context = if count == 5 { five } else { &context };
        engine.decide_strings(user, names[number][0], &request.resource, context)
    };
    agree("ours", &mut prepared)?;
    agree("ours, from strings", &mut strings)?;
    let ours = line(
        "carillon-policy",
        measure(count, prepared),
        Some(measure(count, strings)),
    );

    let table = Table::new(world);
    let mut by_table = |number: usize| table.is_allowed(&world.requests[number]);
    let mut by_names = |number: usize| {
        let request = &world.requests[number];
        let user = world.users[request.user].name.as_str();
        let (context, count) = request.context(user);
        table.decide_strings(user, names[number][0], &request.resource, &context[..count])
    };
    agree("the table", &mut by_table)?;
    agree("the table, from strings", &mut by_names)?;
    let table = line(
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
    println!(
        "  ours takes {:.1} times as long as the table, {:.1} times from strings",
        ours.prepared / table.prepared,
        ours.strings.unwrap_or(f64::NAN) / table.strings.unwrap_or(f64::NAN),
    );
    #[cfg(any(feature = "cedar", feature = "iam-rs", feature = "casbin"))]
    {
        let others = peers::compare(world, &expected)?;
        let fastest = others.into_iter().fold(f64::MAX, f64::min);
        println!(
            "  the fastest of the others takes {:.0} times as long as ours, {:.0} times as long as ours from strings",
            fastest / ours.prepared,
            fastest / ours.strings.unwrap_or(f64::NAN),
        );
    }
    Ok(())
}
