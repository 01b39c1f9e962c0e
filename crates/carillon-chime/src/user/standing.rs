//! Who may be signed in.

use carillon_store::{ReadTx, StoreError};

use super::{RegistrationStatus, UserRow, UserType};
use crate::account::{AccountRow, Life};
use crate::domain::release;

/// Why somebody is not let in, whatever the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// Has not registered, or is a device.
    Nobody,
    Suspended,
    /// The account gave up the domain of the address.
    Released,
    AccountSuspended,
    AccountDeleted,
    /// In no group that has a licence.
    Unlicensed,
    /// The account has its own way to sign in, for which a password of the portal counts nothing.
    SignsInElsewhere,
}

/// Whether the person can be signed in with a password of the portal.
pub(crate) fn standing(user: &UserRow, account: Option<&AccountRow>) -> Result<(), Stopped> {
    if user.user_type != UserType::PrivateUser {
        return Err(Stopped::Nobody);
    }
    match user.registration {
        RegistrationStatus::Registered => {}
        RegistrationStatus::Unregistered => return Err(Stopped::Nobody),
        RegistrationStatus::Suspended => return Err(Stopped::Suspended),
        RegistrationStatus::Released => return Err(Stopped::Released),
    }
    let account = match (&user.account_id, account) {
        (None, _) => return Ok(()),
        (Some(_), Some(account)) => account,
        (Some(_), None) => return Err(Stopped::AccountDeleted),
    };
    match account.life {
        Life::Active => {}
        Life::Suspended => return Err(Stopped::AccountSuspended),
        Life::Disabled => return Err(Stopped::AccountDeleted),
    }
    match (account.has_own_sign_in(), user.license) {
        (false, _) => Ok(()),
        // Where groups decide, whoever is in none has no licence.
        (true, None) => Err(Stopped::Unlicensed),
        (true, Some(_)) => Err(Stopped::SignsInElsewhere),
    }
}

/// The same, also as far as the domain of its address says.
pub(crate) async fn admitted(
    tx: &mut ReadTx,
    user: &UserRow,
    account: Option<&AccountRow>,
) -> Result<Result<(), Stopped>, StoreError> {
    Ok(match standing(user, account) {
        Ok(()) if release::is_leaving(tx, user).await? => Err(Stopped::Released),
        standing => standing,
    })
}

impl Stopped {
    /// What somebody is told who gave the right password. Nothing if that proves nothing.
    pub fn says(self, account_name: &str) -> Option<String> {
        let ask = format!("Ask an administrator of {account_name}.");
        Some(match self {
            Self::Nobody | Self::SignsInElsewhere => return None,
            Self::Suspended => format!("You were suspended from {account_name}. {ask}"),
            Self::Released => format!(
                "{account_name} gave up the domain of your address, so you are no member any more. {ask}"
            ),
            Self::AccountSuspended => format!("{account_name} is suspended, with everybody in it. {ask}"),
            Self::AccountDeleted => {
                "The account that you belonged to was deleted. Ask whoever invited you.".to_owned()
            }
            Self::Unlicensed => format!("You have no license in {account_name}. {ask}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::AccountType;
    use crate::license::License;
    use crate::user::tests::{team, user};

    #[test]
    fn people_in_good_standing_come_in() {
        let account = team();
        let ada = user(Some(&account.id), RegistrationStatus::Registered);
        assert_eq!(standing(&ada, Some(&account)), Ok(()));
        assert_eq!(
            standing(&user(None, RegistrationStatus::Registered), None),
            Ok(())
        );
        let unlicensed = UserRow { license: None, ..ada };
        assert_eq!(
            standing(&unlicensed, Some(&account)),
            Ok(()),
            "a licence is an administrator's to give here"
        );
    }

    #[test]
    fn others_are_told_why() {
        use RegistrationStatus::{Registered, Released, Suspended, Unregistered};
        let account = team();
        let of = |registration| user(Some(&account.id), registration);
        for (registration, why) in [
            (Suspended, Stopped::Suspended),
            (Released, Stopped::Released),
            (Unregistered, Stopped::Nobody),
        ] {
            assert_eq!(standing(&of(registration), Some(&account)), Err(why));
        }
        for (life, why) in [
            (Life::Suspended, Stopped::AccountSuspended),
            (Life::Disabled, Stopped::AccountDeleted),
        ] {
            let account = AccountRow { life, ..team() };
            assert_eq!(standing(&of(Registered), Some(&account)), Err(why));
        }
        assert_eq!(standing(&of(Registered), None), Err(Stopped::AccountDeleted));
        let device = UserRow {
            user_type: UserType::SharedDevice,
            ..of(Registered)
        };
        assert_eq!(standing(&device, Some(&account)), Err(Stopped::Nobody));
    }

    #[test]
    fn a_licence_is_asked_for_where_groups_decide() {
        for account_type in [AccountType::EnterpriseDirectory, AccountType::EnterpriseOIDC] {
            let account = AccountRow {
                account_type,
                ..team()
            };
            let ada = user(Some(&account.id), RegistrationStatus::Registered);
            let licensed = UserRow {
                license: Some(License::Pro),
                ..ada.clone()
            };
            let unlicensed = UserRow { license: None, ..ada };
            assert_eq!(standing(&unlicensed, Some(&account)), Err(Stopped::Unlicensed));
            assert_eq!(
                standing(&licensed, Some(&account)),
                Err(Stopped::SignsInElsewhere)
            );
        }
    }

    #[test]
    fn a_password_that_proves_nothing_learns_nothing() {
        assert_eq!(Stopped::SignsInElsewhere.says("A"), None);
        assert!(Stopped::Suspended.says("Example").unwrap().contains("Example"));
    }
}
