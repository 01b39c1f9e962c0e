//! `casbin`: a row for each action of a statement, and a matcher that knows the conditions.

use std::collections::BTreeSet;

use casbin::{CoreApi, DefaultModel, Enforcer, MemoryAdapter, MgmtApi};

use crate::world::{Condition, OFFICE, World};

pub struct Engine(Vec<Enforcer>);

impl Engine {
    pub fn new(world: &World) -> anyhow::Result<Engine> {
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        let office = OFFICE
            .map(|(text, ..)| format!("ipMatch(r.ip, {text:?})"))
            .join(" || ");
        // Fields of policies are texts, so that numbers have to stand in the matcher.
        let statements = world.policies.iter().flat_map(|policy| &policy.statements);
        let seconds: BTreeSet<u32> = statements
            .filter_map(|statement| match statement.condition {
                Condition::OldSecondFactor(seconds) => Some(seconds),
                _ => None,
            })
            .collect();
        let old: String = seconds
            .iter()
            .map(|seconds| {
                format!(r#"(p.cond == "old-mfa" && p.than == "{seconds}" && r.age > {seconds}) ||"#)
            })
            .collect();
        let model = format!(
            r#"
[request_definition]
r = act, obj, ip, mfa, age, region, team
[policy_definition]
p = act, obj, cond, than, eft
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = keyMatch(r.act, p.act) && keyMatch(r.obj, p.obj) && (p.cond == "none" || (p.cond == "no-mfa" && r.mfa == "false") || {old} (p.cond == "region" && r.region == p.than) || (p.cond == "team" && r.team == p.than) || (p.cond == "inside" && ({office})) || (p.cond == "outside" && !({office})))
"#
        );
        let of_user = |user: &crate::world::User| {
            let mut rows = Vec::new();
            for statement in user
                .policies
                .iter()
                .flat_map(|number| &world.policies[*number].statements)
            {
                let (condition, than) = match statement.condition {
                    Condition::None => ("none", "-".to_owned()),
                    Condition::Office(true) => ("inside", "-".to_owned()),
                    Condition::Office(false) => ("outside", "-".to_owned()),
                    Condition::NoSecondFactor => ("no-mfa", "-".to_owned()),
                    Condition::OldSecondFactor(seconds) => ("old-mfa", seconds.to_string()),
                    Condition::Region(region) => ("region", region.to_owned()),
                    Condition::Team(team) => ("team", team.to_owned()),
                };
                let effect = if statement.allow { "allow" } else { "deny" };
                rows.extend(statement.actions.iter().map(|action| {
                    [
                        action,
                        statement.resource.as_str(),
                        condition,
                        than.as_str(),
                        effect,
                    ]
                    .map(ToOwned::to_owned)
                    .to_vec()
                }));
            }
            rows.sort();
            rows.dedup();
            runtime.block_on(async {
                let mut enforcer =
                    Enforcer::new(DefaultModel::from_str(&model).await?, MemoryAdapter::default()).await?;
                enforcer.add_policies(rows).await?;
                Ok(enforcer)
            })
        };
        world
            .users
            .iter()
            .map(of_user)
            .collect::<anyhow::Result<_>>()
            .map(Engine)
    }

    pub fn is_allowed(&self, world: &World, number: usize) -> bool {
        let request = &world.requests[number];
        let (second_factor, age) = match &request.second_factor {
            Some((age, _)) => ("true", i64::from(*age)),
            None => ("false", -1),
        };
        let asked = (
            world.actions[request.action].as_str(),
            request.resource.as_str(),
            request.ip_text.as_str(),
            second_factor,
            age,
            request.region,
            request.team,
        );
        self.0[request.user].enforce(asked).is_ok_and(|allowed| allowed)
    }
}
