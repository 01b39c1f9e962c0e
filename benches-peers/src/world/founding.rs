//! The table of actions that the founding document has, and people with policies of those actions.

use super::{CONNECTOR, Condition, Dice, Policy, Request, Statement, User, World};

/// The 84 actions in the table's order. `U` and `R`: AmazonChimeUserManagement and AmazonChimeReadOnly have it too;
/// `C`: it is asked on a Voice Connector, the others on `*`.
const TABLE: &str = include_str!("actions.txt");

fn table() -> impl Iterator<Item = (&'static str, &'static str)> {
    TABLE
        .lines()
        .map(|line| line.split_once(' ').unwrap_or((line, "")))
}

pub fn actions() -> Vec<String> {
    table().map(|(name, _)| format!("chime:{name}")).collect()
}

/// The actions that are asked on a Voice Connector, by their place among all.
pub fn on_connectors() -> Vec<usize> {
    let marks = table().map(|(_, marks)| marks);
    let numbered = marks.enumerate().filter(|(_, marks)| marks.contains('C'));
    numbered.map(|(number, _)| number).collect()
}

/// A managed policy as the table has it: every name written out, on every resource.
fn managed(name: &str, mark: &str) -> Policy {
    let names: Vec<&str> = table()
        .filter(|(_, marks)| marks.contains(mark))
        .map(|(name, _)| name)
        .collect();
    Policy {
        name: name.to_owned(),
        statements: vec![Statement::new(true, &names, "*", Condition::None)],
    }
}

/// The three managed policies, and nine as customers write them.
fn policies() -> Vec<Policy> {
    use Condition::{NoSecondFactor, None, Office, OldSecondFactor, Region, Team};
    let custom = |name: &str, statements: &[(bool, &[&str], &str, Condition)]| Policy {
        name: name.to_owned(),
        statements: statements
            .iter()
            .map(|(allow, actions, resource, condition)| {
                Statement::new(*allow, actions, resource, *condition)
            })
            .collect(),
    };
    let vc = |rest: &str| format!("{CONNECTOR}{rest}");
    vec![
        managed("AmazonChimeFullAccess", ""),
        managed("AmazonChimeUserManagement", "U"),
        managed("AmazonChimeReadOnly", "R"),
        custom(
            "FromTheOffice",
            &[(false, &["Create*", "Delete*", "Batch*"], "*", Office(false))],
        ),
        custom(
            "SecondFactor",
            &[
                (
                    false,
                    &[
                        "DeleteAccount",
                        "RenameAccount",
                        "AddDomain",
                        "DeleteDomain",
                        "AcceptDelegate",
                    ],
                    "*",
                    NoSecondFactor,
                ),
                (
                    false,
                    &["DeleteAccount", "DeleteVoiceConnector*"],
                    "*",
                    OldSecondFactor(3_600),
                ),
            ],
        ),
        custom(
            "NoDirectory",
            &[(
                false,
                &[
                    "AuthorizeDirectory",
                    "ConnectDirectory",
                    "DisconnectDirectory",
                    "UnauthorizeDirectory",
                ],
                "*",
                None,
            )],
        ),
        custom(
            "EuropeanConnectors",
            &[
                (
                    true,
                    &["GetVoiceConnector*", "ListVoiceConnector*"],
                    &vc("eu-*"),
                    None,
                ),
                (
                    true,
                    &["PutVoiceConnector*", "UpdateVoiceConnector"],
                    &vc("eu-*"),
                    Office(true),
                ),
            ],
        ),
        custom(
            "KeepProduction",
            &[(
                false,
                &[
                    "DeleteVoiceConnector*",
                    "PutVoiceConnector*",
                    "UpdateVoiceConnector",
                ],
                &vc("us-prod-*"),
                None,
            )],
        ),
        custom(
            "AmericanConnectors",
            &[(
                true,
                &[
                    "AssociatePhoneNumbersWithVoiceConnector",
                    "DisassociatePhoneNumbersFromVoiceConnector",
                    "GetVoiceConnector*",
                    "PutVoiceConnector*",
                ],
                &vc("us-*"),
                Region("us-east-1"),
            )],
        ),
        custom(
            "PhoneDesk",
            &[(
                true,
                &[
                    "AssociatePhoneNumberWithUser",
                    "DisassociatePhoneNumberFromUser",
                    "CreatePhoneNumberOrder",
                    "UpdatePhoneNumber",
                    "RestorePhoneNumber",
                    "SearchAvailablePhoneNumbers",
                    "Get*",
                    "List*",
                ],
                "*",
                Team("desk"),
            )],
        ),
        custom(
            "Reports",
            &[
                (
                    true,
                    &[
                        "GetMeetingDetail",
                        "GetUserActivityReportData",
                        "ListAccountUsageReportData",
                    ],
                    "*",
                    None,
                ),
                (
                    true,
                    &[
                        "ListMeetingEvents",
                        "ListMeetingReportData",
                        "RetrieveDataExport",
                        "StartDataExport",
                    ],
                    "*",
                    Office(true),
                ),
            ],
        ),
        custom(
            "SignIn",
            &[
                (
                    true,
                    &[
                        "CreateApiKey",
                        "DeleteApiKey",
                        "ListApiKeys",
                        "AddOrUpdateGroups",
                        "DeleteGroups",
                    ],
                    "*",
                    Region("us-east-1"),
                ),
                (
                    true,
                    &[
                        "DeleteAccountOpenIdConfig",
                        "UpdateAccountOpenIdConfig",
                        "GetAccountWithOpenIdConfig",
                    ],
                    "*",
                    None,
                ),
            ],
        ),
    ]
}

/// Which policies each group has.
const GROUPS: [&[usize]; 8] = [
    &[0, 4],
    &[0, 3, 5, 7],
    &[1, 9],
    &[1, 3, 10],
    &[2, 6],
    &[2, 8, 7],
    &[2, 10, 11],
    &[9, 6, 8],
];

impl World {
    /// Sixty-four users in groups, twelve policies, half of the requests allowed: the three managed policies with
    /// the table's names written out, and nine that customers wrote, with resources and conditions.
    pub fn founding() -> World {
        let users = (0..64).map(|number: usize| {
            let mut policies = GROUPS[number % 8].to_vec();
            if number.is_multiple_of(3) {
                policies.extend(GROUPS[(number / 8) % 8]);
            }
            policies.sort_unstable();
            policies.dedup();
            User {
                name: format!("user-{number:02}"),
                team: ["desk", "sales", "operations"][number % 3],
                policies,
            }
        });
        let mut world = World {
            actions: actions(),
            policies: policies(),
            users: users.collect(),
            requests: Vec::new(),
        };
        let on_connectors = on_connectors();
        // Drawn until half of those kept are allowed.
        let mut dice = Dice(1);
        let mut left = [2_048; 2];
        while left != [0, 0] {
            let (user, action) = (dice.below(world.users.len()), dice.below(world.actions.len()));
            let resource = match on_connectors.contains(&action) {
                true => {
                    let kind = ["eu-", "us-prod-", "us-test-", "ap-"][dice.below(4)];
                    format!("{CONNECTOR}{kind}{:06}", dice.below(1_000_000))
                }
                false => "*".to_owned(),
            };
            let mut request = Request::new(&world.users, user, action, resource);
            request.set_ip(match dice.below(10) {
                0 => [192, 0, 2, 1],
                n => [203, 0, 113, n as u8],
            });
            request.region = ["us-east-1", "us-east-1", "eu-central-1"][dice.below(3)];
            request.second_factor = match dice.below(4) {
                0 => None,
                _ => {
                    let age = 60 * dice.below(120) as u32;
                    Some((age, age.to_string()))
                }
            };
            let place = &mut left[usize::from(world.is_allowed(&request))];
            if *place > 0 {
                *place -= 1;
                world.requests.push(request);
            }
        }
        world
    }
}
