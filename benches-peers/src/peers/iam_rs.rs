//! `iam-rs`, which reads the same documents.

use iam_rs::{
    Arn, Context, ContextValue, Decision, EvaluationOptions, IAMPolicy, IAMRequest, PolicyEvaluator,
    Principal, PrincipalId,
};

use crate::world::{ACCOUNT, World};

pub struct Engine(Vec<PolicyEvaluator>);

impl Engine {
    pub fn new(world: &World) -> anyhow::Result<Engine> {
        let of_user = |user: &crate::world::User| {
            // It takes truth values where others take their text.
            let read = |number: &usize| {
                IAMPolicy::from_json(&world.policies[*number].json().replace(r#""false""#, "false"))
            };
            let policies = user.policies.iter().map(read).collect::<Result<_, _>>()?;
            let options = EvaluationOptions {
                collect_match_details: false,
                stop_on_explicit_deny: true,
                max_statements: usize::MAX,
                ..EvaluationOptions::default()
            };
            Ok(PolicyEvaluator::with_policies(policies).with_options(options))
        };
        world
            .users
            .iter()
            .map(of_user)
            .collect::<anyhow::Result<_>>()
            .map(Engine)
    }

    pub fn prepare(&self, world: &World, count: usize) -> anyhow::Result<Vec<(usize, IAMRequest)>> {
        let request = |request: &crate::world::Request| {
            let name = &world.users[request.user].name;
            let principal =
                Principal::Aws(PrincipalId::String(format!("arn:aws:iam::{ACCOUNT}:user/{name}")));
            let mut context = Context::new();
            let (values, count) = request.context(name);
            for (key, value) in &values[..count] {
                let value = match *key {
                    "aws:MultiFactorAuthPresent" => ContextValue::Boolean(*value == "true"),
                    "aws:MultiFactorAuthAge" => ContextValue::Number(value.parse()?),
                    _ => ContextValue::String((*value).to_owned()),
                };
                context.insert((*key).to_owned(), value);
            }
            // It asks on ARNs only. This one is matched by `*` and by no Voice Connector's.
            let resource = match request.resource.as_str() {
                "*" => "arn:aws:chime:us-east-1:111122223333:*",
                resource => resource,
            };
            let resource = Arn::parse(resource)?;
            let action = world.actions[request.action].as_str();
            Ok((
                request.user,
                IAMRequest::new_with_context(principal, action, resource, context),
            ))
        };
        world.requests.iter().take(count).map(request).collect()
    }

    pub fn is_allowed(&self, (user, request): &(usize, IAMRequest)) -> bool {
        self.0[*user]
            .evaluate(request)
            .is_ok_and(|answer| answer.decision == Decision::Allow)
    }
}
