"""Chime accounts that a partner's AWS account lends to its customer's.

The customer is the AWS account of the server's root, the partner another one.
"""

import datetime
import json
import re

import pytest

from harness.aws import Credentials, Principal, policy, refused
from harness.mail import text_of
from harness.raw import chime_request, now
from harness.server import ACCOUNT_ID, carillon

MANAGED = "arn:aws:iam::aws:policy/AmazonChime"
FORBIDDEN = {"code": "ForbiddenException", "status": 403, "shape": "ForbiddenException"}


def another_account(server, name):
    printed = carillon(
        "account", "create", "--data", server.data, "--database", server.database, "--name", name,
        env={"HOME": str(server.folder)}).stdout
    key = re.search(r"AKIA[A-Z2-7]{16}", printed)[0]
    secret = re.search(r"(?<![A-Za-z0-9/+])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])", printed)[0]
    one = Principal(server, Credentials(key, secret))
    one.account = one.sts.get_caller_identity()["Account"]
    return one


@pytest.fixture(scope="module")
def partner(server):
    return another_account(server, "Partner & <Sons>")


@pytest.fixture(scope="module")
def third(server):
    return another_account(server, "Third")


@pytest.fixture
def invite(mail, unique):
    """Invites on the partner's behalf: the delegation, the token of its mail, and the mail."""

    def make(partner, account, **options):
        to = f"{unique('it')}@customer.example"
        delegate = partner.chime.invite_delegate(AccountId=account, Email=to, **options)["Delegate"]
        (message,) = mail.wait_for(to)
        token = re.search(r"--invitation-token (\S+)", text_of(message))[1]
        return delegate, token, message

    return make


@pytest.fixture
def lend(partner, root, invite, unique):
    """A new account of the partner's that the customer administers, and the identifier of the delegation."""

    def make(**options):
        account = partner.chime.create_account(Name=unique("Lent"))["Account"]["AccountId"]
        delegate, token, _ = invite(partner, account, **options)
        root.chime.accept_delegate(InvitationToken=token)
        return account, delegate["DelegateId"]

    return make


def trail(principal, account, name):
    """The records of one operation on an account, the newest first."""
    found = principal.cloudtrail.lookup_events(
        LookupAttributes=[{"AttributeKey": "ResourceName", "AttributeValue": account}])["Events"]
    records = [json.loads(one["CloudTrailEvent"]) for one in found]
    return [one for one in records if one["eventName"] == name]


def test_from_the_invitation_to_the_end(server, partner, root, third, invite, user, mail):
    account = partner.chime.create_account(Name="Pies")["Account"]["AccountId"]
    delegate, token, message = invite(partner, account, Reason="contract 4711")
    assert (delegate["Status"], delegate["OwnerAwsAccountId"]) == ("Pending", partner.account)
    assert "Partner & <Sons>" in text_of(message) and "contract 4711" in text_of(message)
    assert "Partner &amp; &lt;Sons&gt;" in text_of(message, "html")
    shown = root.chime.validate_delegate(InvitationToken=token)
    assert (shown["AccountName"], shown["OwnerAwsAccountId"]) == ("Pies", partner.account)
    with refused("NotFoundException", 404, shape="NotFoundException"):
        root.chime.get_account(AccountId=account)
    with refused(**FORBIDDEN):
        partner.chime.accept_delegate(InvitationToken=token)
    # The command of the mail, by somebody who has only the table's permission.
    clerk = user(policy("chime:AcceptDelegate"))
    command = re.search(r"aws (chime accept-delegate .*)", text_of(message))[1].split()
    accepted = clerk.cli(*command, model_folder=server.models())
    assert accepted["Delegate"]["DelegateAwsAccountId"] == ACCOUNT_ID
    assert accepted["Account"]["AwsAccountId"] == partner.account
    with refused("NotFoundException", 404):
        third.chime.accept_delegate(InvitationToken=token)

    listed = [one["AccountId"] for one in root.chime.list_accounts()["Accounts"]]
    assert account in listed
    assert account not in [one["AccountId"] for one in third.chime.list_accounts()["Accounts"]]
    for call in (third.chime.get_account, third.chime.list_delegates, third.chime.list_users):
        with refused("NotFoundException", 404):
            call(AccountId=account)
    (own,) = root.chime.list_delegates(AccountId=account)["Delegates"]
    (theirs,) = partner.chime.list_delegates(AccountId=account)["Delegates"]
    assert own["DelegateId"] == theirs["DelegateId"] == delegate["DelegateId"]

    partner.chime.delete_delegate(AccountId=account, DelegateId=delegate["DelegateId"])
    with refused("NotFoundException", 404):
        root.chime.get_account(AccountId=account)
    assert account not in [one["AccountId"] for one in root.chime.list_accounts()["Accounts"]]
    told = mail.wait_for(message["To"], 3)
    assert "no longer administers" in told[-1]["Subject"]


def test_own_policies_decide(lend, root, user):
    account, own = lend()
    of = {name: user(attached=[MANAGED + name]).chime for name in ("FullAccess", "UserManagement", "ReadOnly")}
    nobody = user().chime
    for chime in of.values():
        assert chime.get_account(AccountId=account)["Account"]["AccountId"] == account
        assert [one["DelegateId"] for one in chime.list_delegates(AccountId=account)["Delegates"]] == [own]
    of["UserManagement"].invite_users(AccountId=account, UserEmailList=["ada@example.com"])
    of["FullAccess"].rename_account(AccountId=account, Name="Cakes")
    for chime, call in (
        (of["ReadOnly"], lambda chime: chime.invite_users(AccountId=account, UserEmailList=["a@example.com"])),
        (of["UserManagement"], lambda chime: chime.rename_account(AccountId=account, Name="x")),
        (of["UserManagement"], lambda chime: chime.delete_delegate(AccountId=account, DelegateId=own)),
        (nobody, lambda chime: chime.get_account(AccountId=account)),
    ):
        with refused("AccessDeniedException", 403, re.compile("because no identity-based policy allows")):
            call(chime)
    # Allowed by every policy, and still not a delegate's to do.
    chime = of["FullAccess"]
    for call in (
        lambda: chime.delete_account(AccountId=account),
        lambda: chime.invite_delegate(AccountId=account, Email="eve@example.com"),
        lambda: chime.renew_delegate(AccountId=account, DelegateId=own),
    ):
        with refused(**FORBIDDEN):
            call()
    chime.delete_delegate(AccountId=account, DelegateId=own)
    with refused("NotFoundException", 404):
        of["ReadOnly"].get_account(AccountId=account)


def test_a_boundary_limits_everybody_of_the_customer(lend, partner, root, user):
    account, own = lend(BoundaryPolicy=policy("chime:GetAccount", "chime:ListUsers", Sid="OnlyThese"))
    clerk = user(attached=[MANAGED + "FullAccess"])
    for one in (root, clerk):
        one.chime.get_account(AccountId=account)
        with refused("AccessDeniedException", 403, re.compile(
                "because no resource-based policy allows the chime:GetAccountSettings action")):
            one.chime.get_account_settings(AccountId=account)
    (shown,) = clerk.chime.list_delegates(AccountId=account)["Delegates"]
    assert shown["HasBoundaryPolicy"] and "BoundaryPolicy" not in shown
    (record, *_) = trail(root, account, "GetAccountSettings")
    assert "OnlyThese" not in json.dumps(record)
    (copy, *_) = trail(partner, account, "GetAccountSettings")
    assert copy["additionalEventData"]["authorization"]["missing"] == "resource-based policy"
    # The refusal is explained without the text.
    done = clerk.server.root.cli(
        "accessanalyzer", "explain-request", "--request-id", record["requestID"], model_folder=clerk.server.models(),
        check=False)
    if done.returncode == 0:
        explained = json.loads(done.stdout)
        assert explained["decision"] == "implicitDeny" and "OnlyThese" not in done.stdout
        assert "the resource does not" in explained["explanationText"]
    partner.chime.get_account_settings(AccountId=account)
    clerk.chime.delete_delegate(AccountId=account, DelegateId=own)


def test_both_trails_tell_what_the_delegate_did(lend, partner, root, user, third):
    account, own = lend()
    clerk = user(attached=[MANAGED + "FullAccess"])
    clerk.chime.rename_account(AccountId=account, Name="Cakes")
    with refused(**FORBIDDEN):
        clerk.chime.delete_account(AccountId=account)
    mark = {"delegation": {"delegateId": own, "awsAccountId": ACCOUNT_ID}}
    for name in ("RenameAccount", "DeleteAccount"):
        (mine,), (theirs,) = trail(root, account, name), trail(partner, account, name)
        assert mine["sharedEventID"] == theirs["sharedEventID"] and mine["eventID"] != theirs["eventID"]
        assert (mine["userIdentity"]["userName"], mine["recipientAccountId"]) == (clerk.name, ACCOUNT_ID)
        identity = theirs["userIdentity"]
        assert (identity["type"], identity["accountId"]) == ("AWSAccount", ACCOUNT_ID)
        assert not {"arn", "userName", "accessKeyId"} & set(identity)
        assert theirs["additionalEventData"] == mark
        assert "delegation" not in mine["additionalEventData"]
    assert trail(third, account, "RenameAccount") == []


def test_bad_invitations(partner, unique):
    account = partner.chime.create_account(Name=unique("Lent"))["Account"]["AccountId"]
    to = "it@customer.example"
    for options in (
        {"Email": "it@customer.example\r\nBcc: eve@example.com"},
        {"Email": to, "BoundaryPolicy": "{}"},
        {"Email": to, "BoundaryPolicy": policy("chime:*", Principal="*")},
        {"Email": to, "EndTimestamp": "2020-01-01T00:00:00Z"},
        {"Email": to, "Reason": " "},
    ):
        with refused("BadRequestException", 400, shape="BadRequestException"):
            partner.chime.invite_delegate(AccountId=account, **options)


def test_invitations_and_delegations_end_by_themselves(new_server, mail, unique, wait_until):
    server = new_server()
    server.start()
    partner, root = another_account(server, "Partner"), server.root
    account = partner.chime.create_account(Name="Pies")["Account"]["AccountId"]
    end = (now() + datetime.timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def token(**options):
        to = f"{unique('it')}@customer.example"
        partner.chime.invite_delegate(AccountId=account, Email=to, **options)
        return re.search(r"--invitation-token (\S+)", text_of(mail.wait_for(to)[0]))[1]

    forgotten = token()
    root.chime.accept_delegate(InvitationToken=token(EndTimestamp=end))

    def at(method, path, body=None, who=root, **ahead):
        request = chime_request(who.credentials, method, path, body)
        request.moment = now() + datetime.timedelta(**ahead)
        return request.to(server)

    server.restart_later(hours=47)
    assert at("GET", f"/accounts/{account}", hours=47).status == 200
    server.restart_later(hours=49)
    assert at("GET", f"/accounts/{account}", hours=49).status == 404
    wait_until(lambda: len(at("GET", f"/accounts/{account}/delegates", who=partner, hours=49).json["Delegates"]) == 1)
    server.restart_later(days=8)
    (left,) = at("GET", f"/accounts/{account}/delegates", who=partner, days=8).json["Delegates"]
    assert left["Status"] == "Expired"
    answer = at("POST", "/delegates?operation=accept", {"InvitationToken": forgotten}, days=8)
    assert (answer.status, answer.code) == (409, "ConflictException")


def test_the_second_version_of_full_access_has_what_is_beyond_the_table(root):
    def actions(version):
        answer = root.cli(
            "iam", "get-policy-version", "--policy-arn", MANAGED + "FullAccess", "--version-id", version)
        return answer["PolicyVersion"]["Document"]["Statement"][0]["Action"]

    first, second = actions("v1"), actions("v2")
    beyond = {"chime:InviteDelegate", "chime:RenewDelegate", "chime:ValidateDelegate", "chime:ListSupportRequests",
              "chime:GetSupportRequest"}
    assert len(first) == 84 and not beyond & set(first)
    assert beyond <= set(second) and set(first) <= set(second)
