//! Accounts with users, groups and policies, and requests to decide.

mod founding;

use std::fmt::Write as _;

use self::founding::actions;

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
    /// Holds if the second factor was given more seconds ago than this.
    OldSecondFactor(u32),
    /// Holds for requests to this region.
    Region(&'static str),
    /// Holds for users with this tag.
    Team(&'static str),
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
    /// Its tag `Team`.
    pub team: &'static str,
    /// Numbers of policies, those of its groups included.
    pub policies: Vec<usize>,
}

pub struct Request {
    pub user: usize,
    pub action: usize,
    pub resource: String,
    pub ip: [u8; 4],
    pub ip_text: String,
    /// Seconds since a second factor was given, and their text.
    pub second_factor: Option<(u32, String)>,
    pub region: &'static str,
    /// The tag of its user.
    pub team: &'static str,
}

pub struct World {
    /// The 84 actions, as policies have them.
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
            Condition::NoSecondFactor => request.second_factor.is_none(),
            Condition::OldSecondFactor(seconds) => {
                matches!(request.second_factor, Some((age, _)) if age > seconds)
            }
            Condition::Region(region) => request.region == region,
            Condition::Team(team) => request.team == team,
        }
    }
}

impl Condition {
    /// As policies have it.
    fn json(self) -> Option<String> {
        Some(match self {
            Condition::None => return None,
            Condition::Office(inside) => {
                let operator = if inside { "IpAddress" } else { "NotIpAddress" };
                let networks = OFFICE.map(|(text, ..)| text).join(r#"",""#);
                format!(r#"{{"{operator}":{{"aws:SourceIp":["{networks}"]}}}}"#)
            }
            Condition::NoSecondFactor => r#"{"Bool":{"aws:MultiFactorAuthPresent":"false"}}"#.to_owned(),
            Condition::OldSecondFactor(seconds) => {
                format!(r#"{{"NumericGreaterThan":{{"aws:MultiFactorAuthAge":"{seconds}"}}}}"#)
            }
            Condition::Region(region) => {
                format!(r#"{{"StringEquals":{{"aws:RequestedRegion":"{region}"}}}}"#)
            }
            Condition::Team(team) => format!(r#"{{"StringEquals":{{"aws:PrincipalTag/Team":"{team}"}}}}"#),
        })
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
            if let Some(condition) = statement.condition.json() {
                write!(text, r#","Condition":{condition}"#).expect("writing to a string");
            }
            text.push('}');
        }
        text.push_str("]}");
        text
    }
}

impl World {
    /// So many statements on Voice Connectors, as many for each user, and nobody asks.
    pub fn connectors(statements: usize, users: usize) -> World {
        let actions = actions();
        let kinds = founding::on_connectors();
        let each = statements / users;
        let (mut policies, mut holders) = (Vec::new(), Vec::new());
        for user in 0..users {
            let mut own = Vec::new();
            for first in (0..each).step_by(MOST) {
                let statements = (first..each.min(first + MOST)).map(|n| {
                    let number = user * each + n;
                    let action = actions[kinds[number % kinds.len()]].trim_start_matches("chime:");
                    let condition = if number.is_multiple_of(4) {
                        Condition::Office(true)
                    } else {
                        Condition::None
                    };
                    let star = if number.is_multiple_of(2) { "*" } else { "" };
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
                team: "desk",
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
            let mut request = Request::new(&world.users, user, action, resource);
            request.set_ip([203, 0, 113, dice.below(256) as u8]);
            world.requests.push(request);
        }
        world
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
    /// From within the office, with a second factor given a minute ago.
    fn new(users: &[User], user: usize, action: usize, resource: String) -> Request {
        let mut request = Request {
            user,
            action,
            resource,
            ip: [0; 4],
            ip_text: String::new(),
            second_factor: Some((60, "60".to_owned())),
            region: "us-east-1",
            team: users[user].team,
        };
        request.set_ip([203, 0, 113, 7]);
        request
    }

    fn set_ip(&mut self, ip: [u8; 4]) {
        self.ip = ip;
        self.ip_text = std::net::Ipv4Addr::from(ip).to_string();
    }

    /// What conditions may ask for, by key. The second factor comes last: without it there are five.
    pub fn context<'a>(&'a self, user: &'a str) -> ([(&'static str, &'a str); 6], usize) {
        let (given, age) = match &self.second_factor {
            Some((_, age)) => ("true", age.as_str()),
            None => ("false", ""),
        };
        let context = [
            ("aws:SourceIp", self.ip_text.as_str()),
            ("aws:RequestedRegion", self.region),
            ("aws:PrincipalTag/Team", self.team),
            ("aws:username", user),
            ("aws:MultiFactorAuthPresent", given),
            ("aws:MultiFactorAuthAge", age),
        ];
        (context, if age.is_empty() { 5 } else { 6 })
    }
}
