//! `carillon matrix`: the published table of actions, found out by asking a server.
//!
//! A server on a throw-away database, one IAM user per managed policy and one without, and one signed HTTP request
//! per action and user. What the table says is data of its own, not derived from what the server declares.

mod client;
mod request;

use std::collections::BTreeMap;
use std::fmt;
use std::process::ExitCode;

use anyhow::{Context, anyhow, bail};
use carillon_aws::id::{AccessKeyKind, AwsAccountId, access_key_id, secret_access_key};
use carillon_aws::secret::Secret;
use carillon_aws::time::SystemEntropy;
use carillon_operation::{Entry, ManagedPolicy, Registry};
use serde_json::json;

use crate::options::{
    FirstStart, LogFormat, ObjectOptions, Resolvers, Serve, ServerKey, Storage, UploadBounds,
};
use crate::output::say;
use crate::serve::Server;
use crate::{deployment, monitoring};
use client::{Answer, Client, Key};

/// The founding document's table: group, action, and a column for each managed policy.
const TABLE: &str = include_str!("matrix/table.csv");
/// Rows, and actions of each policy.
const COUNTS: [usize; 4] = [84, 84, 31, 27];

/// The users that ask, in the order of the columns, with the policy they have.
const ASKERS: [(&str, Option<ManagedPolicy>); 4] = [
    ("FA", Some(ManagedPolicy::FullAccess)),
    ("UM", Some(ManagedPolicy::UserManagement)),
    ("RO", Some(ManagedPolicy::ReadOnly)),
    ("none", None),
];

/// Asks a throw-away server each action of the published table, as a user of each managed policy and as one
/// without a policy, and compares its answers with the table.
///
/// Exit status 1 if one answer differs.
#[derive(Debug, clap::Args)]
pub struct Matrix {}

pub fn run(_: &Matrix) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let rows = read_table()?;
        let folder = tempfile::tempdir()?;
        let root = Key {
            access_key_id: access_key_id(
                AccessKeyKind::LongTerm,
                AwsAccountId::generate(&SystemEntropy),
                &SystemEntropy,
            ),
            secret_access_key: secret_access_key(&SystemEntropy),
        };
        let server = Server::start(&options(folder.path(), &root)?, monitoring::start()?).await?;
        let client = Client::new(server.address);
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let serving = tokio::spawn(server.run(async {
            let _ = stopped.await;
        }));
        let outcome = ask_all(&client, &root, &rows).await;
        let _ = stop.send(());
        serving.await?;
        report(&rows, &outcome?)
    })
}

/// A server that nobody else finds, whatever the environment says.
fn options(folder: &std::path::Path, root: &Key) -> anyhow::Result<Serve> {
    Ok(Serve {
        objects: ObjectOptions::default(),
        uploads: UploadBounds::default(),
        storage: Storage {
            data: folder.to_owned(),
            database: None,
            config: None,
            server_key: ServerKey::OfData,
        },
        listen: "127.0.0.1:0".parse()?,
        public_url: None,
        tls_certificate: None,
        tls_key: None,
        trusted_proxy: Vec::new(),
        provider_network: Vec::new(),
        delivery_network: Vec::new(),
        // Support is set up, and reaches nobody.
        smtp_url: Some(Secret::new("smtp://127.0.0.1:1".to_owned())),
        smtp_ca: None,
        mail_from: None,
        support_address: Some("support@operator.invalid".to_owned()),
        // Nobody is asked about the domains of the table.
        resolvers: Resolvers {
            dns_resolver: vec!["127.0.0.1:1".parse()?],
        },
        mail_providers: None,
        self_registration: false,
        audit_log: None,
        audit_retention_days: 90,
        // It asks as fast as it is answered.
        rate_limit: 0,
        account_quota: 0,
        activity_retention_days: 400,
        log_format: LogFormat::Auto,
        log_level: "off".to_owned(),
        first_start: FirstStart {
            account_id: None,
            root_access_key_id: Some(root.access_key_id.clone()),
            root_secret_access_key: Some(root.secret_access_key.clone()),
            root_email: None,
            root_password: None,
        },
    })
}

/// A row of the published table.
struct Row {
    group: &'static str,
    action: &'static str,
    /// By column: FA, UM, RO, none.
    allowed: [bool; 4],
}

fn read_table() -> anyhow::Result<Vec<Row>> {
    let rows: Vec<Row> = TABLE
        .lines()
        .skip(1)
        .map(|line| {
            let fields: Vec<&'static str> = line.split(',').collect();
            let &[group, action, full_access, user_management, read_only] = fields.as_slice() else {
                bail!("the table has a line that is none: {line}");
            };
            let allowed = [full_access, user_management, read_only, "0"].map(|cell| cell == "1");
            Ok(Row {
                group,
                action,
                allowed,
            })
        })
        .collect::<anyhow::Result<_>>()?;
    let granted = |column: usize| rows.iter().filter(|row| row.allowed[column]).count();
    let counts = [rows.len(), granted(0), granted(1), granted(2)];
    if counts != COUNTS {
        bail!("the table has {counts:?} rows and grants, and must have {COUNTS:?}");
    }
    Ok(rows)
}

/// What became of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cell {
    Denied,
    Allowed,
    /// Allowed, and then answered that it is not built yet.
    Planned,
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Denied => "denied",
            Self::Allowed => "allowed",
            Self::Planned => "allowed*",
        })
    }
}

impl Cell {
    fn is_allowed(self) -> bool {
        self != Self::Denied
    }

    /// What an answer says about authorisation.
    fn of(answer: &Answer) -> anyhow::Result<Self> {
        Ok(match (answer.status.as_u16(), answer.error.as_str()) {
            (403, "AccessDeniedException") => Self::Denied,
            (501, _) => Self::Planned,
            // Signatures are refused before anything is decided.
            (
                _,
                "InvalidSignatureException"
                | "UnrecognizedClientException"
                | "IncompleteSignatureException"
                | "MissingAuthenticationTokenException"
                | "SignatureDoesNotMatch",
            ) => bail!("the request was not let in: {}", answer.body),
            (500..=599, _) => bail!("the server failed: {} {}", answer.status, answer.body),
            _ => Self::Allowed,
        })
    }
}

/// What the server answered, by action.
type Cells = BTreeMap<&'static str, [Cell; 4]>;

async fn ask_all(client: &Client, root: &Key, rows: &[Row]) -> anyhow::Result<Cells> {
    let registry = deployment::registry();
    let askers = [
        user(client, root, ASKERS[0]).await?,
        user(client, root, ASKERS[1]).await?,
        user(client, root, ASKERS[2]).await?,
        user(client, root, ASKERS[3]).await?,
    ];
    let mut cells = Cells::new();
    for row in rows {
        let Some(entry) = entry(&registry, row.action) else {
            continue;
        };
        let world = World::new(client, root, entry).await?;
        let request = request::sample(entry, &|label| world.value_of(label))
            .with_context(|| format!("a request for {}", row.action))?;
        let mut answers = [Cell::Denied; 4];
        for (answer, key) in answers.iter_mut().zip(&askers) {
            let reply = client.chime(key, &request).await?;
            *answer = Cell::of(&reply).with_context(|| row.action.to_owned())?;
        }
        cells.insert(row.action, answers);
    }
    Ok(cells)
}

fn entry<'a>(registry: &'a Registry, action: &str) -> Option<&'a Entry> {
    let action = format!("chime:{action}");
    registry
        .service("chime")?
        .entries
        .iter()
        .find(|entry| entry.spec.action == action && entry.spec.in_table())
}

/// An IAM user with its policy attached, and an access key of it.
async fn user(
    client: &Client,
    root: &Key,
    (name, policy): (&str, Option<ManagedPolicy>),
) -> anyhow::Result<Key> {
    client.iam(root, "CreateUser", &[("UserName", name)]).await?;
    if let Some(policy) = policy {
        let arn = carillon_aws::arn::aws_managed_policy("/", policy.name());
        client
            .iam(
                root,
                "AttachUserPolicy",
                &[("UserName", name), ("PolicyArn", &arn)],
            )
            .await?;
    }
    let answer = client.iam(root, "CreateAccessKey", &[("UserName", name)]).await?;
    let element = |name: &str| {
        let (_, rest) = answer.body.split_once(&format!("<{name}>"))?;
        let (text, _) = rest.split_once("</")?;
        Some(text.to_owned())
    };
    let of = || anyhow!("an access key without its parts: {}", answer.status);
    Ok(Key {
        access_key_id: element("AccessKeyId").ok_or_else(of)?,
        secret_access_key: element("SecretAccessKey").ok_or_else(of)?.into(),
    })
}

/// What a request can be about: made anew for each action, because some actions end it.
struct World {
    account_id: Option<String>,
    user_id: Option<String>,
}

impl World {
    async fn new(client: &Client, root: &Key, entry: &Entry) -> anyhow::Result<Self> {
        let mut world = Self {
            account_id: None,
            user_id: None,
        };
        let labels = request::labels(entry);
        if !labels.contains(&"AccountId") {
            return Ok(world);
        }
        let text = |answer: &Answer, pointer: &str| {
            answer
                .json()
                .pointer(pointer)
                .and_then(|value| value.as_str().map(str::to_owned))
        };
        let created = client
            .chime(
                root,
                &request::json("POST", "/accounts", &json!({ "Name": "Matrix" })),
            )
            .await?;
        world.account_id = text(&created, "/Account/AccountId");
        if let (Some(account), true) = (&world.account_id, labels.contains(&"UserId")) {
            let invite = json!({ "UserEmailList": ["ada@example.com"] });
            client
                .chime(
                    root,
                    &request::json(
                        "POST",
                        &format!("/accounts/{account}/users?operation=add"),
                        &invite,
                    ),
                )
                .await?;
            let listed = client
                .chime(root, &request::get(&format!("/accounts/{account}/users")))
                .await?;
            world.user_id = text(&listed, "/Users/0/UserId");
        }
        Ok(world)
    }

    fn value_of(&self, label: &str) -> Option<String> {
        match label {
            "AccountId" => self.account_id.clone(),
            "UserId" => self.user_id.clone(),
            _ => None,
        }
    }
}

/// Prints the table, and says where it is not the published one.
fn report(rows: &[Row], cells: &Cells) -> anyhow::Result<ExitCode> {
    let mut differences = Vec::new();
    let mut text = line("", ASKERS.map(|(name, _)| name));
    let mut group = "";
    for row in rows {
        if group != row.group {
            group = row.group;
            text.push_str(&format!("\n{group}\n"));
        }
        let name = format!("chime:{}", row.action);
        match cells.get(row.action) {
            Some(answers) => {
                text.push_str(&line(&name, *answers));
                differences.extend(row.differences(answers));
            }
            None => {
                text.push_str(&line(&name, ["not served", "", "", ""]));
                differences.push(format!("{name} is not served"));
            }
        }
    }
    let allowed = [0, 1, 2, 3].map(|column: usize| {
        cells
            .values()
            .filter(|answers| answers[column].is_allowed())
            .count()
    });
    text.push_str(&format!("\n{}", line("allowed", allowed)));
    if cells.values().flatten().any(|cell| *cell == Cell::Planned) {
        text.push_str("\n* allowed, and not built yet: answered with status 501\n");
    }
    differences.extend(surplus(rows));
    if differences.is_empty() {
        say(&format!("{text}\nThis is the published table.\n"))?;
        return Ok(ExitCode::SUCCESS);
    }
    say(&format!(
        "{text}\nThis is not the published table:\n  {}\n",
        differences.join("\n  ")
    ))?;
    Ok(ExitCode::FAILURE)
}

fn line(name: &str, [fa, um, ro, none]: [impl fmt::Display; 4]) -> String {
    let line = format!("  {name:<56}{fa:<10}{um:<10}{ro:<10}{none}");
    format!("{}\n", line.trim_end())
}

impl Row {
    /// Where the answers are not what the table says.
    fn differences(&self, answers: &[Cell; 4]) -> Vec<String> {
        answers
            .iter()
            .zip(self.allowed)
            .zip(ASKERS)
            .filter(|((answer, expected), _)| answer.is_allowed() != *expected)
            .map(|((answer, expected), (asker, _))| {
                let expected = if expected { "allowed" } else { "denied" };
                format!(
                    "chime:{} as {asker}: {answer}, and the table says {expected}",
                    self.action
                )
            })
            .collect()
    }
}

/// Actions that the server takes for rows of the table, and the table does not have.
fn surplus(rows: &[Row]) -> Vec<String> {
    deployment::registry()
        .services()
        .iter()
        .flat_map(|service| &service.entries)
        .filter(|entry| entry.spec.in_table())
        .filter(|entry| {
            !rows
                .iter()
                .any(|row| entry.spec.action.strip_prefix("chime:") == Some(row.action))
        })
        .map(|entry| format!("{} is not in the table", entry.spec.action))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{ASKERS, deployment, entry, read_table};

    #[test]
    fn the_table_is_what_the_operations_declare() {
        let registry = deployment::registry();
        let rows = read_table().unwrap();
        let declared: Vec<&str> = registry
            .services()
            .iter()
            .flat_map(|service| &service.entries)
            .filter(|entry| entry.spec.in_table())
            .map(|entry| entry.spec.action.trim_start_matches("chime:"))
            .collect();
        let published: Vec<&str> = rows.iter().map(|row| row.action).collect();
        assert_eq!(declared, published);
        for row in rows {
            let entry = entry(&registry, row.action).unwrap();
            assert_eq!(entry.group, row.group, "{}", row.action);
            for ((_, policy), allowed) in ASKERS.into_iter().zip(row.allowed) {
                let granted = policy.is_some_and(|policy| {
                    entry
                        .spec
                        .grants
                        .iter()
                        .any(|grant| grant.policy == policy && grant.since == 1)
                });
                assert_eq!(granted, allowed, "{} {policy:?}", row.action);
            }
        }
    }
}
