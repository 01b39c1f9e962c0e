//! Cases of batch evaluation from a small vocabulary, so that policies and requests meet often.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::crowd;

/// A small generator of numbers; good enough to pick from lists.
pub(super) struct Dice(pub u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    /// True in `percent` of a hundred throws.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// One or several, as a bare value or as a list.
    pub fn some(&mut self, most: usize, mut one: impl FnMut(&mut Dice) -> Value) -> Value {
        if self.chance(50) {
            return one(self);
        }
        let count = if self.chance(5) { 0 } else { 1 + self.below(most) };
        Value::Array((0..count).map(|_| one(self)).collect())
    }
}

/// Who vouches for web identities, which cases write as this.
pub(super) const PROVIDER: &str = "arn:aws:iam::111122223333:oidc-provider/login.example.com";

pub(super) const PRINCIPALS: [&str; 10] = [
    "arn:aws:iam::111122223333:user/ana",
    "arn:aws:iam::111122223333:user/ops/ben",
    "arn:aws:sts::111122223333:assumed-role/Desk/ana",
    "arn:aws:sts::444455556666:assumed-role/Desk/ana",
    "arn:aws:iam::111122223333:role/team/Desk",
    "arn:aws:sts::111122223333:federated-user/ana",
    "arn:aws:iam::111122223333:root",
    "arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/Linked",
    "events.amazonaws.com",
    PROVIDER,
];

const ACTIONS: [&str; 10] = [
    "chime:List Users",
    "chime:ListUsers",
    "chime:GetUser",
    "chime:ListUsers",
    "s3:GetObject",
    "sts:AssumeRole",
    "sts:GetCallerIdentity",
    "kms:Decrypt",
    "kms:DeleteAlias",
    "iam:DeleteRole",
];

const RESOURCES: [&str; 9] = [
    "*",
    "arn:aws:s3:::b/ana/x",
    "arn:aws:chime:us-east-1:111122223333:vc/ana",
    "arn:aws:chime:us-east-1:444455556666:vc/a:b",
    "arn:aws:iam::111122223333:role/Desk",
    "arn:aws:iam::111122223333:role/aws-reserved/Desk",
    "arn:aws:kms:us-east-1:111122223333:key/1",
    "arn:aws:kms:us-east-1:111122223333:alias/aws/s3",
    "arn:aws:s3:::*",
];

pub(super) const ACTION_PATTERNS: [&str; 20] = [
    "*",
    "chime:*",
    "chime:List*",
    "CHIME:listusers",
    "chime:?etUser",
    "s3:Get*",
    "s3:*",
    "sts:*",
    "kms:*",
    "iam:*",
    "*:*",
    "*:ListUsers",
    "chime*:ListUsers",
    "chime:",
    "chime:List Users",
    "ListUsers",
    "chime:*User*",
    "**",
    "chime:GetUser",
    "a:b:c",
];

const RESOURCE_PATTERNS: [&str; 24] = [
    "*",
    "*",
    "*",
    "arn:aws:*:*:*:*",
    "arn:aws:s3:::b/*",
    "arn:aws:s3:::b/${aws:username}/*",
    "arn:aws:s3:::b/${aws:PrincipalTag/t}*",
    "arn:aws:s3:::b/${k, 'ana'}/?",
    "arn:aws:s3:::${*}",
    "arn:aws:s3:::*/x",
    "arn:aws:chime:*:111122223333:vc/*",
    "arn:aws:chime:us-east-1:444455556666:vc/a:*",
    "arn:aws:chime:us-east-1:*:vc/${aws:username}",
    "arn:aws:iam::*:role/*",
    "arn:aws:kms:us-east-1:111122223333:key/?",
    "arn:aws:kms:us-east-1:111122223333:*",
    "arn:aws:s3",
    "arn:aws:s3:*",
    "arn:aws:*:us-east-1",
    "arn:aws:chime:us-east-1:${aws:username}:vc/1",
    "arn:aws:s3:::b/${",
    "arn:aws:s3:::b*a*x",
    "not an arn",
    "",
];

const KEYS: [&str; 10] = [
    "aws:username",
    "aws:PrincipalTag/t",
    "k",
    "K",
    "aws:TagKeys",
    "aws:SourceIp",
    "aws:MultiFactorAuthPresent",
    "aws:MultiFactorAuthAge",
    "aws:CurrentTime",
    "absent",
];

const VALUES: [&str; 36] = [
    "ana",
    "Ana",
    "ben",
    "a*",
    "?na",
    "*",
    "${aws:username}",
    "${AWS:UserName}x",
    "${aws:PrincipalTag/t}*",
    "${*}",
    "${absent, 'ana'}",
    "${absent}",
    "",
    "7",
    "7.0",
    "7.50",
    "-3",
    "08",
    "true",
    "FALSE",
    "${k}",
    "2026-01-01",
    "2026-01-01T00:00:00Z",
    "2026-01-01T01:00:00+01:00",
    "1767225600",
    "2026",
    "10.1.2.3",
    "10.0.0.0/8",
    "0.0.0.0/0",
    "2001:DB8::1",
    "2001:db8::/32",
    "arn:aws:iam::111122223333:user/ana",
    "arn:aws:iam::*:user/${aws:username}",
    "arn:${aws:username}:iam",
    "YW5h",
    "x:y",
];

/// Values that mean something to an operator, by a part of its name.
const FITTING: [(&str, &[&str]); 6] = [
    ("Null", &["true", "false", "TRUE"]),
    ("Bool", &["true", "FALSE", "${k}"]),
    ("Numeric", &["7", "7.0", "7.50", "-3", "08", "1e1"]),
    (
        "Date",
        &[
            "2026-01-01",
            "2026-01-01T01:00:00+01:00",
            "1767225600",
            "2026",
            "2025-12-31T23:59:59Z",
            "2026-13",
        ],
    ),
    (
        "Ip",
        &[
            "10.1.2.3",
            "10.0.0.0/8",
            "0.0.0.0/0",
            "2001:DB8::1",
            "2001:db8::/32",
            "a00::/8",
            "::/0",
            "a01:203::",
        ],
    ),
    (
        "Arn",
        &[
            ANA,
            "arn:aws:iam::*:user/${aws:username}",
            "arn:aws:iam::*:*",
            "arn:aws:${absent, 'iam'}::*:user/?na",
        ],
    ),
];

const ANA: &str = "arn:aws:iam::111122223333:user/ana";

/// A value, half of the time one that fits the operator or key.
fn value(dice: &mut Dice, about: &str) -> &'static str {
    let fitting = FITTING.iter().find(|(part, _)| about.contains(part));
    match fitting {
        Some((_, values)) if dice.chance(50) => dice.pick::<&str>(values),
        _ => dice.pick::<&str>(&VALUES),
    }
}

const OPERATORS: [&str; 29] = [
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
    "Bool",
    "BinaryEquals",
    "IpAddress",
    "NotIpAddress",
    "ArnEquals",
    "ArnLike",
    "ArnNotEquals",
    "ArnNotLike",
    "Null",
    "stringlike",
    "StringMatches",
];

const NAMES: [&str; 14] = [
    "arn:aws:sts::111122223333:assumed-role/desk/ana",
    "*",
    "111122223333",
    "arn:aws:iam::111122223333:root",
    "arn:aws:iam::444455556666:root",
    "arn:aws:iam::111122223333:user/ana",
    "arn:aws:iam::111122223333:user/ops/ben",
    "arn:aws:iam::111122223333:role/team/desk",
    "arn:aws:iam::444455556666:role/Desk",
    "arn:aws:sts::111122223333:assumed-role/Desk/ana",
    "arn:aws:sts::111122223333:assumed-role/Desk/Ana",
    "arn:aws:sts::111122223333:federated-user/ana",
    "arn:aws:iam::*:user/ana",
    "events.amazonaws.com",
];

fn text(dice: &mut Dice, from: &[&str]) -> Value {
    // Something of the wrong type now and then: lenient reading has to cope.
    if dice.chance(1) {
        json!({"not": ["a", "text"]})
    } else {
        json!(*dice.pick(from))
    }
}

pub(super) fn principal_element(dice: &mut Dice) -> Value {
    if dice.chance(30) {
        return json!("*");
    }
    let key = *dice.pick(&["AWS", "AWS", "AWS", "AWS", "Service", "Federated"]);
    let names = dice.some(3, |dice| {
        if key == "Federated" && dice.chance(70) {
            return json!(PROVIDER);
        }
        text(dice, &NAMES)
    });
    json!({key: names})
}

pub(super) fn condition(dice: &mut Dice) -> Value {
    if dice.chance(2) {
        return json!([]);
    }
    let mut block = json!({});
    for _ in 0..1 + dice.below(2) {
        let operator = *dice.pick(&OPERATORS);
        let set = *dice.pick(&["", "", "", "ForAllValues:", "ForAnyValue:"]);
        let suffix = *dice.pick(&["", "", "IfExists"]);
        let mut keys = json!({});
        for _ in 0..1 + dice.below(2) {
            keys[*dice.pick(&KEYS)] = dice.some(3, |dice| match dice.below(20) {
                0 => json!(true),
                1 => json!(7.5),
                2 => json!(7),
                _ => json!(value(dice, operator)),
            });
        }
        block[format!("{set}{operator}{suffix}")] = keys;
    }
    block
}

pub(super) fn statement(dice: &mut Dice, principals: bool) -> Value {
    let mut statement = json!({"Effect": if dice.chance(70) { "Allow" } else { "Deny" }});
    if dice.chance(1) {
        statement["Effect"] = json!("allow");
    }
    if !dice.chance(2) {
        let key = if dice.chance(80) { "Action" } else { "NotAction" };
        statement[key] = dice.some(3, |dice| text(dice, &ACTION_PATTERNS));
    }
    if !dice.chance(4) {
        let key = if dice.chance(75) {
            "Resource"
        } else {
            "NotResource"
        };
        statement[key] = dice.some(3, |dice| text(dice, &RESOURCE_PATTERNS));
    }
    if principals != dice.chance(5) {
        let key = if dice.chance(80) {
            "Principal"
        } else {
            "NotPrincipal"
        };
        statement[key] = principal_element(dice);
    }
    if dice.chance(40) {
        statement["Condition"] = condition(dice);
    }
    if dice.chance(1) {
        statement["Unknown"] = json!(1);
    }
    statement
}

fn document(dice: &mut Dice, principals: bool) -> Value {
    let mut document = json!({"Statement": dice.some(3, |dice| statement(dice, principals))});
    if dice.chance(80) {
        document["Version"] = json!(*dice.pick(&["2012-10-17", "2012-10-17", "2012-10-17", "2008-10-17"]));
    }
    document
}

fn documents(dice: &mut Dice, most: usize, principals: bool) -> Value {
    (0..dice.below(most + 1))
        .map(|_| document(dice, principals))
        .collect()
}

/// Control policies of levels that mostly allow everything, so that the other policies come to speak.
fn levels(dice: &mut Dice, principals: bool) -> Value {
    let open = json!({"Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}});
    let count = dice.below(3);
    let level = |dice: &mut Dice| {
        let mut level = documents(dice, 1, principals);
        if dice.chance(80) {
            level.as_array_mut().unwrap().push(open.clone());
        }
        level
    };
    (0..count).map(|_| level(dice)).collect()
}

pub(super) fn case(dice: &mut Dice) -> Value {
    let mut case = json!({
        "id": "x",
        "principal": if dice.chance(5) { Value::Null } else { json!(*dice.pick(&PRINCIPALS)) },
        "action": *dice.pick(&ACTIONS),
        "resource": *dice.pick(&RESOURCES),
        "identity_policies": documents(dice, 3, false),
    });
    if dice.chance(60) {
        case["resource_account"] = json!(*dice.pick(&["111122223333", "111122223333", "444455556666"]));
    }
    if dice.chance(20) {
        case["boundaries"] = documents(dice, 2, false);
    }
    if dice.chance(15) {
        case["session_policies"] = documents(dice, 2, false);
    }
    if dice.chance(55) {
        case["resource_policy"] = document(dice, true);
    }
    if dice.chance(15) {
        case["scps"] = levels(dice, false);
    }
    if dice.chance(15) {
        case["rcps"] = levels(dice, true);
    }
    if dice.chance(10) {
        case["endpoint_policies"] = documents(dice, 2, true);
    }
    let mut context = BTreeMap::new();
    for key in [
        "aws:username",
        "aws:principaltag/T",
        "K",
        "aws:TagKeys",
        "aws:SourceIp",
        "aws:MultiFactorAuthPresent",
        "aws:MultiFactorAuthAge",
        "aws:currenttime",
    ] {
        if dice.chance(70) {
            let many = dice.chance(if key == "aws:TagKeys" { 90 } else { 10 });
            let about = *dice.pick(&["Bool", "Numeric", "Date", "Ip", "Arn", ""]);
            let value = match many {
                true => (0..dice.below(3)).map(|_| json!(value(dice, about))).collect(),
                false => json!(value(dice, about)),
            };
            context.insert(key, value);
        }
    }
    case["context"] = json!(context);
    if dice.chance(10) {
        crowd::join(dice, &mut case);
    }
    case
}
