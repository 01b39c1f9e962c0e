//! What one decision costs by kind and number of statements, and what compiling costs.
//!
//! A decision should cost the same with ten statements as with thousands. `benches-peers` at the root of the
//! repository measures beside other engines.

use std::sync::Arc;

use carillon_policy::{
    Actions, Attached, Document, MapContext, Policies, PolicyType, Prepared, Principal, Request, decide,
};

fn main() {
    divan::main();
}

const ACTIONS: [&str; 4] = [
    "chime:GetUser",
    "chime:ListUsers",
    "chime:UpdateVoiceConnector",
    "chime:DeleteUser",
];

/// How the resource of the statement with this number is written, and what it matches.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Literal,
    Prefix,
    /// A star in the region, and one in the middle.
    Inner,
    Variable,
}

impl Kind {
    fn pattern(self, n: usize) -> String {
        match self {
            Kind::Literal => format!("arn:aws:chime:us-east-1:111122223333:vc/ana/{n:05}"),
            Kind::Prefix => format!("arn:aws:chime:us-east-1:111122223333:vc/ana/{n:05}*"),
            Kind::Inner => format!("arn:aws:chime:*:111122223333:vc/*/{n:05}"),
            Kind::Variable => format!("arn:aws:chime:us-east-1:111122223333:vc/${{aws:username}}/{n:05}"),
        }
    }
}

fn condition(count: usize) -> String {
    let keys: Vec<String> = (0..count)
        .map(|n| format!(r#""aws:PrincipalTag/t{n}":["x","value{n}"]"#))
        .collect();
    format!(r#"{{"StringEquals":{{{}}}}}"#, keys.join(","))
}

fn attached(texts: &[String]) -> Vec<Attached> {
    let document = |statements: &[String]| {
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":[{}]}}"#,
            statements.join(",")
        );
        let document = Document::parse(&text, PolicyType::Identity, true).expect("a valid policy");
        Attached::inline("p", Arc::new(document))
    };
    texts.chunks(100).map(document).collect()
}

fn statements(count: usize, kind: Kind, conditions: usize) -> Vec<String> {
    let condition = condition(conditions);
    let statement = |n| {
        let pattern = kind.pattern(n);
        format!(
            r#"{{"Effect":"Allow","Action":"chime:Update*","Resource":"{pattern}","Condition":{condition}}}"#
        )
    };
    (0..count).map(statement).collect()
}

fn context() -> MapContext {
    let mut context = MapContext::new();
    context
        .set("aws:SourceIp", "203.0.113.7")
        .set("aws:username", "ana");
    for n in 0..10 {
        context.set(&format!("aws:PrincipalTag/T{n}"), format!("value{n}"));
    }
    context
}

/// The last of the statements allows.
#[divan::bench(
    args = [10, 100, 1_000, 10_000],
    consts = [0, 2, 10],
)]
fn literal<const CONDITIONS: usize>(bencher: divan::Bencher<'_, '_>, count: usize) {
    prepared(bencher, count, Kind::Literal, CONDITIONS);
}

#[divan::bench(args = [10, 100, 1_000, 10_000], consts = [0, 2, 10])]
fn prefix<const CONDITIONS: usize>(bencher: divan::Bencher<'_, '_>, count: usize) {
    prepared(bencher, count, Kind::Prefix, CONDITIONS);
}

#[divan::bench(args = [10, 100, 1_000, 10_000], consts = [0, 2, 10])]
fn inner<const CONDITIONS: usize>(bencher: divan::Bencher<'_, '_>, count: usize) {
    prepared(bencher, count, Kind::Inner, CONDITIONS);
}

#[divan::bench(args = [10, 100, 1_000, 10_000], consts = [0, 2, 10])]
fn variable<const CONDITIONS: usize>(bencher: divan::Bencher<'_, '_>, count: usize) {
    prepared(bencher, count, Kind::Variable, CONDITIONS);
}

fn prepared(bencher: divan::Bencher<'_, '_>, count: usize, kind: Kind, conditions: usize) {
    let actions = Actions::new(ACTIONS);
    let policies = Policies::for_actions(&actions).identity(attached(&statements(count, kind, conditions)));
    let (principal, context) = (principal(), context());
    let resource = Kind::Literal.pattern(count - 1);
    let request = request(&principal, &["chime:UpdateVoiceConnector"], &resource, &context);
    let prepared = Prepared::new(&request, &actions);
    assert!(prepared.decide(&policies).is_allowed());
    bencher.bench_local(|| prepared.decide(divan::black_box(&policies)).is_allowed());
}

/// From strings, of policies compiled for the action and for none.
#[divan::bench(args = [true, false])]
fn of_strings(bencher: divan::Bencher<'_, '_>, known: bool) {
    let actions = if known {
        Actions::new(ACTIONS)
    } else {
        Actions::new::<&str>([])
    };
    let policies = Policies::for_actions(&actions).identity(attached(&statements(10, Kind::Prefix, 2)));
    let (principal, context) = (principal(), context());
    let resource = Kind::Literal.pattern(9);
    bencher.bench(|| {
        let request = request(
            &principal,
            &["chime:UpdateVoiceConnector"],
            divan::black_box(&resource),
            &context,
        );
        decide(&request, &policies).is_allowed()
    });
}

fn principal() -> Principal {
    "arn:aws:iam::111122223333:user/ana".parse().expect("a user")
}

fn request<'a>(
    principal: &'a Principal,
    actions: &'a [&'a str],
    resource: &'a str,
    context: &'a MapContext,
) -> Request<'a> {
    Request {
        principal,
        actions,
        resource,
        resource_account: None,
        resource_policy: None,
        context,
    }
}

#[divan::bench]
fn parse_six_kilobytes(bencher: divan::Bencher<'_, '_>) {
    let statements: Vec<String> = (0..42)
        .map(|n| {
            let resource = Kind::Prefix.pattern(n);
            format!(r#"{{"Effect":"Allow","Action":["chime:UpdateVoiceConnector"],"Resource":"{resource}"}}"#)
        })
        .collect();
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":[{}]}}"#,
        statements.join(",")
    );
    bencher.bench(|| Document::parse(divan::black_box(&text), PolicyType::Identity, true).is_ok());
}

/// A caller that was not seen before, with a hundred policies that were read, and its first request.
#[divan::bench]
fn compile_a_hundred_policies(bencher: divan::Bencher<'_, '_>) {
    let actions = Actions::new(
        (0..400)
            .map(|n| format!("chime:Action{n}"))
            .chain(ACTIONS.map(str::to_owned)),
    );
    let own = attached(&statements(10_000, Kind::Prefix, 2));
    let (principal, context) = (principal(), context());
    let resource = Kind::Literal.pattern(7);
    bencher.bench(|| {
        let policies = Policies::for_actions(&actions).identity(own.clone());
        let request = request(&principal, &["chime:UpdateVoiceConnector"], &resource, &context);
        decide(&request, &policies).is_allowed()
    });
}
