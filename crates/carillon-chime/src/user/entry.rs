//! How somebody comes in who proves to have an address.

use carillon_aws::time::Timestamp;
use carillon_store::{ReadTx, StoreError};

use super::invitation::{self, Open};
use super::standing::admitted;
use super::{RegistrationStatus, UserRow, UserType, rows};
use crate::account::{self, Life, ManagedAccount};
use crate::email::{domain_of, key_of};

/// What registering with an address leads to.
#[derive(Debug)]
pub(crate) enum Entry {
    /// A member of the account that claimed the domain. The user is known if it was invited somewhere.
    Member(ManagedAccount, Option<UserRow>),
    /// A member of the account whose open invitation it has.
    Invited(Box<Open>),
    /// Somebody who belongs to no account.
    Alone(Option<UserRow>),
    /// Nobody new: whoever has the address has registered.
    Known,
    /// Nothing: the address is not for this server, or another way is.
    Closed,
}

impl Entry {
    /// `is_open`: whether everybody may register.
    ///
    /// Source: Chime Administration Guide, "Managing users": people of a claimed domain are added automatically.
    pub async fn of(tx: &mut ReadTx, email: &str, is_open: bool, now: Timestamp) -> Result<Self, StoreError> {
        let holder = rows::holder(tx, &key_of(email)).await?;
        match &holder {
            Some(holder) if holder.user_type != UserType::PrivateUser => return Ok(Self::Closed),
            Some(holder) if holder.registration != RegistrationStatus::Unregistered => {
                return Ok(Self::Known);
            }
            Some(holder) => {
                let account = rows::account_of(tx, holder).await?;
                if account.is_some_and(|account| account.has_own_sign_in()) {
                    return Ok(Self::Closed);
                }
            }
            None => {}
        }
        if let Some(invited_by) = holder.as_ref().and_then(|holder| holder.account_id.as_deref())
            && let Some(invite) = invitation::rows::find_open(tx, invited_by, &key_of(email)).await?
            && let Some(open) = invitation::open(tx, invite, now).await?
        {
            return Ok(Self::Invited(Box::new(open)));
        }
        if let Some(account) = account::rows::claimant(tx, &domain_of(email)).await? {
            // A directory or a provider brings its people, and nobody else does.
            let takes = account.life == Life::Active && !account.has_own_sign_in();
            return Ok(if takes {
                Self::Member(ManagedAccount::with(account), holder)
            } else {
                Self::Closed
            });
        }
        Ok(if is_open {
            Self::Alone(holder)
        } else {
            Self::Closed
        })
    }
}

/// The person with this address who may choose another password by mail.
pub(crate) async fn forgets(tx: &mut ReadTx, email: &str) -> Result<Option<UserRow>, StoreError> {
    let Some(user) = rows::holder(tx, &key_of(email)).await? else {
        return Ok(None);
    };
    let account = rows::account_of(tx, &user).await?;
    let is_admitted = admitted(tx, &user, account.as_ref()).await?.is_ok();
    Ok(is_admitted.then_some(user))
}
