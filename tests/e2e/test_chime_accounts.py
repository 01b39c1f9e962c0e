"""Chime accounts: the five actions of the table, settings, and `UpdateAccount` beyond it."""

import re
import time
import uuid

import pytest

from harness.aws import refused
from harness.raw import chime_request
from harness.server import ACCOUNT_ID, ROOT

NOWHERE = "00000000-0000-4000-8000-000000000000"


def is_v4(text):
    parsed = uuid.UUID(text)
    return parsed.version == 4 and str(parsed) == text


def test_an_account_as_made_and_as_read(root):
    made = root.chime.create_account(Name="Example Corp")["Account"]
    assert is_v4(made["AccountId"])
    assert abs(made["CreatedTimestamp"].timestamp() - time.time()) < 60
    assert {name: value for name, value in made.items() if name not in ("AccountId", "CreatedTimestamp")} == {
        "AwsAccountId": ACCOUNT_ID, "Name": "Example Corp", "AccountType": "Team", "DefaultLicense": "Pro",
        "SupportedLicenses": ["Basic", "Pro"], "AccountStatus": "Active", "SigninDelegateGroups": [],
    }
    assert root.chime.get_account(AccountId=made["AccountId"])["Account"] == made


def test_the_published_client_gets_the_same(root):
    made = root.public_chime.create_account(Name="Published")["Account"]
    assert root.public_chime.get_account(AccountId=made["AccountId"])["Account"] == made
    root.public_chime.delete_account(AccountId=made["AccountId"])


def test_the_form_of_the_answers(server):
    answer = chime_request(ROOT, "POST", "/accounts", {"Name": "On the wire", "Unknown": 1}).to(server)
    assert answer.status == 201
    assert answer.headers["content-type"] == "application/json"
    uuid.UUID(answer.headers["x-amzn-requestid"])
    made = answer.json["Account"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", made["CreatedTimestamp"])
    assert None not in made.values()
    answer = chime_request(ROOT, "DELETE", f"/accounts/{made['AccountId']}").to(server)
    assert (answer.status, answer.body) == (204, b"")
    answer = chime_request(ROOT, "GET", f"/accounts/{made['AccountId']}").to(server)
    assert answer.status == 404
    assert answer.headers["x-amzn-errortype"] == "NotFoundException"
    assert answer.json["Code"] == "NotFound" and answer.json["Message"]
    assert set(answer.json) == {"Code", "Message"}


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "\t"])
def test_names_that_are_refused(root, account, name):
    with refused("BadRequestException", 400, shape="BadRequestException"):
        root.chime.create_account(Name=name)
    mine = account()["AccountId"]
    with refused("BadRequestException", 400, shape="BadRequestException"):
        root.chime.update_account(AccountId=mine, Name=name)
    with refused("BadRequestException", 400):
        root.chime.rename_account(AccountId=mine, Name=name)


@pytest.mark.parametrize("name", ["x", "x" * 100, "é" * 100, " spaced ", "日本", "emoji 🎉", "<b>&\"'"])
def test_names_that_are_taken(root, name):
    assert root.chime.create_account(Name=name)["Account"]["Name"] == name


def test_a_name_must_be_there(server):
    for body in (None, {}, {"Name": None}, b"{}"):
        answer = chime_request(ROOT, "POST", "/accounts", body).to(server)
        assert (answer.status, answer.code) == (400, "BadRequestException"), answer.body
        assert answer.json["Code"] == "BadRequest"


@pytest.mark.parametrize("value", [7, True, ["x"], {"a": 1}])
def test_a_name_is_text(server, value):
    answer = chime_request(ROOT, "POST", "/accounts", {"Name": value}).to(server)
    assert (answer.status, answer.code) == (400, "BadRequestException")
    assert "Name" in answer.message or "name" in answer.message


def test_two_calls_make_two_accounts(root):
    one, two = (root.chime.create_account(Name="Same name")["Account"]["AccountId"] for _ in range(2))
    assert one != two


@pytest.mark.parametrize("identifier", [NOWHERE, "nothing", "ABCDEF00-0000-4000-8000-000000000000", "0", "' OR 1=1 --"])
def test_accounts_that_are_not_there(root, identifier):
    for call in (
        lambda: root.chime.get_account(AccountId=identifier),
        lambda: root.chime.delete_account(AccountId=identifier),
        lambda: root.chime.update_account(AccountId=identifier, Name="x"),
        lambda: root.chime.rename_account(AccountId=identifier, Name="x"),
        lambda: root.chime.get_account_settings(AccountId=identifier),
        lambda: root.chime.update_account_settings(AccountId=identifier, AccountSettings={"EnableDialOut": True}),
        lambda: root.chime.list_users(AccountId=identifier),
        lambda: root.chime.get_user(AccountId=identifier, UserId=NOWHERE),
        lambda: root.chime.get_user_by_email(AccountId=identifier, UserEmail="a@example.com"),
        lambda: root.chime.invite_users(AccountId=identifier, UserEmailList=["a@example.com"]),
        lambda: root.chime.batch_suspend_user(AccountId=identifier, UserIdList=[NOWHERE]),
        lambda: root.chime.suspend_users(AccountId=identifier, UserIdList=[NOWHERE]),
        lambda: root.chime.batch_unsuspend_user(AccountId=identifier, UserIdList=[NOWHERE]),
        lambda: root.chime.activate_users(AccountId=identifier, UserIdList=[NOWHERE]),
        lambda: root.chime.batch_update_user(
            AccountId=identifier, UpdateUserRequestItems=[{"UserId": NOWHERE, "LicenseType": "Pro"}]),
        lambda: root.chime.update_user_licenses(AccountId=identifier, UserIdList=[NOWHERE], LicenseType="Pro"),
        lambda: root.chime.logout_user(AccountId=identifier, UserId=NOWHERE),
        lambda: root.chime.reset_personal_pin(AccountId=identifier, UserId=NOWHERE),
        lambda: root.chime.update_user(AccountId=identifier, UserId=NOWHERE, LicenseType="Pro"),
        lambda: root.chime.get_user_settings(AccountId=identifier, UserId=NOWHERE),
    ):
        with refused("NotFoundException", 404, shape="NotFoundException"):
            call()


def test_renaming(root, account):
    mine = account("Before")
    assert root.chime.update_account(AccountId=mine["AccountId"], Name="After")["Account"] == mine | {"Name": "After"}
    assert root.chime.rename_account(AccountId=mine["AccountId"], Name="Last")["Account"] == mine | {"Name": "Last"}
    assert root.chime.get_account(AccountId=mine["AccountId"])["Account"]["Name"] == "Last"


def test_the_default_licence(root, account):
    mine = account()["AccountId"]
    assert root.chime.update_account(AccountId=mine, DefaultLicense="Basic")["Account"]["DefaultLicense"] == "Basic"
    for licence in ("Plus", "ProTrial", "Gold", ""):
        with refused("BadRequestException", 400):
            root.chime.update_account(AccountId=mine, DefaultLicense=licence)
    with refused("BadRequestException", 400):
        root.chime.update_account(AccountId=mine)
    assert root.chime.get_account(AccountId=mine)["Account"]["DefaultLicense"] == "Basic"


# Lists.

@pytest.fixture(scope="module")
def many(server, unique):
    """250 accounts with one prefix, oldest first."""
    prefix = unique("Many")
    return prefix, [
        server.root.chime.create_account(Name=f"{prefix} {number:03}")["Account"]["AccountId"] for number in range(250)]


@pytest.mark.parametrize("size", [1, 7, 100, 200])
def test_pages_of_accounts(root, many, size):
    prefix, accounts = many
    expected = accounts
    if size == 1:
        prefix, expected = f"{prefix} 00", accounts[:10]
    pages = list(root.public_chime.get_paginator("list_accounts").paginate(Name=prefix, PaginationConfig={"PageSize": size}))
    assert [one["AccountId"] for page in pages for one in page["Accounts"]] == expected
    assert all(len(page["Accounts"]) == size for page in pages[:-1])
    assert all("NextToken" in page for page in pages[:-1])
    assert "NextToken" not in pages[-1]


def test_a_page_has_a_hundred_by_default(root, many):
    assert len(root.chime.list_accounts(Name=many[0])["Accounts"]) == 100


@pytest.mark.parametrize("size", [0, 201, -1])
def test_pages_have_bounds(root, size):
    with refused("BadRequestException", 400, shape="BadRequestException"):
        root.chime.list_accounts(MaxResults=size)


def test_a_page_size_is_a_number(server):
    for text in ("ten", "1.5", "", "99999999999999999999"):
        answer = chime_request(ROOT, "GET", f"/accounts?max-results={text}").to(server)
        assert (answer.status, answer.code) == (400, "BadRequestException"), answer.body


def test_the_name_filter_is_a_prefix_without_case(root, many):
    prefix, accounts = many
    for name in (prefix.upper(), prefix.lower(), prefix + " 24"):
        found = [one["AccountId"] for one in root.chime.list_accounts(Name=name, MaxResults=200)["Accounts"]]
        assert found == (accounts[240:] if name.endswith("24") else accounts[:200])
    assert root.chime.list_accounts(Name="any " + prefix)["Accounts"] == []
    for pattern in (prefix + "%", prefix.replace("-", "_"), "%"):
        assert root.chime.list_accounts(Name=pattern)["Accounts"] == [], pattern


def test_a_token_is_for_its_list_alone(root, user, many):
    prefix, _ = many
    token = root.chime.list_accounts(Name=prefix, MaxResults=5)["NextToken"]
    middle = len(token) // 2
    damaged = token[:middle] + ("A" if token[middle] != "A" else "B") + token[middle + 1:]
    for call in (
        lambda: root.chime.list_accounts(Name=prefix, MaxResults=5, NextToken=damaged),
        lambda: root.chime.list_accounts(Name=prefix, MaxResults=5, NextToken="forged"),
        lambda: root.chime.list_accounts(Name=prefix + " 0", MaxResults=5, NextToken=token),
        lambda: root.chime.list_accounts(MaxResults=5, NextToken=token),
        lambda: root.chime.list_users(
            AccountId=root.chime.list_accounts(MaxResults=1)["Accounts"][0]["AccountId"], NextToken=token),
    ):
        with refused("BadRequestException", 400, shape="BadRequestException"):
            call()
    # Another size is the same list.
    assert len(root.chime.list_accounts(Name=prefix, MaxResults=200, NextToken=token)["Accounts"]) == 200


def test_a_person_finds_its_account(root, account, unique):
    mine = account()["AccountId"]
    address = f"{unique('ada')}@example.com"
    root.chime.invite_users(AccountId=mine, UserEmailList=[address])
    assert [one["AccountId"] for one in root.chime.list_accounts(UserEmail=address.upper())["Accounts"]] == [mine]
    assert root.chime.list_accounts(UserEmail="nobody@example.com")["Accounts"] == []
    assert root.chime.list_accounts(UserEmail=address, Name="Something else")["Accounts"] == []


# Deletion.

def test_deleting(root, account):
    mine = account("Short lived")["AccountId"]
    answer = root.chime.delete_account(AccountId=mine)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    for call in (root.chime.get_account, root.chime.delete_account, root.chime.list_users):
        with refused("NotFoundException", 404):
            call(AccountId=mine)
    assert mine not in [one["AccountId"] for one in root.chime.list_accounts(Name="Short lived")["Accounts"]]


def test_deleted_accounts_are_kept_and_shown_on_request(server, root, account):
    mine = account("Kept for ninety days")["AccountId"]
    root.chime.delete_account(AccountId=mine)
    answer = chime_request(
        ROOT, "GET", "/accounts?include-disabled=true&name=Kept%20for%20ninety%20days").to(server)
    (one,) = answer.json["Accounts"]
    assert one["AccountId"] == mine and one["AccountStatus"] == "Suspended"


def test_an_account_with_users_stays(root, account, unique):
    mine = account()["AccountId"]
    addresses = [f"{unique('u')}@example.com" for _ in range(2)]
    root.chime.invite_users(AccountId=mine, UserEmailList=addresses)
    with refused("UnprocessableEntityException", 422, re.compile(r"\b2\b"), shape="UnprocessableEntityException"):
        root.chime.delete_account(AccountId=mine)
    users = [one["UserId"] for one in root.chime.list_users(AccountId=mine)["Users"]]
    assert root.chime.batch_suspend_user(AccountId=mine, UserIdList=users)["UserErrors"] == []
    root.chime.delete_account(AccountId=mine)


# Settings.

def test_settings(root, account):
    mine = account()["AccountId"]
    get = lambda: root.chime.get_account_settings(AccountId=mine)["AccountSettings"]
    assert get() == {"DisableRemoteControl": False, "EnableDialOut": False}
    answer = root.chime.update_account_settings(AccountId=mine, AccountSettings={"EnableDialOut": True})
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert get() == {"DisableRemoteControl": False, "EnableDialOut": True}
    root.chime.update_account_settings(AccountId=mine, AccountSettings={"DisableRemoteControl": True})
    assert get() == {"DisableRemoteControl": True, "EnableDialOut": True}, "what is left out stays"
    root.chime.update_account_settings(
        AccountId=mine, AccountSettings={"DisableRemoteControl": False, "EnableDialOut": False})
    assert get() == {"DisableRemoteControl": False, "EnableDialOut": False}


def test_settings_that_are_refused(server, root, account):
    mine = account()["AccountId"]
    for body in ({}, {"AccountSettings": None}, {"AccountSettings": []}, {"AccountSettings": {"EnableDialOut": "yes"}},
                 {"AccountSettings": {"EnableDialOut": 1}}):
        answer = chime_request(ROOT, "PUT", f"/accounts/{mine}/settings", body).to(server)
        assert (answer.status, answer.code) == (400, "BadRequestException"), body
