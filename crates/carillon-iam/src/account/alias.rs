//! The alias of an AWS account: a name for its sign-in address, unique in the deployment.

use carillon_aws::id::AwsAccountId;
use carillon_aws::string_type;
use carillon_operation::{Context, List, Operation, Spec, Write};
use carillon_store::{ReadTx, StoreError, WriteTx, bind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::name::Marker;
use crate::page::{self, MaxItems};

string_type! {
    /// A name for an AWS account.
    pub(crate) AccountAlias, min: 3, max: 63, pattern: r"[a-z0-9](-?[a-z0-9])*", example: "example-corp"
}

/// Names the AWS account. An alias that it has already is replaced.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreateAccountAlias {
    account_alias: AccountAlias,
}

impl Operation for CreateAccountAlias {
    const SPEC: Spec = Spec::named("iam:CreateAccountAlias");

    type Access = Write;
    type Output = ();
    type Error = Error;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
        let account = cx.aws_account_id();
        let alias = self.account_alias.as_str();
        // In the sign-in address the two must be told apart.
        if alias.parse::<AwsAccountId>().is_ok() {
            return Err(Error::Validation(format!(
                "1 validation error detected: Value '{alias}' at 'accountAlias' failed to satisfy constraint: \
                 Member must not be the number of an AWS account"
            )));
        }
        if owner(cx.tx, alias).await?.is_some_and(|owner| owner != account) {
            return Err(Error::AlreadyExists(format!(
                "The account alias {alias} already exists."
            )));
        }
        set(cx.tx, account, Some(alias)).await?;
        Ok(())
    }
}

/// Lists the aliases of the AWS account, of which there is at most one.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListAccountAliases {
    marker: Option<Marker>,
    max_items: Option<MaxItems>,
}

/// The aliases of an AWS account.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AccountAliases {
    account_aliases: Vec<String>,
    is_truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
}

impl Operation for ListAccountAliases {
    const SPEC: Spec = Spec::named("iam:ListAccountAliases");

    type Access = List;
    type Output = AccountAliases;
    type Error = Error;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<AccountAliases, Error> {
        let account = cx.aws_account_id();
        let [after] = page::after(cx, self.marker.as_ref(), &[])?;
        let alias = super::find(cx.tx, account)
            .await?
            .and_then(|account| account.alias)
            .filter(|alias| *alias > after);
        let aliases = Vec::from_iter(alias);
        let page = cx.page(aliases, page::limit(self.max_items), &[], |alias| {
            vec![alias.clone()]
        });
        Ok(AccountAliases {
            account_aliases: page.items,
            is_truncated: page.next.is_some(),
            marker: page.next,
        })
    }
}

/// Takes its alias from the AWS account.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DeleteAccountAlias {
    account_alias: AccountAlias,
}

impl Operation for DeleteAccountAlias {
    const SPEC: Spec = Spec::named("iam:DeleteAccountAlias");

    type Access = Write;
    type Output = ();
    type Error = Error;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
        let account = cx.aws_account_id();
        let alias = self.account_alias.as_str();
        // Another account's is as unknown as nobody's.
        if owner(cx.tx, alias).await? != Some(account) {
            return Err(Error::NotFound(format!(
                "The account alias {alias} cannot be found."
            )));
        }
        set(cx.tx, account, None).await?;
        Ok(())
    }
}

/// The AWS account of this alias.
pub(crate) async fn owner(tx: &mut ReadTx, alias: &str) -> Result<Option<AwsAccountId>, StoreError> {
    let found: Option<(AwsAccountId,)> = tx
        .fetch_optional(
            "SELECT aws_account_id FROM aws_account WHERE alias = $1",
            bind![alias],
        )
        .await?;
    Ok(found.map(|(account,)| account))
}

async fn set(tx: &mut WriteTx, account: AwsAccountId, alias: Option<&str>) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE aws_account SET alias = $1 WHERE aws_account_id = $2",
        bind![alias, account],
    )
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::IAM;
    use crate::testing::{TestServer, engines};

    #[tokio::test]
    async fn an_account_has_one_alias_that_nobody_else_has() {
        for engine in engines().await {
            let server = TestServer::start_on(engine, &[&IAM]).await;
            let root = server.as_root();
            let list = async || {
                let answer = root.iam("ListAccountAliases", &[]).await;
                answer.ok()["AccountAliases"].clone()
            };
            assert_eq!(list().await, "");
            for alias in ["first-one", "first-one", "second"] {
                root.iam("CreateAccountAlias", &[("AccountAlias", alias)])
                    .await
                    .ok();
            }
            assert_eq!(list().await, json!(["second"]));

            let other = server.as_root_of_another_account().await;
            let taken = [("AccountAlias", "second")];
            assert_eq!(
                other.iam("CreateAccountAlias", &taken).await.refusal(),
                (
                    409,
                    "EntityAlreadyExists",
                    "The account alias second already exists."
                )
            );
            assert_eq!(
                other.iam("DeleteAccountAlias", &taken).await.code(),
                "NoSuchEntity"
            );
            root.iam("DeleteAccountAlias", &taken).await.ok();
            assert_eq!(list().await, "");
        }
    }

    #[tokio::test]
    async fn an_alias_has_a_form() {
        let server = TestServer::start(&[&IAM]).await;
        let long = "x".repeat(64);
        for alias in [
            "ab",
            &long,
            "Upper",
            "-dash",
            "dash-",
            "two--dashes",
            "123456789012",
        ] {
            let refused = server
                .as_root()
                .iam("CreateAccountAlias", &[("AccountAlias", alias)])
                .await;
            assert_eq!(refused.code(), "ValidationError", "{alias}");
        }
    }
}
