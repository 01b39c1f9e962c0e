//! What the first start on an empty database creates and says.

use std::fmt::Write as _;

use carillon_aws::secret::Secret;
use carillon_iam::account::{self, CreatedAwsAccount, NewAwsAccount};
use carillon_operation::{Environment, Fault};
use carillon_store::Store;

use crate::options::FirstStart;

/// How often it is tried again when another server starts on the same database.
const ATTEMPTS: u32 = 5;

/// Creates the first AWS account, if there is none, and answers what to tell the operator.
pub async fn create_account(
    store: &Store,
    environment: &Environment,
    options: &FirstStart,
) -> anyhow::Result<Option<CreatedAwsAccount>> {
    check_secrets(options)?;
    let mut attempt = 1;
    loop {
        match create_once(store, environment, options).await {
            Err(Fault::Contended) if attempt < ATTEMPTS => attempt += 1,
            outcome => return outcome.map_err(failure),
        }
    }
}

/// Checked here and not while the command line is read, because there the message would show the value.
fn check_secrets(options: &FirstStart) -> anyhow::Result<()> {
    let within = |secret: &Option<Secret<String>>, low: usize, high: usize| {
        secret
            .as_ref()
            .is_none_or(|secret| (low..=high).contains(&secret.expose().chars().count()))
    };
    if !within(&options.root_secret_access_key, 16, 128) {
        anyhow::bail!("CARILLON_ROOT_SECRET_ACCESS_KEY must have 16 to 128 characters");
    }
    let is_visible = |secret: &Secret<String>| secret.expose().bytes().all(|byte| byte.is_ascii_graphic());
    if !options.root_secret_access_key.as_ref().is_none_or(is_visible) {
        anyhow::bail!("CARILLON_ROOT_SECRET_ACCESS_KEY must be visible ASCII characters");
    }
    if !within(&options.root_password, 8, 128) {
        anyhow::bail!("CARILLON_ROOT_PASSWORD must have 8 to 128 characters");
    }
    Ok(())
}

async fn create_once(
    store: &Store,
    environment: &Environment,
    options: &FirstStart,
) -> Result<Option<CreatedAwsAccount>, Fault> {
    // Look before writing: every later start would wait for the disk.
    if !account::list(&mut store.read().await?, "", 1).await?.is_empty() {
        return Ok(None);
    }
    let mut tx = store.write().await?;
    if !account::list(&mut tx, "", 1).await?.is_empty() {
        return Ok(None);
    }
    let new = NewAwsAccount {
        aws_account_id: options.account_id,
        name: "Administrator".to_owned(),
        email: String::new(),
        root_access_key_id: options.root_access_key_id.clone(),
        root_secret_access_key: options.root_secret_access_key.clone(),
        root_password: options.root_password.clone(),
    };
    let created = account::create(&mut tx, environment, new, environment.clock.now()).await?;
    tx.commit().await?;
    Ok(Some(created))
}

/// A fault of work that no request asked for.
pub fn failure(fault: Fault) -> anyhow::Error {
    match fault {
        Fault::Refused { message, .. } | Fault::Invalid(message) => anyhow::anyhow!(message),
        Fault::Internal(cause) => anyhow::Error::from_boxed(cause),
        other => anyhow::anyhow!("{other:?}"),
    }
}

/// The credentials of a new AWS account, for the operator's eyes. Secrets the operator chose are not shown.
pub fn credentials(
    created: &CreatedAwsAccount,
    endpoint: &str,
    secret_is_pinned: bool,
    password_is_pinned: bool,
) -> String {
    let shown = |secret: &Secret<String>, is_pinned: bool| {
        if is_pinned {
            "(as given)".to_owned()
        } else {
            secret.expose().clone()
        }
    };
    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        // Writing to a string never fails.
        let _ = writeln!(text, "  {name:<20}{value}");
    };
    line("Endpoint", endpoint);
    line("Account ID", created.aws_account_id.as_str());
    line(
        "Console sign-in",
        &format!("{endpoint}/{}/console", created.aws_account_id),
    );
    line("Access key ID", &created.root_access_key_id);
    line(
        "Secret access key",
        &shown(&created.root_secret_access_key, secret_is_pinned),
    );
    line(
        "Root password",
        &shown(&created.root_password, password_is_pinned),
    );
    text
}

/// Everything a first start says.
pub fn welcome(created: &CreatedAwsAccount, endpoint: &str, options: &FirstStart) -> String {
    let credentials = credentials(
        created,
        endpoint,
        options.root_secret_access_key.is_some(),
        options.root_password.is_some(),
    );
    format!(
        "\nCarillon created an AWS account with a root user. This is shown once.\n\n{credentials}\n\
         To try it, configure the AWS CLI (`aws configure`, Region us-east-1) with the access key, then:\n\n\
         \x20 export AWS_ENDPOINT_URL={endpoint}\n\
         \x20 aws sts get-caller-identity\n\
         \x20 aws iam create-user --user-name ada\n\
         \x20 aws chime create-account --name \"My company\"\n\n"
    )
}
