//! Chime accounts: the unit that has users, domains, an identity source and settings.

pub(crate) mod jobs;
pub(crate) mod operations;
pub mod operator;
pub(crate) mod rows;

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use carillon_aws::id::AwsAccountId;
use carillon_aws::time::Timestamp;
use carillon_operation::{BoxFuture, Context, Fault, Lent, Located, Operation, Request};
use carillon_store::{ReadTx, StoreError};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::delegate::terms;
use crate::error::Error;
use crate::license::License;
use crate::name::is_uuid;

/// How long a deleted account can be restored by the operator.
///
/// Source: Chime Administration Guide, "Deleting your account".
pub(crate) const KEPT: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// How far the users that stand in the way of deletion are counted: beyond, the number helps nobody.
pub(crate) const COUNTED: i64 = 1_000;

carillon_aws::string_enum! {
    /// Where the people of an account come from and how they sign in.
    pub enum AccountType {
        /// Invited one by one.
        Team,
        /// A connected directory.
        EnterpriseDirectory,
        /// The portal, with addresses of a claimed domain.
        EnterpriseLWA,
        /// An OpenID provider.
        EnterpriseOIDC,
    }
}

carillon_aws::string_enum! {
    /// Whether an account is in use.
    pub enum AccountStatus {
        Suspended,
        Active,
    }
}

/// What has become of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    Active,
    /// By the operator: everything can be read, nothing changed, and nobody of it can sign in.
    Suspended,
    /// Deleted, and still to be restored by the operator.
    Disabled,
}

impl Life {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Suspended => "Suspended",
            Self::Disabled => "Disabled",
        }
    }
}

impl std::str::FromStr for Life {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "Active" => Ok(Self::Active),
            "Suspended" => Ok(Self::Suspended),
            "Disabled" => Ok(Self::Disabled),
            _ => Err("must be Active, Suspended or Disabled"),
        }
    }
}

/// An account as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AccountRow {
    pub id: String,
    pub aws_account_id: AwsAccountId,
    pub name: String,
    pub account_type: AccountType,
    pub life: Life,
    pub default_license: License,
    pub supported_licenses: Vec<License>,
    pub settings: Settings,
    pub created_at: Timestamp,
    pub disabled_at: Option<Timestamp>,
}

/// Settings of an account, in force for meetings that start afterwards.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Settings {
    pub disable_remote_control: bool,
    pub enable_dial_out: bool,
}

impl AccountRow {
    pub fn new(id: String, aws_account_id: AwsAccountId, name: String, now: Timestamp) -> Self {
        Self {
            id,
            aws_account_id,
            name,
            account_type: AccountType::Team,
            life: Life::Active,
            default_license: License::Pro,
            supported_licenses: vec![License::Basic, License::Pro],
            settings: Settings::default(),
            created_at: now,
            disabled_at: None,
        }
    }

    pub fn shape(&self) -> Account {
        Account {
            aws_account_id: self.aws_account_id.to_string(),
            account_id: self.id.clone(),
            name: self.name.clone(),
            account_type: self.account_type,
            created_timestamp: self.created_at,
            default_license: self.default_license,
            supported_licenses: self.supported_licenses.clone(),
            account_status: match self.life {
                Life::Active => AccountStatus::Active,
                Life::Suspended | Life::Disabled => AccountStatus::Suspended,
            },
            signin_delegate_groups: Vec::new(),
        }
    }

    /// Whether a directory or a provider says who its people are, rather than the portal's passwords.
    pub fn has_own_sign_in(&self) -> bool {
        match self.account_type {
            AccountType::Team | AccountType::EnterpriseLWA => false,
            AccountType::EnterpriseDirectory | AccountType::EnterpriseOIDC => true,
        }
    }

    /// Whether people can be members, sign in and be administered.
    pub fn require_active(&self) -> Result<(), Error> {
        match self.life {
            Life::Active => Ok(()),
            Life::Suspended => Err(Error::Forbidden(format!("account `{}` is suspended", self.id))),
            Life::Disabled => Err(Error::account_not_found(&self.id)),
        }
    }

    /// That a licence can be had in this account.
    pub fn require_supported(&self, license: License) -> Result<(), Error> {
        if license == License::ProTrial {
            return Err(Error::BadRequest(
                "the license `ProTrial` is given by the system only".to_owned(),
            ));
        }
        if !self.supported_licenses.contains(&license) {
            return Err(Error::BadRequest(format!(
                "the account does not support the license `{license}`"
            )));
        }
        Ok(())
    }

    /// That the operation exists for the type of this account.
    pub fn require_type(&self, allowed: &[AccountType]) -> Result<(), Error> {
        if allowed.contains(&self.account_type) {
            return Ok(());
        }
        Err(Error::BadRequest(format!(
            "the operation does not exist for accounts of the type `{}`",
            self.account_type
        )))
    }

    /// That nothing stands in the way of deletion: users of a Team account, domains of another.
    ///
    /// Source: Chime Administration Guide, "Deleting your account".
    pub fn require_empty(&self, users: i64, domains: i64) -> Result<(), Error> {
        match self.account_type {
            AccountType::Team if users > COUNTED => Err(Error::Unprocessable(format!(
                "the account still has more than {COUNTED} users: remove them first"
            ))),
            AccountType::Team if users > 0 => Err(Error::Unprocessable(format!(
                "the account still has {users} {}: remove {} first",
                if users == 1 { "user" } else { "users" },
                if users == 1 { "it" } else { "them" },
            ))),
            AccountType::EnterpriseLWA | AccountType::EnterpriseDirectory | AccountType::EnterpriseOIDC
                if domains > 0 =>
            {
                Err(Error::Unprocessable(format!(
                    "the account still has {domains} {}: remove {} first",
                    if domains == 1 { "domain" } else { "domains" },
                    if domains == 1 { "it" } else { "them" },
                )))
            }
            _ => Ok(()),
        }
    }

    /// When everything of a disabled account goes.
    pub fn purge_at(&self) -> Option<Timestamp> {
        match self.life {
            Life::Disabled => self.disabled_at.map(|at| at + KEPT),
            Life::Active | Life::Suspended => None,
        }
    }
}

/// A Chime account that the caller's AWS account owns, or that another lends to it.
///
/// Having one is the permission to touch what the account holds (rule 5): row functions ask for it, and callers
/// have no other way to get one. What only the owner may do asks for an [`OwnedAccount`].
#[derive(Debug)]
pub(crate) struct ManagedAccount {
    account: Arc<AccountRow>,
    /// The delegation that a caller who is not the owner acts on.
    delegate_id: Option<String>,
}

impl ManagedAccount {
    /// The account that a request names, in whatever state it is, for operations that read.
    ///
    /// It was found before the decision, in the same transaction, so that the policies knew whose it is.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] when there is none, or when it is out of the caller's reach, or deleted.
    pub fn find<O: Operation>(cx: &Context<'_, O>, id: &str) -> Result<Self, Error> {
        match cx.located::<InReach>() {
            Some(found) if found.account.id == id && found.account.life != Life::Disabled => Ok(Self {
                account: Arc::clone(&found.account),
                delegate_id: found.delegate_id().map(str::to_owned),
            }),
            _ => Err(Error::account_not_found(id)),
        }
    }

    /// The account, for operations that write: a suspended one refuses them.
    pub fn find_active<O: Operation>(cx: &Context<'_, O>, id: &str) -> Result<Self, Error> {
        let managed = Self::find(cx, id)?;
        managed.require_active()?;
        Ok(managed)
    }

    /// The delegation that the caller acts on, if it is not the owner.
    pub fn delegate_id(&self) -> Option<&str> {
        self.delegate_id.as_deref()
    }

    /// The account of a person who acts in it, or that an invitation leads to. Not for callers of the API.
    pub async fn of_person(tx: &mut ReadTx, id: &str) -> Result<Option<Self>, StoreError> {
        Ok(rows::find_any(tx, id).await?.map(Self::with))
    }

    /// Replaces the account after a change of it.
    pub fn with(account: AccountRow) -> Self {
        Self {
            account: Arc::new(account),
            delegate_id: None,
        }
    }

    pub fn into_row(self) -> AccountRow {
        Arc::unwrap_or_clone(self.account)
    }
}

impl Deref for ManagedAccount {
    type Target = AccountRow;

    fn deref(&self) -> &AccountRow {
        &self.account
    }
}

/// A Chime account that the caller's AWS account owns: what a delegate must not do asks for it.
#[derive(Debug)]
pub(crate) struct OwnedAccount {
    account: ManagedAccount,
}

impl OwnedAccount {
    /// The account that a request names, in whatever state it is.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] as [`ManagedAccount::find`], and [`Error::Forbidden`] for a delegate.
    pub fn find<O: Operation>(cx: &Context<'_, O>, id: &str) -> Result<Self, Error> {
        let account = ManagedAccount::find(cx, id)?;
        match account.delegate_id {
            None => Ok(Self { account }),
            Some(_) => Err(Error::Forbidden(format!(
                "only the AWS account that owns the account `{}` can do this",
                account.id
            ))),
        }
    }

    /// The account, for operations that write: a suspended one refuses them.
    pub fn find_active<O: Operation>(cx: &Context<'_, O>, id: &str) -> Result<Self, Error> {
        let owned = Self::find(cx, id)?;
        owned.require_active()?;
        Ok(owned)
    }

    /// Puts the account away, to be purged when [`KEPT`] has passed.
    pub fn disable(self, now: Timestamp) -> AccountRow {
        AccountRow {
            life: Life::Disabled,
            disabled_at: Some(now),
            ..self.account.into_row()
        }
    }
}

impl Deref for OwnedAccount {
    type Target = ManagedAccount;

    fn deref(&self) -> &ManagedAccount {
        &self.account
    }
}

/// An account as a request finds it: the caller's own, or one that is lent to it.
#[derive(Debug)]
pub(crate) struct InReach {
    account: Arc<AccountRow>,
    /// Of an account that is not the caller's own.
    delegation: Option<Delegation>,
}

/// On what an AWS account acts on another's account.
#[derive(Debug)]
struct Delegation {
    id: String,
    boundary: Option<String>,
}

impl InReach {
    fn delegate_id(&self) -> Option<&str> {
        self.delegation.as_ref().map(|delegation| delegation.id.as_str())
    }

    pub fn into_row(self) -> AccountRow {
        Arc::unwrap_or_clone(self.account)
    }

    /// The terms of an account that is not the caller's own.
    pub fn lent(&self, caller: AwsAccountId, action: &str) -> Result<Option<Lent>, Fault> {
        let Some(Delegation { id, boundary }) = &self.delegation else {
            return Ok(None);
        };
        Ok(Some(Lent {
            owner: self.account.aws_account_id,
            delegate_id: id.clone(),
            terms: terms::of(id, caller, boundary.as_deref(), action)?,
        }))
    }
}

/// Finds the account that a request names, for the decision and for [`ManagedAccount::find`].
pub(crate) fn locate<'a>(
    request: &'a Request<'_>,
    tx: &'a mut ReadTx,
) -> BoxFuture<'a, Result<Option<Located>, Fault>> {
    Box::pin(async move {
        let id = request.input.get("AccountId").and_then(Value::as_str);
        let Some(id) = id.filter(|id| is_uuid(id)) else {
            return Ok(None);
        };
        let (caller, now) = (request.caller().aws_account_id, request.call.now);
        let Some(found) = rows::in_reach(tx, caller, id, now).await? else {
            return Ok(None);
        };
        let lent = found.lent(caller, request.entry.spec.action)?;
        if lent.is_some() && found.account.life == Life::Disabled {
            // It is as if it did not exist.
            return Ok(None);
        }
        Ok(Some(Located {
            thing: Arc::new(found),
            lent,
        }))
    })
}

/// A Chime account.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Account {
    aws_account_id: String,
    account_id: String,
    name: String,
    account_type: AccountType,
    created_timestamp: Timestamp,
    /// What people join with.
    default_license: License,
    supported_licenses: Vec<License>,
    account_status: AccountStatus,
    signin_delegate_groups: Vec<SigninDelegateGroup>,
}

/// A directory group whose members may sign in shared devices.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SigninDelegateGroup {
    group_name: GroupName,
}

carillon_aws::string_type! {
    /// The name of a directory group.
    pub(crate) GroupName, pattern: r".*\S.*", example: "Rooms"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account() -> AccountRow {
        AccountRow::new(
            "a".to_owned(),
            "123456789012".parse().unwrap(),
            "Example".to_owned(),
            Timestamp::EPOCH,
        )
    }

    #[test]
    fn a_new_account_is_a_team_with_two_licences() {
        let shape = serde_json::to_value(account().shape()).unwrap();
        assert_eq!(
            shape,
            serde_json::json!({
                "AwsAccountId": "123456789012", "AccountId": "a", "Name": "Example", "AccountType": "Team",
                "CreatedTimestamp": "1970-01-01T00:00:00.000Z", "DefaultLicense": "Pro",
                "SupportedLicenses": ["Basic", "Pro"], "AccountStatus": "Active", "SigninDelegateGroups": [],
            })
        );
    }

    #[test]
    fn the_system_alone_gives_the_trial() {
        let mut account = account();
        account.supported_licenses = License::ALL.to_vec();
        assert!(account.require_supported(License::Plus).is_ok());
        assert!(account.require_supported(License::ProTrial).is_err());
        account.supported_licenses = vec![License::Basic];
        assert!(account.require_supported(License::Plus).is_err());
    }

    #[test]
    fn what_stands_in_the_way_of_deletion_depends_on_the_type() {
        let mut account = account();
        let refusal = account.require_empty(2, 0).unwrap_err();
        assert!(matches!(&refusal, Error::Unprocessable(message) if message.contains("2 users")));
        let refusal = account.require_empty(1, 0).unwrap_err();
        assert!(matches!(&refusal, Error::Unprocessable(message) if message.contains("1 user: remove it")));
        let refusal = account.require_empty(1_001, 0).unwrap_err();
        assert!(
            matches!(&refusal, Error::Unprocessable(message) if message.contains("more than 1000 users"))
        );
        assert!(
            account.require_empty(0, 1).is_ok(),
            "a claim of a team account goes with it"
        );
        account.account_type = AccountType::EnterpriseLWA;
        assert!(account.require_empty(2, 0).is_ok());
        let refusal = account.require_empty(0, 1).unwrap_err();
        assert!(matches!(&refusal, Error::Unprocessable(message) if message.contains("1 domain: remove it")));
    }

    #[test]
    fn a_deleted_account_is_kept_for_ninety_days() {
        let owned = OwnedAccount {
            account: ManagedAccount::with(account()),
        };
        let deleted = owned.disable(Timestamp::from_seconds(10));
        assert_eq!(
            deleted.purge_at(),
            Some(Timestamp::from_seconds(10 + 90 * 86_400))
        );
        assert!(matches!(deleted.require_active(), Err(Error::NotFound { .. })));
        let mut restored = deleted;
        restored.life = Life::Active;
        assert_eq!(restored.purge_at(), None);
    }
}
