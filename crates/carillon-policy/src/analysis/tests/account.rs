//! Questions about a small account.

use serde_json::{Value, json};

use super::super::limit::{Budget, TooLarge};
use super::super::who::{what_can_within, what_each_can_within};
use super::super::{Account, Can, Extent, WhoCan, what_can, who_can};

const ARN: &str = "arn:aws:iam::111122223333";

fn document(statements: Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn allow(action: &str, resource: &str) -> Value {
    json!({"Effect": "Allow", "Action": action, "Resource": resource})
}

fn user(name: &str, statements: Value) -> Value {
    json!({
        "UserName": name, "UserId": format!("AIDA{name}"), "Arn": format!("{ARN}:user/{name}"),
        "UserPolicyList": [{"PolicyName": "own", "PolicyDocument": document(statements)}],
    })
}

fn role(name: &str, trusted: &str, statements: Value) -> Value {
    json!({
        "RoleName": name, "RoleId": format!("AROA{name}"), "Arn": format!("{ARN}:role/{name}"),
        "AssumeRolePolicyDocument": document(json!({
            "Effect": "Allow", "Principal": {"AWS": trusted}, "Action": "sts:AssumeRole",
        })),
        "RolePolicyList": [{"PolicyName": "own", "PolicyDocument": document(statements)}],
    })
}

/// Ana may by her group, ben under a condition, carl by way of a role, dora by giving herself a policy.
fn account() -> Account {
    let ana = json!({
        "UserName": "ana", "UserId": "AIDAana", "Arn": format!("{ARN}:user/ana"), "GroupList": ["desk"],
        "Tags": [{"Key": "Team", "Value": "blue"}],
    });
    let ben = user(
        "ben",
        json!([
            {"Effect": "Allow", "Action": "chime:*", "Resource": "*",
             "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}},
            {"Effect": "Deny", "Action": "chime:Delete*", "Resource": "*"},
        ]),
    );
    let carl = user(
        "carl",
        json!([allow("sts:AssumeRole", "arn:aws:iam::111122223333:role/first")]),
    );
    let dora = user(
        "dora",
        json!([allow(
            "iam:PutUserPolicy",
            "arn:aws:iam::111122223333:user/${aws:username}"
        )]),
    );
    let mut eve = dora.clone();
    for (key, value) in [
        ("UserName", json!("eve")),
        ("Arn", json!(format!("{ARN}:user/eve"))),
        (
            "PermissionsBoundary",
            json!({"PermissionsBoundaryArn": format!("{ARN}:policy/fence")}),
        ),
    ] {
        eve[key] = value;
    }
    let finn = user("finn", json!([allow("s3:*", "*")]));
    let details = json!({
        "UserDetailList": [ana, ben, carl, dora, eve, finn],
        "GroupDetailList": [{
            "GroupName": "desk", "GroupId": "AGPAdesk", "Arn": format!("{ARN}:group/desk"), "GroupPolicyList": [],
            "AttachedManagedPolicies": [{"PolicyName": "users", "PolicyArn": format!("{ARN}:policy/users")}],
        }],
        "RoleDetailList": [
            role("first", &format!("{ARN}:root"), json!([allow("sts:AssumeRole", "*")])),
            role("second", &format!("{ARN}:role/first"), json!([allow("chime:CreateUser", "*")])),
        ],
        "Policies": [
            {"Arn": format!("{ARN}:policy/users"), "PolicyVersionList": [
                {"VersionId": "v2", "IsDefaultVersion": true,
                 "Document": "%7B%22Version%22%3A%20%222012-10-17%22%2C%20%22Statement%22%3A%20%7B%22Effect%22%3A%20%22Allow%22%2C%20%22Action%22%3A%20%22chime%3A%2AUser%22%2C%20%22Resource%22%3A%20%22%2A%22%7D%7D"},
                {"VersionId": "v1", "IsDefaultVersion": false, "Document": document(json!([]))},
            ]},
            {"Arn": format!("{ARN}:policy/fence"), "PolicyVersionList": [
                {"VersionId": "v1", "IsDefaultVersion": true, "Document": document(json!([allow("iam:*", "*")]))},
            ]},
        ],
    });
    Account::from_details(&details).unwrap()
}

fn names(answer: &WhoCan) -> Vec<(&str, Extent)> {
    let each = answer.can.iter();
    each.map(|able| (able.principal.rsplit('/').next().unwrap(), able.permission.extent))
        .collect()
}

#[test]
fn who_can_tells_those_who_can_and_those_who_could() {
    let answer = who_can(&account(), "chime:CreateUser", None);
    assert_eq!(
        names(&answer),
        [
            ("ana", Extent::Always),
            ("ben", Extent::Sometimes),
            ("second", Extent::Always)
        ]
    );
    let ana = &answer.can[0].permission;
    assert_eq!(
        ana.allowed_by[0].holder.as_deref(),
        Some("arn:aws:iam::111122223333:group/desk")
    );
    assert_eq!(ana.allowed_by[0].statement.policy, "users");
    let ben = &answer.can[1].permission;
    assert_eq!(ben.allowed_by[0].conditions, ["aws:SourceIp is in `10.0.0.0/8`"]);

    let ways: Vec<(String, Vec<&str>)> = answer
        .could
        .iter()
        .map(|could| {
            let name = could.principal.rsplit('/').next().unwrap().to_owned();
            (
                name,
                could.steps.iter().map(|step| step.brings.as_str()).collect(),
            )
        })
        .collect();
    assert_eq!(
        ways,
        [
            ("carl".to_owned(), vec!["assumes the role", "assumes the role"]),
            ("dora".to_owned(), vec!["gives itself an inline policy"]),
            ("first".to_owned(), vec!["assumes the role"]),
        ]
    );
}

#[test]
fn a_denied_action_is_nobodys() {
    let answer = who_can(&account(), "chime:DeleteUser", None);
    assert_eq!(names(&answer), [("ana", Extent::Always)]);
    let ben = &account().identities[1].clone();
    let can = what_can(ben, ["chime:DeleteUser", "chime:GetUser", "s3:GetObject"]).unwrap();
    let actions: Vec<&str> = can.iter().map(|can| can.action.as_str()).collect();
    assert_eq!(actions, ["chime:GetUser"]);
    let carl = &account().identities[2].clone();
    let can = what_can(carl, ["chime:GetUser"]).unwrap();
    assert_eq!(can[0].action, "sts:AssumeRole", "named by the policy alone");
}

#[test]
fn a_page_of_identities_has_one_budget_in_equal_shares() {
    let stars = |letter: char| format!("x:*{letter}*{letter}*");
    let hostile = json!({
        "Effect": "Allow", "Action": ('a'..='z').map(stars).collect::<Vec<_>>(), "Resource": "*",
        "Condition": {"StringLike": {"k": ('a'..='z').map(stars).collect::<Vec<_>>()}},
    });
    let details = json!({
        "UserDetailList": [
            user("ana", hostile.clone()), user("ben", hostile), user("carl", allow("x:aa", "*")),
        ],
        "GroupDetailList": [], "RoleDetailList": [], "Policies": [],
    });
    let identities = Account::from_details(&details).unwrap().identities;
    let can = what_each_can_within(60_000, &identities, &["x:aa", "x:bb", "x:cc"]).unwrap();
    let extents = |can: &[Can]| can.iter().map(|can| can.permission.extent).collect::<Vec<_>>();
    assert_eq!(extents(&can[0]), [Extent::Undecided; 3]);
    assert_eq!(extents(&can[1]), [Extent::Undecided; 3]);
    // Whoever came before left it enough.
    assert_eq!(extents(&can[2]), [Extent::Always]);
    // A question without an answer was work all the same.
    let mut budget = Budget::new(60_000);
    what_can_within(&mut budget, &identities[0], &["x:aa"]).unwrap();
    assert_eq!(budget.spend(1), Err(TooLarge));
}

#[test]
fn resources_limit_the_question() {
    let account = account();
    let inside = who_can(
        &account,
        "iam:PutUserPolicy",
        Some("arn:aws:iam::111122223333:user/dora"),
    );
    assert_eq!(names(&inside), [("dora", Extent::Always)]);
    let any = who_can(&account, "iam:PutUserPolicy", None);
    assert_eq!(
        names(&any),
        [("dora", Extent::Sometimes), ("eve", Extent::Sometimes)]
    );
    let example = any.can[0].permission.example.as_ref().unwrap();
    assert_eq!(example.resource, "arn:aws:iam::111122223333:user/dora");
}

#[test]
fn half_an_account_is_refused() {
    let with = |key: &str, value: Value| {
        let mut details = json!({
            "UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [], "Policies": [],
        });
        details[key] = value;
        details
    };
    let user = |key: &str, value: Value| {
        let mut user = json!({"Arn": "arn:aws:iam::111122223333:user/a"});
        user[key] = value;
        with("UserDetailList", json!([user]))
    };
    assert!(Account::from_details(&with("IsTruncated", json!(false))).is_ok());
    assert!(Account::from_details(&user("GroupList", json!([]))).is_ok());
    for details in [
        json!([]),
        json!({"UserDetailList": []}),
        with("IsTruncated", json!(true)),
        user("GroupList", json!(["none"])),
        user(
            "AttachedManagedPolicies",
            json!([{"PolicyArn": "arn:aws:iam::aws:policy/None"}]),
        ),
        user(
            "UserPolicyList",
            json!([{"PolicyName": "p", "PolicyDocument": "%7B"}]),
        ),
    ] {
        assert!(Account::from_details(&details).is_err(), "{details}");
    }
}
