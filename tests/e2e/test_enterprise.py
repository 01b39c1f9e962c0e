"""Enterprise accounts with the server's own sign-in (`EnterpriseLWA`): suspending, activating, and what an operator does.

The operator's commands claim the domains, on the data of the running server: how claims are proved is in `test_domains`.
"""

import pytest

from harness.aws import refused
from harness.mail import link_of
from harness.portal import Browser
from harness.server import carillon

PASSWORD = "correct horse battery 9"
NOWHERE = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def operate(server):
    """Runs one of the operator's commands on the data of the running server."""

    def run(*words, check=True):
        return carillon(
            "chime-account", *words, "--data", server.data, "--database", server.database,
            env={"HOME": str(server.folder)}, check=check)

    return run


@pytest.fixture
def company(server, root, account, unique, mail, operate):
    """An Enterprise account with a domain and registered people of it, each with a browser that is signed in."""

    def make(people=1):
        domain = f"{unique('corp')}.example.com"
        mine = account()["AccountId"]
        members = []
        for number in range(people):
            address = f"person{number}@{domain}"
            root.chime.invite_users(AccountId=mine, UserEmailList=[address])
            browser = Browser(server)
            browser.register(link_of(mail.wait_for(address)[-1]), PASSWORD)
            browser.sign_in(address, PASSWORD)
            assert browser.is_signed_in()
            members.append((root.chime.get_user_by_email(AccountId=mine, UserEmail=address)["User"], browser))
        operate("claim-domain", mine, domain)
        operate("set-type", mine, "EnterpriseLWA")
        assert root.chime.get_account(AccountId=mine)["Account"]["AccountType"] == "EnterpriseLWA"
        return mine, members

    return make


def status(root, mine, user):
    return root.chime.get_user(AccountId=mine, UserId=user["UserId"])["User"]["UserRegistrationStatus"]


PAIRS = [("batch_suspend_user", "batch_unsuspend_user"), ("suspend_users", "activate_users")]


@pytest.mark.parametrize("suspend, activate", PAIRS)
def test_suspending_and_activating(server, root, company, suspend, activate):
    mine, [(ada, hers), (bob, his)] = company(2)
    suspend, activate = getattr(root.chime, suspend), getattr(root.chime, activate)
    assert suspend(AccountId=mine, UserIdList=[ada["UserId"]])["UserErrors"] == []
    assert status(root, mine, ada) == "Suspended"
    assert not hers.is_signed_in(), "within one second"
    assert his.is_signed_in()
    again = Browser(server)
    again.sign_in(ada["PrimaryEmail"], PASSWORD)
    assert not again.is_signed_in()
    assert suspend(AccountId=mine, UserIdList=[ada["UserId"]])["UserErrors"] == [], "suspended already"
    # Its PIN stays, and can be made new.
    kept = root.chime.get_user(AccountId=mine, UserId=ada["UserId"])["User"]
    assert kept["PersonalPIN"] == ada["PersonalPIN"]
    assert activate(AccountId=mine, UserIdList=[ada["UserId"], bob["UserId"]])["UserErrors"] == []
    assert status(root, mine, ada) == status(root, mine, bob) == "Registered"
    assert not hers.is_signed_in(), "a session that ended stays ended"
    hers.sign_in(ada["PrimaryEmail"], PASSWORD)
    assert hers.is_signed_in()


@pytest.mark.parametrize("operation", ["batch_suspend_user", "batch_unsuspend_user", "suspend_users", "activate_users"])
def test_batches_of_an_enterprise(root, company, operation):
    mine, [(ada, _)] = company()
    call = getattr(root.chime, operation)
    for wrong in ([], [NOWHERE] * 51):
        with refused("BadRequestException", 400, shape="BadRequestException"):
            call(AccountId=mine, UserIdList=wrong)
    errors = call(AccountId=mine, UserIdList=[NOWHERE, ada["UserId"], ada["UserId"], "nothing"])["UserErrors"]
    assert [(one["UserId"], one["ErrorCode"]) for one in errors] == [
        (NOWHERE, "NotFound"), (ada["UserId"], "BadRequest"), ("nothing", "NotFound")]


def test_an_enterprise_does_not_invite(root, company):
    mine, _ = company()
    with refused("BadRequestException", 400, shape="BadRequestException"):
        root.chime.invite_users(AccountId=mine, UserEmailList=["somebody@example.com"])


def test_a_claimed_domain_is_not_invited_elsewhere(root, company, account, mail):
    mine, [(ada, _)] = company()
    stranger = "stranger@" + ada["PrimaryEmail"].partition("@")[2]
    (invite,) = root.chime.invite_users(
        AccountId=account()["AccountId"], UserEmailList=[stranger])["Invites"]
    assert (invite["Status"], invite["EmailStatus"]) == ("Failed", "NotSent")
    assert mail.to(stranger) == []


def test_an_enterprise_with_a_domain_stays(root, company, operate):
    mine, [(ada, _)] = company()
    with refused("UnprocessableEntityException", 422, shape="UnprocessableEntityException"):
        root.chime.delete_account(AccountId=mine)
    operate("release-domain", mine, ada["PrimaryEmail"].partition("@")[2])
    root.chime.delete_account(AccountId=mine)


def test_a_domain_that_is_given_up_releases_its_people(server, root, company, operate):
    mine, [(ada, hers), (bob, _)] = company(2)
    root.chime.suspend_users(AccountId=mine, UserIdList=[bob["UserId"]])
    operate("release-domain", mine, ada["PrimaryEmail"].partition("@")[2])
    assert status(root, mine, ada) == "Released"
    assert status(root, mine, bob) == "Suspended"
    assert not hers.is_signed_in()
    hers.sign_in(ada["PrimaryEmail"], PASSWORD)
    assert not hers.is_signed_in()


@pytest.mark.parametrize("kind", ["EnterpriseDirectory", "EnterpriseOIDC"])
def test_what_a_directory_decides_is_not_decided_here(root, company, operate, kind):
    mine, [(ada, _)] = company()
    operate("set-type", mine, kind)
    ids = {"AccountId": mine, "UserIdList": [ada["UserId"]]}
    for call in (root.chime.batch_suspend_user, root.chime.batch_unsuspend_user, root.chime.suspend_users,
                 root.chime.activate_users, lambda **who: root.chime.update_user_licenses(LicenseType="Basic", **who)):
        with refused("BadRequestException", 400, shape="BadRequestException"):
            call(**ids)
    with refused("BadRequestException", 400):
        root.chime.invite_users(AccountId=mine, UserEmailList=["somebody@example.com"])
    (error,) = root.chime.batch_update_user(
        AccountId=mine, UpdateUserRequestItems=[{"UserId": ada["UserId"], "LicenseType": "Basic"}])["UserErrors"]
    assert error["ErrorCode"] == "BadRequest"


def test_shared_devices(root, company, unique):
    mine, [(ada, _)] = company()
    address = f"room-{unique('x')}@" + ada["PrimaryEmail"].partition("@")[2]
    answer = root.chime.create_user(AccountId=mine, Username="Room 1", Email=address, UserType="SharedDevice")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 201
    room = answer["User"]
    assert room["UserType"] == "SharedDevice" and room["UserRegistrationStatus"] == "Registered"
    assert "PersonalPIN" not in root.chime.get_user(AccountId=mine, UserId=room["UserId"])["User"]
    assert [one["UserId"] for one in root.chime.list_users(AccountId=mine, UserType="SharedDevice")["Users"]] == [room["UserId"]]
    with refused("ConflictException", 409, shape="ConflictException"):
        root.chime.create_user(AccountId=mine, Username="Room 2", Email=address, UserType="SharedDevice")
    with refused("BadRequestException", 400):
        root.chime.reset_personal_pin(AccountId=mine, UserId=room["UserId"])


# What only an operator does to an account.

def test_a_suspended_account_is_read_and_nothing_else(server, root, company, operate):
    mine, [(ada, hers)] = company()
    operate("set-status", mine, "Suspended")
    assert root.chime.get_account(AccountId=mine)["Account"]["AccountStatus"] == "Suspended"
    root.chime.list_users(AccountId=mine)
    root.chime.get_account_settings(AccountId=mine)
    for call in (
        lambda: root.chime.update_account(AccountId=mine, Name="No"),
        lambda: root.chime.update_account_settings(AccountId=mine, AccountSettings={"EnableDialOut": True}),
        lambda: root.chime.suspend_users(AccountId=mine, UserIdList=[ada["UserId"]]),
        lambda: root.chime.reset_personal_pin(AccountId=mine, UserId=ada["UserId"]),
        lambda: root.chime.logout_user(AccountId=mine, UserId=ada["UserId"]),
    ):
        with refused("ForbiddenException", 403, shape="ForbiddenException"):
            call()
    assert not hers.is_signed_in()
    again = Browser(server)
    again.sign_in(ada["PrimaryEmail"], PASSWORD)
    assert not again.is_signed_in()
    operate("set-status", mine, "Active")
    again.sign_in(ada["PrimaryEmail"], PASSWORD)
    assert again.is_signed_in()


def test_an_operator_brings_a_deleted_account_back(root, account, operate):
    mine = account("Deleted by mistake")["AccountId"]
    root.chime.delete_account(AccountId=mine)
    operate("set-status", mine, "Active")
    assert root.chime.get_account(AccountId=mine)["Account"]["AccountStatus"] == "Active"


def test_an_operator_is_told_what_is_not_there(operate):
    for words in (("set-status", NOWHERE, "Active"), ("set-type", NOWHERE, "Team"), ("claim-domain", NOWHERE, "x.example.com")):
        done = operate(*words, check=False)
        assert done.returncode not in (0, 101) and NOWHERE in done.stderr, done
    assert operate("set-type", NOWHERE, "Nothing", check=False).returncode == 2
