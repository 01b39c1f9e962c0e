//! Many statements about few actions and resources, for what an engine does only with many: patterns that contain
//! each other, from either end; statements that differ in one thing; conditions that many share.

use serde_json::{Value, json};

use super::generator::{self, Dice};

const HEADS: [&str; 8] = [
    "arn:aws:s3:::",
    "arn:aws:s3:::",
    "arn:aws:s3:::",
    "arn:*:s3:::",
    "arn:aws:*:*:*:",
    "arn:aws:s?:::",
    "arn:aws:s3::1*:",
    "arn:aws:sqs:::",
];

/// What requests ask about, and so do most statements.
const REQUESTED: [&str; 3] = ["arn:aws:s3:::", "arn:aws:sqs:::", "arn:aws:s3::12:"];

const LETTERS: [&str; 5] = ["a", "b", "/", "ana", ":"];

const PIECES: [&str; 14] = [
    "a",
    "a",
    "b",
    "b",
    "/",
    "ana",
    ":",
    "*",
    "*",
    "?",
    "${aws:username}",
    "${k}",
    "${absent, 'a'}",
    "${absent}",
];

const ACTIONS: [&str; 5] = [
    "s3:GetObject",
    "chime:GetUser",
    "chime:ListUsers",
    "sts:AssumeRole",
    "s3:GetOther",
];

const PATTERNS: [&str; 9] = [
    "s3:GetObject",
    "s3:GetObject",
    "s3:Get*",
    "*",
    "chime:GetUser",
    "chime:*",
    "chime:List*",
    "sts:*",
    "s3:?etO*t",
];

fn text(dice: &mut Dice, heads: &[&str], pieces: &[&str]) -> Value {
    let mut text = (*dice.pick(heads)).to_owned();
    for _ in 0..dice.below(5) {
        text.push_str(dice.pick::<&str>(pieces));
    }
    text.into()
}

/// Patterns of resources, half of them made from the one that is asked about.
fn resource(dice: &mut Dice, asked: &str) -> Value {
    // All of the head, and some of the rest.
    let last = asked.rfind(':').map_or(0, |at| at + 1).min(asked.len());
    let cut = last + dice.below(asked.len() - last + 1);
    match dice.below(20) {
        0 => json!("*"),
        1..5 => format!("{}*", &asked[..cut]).into(),
        5..7 => format!("{}*{}", &asked[..last], &asked[cut..]).into(),
        7 => format!("arn:*:*:*:*:*{}", &asked[cut..]).into(),
        8 => format!("{}?{}", &asked[..cut], asked.get(cut + 1..).unwrap_or_default()).into(),
        9 => asked.into(),
        10 => text(dice, &REQUESTED, &LETTERS),
        11..13 => format!("{}*", text(dice, &REQUESTED, &LETTERS).as_str().unwrap()).into(),
        _ => text(dice, &HEADS, &PIECES),
    }
}

fn statement(dice: &mut Dice, asked: &str, conditions: &[Value], principals: bool) -> Value {
    let mut statement = json!({"Effect": if dice.chance(75) { "Allow" } else { "Deny" }});
    let key = if dice.chance(90) { "Action" } else { "NotAction" };
    statement[key] = dice.some(2, |dice| json!(*dice.pick(&PATTERNS)));
    let key = if dice.chance(93) {
        "Resource"
    } else {
        "NotResource"
    };
    statement[key] = dice.some(3, |dice| resource(dice, asked));
    if dice.chance(65) {
        statement["Condition"] = dice.pick(conditions).clone();
    }
    if principals {
        statement["Principal"] = generator::principal_element(dice);
    }
    statement
}

fn document(dice: &mut Dice, asked: &str, principals: bool) -> Value {
    let conditions: Vec<Value> = (0..1 + dice.below(5))
        .map(|_| generator::condition(dice))
        .collect();
    // Now and then more than sixty-four different ones, the number that is remembered.
    let conditions: Vec<Value> = match dice.chance(3) {
        true => (0..90).map(|_| generator::condition(dice)).collect(),
        false => conditions,
    };
    let most = *dice.pick(&[4, 10, 40]);
    let count = if conditions.len() > 64 {
        150
    } else {
        1 + dice.below(most)
    };
    let statements: Vec<Value> = (0..count)
        .map(|_| statement(dice, asked, &conditions, principals))
        .collect();
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// Asks the case about such a resource, of such documents among its own.
pub(super) fn join(dice: &mut Dice, case: &mut Value) {
    case["action"] = json!(*dice.pick(&ACTIONS));
    let asked = text(dice, &REQUESTED, &LETTERS);
    let asked = asked.as_str().unwrap();
    case["resource"] = asked.into();
    let mut push = |list: &mut Value, principals| {
        if let Some(documents) = list.as_array_mut() {
            documents.push(document(dice, asked, principals));
        }
    };
    push(&mut case["identity_policies"], false);
    push(&mut case["boundaries"], false);
    push(&mut case["session_policies"], false);
    push(&mut case["endpoint_policies"], true);
    for (levels, principals) in [("scps", false), ("rcps", true)] {
        if let Some(level) = case[levels].as_array_mut().and_then(|levels| levels.first_mut()) {
            push(level, principals);
        }
    }
}
