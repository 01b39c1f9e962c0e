//! `cedar-policy`. It has no wildcards in actions, so that they are written out.

use cedar_policy::{Authorizer, Context, Decision, Entities, EntityUid, PolicySet, Request};

use crate::world::{Condition, OFFICE, Statement, World, glob};

pub struct Engine {
    authorizer: Authorizer,
    entities: Entities,
    policies: Vec<PolicySet>,
}

impl Engine {
    pub fn new(world: &World) -> anyhow::Result<Engine> {
        let of_user = |user: &crate::world::User| {
            let statements = user
                .policies
                .iter()
                .flat_map(|number| &world.policies[*number].statements);
            let text: String = statements
                .map(|statement| policy(statement, &world.actions))
                .collect();
            Ok(text.parse()?)
        };
        Ok(Engine {
            authorizer: Authorizer::new(),
            entities: Entities::empty(),
            policies: world.users.iter().map(of_user).collect::<anyhow::Result<_>>()?,
        })
    }

    pub fn prepare(&self, world: &World, count: usize) -> anyhow::Result<Vec<(usize, Request)>> {
        let request = |request: &crate::world::Request| {
            let uid = |kind: &str, name: &str| -> anyhow::Result<EntityUid> {
                Ok(format!("{kind}::{name:?}").parse()?)
            };
            let context = Context::from_json_value(
                serde_json::json!({
                    "arn": request.resource,
                    "mfa": request.second_factor.is_some(),
                    "age": request.second_factor.as_ref().map_or(-1, |(age, _)| i64::from(*age)),
                    "region": request.region,
                    "team": request.team,
                    "ip": {"__extn": {"fn": "ip", "arg": request.ip_text}},
                }),
                None,
            )?;
            let user = uid("User", &world.users[request.user].name)?;
            let action = uid("Action", &world.actions[request.action])?;
            let resource = uid("Resource", &request.resource)?;
            Ok((request.user, Request::new(user, action, resource, context, None)?))
        };
        world.requests.iter().take(count).map(request).collect()
    }

    pub fn is_allowed(&self, (user, request): &(usize, Request)) -> bool {
        let answer = self
            .authorizer
            .is_authorized(request, &self.policies[*user], &self.entities);
        answer.decision() == Decision::Allow
    }
}

fn policy(statement: &Statement, actions: &[String]) -> String {
    let names: Vec<String> = actions
        .iter()
        .filter(|action| statement.matches_action(action))
        .map(|action| format!("Action::{action:?}"))
        .collect();
    let scope = if names.len() == actions.len() {
        "action".to_owned()
    } else {
        format!("action in [{}]", names.join(","))
    };
    let mut conditions = Vec::new();
    if !glob(&statement.resource, "") {
        conditions.push(format!("context.arn like {:?}", statement.resource));
    }
    match statement.condition {
        Condition::None => {}
        Condition::Office(inside) => {
            let ranges = OFFICE.map(|(text, ..)| format!("context.ip.isInRange(ip({text:?}))"));
            let not = if inside { "" } else { "!" };
            conditions.push(format!("{not}({})", ranges.join("||")));
        }
        Condition::NoSecondFactor => conditions.push("!context.mfa".to_owned()),
        Condition::OldSecondFactor(seconds) => conditions.push(format!("context.age > {seconds}")),
        Condition::Region(region) => conditions.push(format!("context.region == {region:?}")),
        Condition::Team(team) => conditions.push(format!("context.team == {team:?}")),
    }
    let when = if conditions.is_empty() {
        String::new()
    } else {
        format!("when {{ {} }}", conditions.join("&&"))
    };
    let effect = if statement.allow { "permit" } else { "forbid" };
    format!("{effect}(principal, {scope}, resource) {when};\n")
}
