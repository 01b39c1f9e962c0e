//! What callers may ask of delegations.

use carillon_aws::id::{token, uuid_v4};
use carillon_aws::shape::Ranged;
use carillon_aws::time::Timestamp;
use carillon_operation::{
    Caller, Context, FA, Fault, Grant, List, ManagedPolicy, Operation, RO, Read, Spec, Target, UM, Write,
    enqueue,
};
use carillon_store::ReadTx;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::jobs::{EndDelegation, SendDelegateInvitation, Sides};
use super::mail::News;
use super::{BoundaryPolicy, Delegate, DelegateRow, GOOD_FOR, MAILS_A_DAY, MOST, Reason, end, rows, terms};
use crate::account::{self, Account, Life, ManagedAccount, OwnedAccount};
use crate::email::{EmailAddress, member};
use crate::error::Error;
use crate::name::{AccountId, AccountName, require_printable};
use crate::page::{beginning, time_and_id};
use crate::session;

carillon_aws::string_type! {
    /// The token in the mail of an invitation.
    pub(crate) InvitationToken, min: 20, max: 200, example: "pT8Wq0yZ5kqkqPpE1Cw2vJ0mXoM7n3dR6sU9tYb4aLc", sensitive
}

carillon_aws::string_type! {
    /// The identifier of a delegation.
    pub(crate) DelegateId, pattern: r".*\S.*", example: "12a3456b-7c89-012d-3456-78901e23fg45"
}

/// How many delegations a page has; 50 if nothing is said.
type DelegatePageSize = Ranged<1, 99>;

/// FullAccess has what is beyond the table since its second version.
const BEYOND: &[Grant] = &[Grant::since(ManagedPolicy::FullAccess, 2)];

/// The answer of operations about one delegation.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DelegateOutput {
    delegate: Delegate,
}

/// Invites another AWS account to administer an account of this one. The mail has the token to accept with.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct InviteDelegate {
    account_id: AccountId,
    #[serde(deserialize_with = "member::required_email")]
    email: EmailAddress,
    /// What the delegate can be allowed at the most.
    boundary_policy: Option<BoundaryPolicy>,
    /// When the delegation ends by itself.
    end_timestamp: Option<Timestamp>,
    /// Why, for both sides to see.
    reason: Option<Reason>,
}

impl Operation for InviteDelegate {
    const SPEC: Spec = Spec::rest("chime:InviteDelegate", "POST /accounts/{AccountId}/delegates")
        .status(201)
        .granted(BEYOND);

    type Access = Write;
    type Output = DelegateOutput;
    type Error = Error;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<DelegateOutput, Error> {
        if let Some(reason) = &self.reason {
            require_printable("Reason", reason.as_str())?;
        }
        if let Some(boundary) = &self.boundary_policy {
            terms::check(boundary.as_str())
                .map_err(|wrong| Error::BadRequest(format!("`BoundaryPolicy`: {wrong}")))?;
        }
        if self.end_timestamp.is_some_and(|end| end <= cx.now) {
            return Err(Error::BadRequest(
                "`EndTimestamp` must be in the future".to_owned(),
            ));
        }
        let account = OwnedAccount::find_active(cx, self.account_id.as_str())?;
        if rows::count(cx.tx, &account).await? >= MOST {
            return Err(Error::LimitExceeded(format!(
                "an account has at most {MOST} delegations and invitations"
            )));
        }
        let mut row = DelegateRow {
            id: uuid_v4(cx.entropy()),
            account_id: account.id.clone(),
            owner: account.aws_account_id,
            delegate: None,
            email: self.email.as_str().to_owned(),
            invited_at: cx.now,
            expires_at: cx.now + GOOD_FOR,
            token_digest: None,
            accepted_at: None,
            ends_at: self.end_timestamp,
            boundary: self.boundary_policy.as_ref().map(ToString::to_string),
            reason: self.reason.as_ref().map(ToString::to_string),
            delegate_name: None,
        };
        send(cx, &account, &mut row).await?;
        rows::insert(cx.tx, &account, &row).await?;
        Ok(DelegateOutput {
            delegate: row.shape(cx.now, true),
        })
    }
}

/// Gives an invitation a new token and seven more days, and sends its mail again. The old token is void.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RenewDelegate {
    account_id: AccountId,
    delegate_id: DelegateId,
}

impl Operation for RenewDelegate {
    const SPEC: Spec = Spec::rest(
        "chime:RenewDelegate",
        "POST /accounts/{AccountId}/delegates/{DelegateId}?operation=renew",
    )
    .granted(BEYOND);

    type Access = Write;
    type Output = DelegateOutput;
    type Error = Error;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<DelegateOutput, Error> {
        let account = OwnedAccount::find_active(cx, self.account_id.as_str())?;
        let mut row = find(cx, &account, &self.delegate_id).await?;
        send(cx, &account, &mut row).await?;
        rows::update(cx.tx, &row).await?;
        Ok(DelegateOutput {
            delegate: row.shape(cx.now, true),
        })
    }
}

/// Gives the invitation a new token and queues its mail.
async fn send<O: Operation<Access = Write>>(
    cx: &mut Context<'_, O>,
    account: &OwnedAccount,
    row: &mut DelegateRow,
) -> Result<(), Error> {
    let token = token(cx.entropy());
    row.renew(session::digest(token.expose()), cx.now)?;
    if !cx.environment.settings.mail {
        return Err(Error::Unavailable(
            "the server has no mail relay, and an invitation is of no use without its mail".to_owned(),
        ));
    }
    if rows::count_mails(cx.tx, row.owner, cx.now).await? >= MAILS_A_DAY {
        return Err(Error::LimitExceeded(format!(
            "an AWS account sends at most {MAILS_A_DAY} invitations to delegates in a day"
        )));
    }
    let mail_id = uuid_v4(cx.entropy());
    rows::note_mail(cx.tx, row.owner, &mail_id, cx.now).await?;
    let (owner_name, _) = account::rows::aws_account(cx.tx, row.owner).await?;
    let mail = SendDelegateInvitation::new(cx.environment, row, mail_id, account, owner_name, &token);
    enqueue(cx.tx, &*cx.environment.entropy, &mail, cx.now, cx.now).await?;
    Ok(())
}

async fn find<O: Operation<Access = Write>>(
    cx: &mut Context<'_, O>,
    account: &ManagedAccount,
    id: &DelegateId,
) -> Result<DelegateRow, Error> {
    rows::find(cx.tx, account, id.as_str())
        .await?
        .ok_or_else(|| Error::delegate_not_found(id.as_str()))
}

/// The invitation behind a token, with its account, as long as both are good for something.
async fn open(tx: &mut ReadTx, token: &InvitationToken) -> Result<(DelegateRow, account::AccountRow), Error> {
    let found = rows::find_by_token(tx, &session::digest(token.as_str())).await?;
    let row = found.ok_or(Error::NoSuchInvitation)?;
    let account = account::rows::find_any(tx, &row.account_id).await?;
    match account {
        Some(account) if account.life != Life::Disabled => Ok((row, account)),
        _ => Err(Error::NoSuchInvitation),
    }
}

/// Shows what an invitation is to, for whoever has its token. Changes nothing.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ValidateDelegate {
    invitation_token: InvitationToken,
}

/// What accepting an invitation would begin.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ValidateDelegateOutput {
    account_name: AccountName,
    owner_aws_account_id: String,
    owner_aws_account_name: String,
    /// Until when the invitation can be accepted.
    expiration_timestamp: Timestamp,
    /// When the delegation would end by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    end_timestamp: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
    /// Whether the owner limits what can be done.
    has_boundary_policy: bool,
}

impl Operation for ValidateDelegate {
    const SPEC: Spec =
        Spec::rest("chime:ValidateDelegate", "POST /delegates?operation=validate").granted(BEYOND);

    type Access = Read;
    type Output = ValidateDelegateOutput;
    type Error = Error;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<ValidateDelegateOutput, Error> {
        let (row, account) = open(cx.tx, &self.invitation_token).await?;
        row.require_open(cx.now)?;
        let (owner_name, _) = account::rows::aws_account(cx.tx, row.owner).await?;
        Ok(ValidateDelegateOutput {
            account_name: account
                .name
                .parse()
                .map_err(|_| Fault::internal("an account without a name"))?,
            owner_aws_account_id: row.owner.to_string(),
            owner_aws_account_name: owner_name,
            expiration_timestamp: row.expires_at,
            end_timestamp: row.ends_at,
            reason: row.reason.as_deref().and_then(|reason| reason.parse().ok()),
            has_boundary_policy: row.boundary.is_some(),
        })
    }
}

/// Accepts the invitation to administer an account of another AWS account. From the next request on, the principals of
/// this AWS account act on it within their own policies.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AcceptDelegate {
    invitation_token: InvitationToken,
}

/// The delegation that began, and the account.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AcceptDelegateOutput {
    delegate: Delegate,
    account: Account,
}

impl Operation for AcceptDelegate {
    const SPEC: Spec = Spec::rest("chime:AcceptDelegate", "POST /delegates?operation=accept").granted(&[FA]);

    type Access = Write;
    type Output = AcceptDelegateOutput;
    type Error = Error;

    async fn target(&self, _: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        let digest = session::digest(self.invitation_token.as_str());
        let found = rows::find_by_token(tx, &digest).await?;
        Ok(Target::any().telling(found.map(|found| found.owner)))
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<AcceptDelegateOutput, Error> {
        let (mut row, account) = open(cx.tx, &self.invitation_token).await?;
        account.require_active()?;
        let own = cx.aws_account_id();
        row.accept(own, cx.now)?;
        match rows::find_of(cx.tx, &account.id, own).await? {
            Some(before) if before.is_over(cx.now) => rows::delete(cx.tx, &before.id).await?,
            Some(_) => {
                return Err(Error::Conflict(
                    "the AWS account administers this account already".to_owned(),
                ));
            }
            None => {}
        }
        rows::update(cx.tx, &row).await?;
        let environment = cx.environment;
        if let Some(end) = row.ends_at {
            let job = EndDelegation {
                delegate_id: row.id.clone(),
            };
            enqueue(cx.tx, &*environment.entropy, &job, cx.now, end).await?;
        }
        if let Some(sides) = Sides::of(cx.tx, &account, &row).await? {
            sides.tell(cx.tx, environment, News::Accepted, cx.now).await?;
        }
        let (own_name, _) = account::rows::aws_account(cx.tx, own).await?;
        row.delegate_name = Some(own_name);
        Ok(AcceptDelegateOutput {
            delegate: row.shape(cx.now, false),
            account: account.shape(),
        })
    }
}

/// Ends a delegation, or takes an invitation back, at once. The owner may end any of its account, a delegate its own.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DeleteDelegate {
    account_id: AccountId,
    delegate_id: DelegateId,
}

impl Operation for DeleteDelegate {
    const SPEC: Spec = Spec::rest(
        "chime:DeleteDelegate",
        "DELETE /accounts/{AccountId}/delegates/{DelegateId}",
    )
    .status(204)
    .granted(&[FA]);

    type Access = Write;
    type Output = ();
    type Error = Error;

    async fn target(&self, _: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        // A success is one on this account, so this is whom it ends.
        let found = rows::find_any(tx, self.delegate_id.as_str()).await?;
        Ok(Target::any().telling(found.and_then(|found| found.delegate)))
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
        let account = ManagedAccount::find_active(cx, self.account_id.as_str())?;
        let row = find(cx, &account, &self.delegate_id).await?;
        if account.delegate_id().is_some_and(|own| own != row.id) {
            return Err(Error::Forbidden(
                "a delegate can end no delegation but its own".to_owned(),
            ));
        }
        end(cx.tx, cx.environment, &account, &row, cx.now).await?;
        Ok(())
    }
}

/// Lists the delegations of an account and the open invitations, oldest first. A delegate sees its own.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListDelegates {
    account_id: AccountId,
    max_results: Option<DelegatePageSize>,
    next_token: Option<String>,
}

/// A page of delegations.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListDelegatesOutput {
    delegates: Vec<Delegate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

impl Operation for ListDelegates {
    const SPEC: Spec = Spec::rest(
        "chime:ListDelegates",
        "GET /accounts/{AccountId}/delegates?max-results={MaxResults}&next-token={NextToken}",
    )
    .granted(&[FA, UM, RO]);

    type Access = List;
    type Output = ListDelegatesOutput;
    type Error = Error;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<ListDelegatesOutput, Error> {
        let account = ManagedAccount::find(cx, self.account_id.as_str())?;
        if let Some(own) = account.delegate_id() {
            let row = rows::find(cx.tx, &account, own).await?;
            return Ok(ListDelegatesOutput {
                delegates: row.iter().map(|row| row.shape(cx.now, false)).collect(),
                next_token: None,
            });
        }
        let filters = [account.id.as_str()];
        let first = (Timestamp::MIN, String::new());
        let (after_at, after_id) = beginning(cx, self.next_token.as_ref(), &filters, first, time_and_id)?;
        let size = self.max_results.map_or(50, DelegatePageSize::get).clamp(1, 99);
        let after = (after_at, after_id.as_str());
        let found = rows::list_after(cx.tx, &account, after, cx.now, size + 1).await?;
        let page = cx.page(found, usize::try_from(size).unwrap_or(1), &filters, |last| {
            vec![last.invited_at.as_micros().to_string(), last.id.clone()]
        });
        Ok(ListDelegatesOutput {
            delegates: page.items.iter().map(|row| row.shape(cx.now, true)).collect(),
            next_token: page.next,
        })
    }
}
