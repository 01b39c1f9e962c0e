//! The rules of users.

use carillon_aws::time::Timestamp;

use super::standing::standing;
use super::*;
use crate::account::AccountRow;

pub(crate) fn team() -> AccountRow {
    AccountRow::new(
        "00000000-0000-4000-8000-00000000000a".to_owned(),
        "123456789012".parse().unwrap(),
        "Example".to_owned(),
        Timestamp::EPOCH,
    )
}

pub(crate) fn user(account_id: Option<&str>, registration: RegistrationStatus) -> UserRow {
    let mut user = UserRow::new(
        "u".to_owned(),
        &team(),
        "ada@example.com".to_owned(),
        Timestamp::EPOCH,
    );
    user.account_id = account_id.map(str::to_owned);
    user.registration = registration;
    user
}

fn of_type(account_type: AccountType) -> AccountRow {
    AccountRow {
        account_type,
        ..team()
    }
}

fn licensed(license: License) -> Change {
    Change {
        license: Some(license),
        ..Change::default()
    }
}

#[test]
fn lists_do_not_show_the_pin() {
    let mut ada = user(Some("a"), RegistrationStatus::Registered);
    ada.personal_pin = Some("0123456789".to_owned());
    let listed = serde_json::to_value(ada.shape()).unwrap();
    assert_eq!(
        listed,
        serde_json::json!({
            "UserId": "u", "AccountId": "a", "PrimaryEmail": "ada@example.com", "UserType": "PrivateUser",
            "UserRegistrationStatus": "Registered",
            "AlexaForBusinessMetadata": {"IsAlexaForBusinessEnabled": false},
        })
    );
    let shown = serde_json::to_value(ada.shape_with_pin()).unwrap();
    assert_eq!(shown["PersonalPIN"], "0123456789");
}

#[test]
fn only_people_who_came_have_a_pin() {
    use RegistrationStatus::{Registered, Released, Suspended, Unregistered};
    for (registration, has) in [
        (Unregistered, false),
        (Registered, true),
        (Suspended, true),
        (Released, false),
    ] {
        let ada = user(Some("a"), registration);
        assert_eq!(ada.has_pin(), has, "{registration}");
        assert_eq!(ada.require_pin().is_ok(), has);
    }
    let mut device = user(Some("a"), Registered);
    device.user_type = UserType::SharedDevice;
    assert!(matches!(device.require_pin(), Err(Error::BadRequest(_))));
}

#[test]
fn suspending_and_restoring() {
    use RegistrationStatus::{Registered, Released, Suspended, Unregistered};
    let mut ada = user(Some("a"), Registered);
    assert!(ada.suspend().unwrap());
    assert_eq!(ada.registration, Suspended);
    assert!(standing(&ada, Some(&team())).is_err());
    assert!(!ada.suspend().unwrap(), "suspending twice changes nothing");
    assert!(ada.restore());
    assert_eq!(ada.registration, Registered);
    assert!(!ada.restore());
    for registration in [Unregistered, Released] {
        let mut other = user(Some("a"), registration);
        assert!(matches!(other.suspend(), Err(Error::Conflict(_))));
        assert!(!other.restore());
        assert_eq!(other.registration, registration);
    }
}

#[test]
fn whoever_leaves_a_team_goes_on_with_a_free_licence() {
    let mut ada = user(Some("a"), RegistrationStatus::Registered);
    ada.license = Some(License::Pro);
    ada.registered_at = Some(Timestamp::from_seconds(5));
    ada.password_hash = Some("hash".to_owned());
    ada.leave();
    assert_eq!(
        (ada.account_id.as_deref(), ada.license),
        (None, Some(License::Basic))
    );
    assert_eq!(ada.registered_at, Some(Timestamp::from_seconds(5)));
    assert!(standing(&ada, None).is_ok() && ada.password_hash.is_some());
}

#[test]
fn joining_gives_the_licence_of_the_account_unless_one_was_given() {
    let now = Timestamp::from_seconds(9);
    let account = team();
    let mut ada = user(Some(&account.id), RegistrationStatus::Unregistered);
    ada.join(&account, now);
    assert_eq!(ada.license, Some(License::Pro));
    assert_eq!(ada.registered_at, Some(now));
    assert_eq!(ada.invitation, Some(InviteStatus::Accepted));

    let mut bob = user(Some(&account.id), RegistrationStatus::Unregistered);
    bob.license = Some(License::Basic);
    bob.join(&account, now);
    assert_eq!(bob.license, Some(License::Basic));

    // What another account gave does not come along, the day of the first registration does.
    let mut eve = user(Some("another"), RegistrationStatus::Registered);
    eve.license = Some(License::Basic);
    eve.registered_at = Some(Timestamp::from_seconds(1));
    eve.join(&account, now);
    assert_eq!(
        (eve.license, eve.registered_at),
        (Some(License::Pro), Some(Timestamp::from_seconds(1)))
    );
}

#[test]
fn what_an_administrator_can_change() {
    let mut ada = user(Some("a"), RegistrationStatus::Registered);
    let before = ada.clone();
    let refused = |change: &Change, account: &AccountRow, user: &mut UserRow| {
        matches!(change.apply(user, account), Err(Error::BadRequest(_)))
    };
    assert!(refused(&Change::default(), &team(), &mut ada));
    assert!(refused(&licensed(License::ProTrial), &team(), &mut ada));
    assert!(refused(&licensed(License::Plus), &team(), &mut ada));
    for account_type in [AccountType::EnterpriseDirectory, AccountType::EnterpriseOIDC] {
        assert!(refused(&licensed(License::Pro), &of_type(account_type), &mut ada));
    }
    let device = Change {
        user_type: Some(UserType::SharedDevice),
        ..Change::default()
    };
    assert!(refused(&device, &team(), &mut ada));
    let room = Change {
        alexa: Some(Alexa {
            enabled: true,
            room_arn: Some("arn\nBcc".to_owned()),
        }),
        ..Change::default()
    };
    assert!(refused(&room, &team(), &mut ada));
    assert_eq!(ada, before, "what is refused leaves no trace");

    licensed(License::Basic).apply(&mut ada, &team()).unwrap();
    assert_eq!(ada.license, Some(License::Basic));
    device
        .apply(&mut ada, &of_type(AccountType::EnterpriseLWA))
        .unwrap();
    assert_eq!(ada.user_type, UserType::SharedDevice);
    assert!(standing(&ada, Some(&team())).is_err());
}

#[test]
fn states_that_cannot_be_changed() {
    let mut released = user(Some("a"), RegistrationStatus::Released);
    let outcome = licensed(License::Pro).apply(&mut released, &of_type(AccountType::EnterpriseLWA));
    assert!(matches!(outcome, Err(Error::Conflict(_))));
    let mut invited = user(Some("a"), RegistrationStatus::Unregistered);
    let device = Change {
        user_type: Some(UserType::SharedDevice),
        ..Change::default()
    };
    let outcome = device.apply(&mut invited, &of_type(AccountType::EnterpriseLWA));
    assert!(matches!(outcome, Err(Error::Conflict(_))));
    licensed(License::Basic).apply(&mut invited, &team()).unwrap();
}
