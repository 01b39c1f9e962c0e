//! What identity providers outside AWS have in common, whether they speak OpenID Connect or SAML: how they are named,
//! and what the policies are asked about.

use carillon_aws::id::AwsAccountId;
use carillon_operation::{Caller, Fault, Target};
use carillon_store::{ReadTx, Row, StoreError};

use crate::name::Arn;
use crate::tag::{self, Tag};

/// A kind of identity provider.
pub(crate) struct Kind {
    /// What the trail files events under.
    pub resource_type: &'static str,
    /// What stands before the name in an ARN.
    pub prefix: &'static str,
}

impl Kind {
    pub fn arn(&self, account: AwsAccountId, name: &str) -> String {
        format!("arn:aws:iam::{account}:{}{name}", self.prefix)
    }

    /// The name of the provider with this ARN, if it is one of this kind in the AWS account.
    pub fn name_in<'a>(&self, account: AwsAccountId, arn: &'a str) -> Option<&'a str> {
        arn.strip_prefix("arn:aws:iam::")?
            .strip_prefix(account.as_str())?
            .strip_prefix(':')?
            .strip_prefix(self.prefix)
    }

    /// What the policies are asked about: the ARN as it is given, and the tags if it is one of the caller's account.
    pub async fn target(&self, tx: &mut ReadTx, caller: &Caller, arn: &Arn) -> Result<Target, Fault> {
        let mut target = Target::on(arn.to_string()).filed_under(self.resource_type, arn.as_str());
        if self.name_in(caller.aws_account_id, arn.as_str()).is_some() {
            target.tags = tag::of(tx, arn.as_str()).await?;
        }
        Ok(target)
    }

    /// What the policies are asked about when one is made.
    pub fn target_of_new(&self, account: AwsAccountId, name: &str, tags: &[Tag]) -> Target {
        let arn = self.arn(account, name);
        let mut target = Target::on(arn.clone()).filed_under(self.resource_type, arn);
        tag::made_with(&mut target, tags);
        target
    }
}

/// A short list as a column keeps it.
pub(crate) fn written(list: &[String]) -> String {
    serde_json::to_string(list).expect("strings are always written")
}

/// The list in a column.
pub(crate) fn list(row: &Row<'_>, column: usize) -> Result<Vec<String>, StoreError> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(|error| StoreError::Corrupt {
        column,
        expected: "a list of strings",
        found: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: Kind = Kind {
        resource_type: "AWS::IAM::SAMLProvider",
        prefix: "saml-provider/",
    };

    #[test]
    fn a_provider_belongs_to_one_account_and_is_of_one_kind() {
        let account: AwsAccountId = "123456789012".parse().unwrap();
        let arn = KIND.arn(account, "Corp");
        assert_eq!(arn, "arn:aws:iam::123456789012:saml-provider/Corp");
        assert_eq!(KIND.name_in(account, &arn), Some("Corp"));
        assert_eq!(KIND.name_in("123456789013".parse().unwrap(), &arn), None);
        let other = "arn:aws:iam::123456789012:oidc-provider/Corp";
        assert_eq!(KIND.name_in(account, other), None);
    }
}
