//! What callers may ask of invitations.

use std::collections::HashSet;
use std::time::Duration;

use carillon_aws::id::{token, uuid_v4};
use carillon_aws::shape::Listed;
use carillon_aws::time::Timestamp;
use carillon_operation::{Context, FA, Operation, Spec, UM, Write, enqueue};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{DAY, GOOD_FOR, InviteRow, MAILS_A_DAY, Outcome, mail_at, rows};
use crate::account::{self, AccountType, ManagedAccount};
use crate::email::{EmailAddress, WireEmailAddress, key_of, member};
use crate::error::Error;
use crate::name::AccountId;
use crate::session;
use crate::user::{self, InviteStatus, UserRow, UserType, jobs};

/// Invites people into a Team account by mail.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct InviteUsers {
    account_id: AccountId,
    #[serde(deserialize_with = "member::user_email_list")]
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
        let account = ManagedAccount::find_active(cx, self.account_id.as_str())?;
        account.require_type(&[AccountType::Team])?;
        if self.user_type == Some(UserType::SharedDevice) {
            user::require_devices(&account)?;
        }
        let (inviter, _) = account::rows::aws_account(cx.tx, account.aws_account_id).await?;
        let has_mail = cx.environment.settings.mail;
        let mut left = MAILS_A_DAY - rows::count_mails(cx.tx, account.aws_account_id, cx.now - DAY).await?;
        let mut invites = Vec::with_capacity(self.user_email_list.len());
        let mut open = Vec::new();
        let mut seen = HashSet::new();
        for (place, email) in self.user_email_list.iter().enumerate() {
            if !seen.insert(email.key()) {
                continue;
            }
            // Lists are ordered by time: a microsecond keeps the order given.
            let at = cx.now + Duration::from_micros(u64::try_from(place).unwrap_or(0));
            let mut row = InviteRow {
                id: uuid_v4(cx.entropy()),
                account_id: account.id.clone(),
                email: email.as_str().to_owned(),
                status: InviteStatus::Pending,
                // Of nothing, as long as no mail has a token.
                token_digest: String::new(),
                created_at: cx.now,
                expires_at: cx.now + GOOD_FOR,
                mail_at: None,
            };
            let email_status = match invite(cx, &account, email, at).await? {
                Outcome::Impossible => {
                    row.status = InviteStatus::Failed;
                    rows::insert(cx.tx, &account, &row).await?;
                    EmailStatus::NotSent
                }
                Outcome::Member => {
                    row.status = InviteStatus::Accepted;
                    rows::insert(cx.tx, &account, &row).await?;
                    EmailStatus::NotSent
                }
                Outcome::New | Outcome::Again | Outcome::Move | Outcome::Held => {
                    left -= i64::from(has_mail);
                    if left < 0 {
                        return Err(Error::LimitExceeded(format!(
                            "an AWS account sends at most {MAILS_A_DAY} invitations in a day"
                        )));
                    }
                    send(cx, &account, &inviter, &mut row).await?;
                    open.push(row.id.clone());
                    if has_mail {
                        EmailStatus::Sent
                    } else {
                        EmailStatus::Failed
                    }
                }
            };
            invites.push(Invite {
                invite_id: row.id,
                status: row.status,
                email_address: email.as_str().parse().ok(),
                email_status,
            });
        }
        if !open.is_empty() {
            let expire = jobs::ExpireInvitations { invite_ids: open };
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
    invite: &mut InviteRow,
) -> Result<(), Error> {
    let key = key_of(&invite.email);
    rows::fail_open(cx.tx, &account.id, &key).await?;
    let token = token(cx.entropy());
    invite.token_digest = session::digest(token.expose());
    if cx.environment.settings.mail {
        let last = rows::last_mails(cx.tx, account, &key).await?;
        let mail_at = mail_at(&last, cx.now);
        invite.mail_at = Some(mail_at);
        let mail = jobs::SendInvitation::new(cx.environment, invite, account, inviter, &token);
        enqueue(cx.tx, &*cx.environment.entropy, &mail, cx.now, mail_at).await?;
    }
    rows::insert(cx.tx, account, invite).await?;
    Ok(())
}
