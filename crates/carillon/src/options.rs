//! Options: by flag, by environment variable, by configuration file, in this order of precedence.
//!
//! The flags are the only declaration. Their values in the file become the defaults of a second reading of the
//! command line, so that every source is checked by the same parsers.

mod file;

use std::cmp::Ordering;
use std::net::SocketAddr;
use std::path::PathBuf;

use carillon_aws::id::AwsAccountId;
use carillon_aws::secret::Secret;
use clap::error::ErrorKind;
use clap::{ArgMatches, Args, FromArgMatches, ValueEnum};

pub use self::file::parse;
use crate::cidr::Cidr;
use crate::dns;

/// Starts the server.
///
/// Every option can be given as a flag, as an environment variable, or in a TOML file under the name of the flag
/// without its dashes (`listen = "127.0.0.1:8080"`), in this order of precedence. A key of the file that is no
/// option is an error. An environment variable that is empty counts as absent.
///
/// Several servers may share a PostgreSQL database. They must have the same server key: give each the same
/// `--server-key-file` or CARILLON_SERVER_KEY.
#[derive(Debug, Args)]
pub struct Serve {
    #[command(flatten)]
    pub storage: Storage,

    /// The address and port to listen on. Port 0 takes any that is free.
    #[arg(
        long,
        env = "CARILLON_LISTEN",
        value_name = "ADDR:PORT",
        default_value = "127.0.0.1:8080"
    )]
    pub listen: SocketAddr,

    /// The address people reach the server at, as it appears in mail and on pages.
    /// [default: http:// or https:// and the listening address]
    #[arg(long, env = "CARILLON_PUBLIC_URL", value_name = "URL", value_parser = public_url)]
    pub public_url: Option<String>,

    /// The certificate chain for TLS, as PEM. Without it the server speaks plain HTTP.
    #[arg(
        long,
        alias = "tls-cert",
        env = "CARILLON_TLS_CERTIFICATE",
        value_name = "FILE"
    )]
    pub tls_certificate: Option<PathBuf>,

    /// The private key of the certificate, as PEM.
    #[arg(long, env = "CARILLON_TLS_KEY", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,

    /// Networks of reverse proxies whose X-Forwarded-For and X-Forwarded-Proto are believed, separated by commas.
    #[arg(
        long,
        env = "CARILLON_TRUSTED_PROXY",
        value_name = "CIDR",
        value_delimiter = ','
    )]
    pub trusted_proxy: Vec<Cidr>,

    /// Networks that are not public in which identity providers of OpenID Connect may be, separated by commas. Without
    /// it, tokens are checked only with providers at public addresses.
    #[arg(
        long,
        env = "CARILLON_PROVIDER_NETWORK",
        value_name = "CIDR",
        value_delimiter = ','
    )]
    pub provider_network: Vec<Cidr>,

    /// Networks that are not public in which products may be that are told of sign-outs and events, separated by
    /// commas. Without it, they are told only at public addresses.
    #[arg(
        long,
        env = "CARILLON_DELIVERY_NETWORK",
        value_name = "CIDR",
        value_delimiter = ','
    )]
    pub delivery_network: Vec<Cidr>,

    /// The mail relay: smtp:// (not encrypted), smtp+starttls:// or smtps://, then [USER:PASSWORD@]HOST[:PORT],
    /// user and password percent-encoded. Without it no mail is sent.
    #[arg(long, env = "CARILLON_SMTP_URL", hide_env_values = true, value_name = "URL", value_parser = secret)]
    pub smtp_url: Option<Secret<String>>,

    /// Certificate authorities to trust for the mail relay beside those of the system, as PEM.
    #[arg(long, env = "CARILLON_SMTP_CA", value_name = "FILE")]
    pub smtp_ca: Option<PathBuf>,

    /// The sender of mail: `Name <address>` or an address.
    /// [default: `Amazon Chime <no-reply@HOST>`, with the host of the public URL]
    #[arg(long, env = "CARILLON_MAIL_FROM", value_name = "MAILBOX")]
    pub mail_from: Option<String>,

    /// The address that requests for support are sent to. Without it, or without a mail relay, they are refused.
    #[arg(long, env = "CARILLON_SUPPORT_ADDRESS", value_name = "ADDRESS", value_parser = mail_address)]
    pub support_address: Option<String>,

    #[command(flatten)]
    pub resolvers: Resolvers,

    /// A file with the domains of public mail providers, which no account can claim: one a line, comments begin with
    /// `#`. [default: a list of well-known ones that comes with the server]
    #[arg(long, env = "CARILLON_MAIL_PROVIDERS", value_name = "FILE")]
    pub mail_providers: Option<PathBuf>,

    /// Lets everybody register at the portal, with an address that they prove by mail. Without it, people need an
    /// invitation, or an address of a domain that an Enterprise account has claimed.
    #[arg(
        long,
        env = "CARILLON_SELF_REGISTRATION",
        value_name = "BOOL",
        action = clap::ArgAction::Set,
        default_value_t = false,
        default_missing_value = "true",
        num_args = 0..=1,
        require_equals = true
    )]
    pub self_registration: bool,

    /// Where audit records also go, one JSON object a line: a file, which is appended to and opened again on
    /// SIGHUP, or `-` for standard output. The audit trail in the database is kept in any case.
    #[arg(long, env = "CARILLON_AUDIT_LOG", value_name = "FILE")]
    pub audit_log: Option<PathBuf>,

    /// Days that the audit trail in the database is kept, 1 to 3650. LookupEvents finds the last 90.
    #[arg(long, env = "CARILLON_AUDIT_RETENTION_DAYS", value_name = "DAYS", default_value_t = 90,
          value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub audit_retention_days: u32,

    /// Requests a second that one principal may make: a user, a role, or root. Twice as many may come at once. More are
    /// refused with ThrottledClientException, or Throttling. 0 allows any number.
    #[arg(
        long,
        env = "CARILLON_RATE_LIMIT",
        value_name = "NUMBER",
        default_value_t = 100
    )]
    pub rate_limit: u32,

    /// Chime accounts that an AWS account may have, those deleted in the last 90 days among them. 0: any number.
    #[arg(
        long,
        env = "CARILLON_ACCOUNT_QUOTA",
        value_name = "NUMBER",
        default_value_t = 5_000
    )]
    pub account_quota: u32,

    /// Days that meetings and figures of usage are kept, 31 to 3650.
    #[arg(long, env = "CARILLON_ACTIVITY_RETENTION_DAYS", value_name = "DAYS", default_value_t = 400,
          value_parser = clap::value_parser!(u32).range(31..=3650))]
    pub activity_retention_days: u32,

    /// How log lines look. `auto` is text on a terminal and JSON otherwise.
    #[arg(long, env = "CARILLON_LOG_FORMAT", value_name = "FORMAT", value_enum, default_value_t = LogFormat::Auto)]
    pub log_format: LogFormat,

    /// What is logged: error, warn, info, debug or trace, or directives such as `info,carillon_store=debug`.
    #[arg(
        long,
        env = "CARILLON_LOG_LEVEL",
        value_name = "LEVEL",
        default_value = "info"
    )]
    pub log_level: String,

    #[command(flatten)]
    pub objects: ObjectOptions,

    #[command(flatten)]
    pub uploads: UploadBounds,

    #[command(flatten)]
    pub first_start: FirstStart,
}

/// Who is asked for the records of domains.
#[derive(Debug, Clone, Args)]
pub struct Resolvers {
    /// The name servers that are asked for the TXT records of domains, separated by commas: addresses, with a port if
    /// it is not 53. They must resolve names of the public DNS. [default: those of the system]
    #[arg(long, env = "CARILLON_DNS_RESOLVER", value_name = "ADDR[:PORT]", value_delimiter = ',',
          value_parser = dns::server)]
    pub dns_resolver: Vec<SocketAddr>,
}

/// How much people may upload at the portal.
#[derive(Debug, Clone, Copy, Args)]
pub struct UploadBounds {
    /// MiB of one file that a person uploads at the portal, 1 to 2048.
    #[arg(long, env = "CARILLON_UPLOAD_SIZE", value_name = "MIB", default_value_t = 25,
          value_parser = clap::value_parser!(u64).range(1..=2048))]
    pub upload_size: u64,

    /// MiB of all the files of one person at the portal.
    #[arg(long, env = "CARILLON_UPLOAD_QUOTA", value_name = "MIB", default_value_t = 1024,
          value_parser = clap::value_parser!(u64).range(1..=1_048_576))]
    pub upload_quota: u64,
}

impl Default for UploadBounds {
    fn default() -> Self {
        Self {
            upload_size: 25,
            upload_quota: 1024,
        }
    }
}

/// Where uploaded files and exports are kept.
#[derive(Debug, Clone, Default, Args)]
pub struct ObjectOptions {
    /// Where uploaded files and exports are kept: `file:PATH` for a folder, or `s3://BUCKET/PREFIX`. Several servers
    /// need a place that all of them reach. [default: `file:DATA/objects`]
    #[arg(long, env = "CARILLON_OBJECTS", value_name = "URL")]
    pub objects: Option<String>,

    /// The address of an S3-compatible store that is not AWS's, as browsers and clients reach it too.
    #[arg(long, env = "CARILLON_OBJECTS_ENDPOINT", value_name = "URL")]
    pub objects_endpoint: Option<String>,

    /// The Region of the bucket. [default: AWS_REGION, or us-east-1]
    #[arg(long, env = "CARILLON_OBJECTS_REGION", value_name = "REGION")]
    pub objects_region: Option<String>,

    /// The access key ID for the bucket. Without it the variables of AWS's own tools count, then the role of the
    /// machine; links that a role makes end with its credentials, which may be sooner than they say.
    #[arg(long, env = "CARILLON_OBJECTS_ACCESS_KEY_ID", value_name = "ID")]
    pub objects_access_key_id: Option<String>,

    /// The secret access key for the bucket.
    #[arg(long, env = "CARILLON_OBJECTS_SECRET_ACCESS_KEY", hide_env_values = true, value_name = "SECRET",
          value_parser = secret)]
    pub objects_secret_access_key: Option<Secret<String>>,

    /// The folder where objects are if nothing is said, once the data folder is known.
    #[arg(skip)]
    pub default_folder: PathBuf,
}

impl ObjectOptions {
    /// With what depends on the data folder.
    pub fn of(&self, storage: &Storage) -> Self {
        Self {
            default_folder: storage.data.join("objects"),
            ..self.clone()
        }
    }
}

/// Where everything is kept.
#[derive(Debug, Clone, Args)]
pub struct Storage {
    /// The data folder. Created if absent.
    #[arg(long, env = "CARILLON_DATA", value_name = "DIR", default_value = "./data")]
    pub data: PathBuf,

    /// The database: `sqlite:PATH` or `postgres://…`. [default: `sqlite:DATA/carillon.db`]
    #[arg(long, env = "CARILLON_DATABASE", hide_env_values = true, value_name = "URL", value_parser = secret)]
    pub database: Option<Secret<String>>,

    /// A TOML file with options. [default: `DATA/carillon.toml`, if there is one]
    #[arg(long, env = "CARILLON_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,

    #[command(flatten)]
    pub server_key: ServerKey,
}

/// What commands need that change something beside the servers of a deployment.
#[derive(Debug, Clone, Args)]
pub struct Change {
    #[command(flatten)]
    pub storage: Storage,

    /// The file of the servers' audit log, to which the record of the change is appended as well. With `-` only
    /// servers write.
    #[arg(long, env = "CARILLON_AUDIT_LOG", value_name = "FILE")]
    pub audit_log: Option<PathBuf>,
}

/// Where the key is that seals secrets in the database.
///
/// Two options say it. Of those that come from different sources, the one of the higher source counts: a flag replaces
/// what the environment or the file says, whichever of the two options it is.
#[derive(Debug, Clone)]
pub enum ServerKey {
    /// In the data folder, where it is drawn at the first start.
    OfData,
    /// In this file.
    File(PathBuf),
    /// The key itself: 64 hexadecimal digits.
    Given(Secret<String>),
}

#[derive(Debug, Args)]
struct ServerKeyOptions {
    /// The key that seals secrets in the database: 64 hexadecimal digits. Better given in a file, or by the
    /// environment, than as a flag, which other users of the machine can see.
    #[arg(long, env = "CARILLON_SERVER_KEY", hide_env_values = true, value_name = "HEX", value_parser = secret)]
    server_key: Option<Secret<String>>,

    /// A file with the server key. [default: `DATA/server.key`, drawn at the first start]
    #[arg(long, env = "CARILLON_SERVER_KEY_FILE", value_name = "FILE")]
    server_key_file: Option<PathBuf>,
}

impl Args for ServerKey {
    fn augment_args(command: clap::Command) -> clap::Command {
        ServerKeyOptions::augment_args(command)
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        ServerKeyOptions::augment_args_for_update(command)
    }
}

impl FromArgMatches for ServerKey {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let ServerKeyOptions {
            server_key,
            server_key_file,
        } = ServerKeyOptions::from_arg_matches(matches)?;
        Ok(match (server_key, server_key_file) {
            (None, None) => Self::OfData,
            (Some(key), None) => Self::Given(key),
            (None, Some(file)) => Self::File(file),
            (Some(key), Some(file)) => {
                let [of_key, of_file] = ["server_key", "server_key_file"].map(|id| matches.value_source(id));
                match of_key.cmp(&of_file) {
                    Ordering::Greater => Self::Given(key),
                    Ordering::Less => Self::File(file),
                    Ordering::Equal => {
                        return Err(clap::Error::raw(
                            ErrorKind::ArgumentConflict,
                            "there are two server keys, --server-key and --server-key-file: give one of them\n",
                        ));
                    }
                }
            }
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Storage {
    pub fn database_url(&self) -> String {
        self.database.as_ref().map_or_else(
            || format!("sqlite:{}", self.data.join("carillon.db").display()),
            |url| url.expose().clone(),
        )
    }
}

/// What a first start on an empty database creates. Later starts ignore it.
#[derive(Debug, Clone, Args)]
#[command(
    next_help_heading = "First start on an empty database; what is not given is drawn and printed once"
)]
pub struct FirstStart {
    /// The number of the AWS account: 12 digits.
    #[arg(long, env = "CARILLON_ACCOUNT_ID", value_name = "ID")]
    pub account_id: Option<AwsAccountId>,

    /// The e-mail address of the AWS account, by which root can sign in to the console as well.
    #[arg(long, env = "CARILLON_ROOT_EMAIL", value_name = "ADDRESS")]
    pub root_email: Option<String>,

    /// The access key ID of the root user: 16 to 128 letters, digits and underscores.
    #[arg(long, env = "CARILLON_ROOT_ACCESS_KEY_ID", value_name = "ID", value_parser = access_key_id)]
    pub root_access_key_id: Option<String>,

    /// The secret access key of the root user: 16 to 128 visible characters.
    #[arg(long, env = "CARILLON_ROOT_SECRET_ACCESS_KEY", hide_env_values = true, value_name = "SECRET",
          value_parser = secret)]
    pub root_secret_access_key: Option<Secret<String>>,

    /// The password of the root user: 8 to 128 characters.
    #[arg(long, env = "CARILLON_ROOT_PASSWORD", hide_env_values = true, value_name = "PASSWORD",
          value_parser = secret)]
    pub root_password: Option<Secret<String>>,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    Auto,
    Text,
    Json,
}

/// Never fails, because the message would show the value; what is wrong with it is said where it is used.
fn secret(text: &str) -> Result<Secret<String>, std::convert::Infallible> {
    Ok(Secret::new(text.to_owned()))
}

fn public_url(text: &str) -> Result<String, String> {
    let url: http::Uri = text
        .parse()
        .map_err(|error: http::uri::InvalidUri| error.to_string())?;
    let is_web =
        matches!(url.scheme_str(), Some("http" | "https")) && url.host().is_some_and(|host| !host.is_empty());
    if !is_web || url.query().is_some() {
        return Err("must be like https://chime.example.com".to_owned());
    }
    Ok(text.trim_end_matches('/').to_owned())
}

fn mail_address(text: &str) -> Result<String, String> {
    let address: lettre::Address = text
        .parse()
        .map_err(|_| "must be like support@example.com".to_owned())?;
    Ok(address.to_string())
}

fn access_key_id(text: &str) -> Result<String, &'static str> {
    let is_word = text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !(16..=128).contains(&text.len()) || !is_word {
        return Err("must be 16 to 128 letters, digits and underscores");
    }
    if text.starts_with("ASIA") {
        return Err("ASIA is how temporary keys begin");
    }
    Ok(text.to_owned())
}
