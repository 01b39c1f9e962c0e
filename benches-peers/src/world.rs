//! Accounts with users, groups and policies, and requests to decide.

use std::fmt::Write as _;

pub const ACCOUNT: &str = "111122223333";
pub const OFFICE: [(&str, [u8; 4], u32); 2] = [
    ("203.0.113.0/24", [203, 0, 113, 0], 24),
    ("198.51.100.0/24", [198, 51, 100, 0], 24),
];
/// Statements of one policy; no text may be longer than 131,072 characters.
const MOST: usize = 500;
const CONNECTOR: &str = "arn:aws:chime:us-east-1:111122223333:vc/";

/// What a statement asks of the request beside action and resource.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Condition {
    None,
    /// Holds inside the office, or with `false` outside.
    Office(bool),
    /// Holds without a second factor.
    NoSecondFactor,
}

/// A statement in the form that every engine's policies are made from.
#[derive(Debug, Clone)]
pub struct Statement {
    pub allow: bool,
    /// Names, or names with a star at the end.
    pub actions: Vec<String>,
    /// `*`, an ARN, or an ARN with a star at the end.
    pub resource: String,
    pub condition: Condition,
}

pub struct Policy {
    pub name: String,
    pub statements: Vec<Statement>,
}

pub struct User {
    pub name: String,
    /// Numbers of policies, those of its groups included.
    pub policies: Vec<usize>,
}

pub struct Request {
    pub user: usize,
    pub action: usize,
    pub resource: String,
    pub ip: [u8; 4],
    pub ip_text: String,
    pub second_factor: bool,
}

pub struct World {
    pub actions: Vec<String>,
    pub policies: Vec<Policy>,
    pub users: Vec<User>,
    pub requests: Vec<Request>,
}

/// A small generator of numbers with a fixed start, so that every run asks the same.
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % limit as u64) as usize
    }
}

impl Statement {
    fn new(allow: bool, actions: &[&str], resource: &str, condition: Condition) -> Statement {
        Statement {
            allow,
            actions: actions.iter().map(|name| format!("chime:{name}")).collect(),
            resource: resource.to_owned(),
            condition,
        }
    }

    pub fn matches_action(&self, action: &str) -> bool {
        self.actions.iter().any(|pattern| glob(pattern, action))
    }

    pub fn matches(&self, action: &str, request: &Request) -> bool {
        self.matches_action(action)
            && glob(&self.resource, &request.resource)
            && self.condition.holds(request)
    }
}

impl Condition {
    pub fn holds(self, request: &Request) -> bool {
        match self {
            Condition::None => true,
            Condition::Office(inside) => is_office(request.ip) == inside,
            Condition::NoSecondFactor => !request.second_factor,
        }
    }
}

pub fn is_office(ip: [u8; 4]) -> bool {
    let bits = u32::from_be_bytes(ip);
    OFFICE
        .iter()
        .any(|(_, network, length)| (bits ^ u32::from_be_bytes(*network)) >> (32 - length) == 0)
}

/// A star at the end matches anything.
pub fn glob(pattern: &str, text: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => text.starts_with(start),
        None => pattern == text,
    }
}

impl Policy {
    /// As IAM keeps it.
    pub fn json(&self) -> String {
        let mut text = r#"{"Version":"2012-10-17","Statement":["#.to_owned();
        for (number, statement) in self.statements.iter().enumerate() {
            let effect = if statement.allow { "Allow" } else { "Deny" };
            let separator = if number == 0 { "" } else { "," };
            let actions = statement.actions.join(r#"",""#);
            write!(
                text,
                r#"{separator}{{"Effect":"{effect}","Action":["{actions}"],"Resource":"{}""#,
                statement.resource
            )
            .expect("writing to a string");
            match statement.condition {
                Condition::None => {}
                Condition::Office(inside) => {
                    let operator = if inside { "IpAddress" } else { "NotIpAddress" };
                    let networks = OFFICE.map(|(text, ..)| text).join(r#"",""#);
                    write!(
                        text,
                        r#","Condition":{{"{operator}":{{"aws:SourceIp":["{networks}"]}}}}"#
                    )
                    .expect("writing to a string");
                }
                Condition::NoSecondFactor => {
                    text.push_str(r#","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"false"}}"#);
                }
            }
            text.push('}');
        }
        text.push_str("]}");
        text
    }
}

impl World {
    /// Sixty-four users in groups, twelve policies, half of the requests allowed.
    pub fn founding() -> World {
        let actions = actions();
        let policy = |name: &str, statements: Vec<Statement>| Policy {
            name: name.to_owned(),
            statements,
        };
        let allow =
            |actions: &[&str], resource: &str, condition| Statement::new(true, actions, resource, condition);
        let deny = |actions: &[&str], condition| Statement::new(false, actions, "*", condition);
        let connectors = format!("{CONNECTOR}*");
        let eu = format!("{CONNECTOR}eu-*");
        use Condition::{NoSecondFactor, None, Office};
        let policies = vec![
            policy("Read", vec![allow(&["Get*", "List*"], "*", None)]),
            policy(
                "Users",
                vec![
                    allow(
                        &[
                            "SuspendUsers",
                            "ActivateUsers",
                            "InviteUsers",
                            "UpdateUser",
                            "ResetPersonalPIN",
                        ],
                        "*",
                        None,
                    ),
                    allow(&["LogoutUser"], "*", None),
                ],
            ),
            policy(
                "Connectors",
                vec![allow(
                    &["UpdateVoiceConnector", "PutVoiceConnector*"],
                    &connectors,
                    None,
                )],
            ),
            policy(
                "European",
                vec![allow(&["DeleteVoiceConnector*", "PutVoiceConnector*"], &eu, None)],
            ),
            policy(
                "Desk",
                vec![allow(
                    &["AssociatePhoneNumber*", "DisassociatePhoneNumber*"],
                    "*",
                    None,
                )],
            ),
            policy("Office", vec![deny(&["Delete*", "Batch*"], Office(false))]),
            policy(
                "SecondFactor",
                vec![deny(
                    &["DeleteAccount", "LogoutUser", "RegenerateSecurityToken"],
                    NoSecondFactor,
                )],
            ),
            policy(
                "Meetings",
                vec![allow(
                    &[
                        "CreateMeeting",
                        "DeleteMeeting",
                        "CreateAttendee",
                        "DeleteAttendee",
                    ],
                    "*",
                    None,
                )],
            ),
            policy(
                "Bots",
                vec![allow(
                    &["CreateBot", "UpdateBot", "GetBot", "RegenerateSecurityToken"],
                    "*",
                    Office(true),
                )],
            ),
            policy(
                "Auditor",
                vec![allow(&["Search*", "Get*", "List*"], "*", Office(true))],
            ),
            policy(
                "Rooms",
                vec![allow(
                    &["CreateRoom*", "UpdateRoom*", "DeleteRoom*", "Batch*"],
                    "*",
                    None,
                )],
            ),
            policy(
                "Everything",
                vec![allow(&["*"], "*", None), deny(&["DeleteAccount"], Office(false))],
            ),
        ];
        let groups: [&[usize]; 8] = [
            &[0, 1, 6],
            &[0, 2, 5],
            &[3, 9],
            &[4, 0, 6],
            &[7, 10],
            &[8, 9, 5],
            &[10, 1, 5],
            &[11, 6],
        ];
        let users = (0..64)
            .map(|number| {
                let mut policies = groups[number % 8].to_vec();
                if number % 3 == 0 {
                    policies.extend(groups[(number / 8) % 8]);
                }
                policies.sort_unstable();
                policies.dedup();
                User {
                    name: format!("user-{number:02}"),
                    policies,
                }
            })
            .collect();
        let mut world = World {
            actions,
            policies,
            users,
            requests: Vec::new(),
        };
        world.ask(4_096, |dice| {
            let region = ["eu", "us", "ap"][dice.below(3)];
            match dice.below(3) {
                0 => "arn:aws:chime:us-east-1:111122223333:app-instance/a1".to_owned(),
                _ => format!("{CONNECTOR}{region}-{:06}", dice.below(1_000_000)),
            }
        });
        world
    }

    /// So many statements on Voice Connectors, as many for each user, and nobody asks.
    pub fn connectors(statements: usize, users: usize) -> World {
        let actions = actions();
        let kinds: Vec<usize> = (0..actions.len())
            .filter(|n| actions[*n].contains("VoiceConnector"))
            .collect();
        let each = statements / users;
        let (mut policies, mut holders) = (Vec::new(), Vec::new());
        for user in 0..users {
            let mut own = Vec::new();
            for first in (0..each).step_by(MOST) {
                let statements = (first..each.min(first + MOST)).map(|n| {
                    let number = user * each + n;
                    let action = actions[kinds[number % kinds.len()]].trim_start_matches("chime:");
                    let condition = if number % 4 == 0 {
                        Condition::Office(true)
                    } else {
                        Condition::None
                    };
                    let star = if number % 2 == 0 { "*" } else { "" };
                    Statement::new(
                        true,
                        &[action],
                        &format!("{CONNECTOR}{number:06}{star}"),
                        condition,
                    )
                });
                own.push(policies.len());
                policies.push(Policy {
                    name: format!("p{user}-{first}"),
                    statements: statements.collect(),
                });
            }
            holders.push(User {
                name: format!("user-{user:04}"),
                policies: own,
            });
        }
        let users = holders;
        World {
            actions,
            policies,
            users,
            requests: Vec::new(),
        }
    }

    /// As [`World::connectors`], with requests of which half are allowed.
    pub fn spread(statements: usize, users: usize) -> World {
        let mut world = World::connectors(statements, users);
        let each = statements / users;
        let mut dice = Dice(7);
        for _ in 0..16_384 {
            let user = dice.below(world.users.len());
            let n = dice.below(each);
            let policy = world.users[user].policies[n / MOST];
            let statement = &world.policies[policy].statements[n % MOST];
            let name = &statement.actions[0];
            let action = world
                .actions
                .iter()
                .position(|action| action == name)
                .expect("a known action");
            // Half of them end in something no statement is about.
            let resource = match dice.below(2) {
                0 => statement.resource.replace('*', "x"),
                _ => format!("{CONNECTOR}{:06}/y", 900_000 + dice.below(100_000)),
            };
            world.requests.push(Request::new(
                user,
                action,
                resource,
                [203, 0, 113, dice.below(256) as u8],
                true,
            ));
        }
        world
    }

    /// Draws requests until half of those kept are allowed.
    fn ask(&mut self, count: usize, resource: impl Fn(&mut Dice) -> String) {
        let mut dice = Dice(1);
        let mut left = [count / 2, count / 2];
        while left != [0, 0] {
            let ip = match dice.below(10) {
                0 => [192, 0, 2, 1],
                n => [203, 0, 113, n as u8],
            };
            let (user, action) = (dice.below(self.users.len()), dice.below(self.actions.len()));
            let request = Request::new(user, action, resource(&mut dice), ip, dice.below(4) > 0);
            let place = &mut left[usize::from(self.is_allowed(&request))];
            if *place > 0 {
                *place -= 1;
                self.requests.push(request);
            }
        }
    }

    /// The decision, found by trying each statement of the user: the interpreter of the comparison.
    pub fn is_allowed(&self, request: &Request) -> bool {
        let action = &self.actions[request.action];
        let mut allowed = false;
        for policy in &self.users[request.user].policies {
            for statement in &self.policies[*policy].statements {
                if statement.matches(action, request) {
                    if !statement.allow {
                        return false;
                    }
                    allowed = true;
                }
            }
        }
        allowed
    }
}

impl Request {
    fn new(user: usize, action: usize, resource: String, ip: [u8; 4], second_factor: bool) -> Request {
        let [a, b, c, d] = ip;
        Request {
            user,
            action,
            resource,
            ip,
            ip_text: format!("{a}.{b}.{c}.{d}"),
            second_factor,
        }
    }
}

/// Some of Chime's.
fn actions() -> Vec<String> {
    let nouns = [
        "Account",
        "User",
        "Room",
        "Bot",
        "Meeting",
        "Attendee",
        "PhoneNumber",
        "VoiceConnector",
        "VoiceConnectorGroup",
        "VoiceConnectorTermination",
        "AppInstance",
        "Channel",
    ];
    let verbs = ["Create", "Get", "List", "Update", "Delete", "Put"];
    let rest = [
        "SuspendUsers",
        "ActivateUsers",
        "InviteUsers",
        "LogoutUser",
        "ResetPersonalPIN",
        "RegenerateSecurityToken",
        "AssociatePhoneNumberWithUser",
        "DisassociatePhoneNumberFromUser",
        "BatchCreateRoomMembership",
        "BatchDeletePhoneNumber",
        "SearchAvailablePhoneNumbers",
        "RestorePhoneNumber",
    ];
    let mut actions: Vec<String> = rest.map(|name| format!("chime:{name}")).to_vec();
    actions.extend(
        verbs
            .iter()
            .flat_map(|verb| nouns.iter().map(move |noun| format!("chime:{verb}{noun}"))),
    );
    actions
}
