//! Public operations of AWS that the founding table does not have, and one that only this server has.

use carillon_operation::{AnyOperation, Spec, operation, planned};

use crate::account::operations::UpdateAccount;
use crate::data_export::operations::ListDataExports;
use crate::delegate::operations::{InviteDelegate, RenewDelegate, ValidateDelegate};
use crate::domain::preview::PreviewDomainChange;
use crate::support::operations::{GetSupportRequest, ListSupportRequests};
use crate::user::settings::{GetUserSettings, UpdateUserSettings};
use crate::user::update::{CreateUser, UpdateUser};

/// In the order in which they were built, then by name.
///
/// Three of delegation and the list of data exports are not AWS's public operations either: the model that we ship
/// has them beside what the table needs them for.
pub(crate) static OPERATIONS: &[&dyn AnyOperation] = &[
    operation::<UpdateAccount>(),
    operation::<UpdateUser>(),
    operation::<CreateUser>(),
    operation::<GetUserSettings>(),
    operation::<UpdateUserSettings>(),
    operation::<PreviewDomainChange>(),
    operation::<InviteDelegate>(),
    operation::<RenewDelegate>(),
    operation::<ValidateDelegate>(),
    operation::<GetSupportRequest>(),
    operation::<ListSupportRequests>(),
    operation::<ListDataExports>(),
    planned!(
        Write,
        Spec::rest(
            "chime:AssociateSigninDelegateGroupsWithAccount",
            "POST /accounts/{AccountId}?operation=associate-signin-delegate-groups"
        )
    ),
    planned!(
        Write,
        Spec::rest(
            "chime:BatchCreateRoomMembership",
            "POST /accounts/{AccountId}/rooms/{RoomId}/memberships?operation=batch-create"
        )
        .status(201)
    ),
    planned!(
        Write,
        Spec::rest("chime:CreateBot", "POST /accounts/{AccountId}/bots").status(201)
    ),
    planned!(
        Write,
        Spec::rest(
            "chime:CreateMeetingDialOut",
            "POST /meetings/{MeetingId}/dial-outs"
        )
        .status(201)
    ),
    planned!(
        Write,
        Spec::rest("chime:CreateRoom", "POST /accounts/{AccountId}/rooms").status(201)
    ),
    planned!(
        Write,
        Spec::rest(
            "chime:CreateRoomMembership",
            "POST /accounts/{AccountId}/rooms/{RoomId}/memberships"
        )
        .status(201)
    ),
    planned!(
        Write,
        Spec::rest(
            "chime:DeleteEventsConfiguration",
            "DELETE /accounts/{AccountId}/bots/{BotId}/events-configuration"
        )
        .status(204)
    ),
    planned!(
        Write,
        Spec::rest("chime:DeleteRoom", "DELETE /accounts/{AccountId}/rooms/{RoomId}").status(204)
    ),
    planned!(
        Write,
        Spec::rest(
            "chime:DeleteRoomMembership",
            "DELETE /accounts/{AccountId}/rooms/{RoomId}/memberships/{MemberId}"
        )
        .status(204)
    ),
    planned!(
        Write,
        Spec::rest(
            "chime:DisassociateSigninDelegateGroupsFromAccount",
            "POST /accounts/{AccountId}?operation=disassociate-signin-delegate-groups"
        )
    ),
    planned!(
        Read,
        Spec::rest("chime:GetBot", "GET /accounts/{AccountId}/bots/{BotId}")
    ),
    planned!(
        Read,
        Spec::rest(
            "chime:GetEventsConfiguration",
            "GET /accounts/{AccountId}/bots/{BotId}/events-configuration"
        )
    ),
    planned!(
        Read,
        Spec::rest("chime:GetPhoneNumberSettings", "GET /settings/phone-number")
    ),
    planned!(
        Read,
        Spec::rest(
            "chime:GetRetentionSettings",
            "GET /accounts/{AccountId}/retention-settings"
        )
    ),
    planned!(
        Read,
        Spec::rest("chime:GetRoom", "GET /accounts/{AccountId}/rooms/{RoomId}")
    ),
    planned!(
        List,
        Spec::rest("chime:ListBots", "GET /accounts/{AccountId}/bots")
    ),
    planned!(
        List,
        Spec::rest(
            "chime:ListRoomMemberships",
            "GET /accounts/{AccountId}/rooms/{RoomId}/memberships"
        )
    ),
    planned!(
        List,
        Spec::rest("chime:ListRooms", "GET /accounts/{AccountId}/rooms")
    ),
    planned!(
        List,
        Spec::rest(
            "chime:ListSupportedPhoneNumberCountries",
            "GET /phone-number-countries"
        )
    ),
    planned!(
        Write,
        Spec::rest(
            "chime:PutEventsConfiguration",
            "PUT /accounts/{AccountId}/bots/{BotId}/events-configuration"
        )
        .status(201)
    ),
    planned!(
        Write,
        Spec::rest(
            "chime:PutRetentionSettings",
            "PUT /accounts/{AccountId}/retention-settings"
        )
        .status(204)
    ),
    planned!(
        Write,
        Spec::rest(
            "chime:RedactConversationMessage",
            "POST /accounts/{AccountId}/conversations/{ConversationId}/messages/{MessageId}?operation=redact"
        )
    ),
    planned!(
        Write,
        Spec::rest(
            "chime:RedactRoomMessage",
            "POST /accounts/{AccountId}/rooms/{RoomId}/messages/{MessageId}?operation=redact"
        )
    ),
    planned!(
        Write,
        Spec::rest(
            "chime:RegenerateSecurityToken",
            "POST /accounts/{AccountId}/bots/{BotId}?operation=regenerate-security-token"
        )
    ),
    planned!(
        Write,
        Spec::rest("chime:UpdateBot", "POST /accounts/{AccountId}/bots/{BotId}")
    ),
    planned!(
        Write,
        Spec::rest("chime:UpdatePhoneNumberSettings", "PUT /settings/phone-number").status(204)
    ),
    planned!(
        Write,
        Spec::rest("chime:UpdateRoom", "POST /accounts/{AccountId}/rooms/{RoomId}")
    ),
    planned!(
        Write,
        Spec::rest(
            "chime:UpdateRoomMembership",
            "POST /accounts/{AccountId}/rooms/{RoomId}/memberships/{MemberId}"
        )
    ),
];
