//! Policies compiled by hand, for exactly the kinds of statements and conditions there are: how fast it can be at all.
//!
//! Each user has a row with a cell for each of the actions. A cell says whether something denies or allows the action
//! whatever the request is; else it holds the conditions to test, and the resources in order, to be found by binary
//! search. Requests are asked as numbers of user and action, the resource's text, and typed values of what conditions
//! look at. From strings, user and action are looked up in maps and the values are read first.
//!
//! It takes much for granted that an engine must not: that all policies are the user's own, that a statement has one
//! resource with a star at its end or none, and one condition of five kinds; that no two resources contain each other;
//! that names are written in one case; and nobody learns which statement decided.

use std::collections::HashMap;
use std::net::Ipv4Addr;

use crate::world::{Condition, Request, Statement, World, glob, is_office};

pub struct Table {
    /// By user and action.
    cells: Vec<Cell>,
    width: usize,
    users: HashMap<String, usize>,
    actions: HashMap<String, usize>,
}

#[derive(Default)]
struct Cell {
    deny: Side,
    allow: Side,
}

/// The statements of one effect.
#[derive(Default)]
struct Side {
    /// One has neither resource nor condition.
    always: bool,
    /// Those on every resource.
    everywhere: Vec<Condition>,
    /// Those on resources that begin with, or are, these texts, in order.
    some: Vec<(String, bool, Condition)>,
}

/// What conditions look at.
pub struct Facts<'a> {
    ip: [u8; 4],
    second_factor: Option<u32>,
    region: &'a str,
    team: &'a str,
}

impl<'a> Facts<'a> {
    pub fn of(request: &'a Request) -> Facts<'a> {
        Facts {
            ip: request.ip,
            second_factor: request.second_factor.as_ref().map(|(age, _)| *age),
            region: request.region,
            team: request.team,
        }
    }
}

impl Table {
    pub fn new(world: &World) -> Table {
        let width = world.actions.len();
        let mut cells = Vec::new();
        for user in &world.users {
            for action in &world.actions {
                let mut cell = Cell::default();
                let statements = user
                    .policies
                    .iter()
                    .flat_map(|policy| &world.policies[*policy].statements);
                for statement in statements.filter(|statement| statement.matches_action(action)) {
                    match statement.allow {
                        true => cell.allow.add(statement),
                        false => cell.deny.add(statement),
                    }
                }
                cell.deny.finish();
                cell.allow.finish();
                cells.push(cell);
            }
        }
        let users = world
            .users
            .iter()
            .enumerate()
            .map(|(n, user)| (user.name.clone(), n))
            .collect();
        let actions = world.actions.iter().cloned().zip(0..).collect();
        Table {
            cells,
            width,
            users,
            actions,
        }
    }

    pub fn is_allowed(&self, request: &Request) -> bool {
        self.decide(
            request.user,
            request.action,
            &request.resource,
            &Facts::of(request),
        )
    }

    /// `context` is as [`Request::context`] has it.
    pub fn decide_strings(&self, user: &str, action: &str, resource: &str, context: &[(&str, &str)]) -> bool {
        let (Some(user), Some(action)) = (self.users.get(user), self.actions.get(action)) else {
            return false;
        };
        let [(_, ip), (_, region), (_, team), _, (_, given), rest @ ..] = context else {
            return false;
        };
        let Ok(ip) = ip.parse::<Ipv4Addr>() else {
            return false;
        };
        let age = match rest {
            [(_, age)] if *given == "true" => age.parse().ok(),
            _ => None,
        };
        let facts = Facts {
            ip: ip.octets(),
            second_factor: age,
            region,
            team,
        };
        self.decide(*user, *action, resource, &facts)
    }

    fn decide(&self, user: usize, action: usize, resource: &str, facts: &Facts<'_>) -> bool {
        let cell = &self.cells[user * self.width + action];
        !cell.deny.applies(resource, facts) && cell.allow.applies(resource, facts)
    }
}

impl Side {
    fn add(&mut self, statement: &Statement) {
        match (statement.resource.as_str(), statement.condition) {
            ("*", Condition::None) => self.always = true,
            ("*", condition) if !self.everywhere.contains(&condition) => self.everywhere.push(condition),
            ("*", _) => {}
            (resource, condition) => {
                let text = resource.trim_end_matches('*').to_owned();
                self.some.push((text, resource.ends_with('*'), condition));
            }
        }
    }

    fn finish(&mut self) {
        self.some.sort_by(|(one, ..), (other, ..)| one.cmp(other));
    }

    fn applies(&self, resource: &str, facts: &Facts<'_>) -> bool {
        if self.always || self.everywhere.iter().any(|condition| holds(*condition, facts)) {
            return true;
        }
        // Texts that contain each other do not occur here, so that one neighbour is enough.
        let after = self
            .some
            .partition_point(|(start, ..)| start.as_str() <= resource);
        let Some((start, open, condition)) = after.checked_sub(1).and_then(|n| self.some.get(n)) else {
            return false;
        };
        let matches = match open {
            true => resource.starts_with(start.as_str()),
            false => resource == start,
        };
        matches && holds(*condition, facts)
    }
}

fn holds(condition: Condition, facts: &Facts<'_>) -> bool {
    match condition {
        Condition::None => true,
        Condition::Office(inside) => is_office(facts.ip) == inside,
        Condition::NoSecondFactor => facts.second_factor.is_none(),
        Condition::OldSecondFactor(seconds) => facts.second_factor.is_some_and(|age| age > seconds),
        Condition::Region(region) => facts.region == region,
        Condition::Team(team) => facts.team == team,
    }
}

/// Whether what a table takes for granted is so.
pub fn fits(world: &World) -> bool {
    world.users.iter().all(|user| {
        let statements = || {
            user.policies
                .iter()
                .flat_map(|policy| &world.policies[*policy].statements)
        };
        world.actions.iter().all(|action| {
            [true, false].into_iter().all(|allow| {
                let some: Vec<&str> = statements()
                    .filter(|statement| statement.allow == allow)
                    .filter(|statement| statement.matches_action(action) && statement.resource != "*")
                    .map(|statement| statement.resource.as_str())
                    .collect();
                some.len() > 64
                    || some.iter().enumerate().all(|(n, one)| {
                        some.iter()
                            .enumerate()
                            .all(|(m, other)| n == m || !glob(one, other.trim_end_matches('*')))
                    })
            })
        })
    })
}
