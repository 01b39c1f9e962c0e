"""Users of a Team account: fourteen actions of the table and their neighbours, without the mail."""

import re
import time
import uuid

import pytest

from harness.aws import refused
from harness.raw import chime_request
from harness.server import ROOT

NOWHERE = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def invite(root, unique):
    """Invites people into an account and answers their users, in the order invited."""

    def make(account_id, count=1):
        addresses = [f"{unique('person')}@example.com" for _ in range(count)]
        for start in range(0, count, 50):
            root.chime.invite_users(AccountId=account_id, UserEmailList=addresses[start:start + 50])
        users = {
            one["PrimaryEmail"]: one
            for page in root.chime.get_paginator("list_users").paginate(AccountId=account_id)
            for one in page["Users"]
        }
        return [users[address] for address in addresses]

    return make


def errors_of(answer):
    return {one["UserId"]: one["ErrorCode"] for one in answer["UserErrors"]}


# Invitations, as far as the API shows them.

def test_inviting(root, account, unique):
    mine = account()["AccountId"]
    addresses = [f"{unique('ada')}@example.com", f"{unique('Grace')}@Example.COM"]
    answer = root.chime.invite_users(AccountId=mine, UserEmailList=addresses)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 201
    invites = answer["Invites"]
    assert [one["EmailAddress"] for one in invites] == addresses
    for one in invites:
        assert uuid.UUID(one["InviteId"]).version == 4
        assert (one["Status"], one["EmailStatus"]) == ("Pending", "Sent")
    users = root.chime.list_users(AccountId=mine)["Users"]
    assert [one["PrimaryEmail"] for one in users] == addresses
    for one in users:
        assert one["AccountId"] == mine
        assert one["UserRegistrationStatus"] == "Unregistered"
        assert one["UserInvitationStatus"] == "Pending"
        assert one["UserType"] == "PrivateUser"
        assert abs(one["InvitedOn"].timestamp() - time.time()) < 60
        assert "RegisteredOn" not in one and "PersonalPIN" not in one
        assert one["AlexaForBusinessMetadata"] == {"IsAlexaForBusinessEnabled": False}


def test_one_invitation_for_an_address_named_twice(root, account, unique):
    address = f"{unique('ada')}@example.com"
    mine = account()["AccountId"]
    invites = root.chime.invite_users(AccountId=mine, UserEmailList=[address, address.upper(), address])["Invites"]
    assert [one["EmailAddress"] for one in invites] == [address]
    again = root.chime.invite_users(AccountId=mine, UserEmailList=[address])["Invites"]
    assert again[0]["InviteId"] != invites[0]["InviteId"]
    assert len(root.chime.list_users(AccountId=mine)["Users"]) == 1


def test_fifty_people_at_once_and_no_more(root, account, unique):
    mine = account()["AccountId"]
    addresses = [f"{unique('p')}@example.com" for _ in range(51)]
    for wrong in (addresses, []):
        with refused("BadRequestException", 400, shape="BadRequestException"):
            root.chime.invite_users(AccountId=mine, UserEmailList=wrong)
    assert root.chime.list_users(AccountId=mine)["Users"] == []
    assert len(root.chime.invite_users(AccountId=mine, UserEmailList=addresses[:50])["Invites"]) == 50


@pytest.mark.parametrize("address", [
    "plain", "@example.com", "a@", "a@b", "a b@example.com", "a@example.com\r\nBcc: eve@example.com",
    "x" * 65 + "@example.com", "a@" + "x" * 250 + ".com", "a@@example.com", "a@example..com", "a@-example.com", "a@exä mple.com", "",
])
def test_one_bad_address_refuses_the_whole_request(root, account, address):
    mine = account()["AccountId"]
    with refused("BadRequestException", 400, shape="BadRequestException"):
        root.chime.invite_users(AccountId=mine, UserEmailList=["good@example.com", address])
    assert root.chime.list_users(AccountId=mine)["Users"] == []


# Reading.

def test_getting_a_user(root, account, invite):
    mine = account()["AccountId"]
    (ada,) = invite(mine)
    got = root.chime.get_user(AccountId=mine, UserId=ada["UserId"])["User"]
    assert got.items() >= ada.items()
    by_email = root.chime.get_user_by_email(AccountId=mine, UserEmail=ada["PrimaryEmail"].upper())["User"]
    assert by_email == got
    for wrong in (NOWHERE, "nothing"):
        with refused("NotFoundException", 404, shape="NotFoundException"):
            root.chime.get_user(AccountId=mine, UserId=wrong)
    with refused("NotFoundException", 404, shape="NotFoundException"):
        root.chime.get_user_by_email(AccountId=mine, UserEmail="nobody@example.com")


def test_by_email_needs_one(server, root, account):
    mine = account()["AccountId"]
    answer = chime_request(ROOT, "GET", f"/accounts/{mine}/users?operation=get-by-email").to(server)
    assert (answer.status, answer.code) == (400, "BadRequestException")


def test_a_user_of_another_account_is_not_found(root, account, invite):
    mine, yours = account()["AccountId"], account()["AccountId"]
    (ada,) = invite(yours)
    with refused("NotFoundException", 404):
        root.chime.get_user(AccountId=mine, UserId=ada["UserId"])
    with refused("NotFoundException", 404):
        root.chime.get_user_by_email(AccountId=mine, UserEmail=ada["PrimaryEmail"])
    assert errors_of(root.chime.batch_suspend_user(AccountId=mine, UserIdList=[ada["UserId"]])) == {ada["UserId"]: "NotFound"}
    assert root.chime.get_user(AccountId=yours, UserId=ada["UserId"])


@pytest.fixture(scope="module")
def crowd(server, unique):
    """An account with 230 people, in the order they were invited."""
    chime = server.root.chime
    mine = chime.create_account(Name=unique("Crowd"))["Account"]["AccountId"]
    addresses = [f"{unique('crowd')}@example.com" for _ in range(230)]
    for start in range(0, 230, 50):
        chime.invite_users(AccountId=mine, UserEmailList=addresses[start:start + 50])
    return mine, addresses


@pytest.mark.parametrize("size", [1, 33, 100, 200])
def test_pages_of_users(root, crowd, size):
    mine, addresses = crowd
    paginator = root.public_chime.get_paginator("list_users").paginate(
        AccountId=mine, PaginationConfig={"PageSize": size, "MaxItems": 20 if size == 1 else None})
    pages = list(paginator)
    got = [one["PrimaryEmail"] for page in pages for one in page["Users"]]
    if size == 1:
        assert got == addresses[:20]
        return
    assert sorted(got) == sorted(addresses) and len(got) == 230
    assert [len(page["Users"]) for page in pages[:-1]] == [size] * (len(pages) - 1)
    assert "NextToken" not in pages[-1]


def test_a_thousand_users_page_by_page(new_server):
    # Without a relay: invitations that are mailed are counted.
    server = new_server()
    server.start()
    mine = server.root.chime.create_account(Name="Thousand")["Account"]["AccountId"]
    addresses = [f"p{number:04}@example.com" for number in range(1_000)]
    for start in range(0, 1_000, 50):
        server.root.chime.invite_users(AccountId=mine, UserEmailList=addresses[start:start + 50])
    for size, most in ((1, 50), (20, 1_000), (200, 1_000)):
        pages = server.root.public_chime.get_paginator("list_users").paginate(
            AccountId=mine, PaginationConfig={"PageSize": size, "MaxItems": most})
        assert [one["PrimaryEmail"] for page in pages for one in page["Users"]] == addresses[:most], size
    assert server.stop() == 0


def test_filters_of_users(root, crowd):
    mine, addresses = crowd
    assert len(root.chime.list_users(AccountId=mine)["Users"]) == 100
    (one,) = root.chime.list_users(AccountId=mine, UserEmail=addresses[200].upper())["Users"]
    assert one["PrimaryEmail"] == addresses[200]
    assert root.chime.list_users(AccountId=mine, UserEmail="crowd@example.com")["Users"] == []
    with refused("BadRequestException", 400):
        root.chime.list_users(AccountId=mine, UserEmail="crowd")
    assert root.chime.list_users(AccountId=mine, UserType="SharedDevice")["Users"] == []
    assert len(root.chime.list_users(AccountId=mine, UserType="PrivateUser", MaxResults=200)["Users"]) == 200
    with refused("BadRequestException", 400):
        root.chime.list_users(AccountId=mine, UserType="Robot")
    for size in (0, 201):
        with refused("BadRequestException", 400):
            root.chime.list_users(AccountId=mine, MaxResults=size)


# Batches.

BATCHES = [
    ("batch_suspend_user", 50, lambda ids: {"UserIdList": ids}),
    ("batch_update_user", 20, lambda ids: {
        "UpdateUserRequestItems": [{"UserId": one, "LicenseType": "Basic"} for one in ids]}),
    ("update_user_licenses", 50, lambda ids: {"UserIdList": ids, "LicenseType": "Basic"}),
]


@pytest.mark.parametrize("operation, most, arguments", BATCHES, ids=[name for name, _, _ in BATCHES])
def test_batches_have_bounds(root, account, operation, most, arguments):
    mine = account()["AccountId"]
    call = getattr(root.chime, operation)
    ids = [str(uuid.uuid4()) for _ in range(most + 1)]
    for wrong in ([], ids):
        with refused("BadRequestException", 400, shape="BadRequestException"):
            call(AccountId=mine, **arguments(wrong))
    errors = errors_of(call(AccountId=mine, **arguments(ids[:most])))
    assert errors == dict.fromkeys(ids[:most], "NotFound")


def test_items_of_a_batch_fail_alone(root, account, invite):
    mine = account()["AccountId"]
    one, two = (user["UserId"] for user in invite(mine, 2))
    answer = root.chime.update_user_licenses(
        AccountId=mine, UserIdList=[one, NOWHERE, one, two], LicenseType="Basic")
    assert [(error["UserId"], error["ErrorCode"]) for error in answer["UserErrors"]] == [
        (NOWHERE, "NotFound"), (one, "BadRequest")]
    assert all(error["ErrorMessage"] for error in answer["UserErrors"])
    for user in (one, two):
        assert root.chime.get_user(AccountId=mine, UserId=user)["User"]["LicenseType"] == "Basic"


def test_changing_users_in_a_batch(root, account, invite):
    mine = account()["AccountId"]
    one, two, three, four, five = (user["UserId"] for user in invite(mine, 5))
    answer = root.chime.batch_update_user(AccountId=mine, UpdateUserRequestItems=[
        {"UserId": one, "LicenseType": "Pro"},
        {"UserId": two, "LicenseType": "ProTrial"},
        {"UserId": three, "LicenseType": "Plus"},
        {"UserId": four},
        {"UserId": five, "UserType": "SharedDevice"},
    ])
    assert errors_of(answer) == dict.fromkeys((two, three, four, five), "BadRequest")
    assert root.chime.get_user(AccountId=mine, UserId=one)["User"]["LicenseType"] == "Pro"
    metadata = {"IsAlexaForBusinessEnabled": True, "AlexaForBusinessRoomArn": "arn:aws:a4b:us-east-1:111122223333:room/x"}
    assert root.chime.batch_update_user(AccountId=mine, UpdateUserRequestItems=[
        {"UserId": one, "AlexaForBusinessMetadata": metadata}])["UserErrors"] == []
    assert root.chime.get_user(AccountId=mine, UserId=one)["User"]["AlexaForBusinessMetadata"] == metadata
    with refused("BadRequestException", 400):
        root.chime.batch_update_user(
            AccountId=mine, UpdateUserRequestItems=[{"UserId": one, "LicenseType": "Gold"}])


def test_licences_an_administrator_cannot_give(root, account, invite):
    mine = account()["AccountId"]
    (ada,) = invite(mine)
    for licence in ("ProTrial", "Plus", "Gold", ""):
        with refused("BadRequestException", 400):
            root.chime.update_user_licenses(AccountId=mine, UserIdList=[ada["UserId"]], LicenseType=licence)


def test_updating_one_user(root, account, invite):
    mine = account()["AccountId"]
    (ada,) = invite(mine)
    got = root.chime.update_user(AccountId=mine, UserId=ada["UserId"], LicenseType="Basic")["User"]
    assert got["LicenseType"] == "Basic" and got["UserId"] == ada["UserId"]
    for members in ({}, {"LicenseType": "ProTrial"}, {"UserType": "SharedDevice"}):
        with refused("BadRequestException", 400):
            root.chime.update_user(AccountId=mine, UserId=ada["UserId"], **members)
    with refused("NotFoundException", 404):
        root.chime.update_user(AccountId=mine, UserId=NOWHERE, LicenseType="Basic")


# Suspending from a Team account is removing.

def test_suspending_from_a_team_removes(root, account, invite):
    mine = account()["AccountId"]
    ada, bob = invite(mine, 2)
    assert root.chime.batch_suspend_user(AccountId=mine, UserIdList=[ada["UserId"]])["UserErrors"] == []
    with refused("NotFoundException", 404):
        root.chime.get_user(AccountId=mine, UserId=ada["UserId"])
    assert [one["UserId"] for one in root.chime.list_users(AccountId=mine)["Users"]] == [bob["UserId"]]
    assert errors_of(root.chime.batch_suspend_user(AccountId=mine, UserIdList=[ada["UserId"]])) == {
        ada["UserId"]: "NotFound"}
    again = root.chime.invite_users(AccountId=mine, UserEmailList=[ada["PrimaryEmail"]])["Invites"]
    assert again[0]["Status"] == "Pending"
    assert len(root.chime.list_users(AccountId=mine)["Users"]) == 2


# What is legal in a Team account.

def test_what_a_team_account_does_not_have(root, account, invite):
    mine = account()["AccountId"]
    (ada,) = invite(mine)
    for call in (root.chime.batch_unsuspend_user, root.chime.activate_users, root.chime.suspend_users):
        with refused("BadRequestException", 400, shape="BadRequestException"):
            call(AccountId=mine, UserIdList=[ada["UserId"]])
    with refused("BadRequestException", 400, shape="BadRequestException"):
        root.chime.create_user(
            AccountId=mine, Username="room", Email="room@example.com", UserType="SharedDevice")
    assert root.chime.get_user(AccountId=mine, UserId=ada["UserId"])["User"]["UserRegistrationStatus"] == "Unregistered"


# One user.

def test_logging_out_somebody_without_a_session(root, account, invite):
    mine = account()["AccountId"]
    (ada,) = invite(mine)
    answer = root.chime.logout_user(AccountId=mine, UserId=ada["UserId"])
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    with refused("NotFoundException", 404):
        root.chime.logout_user(AccountId=mine, UserId=NOWHERE)


def test_no_pin_before_registering(root, account, invite):
    mine = account()["AccountId"]
    (ada,) = invite(mine)
    with refused("BadRequestException", 400):
        root.chime.reset_personal_pin(AccountId=mine, UserId=ada["UserId"])
    with refused("NotFoundException", 404):
        root.chime.reset_personal_pin(AccountId=mine, UserId=NOWHERE)


def test_settings_of_a_user(root, account, invite):
    mine = account()["AccountId"]
    (ada,) = invite(mine)
    who = {"AccountId": mine, "UserId": ada["UserId"]}
    nothing = {"InboundCalling": False, "OutboundCalling": False, "SMS": False}
    assert root.chime.get_user_settings(**who)["UserSettings"] == {"Telephony": nothing}
    everything = {"InboundCalling": True, "OutboundCalling": True, "SMS": True}
    answer = root.chime.update_user_settings(**who, UserSettings={"Telephony": everything})
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert root.chime.get_user_settings(**who)["UserSettings"] == {"Telephony": everything}
    with refused("NotFoundException", 404):
        root.chime.get_user_settings(AccountId=mine, UserId=NOWHERE)
    for wrong in ({}, {"UserSettings": {}}, {"UserSettings": {"Telephony": {"InboundCalling": "yes"}}}):
        with refused("BadRequestException", 400):
            root.chime.update_user_settings(**who, **wrong)


def test_an_operation_nobody_knows_is_not_found(server, root, account):
    mine = account()["AccountId"]
    for method, path in (
        ("POST", f"/accounts/{mine}/users?operation=fly"), ("GET", f"/accounts/{mine}/users?operation=fly"),
        ("POST", f"/accounts/{mine}?operation=fly"), ("POST", f"/accounts/{mine}/users?operation="),
        ("POST", f"/accounts/{mine}/users/{NOWHERE}?operation=suspend"),
    ):
        answer = chime_request(ROOT, method, path, {}).to(server)
        assert (answer.status, answer.code) == (404, "NotFoundException"), (method, path, answer.body)


def test_without_mail_nothing_is_said_to_be_sent(new_server):
    server = new_server(with_mail=False)
    server.start()
    mine = server.root.chime.create_account(Name="Silent")["Account"]["AccountId"]
    (invite,) = server.root.chime.invite_users(AccountId=mine, UserEmailList=["ada@example.com"])["Invites"]
    assert invite["EmailStatus"] == "Failed"
    assert server.stop() == 0


# Across AWS accounts.

def test_one_address_belongs_to_one_person(root, account, invite):
    """Invited into a second account, the person is still one; each account sees only its own invitation."""
    mine, yours = account()["AccountId"], account()["AccountId"]
    (ada,) = invite(mine)
    invites = root.chime.invite_users(AccountId=yours, UserEmailList=[ada["PrimaryEmail"]])["Invites"]
    assert len(invites) == 1 and re.fullmatch("Pending|Failed", invites[0]["Status"])
    found = [
        one for holder in (mine, yours)
        for one in root.chime.list_users(AccountId=holder)["Users"] if one["PrimaryEmail"] == ada["PrimaryEmail"]
    ]
    assert len({one["UserId"] for one in found}) == len(found) >= 1
