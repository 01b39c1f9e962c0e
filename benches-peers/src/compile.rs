//! What reading and compiling policies costs.

use std::hint::black_box;
use std::io::Write;
use std::sync::Arc;

use carillon_policy::{Actions, Attached, Document, Policies, PolicyType, batch};

use crate::world::{ACCOUNT, World};
use crate::{measure, processor_time};

pub fn report() -> anyhow::Result<()> {
    let world = World::founding();
    let six = World::connectors(42, 1).policies[0].json();
    let microseconds = measure(100, |_| {
        Document::parse(black_box(&six), PolicyType::Identity, true).is_ok()
    });
    println!(
        "a document of {} bytes is read in {microseconds:.1} µs",
        six.len()
    );

    // Ten thousand policies of one to six statements, four to a user, compiled for all actions that are known.
    let texts: Vec<String> = (0..10_000)
        .map(|n| World::connectors(1 + n % 6, 1).policies[0].json())
        .collect();
    let actions = Actions::new(&world.actions);
    let memory = resident()?;
    let before = processor_time();
    let documents: Vec<Arc<Document>> = texts
        .iter()
        .map(|text| Ok(Arc::new(Document::parse(text, PolicyType::Identity, true)?)))
        .collect::<anyhow::Result<_>>()?;
    let read = processor_time() - before;
    let users: Vec<Policies> = documents
        .chunks(4)
        .map(|own| {
            let attached = |document: &Arc<Document>| Attached::inline("p", Arc::clone(document));
            Policies::for_actions(&actions).identity(own.iter().map(attached).collect())
        })
        .collect();
    let compiled = processor_time() - before - read;
    let memory = resident()?.saturating_sub(memory);
    println!(
        "10,000 policies are read in {read:.0?} and compiled for {} users in {compiled:.0?}; they take {} kB for {} kB of text",
        users.len(),
        memory,
        texts.iter().map(String::len).sum::<usize>() / 1_024,
    );
    batch(&world)
}

/// Kilobytes of this process that are in memory.
fn resident() -> anyhow::Result<usize> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    Ok(number.unwrap_or("0").parse()?)
}

/// Batch evaluation of cases that share policies.
fn batch(world: &World) -> anyhow::Result<()> {
    let mut input = Vec::new();
    for (number, request) in world.requests.iter().cycle().take(50_000).enumerate() {
        let user = &world.users[request.user];
        let policies: Vec<String> = user
            .policies
            .iter()
            .map(|number| world.policies[*number].json())
            .collect();
        let (values, count) = request.context(&user.name);
        let context: Vec<String> = values[..count]
            .iter()
            .map(|(key, value)| format!(r#""{key}":"{value}""#))
            .collect();
        writeln!(
            input,
            r#"{{"id":"{number}","principal":"arn:aws:iam::{ACCOUNT}:user/{}","action":"{}","resource":"{}","context":{{{}}},"identity_policies":[{}]}}"#,
            user.name,
            world.actions[request.action],
            request.resource,
            context.join(","),
            policies.join(","),
        )?;
    }
    let before = processor_time();
    let mut output = Vec::new();
    batch::evaluate(&input[..], &mut output, batch::Options::default())?;
    let time = (processor_time() - before).as_secs_f64();
    let allowed = String::from_utf8(output)?.matches("Allowed").count();
    println!(
        "batch evaluation: {:.0} lines a second, lines of {} bytes, {allowed} of 50000 allowed",
        50_000.0 / time,
        input.len() / 50_000
    );
    Ok(())
}
