//! Policies compiled by hand, for exactly the kinds of statements there are: how fast it can be at all.

use std::collections::HashMap;

use crate::world::{Condition, Request, World, glob, is_office};

pub struct Table {
    /// By user and action: what is on every resource, and what begins with certain texts.
    cells: Vec<Cell>,
    width: usize,
    users: HashMap<String, usize>,
    actions: HashMap<String, usize>,
}

#[derive(Default)]
struct Cell {
    /// Two bits of a request, office and second factor, say which bit of these to look at.
    deny: u8,
    allow: u8,
    /// The same for resources that begin with, or are, these texts.
    some: Vec<(String, bool, u8)>,
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
                    let bits = (0..4)
                        .filter(|bit| holds(statement.condition, *bit))
                        .fold(0, |all, bit| all | 1 << bit);
                    match (statement.allow, statement.resource.as_str()) {
                        (true, "*") => cell.allow |= bits,
                        (false, "*") => cell.deny |= bits,
                        (true, resource) => {
                            let open = resource.ends_with('*');
                            cell.some
                                .push((resource.trim_end_matches('*').to_owned(), open, bits));
                        }
                        (false, _) => panic!("no statement of the scenarios denies some resources only"),
                    }
                }
                cell.some.sort();
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
        let second_factor = u8::from(request.second_factor) << 1;
        self.decide(
            request.user,
            request.action,
            &request.resource,
            u8::from(is_office(request.ip)) | second_factor,
        )
    }

    pub fn from_strings(
        &self,
        user: &str,
        action: &str,
        resource: &str,
        ip: &str,
        second_factor: &str,
    ) -> bool {
        let (Some(user), Some(action)) = (self.users.get(user), self.actions.get(action)) else {
            return false;
        };
        let Ok(ip) = ip.parse::<std::net::Ipv4Addr>() else {
            return false;
        };
        let bit = u8::from(is_office(ip.octets())) | u8::from(second_factor == "true") << 1;
        self.decide(*user, *action, resource, bit)
    }

    fn decide(&self, user: usize, action: usize, resource: &str, bit: u8) -> bool {
        let cell = &self.cells[user * self.width + action];
        let mask = 1 << bit;
        if cell.deny & mask != 0 {
            return false;
        }
        if cell.allow & mask != 0 {
            return true;
        }
        // Texts that contain each other do not occur here, so that one neighbour is enough.
        let after = cell
            .some
            .partition_point(|(start, ..)| start.as_str() <= resource);
        let Some((start, open, bits)) = after.checked_sub(1).and_then(|n| cell.some.get(n)) else {
            return false;
        };
        bits & mask != 0
            && if *open {
                resource.starts_with(start.as_str())
            } else {
                resource == start
            }
    }
}

fn holds(condition: Condition, bit: u8) -> bool {
    match condition {
        Condition::None => true,
        Condition::Office(inside) => (bit & 1 != 0) == inside,
        Condition::NoSecondFactor => bit & 2 == 0,
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
            let some: Vec<&str> = statements()
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
}
