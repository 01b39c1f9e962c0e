//! An interpreter as one writes it first: the caller's documents as read, each statement tried, the request's context
//! a map of texts.

use std::collections::HashMap;

use serde::Deserialize;

use crate::world::{World, glob};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    statement: Vec<Statement>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    effect: String,
    action: Vec<String>,
    resource: String,
    #[serde(default)]
    condition: HashMap<String, HashMap<String, Values>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Values {
    One(String),
    Many(Vec<String>),
}

pub struct Engine(Vec<Vec<Document>>);

pub type Context = HashMap<String, String>;

impl Engine {
    pub fn new(world: &World) -> anyhow::Result<Engine> {
        let read = |number: &usize| Ok(serde_json::from_str(&world.policies[*number].json())?);
        let users = world
            .users
            .iter()
            .map(|user| user.policies.iter().map(read).collect());
        users.collect::<anyhow::Result<_>>().map(Engine)
    }

    pub fn is_allowed(&self, user: usize, action: &str, resource: &str, context: &Context) -> bool {
        let mut allowed = false;
        for statement in self.0[user].iter().flat_map(|document| &document.statement) {
            let applies = statement.action.iter().any(|pattern| glob(pattern, action))
                && glob(&statement.resource, resource)
                && statement.condition.iter().all(|(operator, keys)| {
                    keys.iter()
                        .all(|(key, wanted)| holds(operator, context.get(key), wanted))
                });
            match applies {
                true if statement.effect == "Deny" => return false,
                true => allowed = true,
                false => {}
            }
        }
        allowed
    }
}

fn holds(operator: &str, asked: Option<&String>, wanted: &Values) -> bool {
    let wanted = match wanted {
        Values::One(value) => std::slice::from_ref(value),
        Values::Many(values) => values,
    };
    let any = |matches: fn(&str, &str) -> bool| {
        asked.is_some_and(|asked| wanted.iter().any(|wanted| matches(asked, wanted)))
    };
    match operator {
        "IpAddress" => any(in_network),
        "NotIpAddress" => !any(in_network),
        "Bool" => any(|asked, wanted| asked.eq_ignore_ascii_case(wanted)),
        "StringEquals" => any(|asked, wanted| asked == wanted),
        "NumericGreaterThan" => any(
            |asked, wanted| match (asked.parse::<f64>(), wanted.parse::<f64>()) {
                (Ok(asked), Ok(wanted)) => asked > wanted,
                _ => false,
            },
        ),
        _ => false,
    }
}

fn in_network(asked: &str, network: &str) -> bool {
    let (Ok(asked), Some((network, length))) = (asked.parse::<std::net::Ipv4Addr>(), network.split_once('/'))
    else {
        return false;
    };
    let (Ok(network), Ok(length)) = (network.parse::<std::net::Ipv4Addr>(), length.parse::<u32>()) else {
        return false;
    };
    (asked.to_bits() ^ network.to_bits())
        .checked_shr(32 - length)
        .unwrap_or(0)
        == 0
}

pub fn contexts(world: &World) -> Vec<Context> {
    let of = |request: &crate::world::Request| {
        let (values, count) = request.context(&world.users[request.user].name);
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        values[..count].iter().map(owned).collect()
    };
    world.requests.iter().map(of).collect()
}
