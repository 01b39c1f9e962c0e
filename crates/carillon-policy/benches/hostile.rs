//! What policies and requests cost that were made to cost much. Each line has twice as much of something as the one
//! before, and should take about twice as long.

use std::sync::Arc;

use carillon_policy::{
    Actions, Attached, Document, MapContext, Policies, PolicyType, Prepared, Principal, Request,
};

fn main() {
    divan::main();
}

/// Decides `chime:GetUser` on the resource by such statements, compiled before, again and again.
fn decide(bencher: divan::Bencher<'_, '_>, statements: &[String], resource: &str, context: &MapContext) {
    let actions = Actions::new(["chime:GetUser", "chime:ListUsers"]);
    let documents = statements.chunks(500).map(|statements| {
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":[{}]}}"#,
            statements.join(",")
        );
        Attached::inline("p", Arc::new(Document::lenient_text(&text).expect("JSON")))
    });
    let policies = Policies::for_actions(&actions).identity(documents.collect());
    let principal: Principal = "arn:aws:iam::111122223333:user/ana".parse().expect("a user");
    let request = Request {
        principal: &principal,
        actions: &["chime:GetUser"],
        resource,
        resource_account: None,
        resource_policy: None,
        context,
    };
    let prepared = Prepared::new(&request, &actions);
    assert!(!prepared.decide(&policies).is_allowed());
    bencher.bench_local(|| prepared.decide(divan::black_box(&policies)).is_allowed());
}

fn allow(resource: &str, condition: &str) -> String {
    format!(
        r#"{{"Effect":"Allow","Action":"chime:Get*","Resource":"{resource}","Condition":{{{condition}}}}}"#
    )
}

/// `*?*?*…b` on a text without a `b`.
#[divan::bench(args = [1_000, 2_000, 4_000, 8_000])]
fn stars_and_questions(bencher: divan::Bencher<'_, '_>, length: usize) {
    let pattern = format!("arn:aws:s3:::{}b", "*?".repeat(length / 4));
    decide(
        bencher,
        &[allow(&pattern, "")],
        &format!("arn:aws:s3:::{}", "a".repeat(length)),
        &MapContext::new(),
    );
}

/// A run of characters with gaps that almost fits everywhere.
#[divan::bench(args = [1_000, 2_000, 4_000, 8_000])]
fn almost_everywhere(bencher: divan::Bencher<'_, '_>, length: usize) {
    let pattern = format!("arn:aws:s3:::*{}b*", "a?".repeat(30));
    decide(
        bencher,
        &[allow(&pattern, "")],
        &format!("arn:aws:s3:::{}", "a".repeat(length)),
        &MapContext::new(),
    );
}

/// A variable whose value is almost everywhere in the text.
#[divan::bench(args = [1_000, 2_000, 4_000, 8_000])]
fn long_variables(bencher: divan::Bencher<'_, '_>, length: usize) {
    let mut context = MapContext::new();
    context.set("k", format!("{}b", "a".repeat(length / 2)));
    decide(
        bencher,
        &[allow("arn:aws:s3:::*${k}x*", "")],
        &format!("arn:aws:s3:::{}", "a".repeat(length)),
        &context,
    );
}

/// Keys that all contain each other, each with a condition of its own that fails.
#[divan::bench(args = [250, 500, 1_000, 2_000])]
fn prefixes_of_each_other(bencher: divan::Bencher<'_, '_>, count: usize) {
    let statements: Vec<String> = (0..count)
        .map(|n| {
            let condition = format!(r#""StringEquals":{{"k":"{n}"}}"#);
            allow(&format!("arn:aws:s3:::{}*", "a".repeat(n)), &condition)
        })
        .collect();
    let mut context = MapContext::new();
    context.set("k", "none");
    decide(
        bencher,
        &statements,
        &format!("arn:aws:s3:::{}", "a".repeat(2_048)),
        &context,
    );
}

/// Statements about everything, each with a condition of its own that fails.
#[divan::bench(args = [12_500, 25_000, 50_000, 100_000], sample_count = 20)]
fn different_conditions(bencher: divan::Bencher<'_, '_>, count: usize) {
    let statement = |n| allow("*", &format!(r#""StringEquals":{{"k":"{n}"}}"#));
    let mut context = MapContext::new();
    context.set("k", "none");
    decide(
        bencher,
        &(0..count).map(statement).collect::<Vec<_>>(),
        "arn:aws:s3:::a",
        &context,
    );
}

/// Patterns with neither a beginning nor an end by which to find them.
#[divan::bench(args = [12_500, 25_000, 50_000, 100_000], sample_count = 20)]
fn different_middles(bencher: divan::Bencher<'_, '_>, count: usize) {
    let statement = |n| allow(&format!("arn:aws:s3:::*{n}/*"), "");
    decide(
        bencher,
        &(0..count).map(statement).collect::<Vec<_>>(),
        "arn:aws:s3:::some/object",
        &MapContext::new(),
    );
}

/// What is refused is refused without being read.
#[divan::bench(args = [16_000, 32_000, 64_000, 128_000])]
fn nested_documents(bencher: divan::Bencher<'_, '_>, depth: usize) {
    let text = "{\"Statement\":[".repeat(depth / 14);
    bencher.bench(|| Document::parse(divan::black_box(&text), PolicyType::Identity, true).is_err());
}

/// As many statements as one text may hold.
#[divan::bench(args = [16_000, 32_000, 64_000, 128_000])]
fn large_documents(bencher: divan::Bencher<'_, '_>, length: usize) {
    let one = r#"{"Effect":"Allow","Action":"a:b","Resource":"*"}"#;
    let statements = vec![one; length / (one.len() + 1)].join(",");
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
    assert!(Document::parse(&text, PolicyType::Identity, true).is_ok());
    bencher.bench(|| Document::parse(divan::black_box(&text), PolicyType::Identity, true).is_ok());
}
