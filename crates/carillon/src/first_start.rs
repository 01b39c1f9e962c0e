//! What the first start on an empty database creates and says.

use std::fmt::Write as _;

use carillon_aws::secret::Secret;
use carillon_iam::account::{self, CreatedAwsAccount, NewAwsAccount};
use carillon_operation::Environment;
use carillon_store::Store;

use crate::deployment;
use crate::options::FirstStart;

/// Creates the first AWS account, if there is none, and answers what to tell the operator.
pub async fn create_account(
    store: &Store,
    environment: &Environment,
    options: &FirstStart,
) -> anyhow::Result<Option<CreatedAwsAccount>> {
    check_secrets(options)?;
    // Look before writing: every later start would wait for the disk.
    if !account::list(&mut store.read().await?, "", 1).await?.is_empty() {
        return Ok(None);
    }
    let now = environment.clock.now();
    let created = deployment::change(store, async |tx| {
        // Another server may have started on the same database.
        if !account::list(tx, "", 1).await?.is_empty() {
            return Ok(None);
        }
        let new = NewAwsAccount {
            aws_account_id: options.account_id,
            name: "Administrator".to_owned(),
            email: options.root_email.clone().unwrap_or_default(),
            root_access_key_id: options.root_access_key_id.clone(),
            root_secret_access_key: options.root_secret_access_key.clone(),
            root_password: options.root_password.clone(),
        };
        let created = account::create(tx, environment, new, now).await?;
        let event = crate::account::event(created.aws_account_id, now, "serve");
        event.insert(tx).await?;
        Ok(Some((created, event)))
    })
    .await?;
    Ok(created.map(|(created, event)| {
        environment.after_commit(&event);
        created
    }))
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
