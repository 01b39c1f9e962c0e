//! What callers may ask of invitations.

use std::collections::HashSet;
use std::time::Duration;

use carillon_aws::id::{token, uuid_v4};
use carillon_aws::shape::Listed;
use carillon_aws::time::Timestamp;
use carillon_operation::{Context, FA, Operation, Spec, UM, Write, enqueue};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{GOOD_FOR, InviteRow, Outcome, rows};
use crate::account::{self, AccountType, ManagedAccount};
use crate::email::{EmailAddress, WireEmailAddress};
use crate::error::Error;
use crate::name::AccountId;
use crate::session;
use crate::user::{self, InviteStatus, UserRow, UserType, jobs};

/// Invites people into a Team account by mail.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct InviteUsers {
    account_id: AccountId,
    user_email_list: Listed<EmailAddress, 1, 50>,
    user_type: Option<UserType>,
}

/// The invitations, one for each address, in the order given.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct InviteUsersOutput {
    invites: Vec<Invite>,
}

/// An invitation.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Invite {
    invite_id: String,
    status: InviteStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    email_address: Option<WireEmailAddress>,
    email_status: EmailStatus,
}

carillon_aws::string_enum! {
    /// What became of the mail of an invitation.
    pub enum EmailStatus {
        NotSent,
        /// Kept durably, to be sent and sent again until the relay takes it.
        Sent,
        Failed,
    }
}

impl Operation for InviteUsers {
    const SPEC: Spec = Spec::rest(
        "chime:InviteUsers",
        "POST /accounts/{AccountId}/users?operation=add",
    )
    .status(201)
    .granted(&[FA, UM]);

    type Access = Write;
    type Output = InviteUsersOutput;
    type Error = Error;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<InviteUsersOutput, Error> {
        let account = ManagedAccount::find_active(cx.tx, cx.caller, self.account_id.as_str()).await?;
        account.require_type(&[AccountType::Team])?;
        if self.user_type == Some(UserType::SharedDevice) {
            user::require_devices(&account)?;
        }
        let inviter = account::rows::aws_account_name(cx.tx, account.aws_account_id).await?;
        let mut invites = Vec::with_capacity(self.user_email_list.len());
        let mut made = Vec::new();
        let mut seen = HashSet::new();
        for (place, email) in self.user_email_list.iter().enumerate() {
            if !seen.insert(email.key()) {
                continue;
            }
            // Lists are ordered by time: a microsecond keeps the order given.
            let at = cx.now + Duration::from_micros(u64::try_from(place).unwrap_or(0));
            let (status, invite_id) = match invite(cx, &account, email, at).await? {
                Outcome::Impossible => (InviteStatus::Failed, None),
                Outcome::Member => (InviteStatus::Accepted, None),
                Outcome::New | Outcome::Again | Outcome::Move => (
                    InviteStatus::Pending,
                    Some(send(cx, &account, &inviter, email).await?),
                ),
            };
            made.extend(invite_id.clone());
            invites.push(Invite {
                email_status: match (&invite_id, cx.environment.settings.mail) {
                    (None, _) => EmailStatus::NotSent,
                    (Some(_), true) => EmailStatus::Sent,
                    (Some(_), false) => EmailStatus::Failed,
                },
                invite_id: invite_id.unwrap_or_else(|| uuid_v4(cx.entropy())),
                status,
                email_address: email.as_str().parse().ok(),
            });
        }
        if !made.is_empty() {
            let expire = jobs::ExpireInvitations { invite_ids: made };
            enqueue(
                cx.tx,
                &*cx.environment.entropy,
                &expire,
                cx.now,
                cx.now + GOOD_FOR,
            )
            .await?;
        }
        Ok(InviteUsersOutput { invites })
    }
}

/// Shows the person as invited, if it can be.
async fn invite(
    cx: &mut Context<'_, InviteUsers>,
    account: &ManagedAccount,
    email: &EmailAddress,
    at: Timestamp,
) -> Result<Outcome, Error> {
    let (outcome, holder) = super::outcome(cx.tx, account, email.as_str()).await?;
    match (outcome, holder) {
        (Outcome::New, _) => {
            let mut user = UserRow::new(uuid_v4(cx.entropy()), account, email.as_str().to_owned(), at);
            user.invitation = Some(InviteStatus::Pending);
            user.invited_at = Some(cx.now);
            user::rows::insert(cx.tx, &user).await?;
        }
        (Outcome::Again, Some(mut user)) => {
            user.invitation = Some(InviteStatus::Pending);
            user.invited_at = Some(cx.now);
            user::rows::update(cx.tx, &user).await?;
        }
        // Until it accepts, the person stays the user that it is, where it is.
        _ => {}
    }
    Ok(outcome)
}

/// Makes the invitation and queues its mail. An open one to the same address ends.
async fn send(
    cx: &mut Context<'_, InviteUsers>,
    account: &ManagedAccount,
    inviter: &str,
    email: &EmailAddress,
) -> Result<String, Error> {
    rows::fail_open(cx.tx, &account.id, &email.key()).await?;
    let token = token(cx.entropy());
    let invite = InviteRow {
        id: uuid_v4(cx.entropy()),
        account_id: account.id.clone(),
        email: email.as_str().to_owned(),
        status: InviteStatus::Pending,
        token_digest: session::digest(token.expose()),
        created_at: cx.now,
        expires_at: cx.now + GOOD_FOR,
    };
    rows::insert(cx.tx, &invite).await?;
    if cx.environment.settings.mail {
        let mail = jobs::SendInvitation::new(cx.environment, &invite, account, inviter, &token);
        enqueue(cx.tx, &*cx.environment.entropy, &mail, cx.now, cx.now).await?;
    }
    Ok(invite.id)
}
