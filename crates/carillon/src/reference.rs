//! Writes `docs/configuration.md` from the options themselves, and `docs/actions.md` and the types of the web console
//! from the list of operations; the tests fail while the files say something else.
//!
//! `UPDATE=1 cargo test -p carillon reference` rewrites them.

mod actions;
mod client;

use std::fmt::Write as _;
use std::path::Path;

use clap::CommandFactory;

use crate::{Cli, connection, door, listener, share};

/// Heading of options that have none of their own.
const GENERAL: &str = "Options of `carillon serve`";

fn document() -> String {
    let command = Cli::command();
    let serve = command.find_subcommand("serve").unwrap();
    let mut text = String::from(
        "# Configuration\n\n<!-- Written from the options by `UPDATE=1 cargo test -p carillon reference`. -->\n\n",
    );
    let about = serve.get_long_about().or(serve.get_about()).unwrap().to_string();
    text.push_str(&about);
    text.push_str("\n\n");
    text.push_str(EXAMPLE);
    let mut heading = String::new();
    for argument in serve
        .get_arguments()
        .filter(|argument| argument.get_id() != "help")
    {
        let of = argument.get_help_heading().unwrap_or(GENERAL);
        if heading != of {
            of.clone_into(&mut heading);
            write!(text, "\n## {of}\n").unwrap();
        }
        option(&mut text, argument);
    }
    text.push_str(&limits());
    text.push_str(PROBES);
    commands(&mut text, &command);
    text
}

fn option(text: &mut String, argument: &clap::Arg) {
    let flag = argument.get_long().unwrap();
    let value = argument.get_value_names().unwrap_or_default().join(" ");
    let help = argument
        .get_long_help()
        .or(argument.get_help())
        .unwrap()
        .to_string();
    let (help, said) = match help.split_once("[default: ") {
        Some((help, default)) => (
            help.trim().to_owned(),
            Some(default.trim_end_matches(']').to_owned()),
        ),
        None => (help, None),
    };
    let declared: Vec<&str> = argument
        .get_default_values()
        .iter()
        .filter_map(|value| value.to_str())
        .collect();
    let default = said.unwrap_or_else(|| match declared.as_slice() {
        [] => "none".to_owned(),
        values => format!("`{}`", values.join(",")),
    });
    let values: Vec<String> = argument
        .get_possible_values()
        .iter()
        .map(|value| format!("`{}`", value.get_name()))
        .collect();
    write!(text, "\n### `--{flag} {value}`\n\n{help}").unwrap();
    if !help.ends_with('.') {
        text.push('.');
    }
    if !values.is_empty() {
        write!(text, " One of {}.", values.join(", ")).unwrap();
    }
    let variable = argument.get_env().unwrap().to_str().unwrap();
    let key = match argument.get_id().as_str() {
        "config" => "none".to_owned(),
        _ => format!("`{flag}`"),
    };
    write!(
        text,
        "\n\n* Environment: `{variable}`\n* File: {key}\n* Default: {default}\n"
    )
    .unwrap();
}

fn limits() -> String {
    let rows = [
        ("Body of a request", format!("{} bytes", door::BODY_SIZE), "413"),
        (
            "Time for a body to arrive",
            format!("{} s", door::BODY_TIME.as_secs()),
            "408",
        ),
        (
            "Bodies that arrive at the same time",
            format!("{} MiB", door::BODIES / 1024 / 1024),
            "503",
        ),
        (
            "Time for an answer to be made",
            format!("{} s", door::ANSWER_TIME.as_secs()),
            "503",
        ),
        ("Headers of a request", door::HEADER_COUNT.to_string(), "431"),
        (
            "Size of all headers together",
            format!("{} bytes", door::HEADER_SIZE),
            "431, without a body",
        ),
        (
            "Time for the head of a request to arrive",
            format!("{} s", connection::HEAD.as_secs()),
            "closed",
        ),
        (
            "Time between two requests of a connection",
            format!("{} s", connection::IDLE.as_secs()),
            "closed",
        ),
        (
            "Time in which a client takes nothing of its answer",
            format!("{} s", connection::WRITE.as_secs()),
            "closed",
        ),
        (
            "Requests that are read or answered at the same time",
            door::OPEN.to_string(),
            "503",
        ),
        (
            "Requests that are answered at the same time",
            door::ANSWERED.to_string(),
            "503",
        ),
        (
            "Requests of one address that are read or answered at the same time",
            share::REQUESTS.to_string(),
            "503",
        ),
        (
            "Open connections",
            listener::CONNECTIONS.to_string(),
            "503, without a body; with TLS closed",
        ),
        (
            "Open connections of one address",
            share::CONNECTIONS.to_string(),
            "503, without a body; with TLS closed",
        ),
        (
            "Requests of one HTTP/2 connection at the same time",
            listener::STREAMS.to_string(),
            "waits",
        ),
        (
            "Time for requests to finish after SIGTERM or SIGINT",
            format!("{} s", listener::DRAIN.as_secs()),
            "cut off",
        ),
    ];
    let mut text = String::from(
        "\n## Limits\n\nThey are fixed, but for `--rate-limit`. A refusal is an error of the service that the request is for: \
         `BadRequestException` or\n`ServiceUnavailableException` of Amazon Chime, and `RequestEntityTooLarge`, \
         `RequestTimeout`,\n`RequestHeaderSectionTooLarge` or `ServiceUnavailable` of IAM, STS and CloudTrail.\n\n\
         | What | Limit | Beyond it |\n| --- | --- | --- |\n",
    );
    for (what, limit, beyond) in rows {
        writeln!(text, "| {what} | {limit} | {beyond} |").unwrap();
    }
    text.push_str(
        "\nOne address is one of IPv4, or the network of 64 bits of IPv6. The limits of an address do not hold for \
         trusted proxies,\nwhich speak for everybody: name yours with `--trusted-proxy`, and let it limit its clients.\n\
         A request counts as answered until the work on it is done, also when its client left.\n\n\
         **Rate of requests.** A principal is a user with all keys and console sessions, a role with all of its sessions, or\n\
         root; those for whom a user calls `GetFederationToken` count for it. Each may make `--rate-limit` requests a second, and twice as many at once after a pause. One more is answered\n\
         with `Retry-After` and 429 `ThrottledClientException` of Amazon Chime, or 400 `Throttling` of IAM and STS. It is not\n\
         carried out, does not count, and is in the audit trail once a minute of each principal;\n\
         `carillon_requests_total` counts all. Each server counts by itself, so behind a balancer the rate is that of each.\n",
    );
    text
}

fn commands(text: &mut String, command: &clap::Command) {
    text.push_str("\n## Commands\n\n| Command | What it does |\n| --- | --- |\n");
    for first in command
        .get_subcommands()
        .filter(|command| command.get_name() != "help")
    {
        let rows: Vec<_> = first
            .get_subcommands()
            .filter(|command| command.get_name() != "help")
            .collect();
        if rows.is_empty() {
            writeln!(
                text,
                "| `carillon {}` | {} |",
                first.get_name(),
                first.get_about().unwrap()
            )
            .unwrap();
        }
        for second in rows {
            let about = second.get_about().unwrap();
            writeln!(
                text,
                "| `carillon {} {}` | {about} |",
                first.get_name(),
                second.get_name()
            )
            .unwrap();
        }
    }
    text.push_str(
        "\nExit status: 0 when all went well, 1 when something went wrong, 2 for a usage error. \
         `carillon COMMAND --help` has the details.\n",
    );
}

const EXAMPLE: &str = "\
```toml
# data/carillon.toml
listen = \"0.0.0.0:443\"
public-url = \"https://chime.example.com\"
tls-certificate = \"/etc/carillon/fullchain.pem\"
tls-key = \"/etc/carillon/privkey.pem\"
smtp-url = \"smtp+starttls://carillon:secret@mail.example.com\"
mail-from = \"Example Chime <chime@example.com>\"
trusted-proxy = [\"10.0.0.0/8\"]
```
";

const PROBES: &str = "
## Addresses that need no signature

| Address | Answer |
| --- | --- |
| `GET /healthz` | 200 while the process is up |
| `GET /readyz` | 200 while the database answers and there are not too many requests, otherwise 503 |
| `GET /metrics` | measurements for Prometheus |
| `GET /signin`, `POST /signin`, `POST /signout` | where people sign in with address and password, and sign out |
| `/register`, `/register/complete`, `/password/forgot`, `/password/choose` | where people register and choose another password, each with a link by mail |
| `/portal`, `/portal/…` | what a person who is signed in sees and changes of themselves; others are sent to `/signin` |
| `GET /invitations/…`, `POST /invitations/…` | the page that an invitation by mail links to |
| `GET /ACCOUNT/console`, `GET /console` | how to use the server without a web console; `ACCOUNT` is an account ID or alias |

| Measurement | What it counts or times |
| --- | --- |
| `carillon_requests_total` | requests, by action, decision (`allowed`, `denied`, `unauthenticated`, `throttled`, `none`) and status |
| `carillon_request_seconds` | time to answer a request, by action |
| `carillon_storage_seconds` | time that requests wait for storage, by step and kind of transaction |
| `carillon_connections`, `carillon_connections_refused_total` | open connections, and those refused because there were too many |
| `carillon_requests_answering` | requests that are being answered, whether or not their client still waits |
| `carillon_requests_refused_total` | requests refused because there were too many, or too many of their address |
| `carillon_audit_log_dropped_total` | audit records that the log file could not take; the audit trail in the database has them |
| `carillon_stranger_events_dropped_total` | requests with a wrong signature that the audit trail left out, after 60 of an AWS account in a minute |

Keep `/metrics` from strangers at the proxy if the names of actions and their numbers are nobody's business.
";

/// Compares a file of the documentation with what it should be, or makes it that.
fn check(name: &str, document: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, document).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == document,
        "{name} is not what the code says: run `UPDATE=1 cargo test -p carillon reference`"
    );
}

#[test]
fn the_reference_of_options_is_up_to_date() {
    check("docs/configuration.md", &document());
}

#[test]
fn the_reference_of_actions_is_up_to_date() {
    check("docs/actions.md", &actions::document());
}

#[test]
fn the_reference_of_the_web_console_is_up_to_date() {
    check("console/src/api/operations.ts", &client::document());
}

#[test]
fn every_option_has_a_variable_and_a_description() {
    let command = Cli::command();
    let serve = command.find_subcommand("serve").unwrap();
    for argument in serve
        .get_arguments()
        .filter(|argument| argument.get_id() != "help")
    {
        let flag = argument.get_long().unwrap();
        let variable = argument
            .get_env()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        assert_eq!(
            variable,
            format!("CARILLON_{}", flag.to_uppercase().replace('-', "_")),
            "--{flag}"
        );
        assert!(argument.get_help().is_some(), "--{flag}");
    }
}
