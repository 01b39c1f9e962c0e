//! The engine of `carillon-policy`.

use std::collections::HashMap;
use std::sync::Arc;

use carillon_policy::{
    Actions, Attached, Context, Document, MapContext, Policies, PolicyType, Prepared, Principal, Request,
};

use crate::world::{ACCOUNT, World};

pub struct Engine {
    pub actions: Arc<Actions>,
    /// By the user's name, as whoever gets a request finds its caller.
    users: HashMap<String, (Principal, Policies)>,
    by_number: Vec<(Principal, Policies)>,
}

impl Engine {
    pub fn new(world: &World) -> Engine {
        let actions = Actions::new(&world.actions);
        let documents: Vec<Attached> = world
            .policies
            .iter()
            .map(|policy| {
                let document =
                    Document::parse(&policy.json(), PolicyType::Identity, true).expect("a valid policy");
                Attached::inline(policy.name.as_str(), Arc::new(document))
            })
            .collect();
        let by_number: Vec<(Principal, Policies)> = world
            .users
            .iter()
            .map(|user| {
                let principal = Principal::User {
                    arn: format!("arn:aws:iam::{ACCOUNT}:user/{}", user.name),
                    account: ACCOUNT.to_owned(),
                    unique_id: None,
                };
                let own = user
                    .policies
                    .iter()
                    .map(|number| documents[*number].clone())
                    .collect();
                (principal, Policies::for_actions(&actions).identity(own))
            })
            .collect();
        let names = world.users.iter().map(|user| user.name.clone());
        Engine {
            actions,
            users: names.zip(by_number.iter().cloned()).collect(),
            by_number,
        }
    }

    /// Whether it is allowed, from nothing but texts.
    pub fn decide_strings(&self, user: &str, action: &str, resource: &str, context: &dyn Context) -> bool {
        let Some((principal, policies)) = self.users.get(user) else {
            return false;
        };
        let request = Request {
            principal,
            actions: &[action],
            resource,
            resource_account: None,
            resource_policy: None,
            context,
        };
        Prepared::new(&request, &self.actions)
            .decide(policies)
            .is_allowed()
    }

    /// The requests, read once.
    pub fn prepare<'a>(
        &'a self,
        world: &'a World,
        contexts: &'a [MapContext],
        names: &'a [[&'a str; 1]],
    ) -> Vec<Ready<'a>> {
        world
            .requests
            .iter()
            .zip(contexts)
            .zip(names)
            .map(|((request, context), actions)| {
                let (principal, policies) = &self.by_number[request.user];
                let request = Request {
                    principal,
                    actions,
                    resource: &request.resource,
                    resource_account: None,
                    resource_policy: None,
                    context,
                };
                Ready {
                    prepared: Prepared::new(&request, &self.actions),
                    policies,
                }
            })
            .collect()
    }
}

pub struct Ready<'a> {
    prepared: Prepared<'a>,
    policies: &'a Policies,
}

impl Ready<'_> {
    pub fn is_allowed(&self) -> bool {
        self.prepared.decide(self.policies).is_allowed()
    }
}

pub fn contexts(world: &World) -> Vec<MapContext> {
    world
        .requests
        .iter()
        .map(|request| {
            let mut context = MapContext::new();
            let (values, count) = request.context(&world.users[request.user].name);
            for (key, value) in &values[..count] {
                context.set(key, *value);
            }
            context
        })
        .collect()
}

pub fn names(world: &World) -> Vec<[&str; 1]> {
    world
        .requests
        .iter()
        .map(|request| [world.actions[request.action].as_str()])
        .collect()
}
