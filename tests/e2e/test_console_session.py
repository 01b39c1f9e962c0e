"""The console's server side: who signs in, what a session is good for, and how it ends."""

import csv
import json
import pathlib
import time

import pytest

from harness.aws import document, not_allowed, policy
from harness.console import Console
from harness.server import ACCOUNT_ID, ROOT_EMAIL, ROOT_PASSWORD
from test_mfa import Device

PASSWORD, OTHER = "Correct-Horse-1", "Battery-Staple-2"
MANAGED = "arn:aws:iam::aws:policy/"
TABLE = list(csv.DictReader(open(pathlib.Path(__file__).parent / "data/actions.csv", newline="")))


@pytest.fixture
def person(root, user):
    """Makes IAM users who can sign in to the console."""

    def make(*documents, reset=False, **options):
        made = user(*documents, key=False, **options)
        root.iam.create_login_profile(UserName=made.name, Password=PASSWORD, PasswordResetRequired=reset)
        return made

    return make


@pytest.fixture
def console(server):
    return Console(server)


def signed_in(server, who, password=PASSWORD):
    console = Console(server)
    answer = console.sign_in(ACCOUNT_ID, who.name, password)
    assert answer.status == 200, answer
    return console


def recorded(server, is_it):
    """The event that is wanted; the file of the trail is written a moment after the answer."""
    for _ in range(50):
        if found := next(filter(is_it, server.audit_records()), None):
            return found
        time.sleep(0.1)
    raise AssertionError("no such event")


def test_whoever_is_signed_in_does_what_its_policies_allow(server, person, root):
    ada = person(attached=[MANAGED + "AmazonChimeFullAccess"])
    console = signed_in(server, ada)
    made = console.call("chime", "CreateAccount", Name="Console")
    assert made.status == 201, made
    account = made.json["Account"]
    assert console.call("chime", "GetAccount", AccountId=account["AccountId"]).json["Account"]["Name"] == "Console"
    listed = console.call("chime", "ListAccounts", MaxResults=1)
    assert len(listed.json["Accounts"]) == 1
    refused = console.call("iam", "ListUsers")
    assert (refused.status, refused.code) == (400, "AccessDeniedException")
    assert refused.json["message"] == not_allowed(ada.arn, "iam:ListUsers", f"arn:aws:iam::{ACCOUNT_ID}:user/")
    assert refused.headers["x-amzn-encoded-authorization-message"]


def test_each_service_answers_in_json(server, person):
    ada = person(attached=[MANAGED + "AdministratorAccess"])
    console = signed_in(server, ada)
    found = console.call("iam", "GetUser", UserName=ada.name)
    assert found.json["User"]["Arn"] == ada.arn
    assert console.call("sts", "GetCallerIdentity").json["Arn"] == ada.arn
    assert console.call("iam", "GetAccountSummary").json["SummaryMap"]["Users"] > 0
    assert console.call("cloudtrail", "LookupEvents", MaxResults=1).json["Events"]
    checked = console.call(
        "access-analyzer", "ValidatePolicy", policyDocument="{}", policyType="IDENTITY_POLICY")
    assert checked.json["findings"]
    deleted = console.call("iam", "DeleteUser", UserName="nobody")
    assert deleted.code == "NoSuchEntity", deleted
    introduced = console.call(
        "sts", "AssumeRoleWithWebIdentity", RoleArn=f"arn:aws:iam::{ACCOUNT_ID}:role/x", RoleSessionName="name",
        WebIdentityToken="token")
    assert introduced.code == "UnknownOperationException", "whoever is signed in is somebody already"
    for wrong in [("nothing", "ListUsers"), ("iam", "Nothing"), ("iam", ""), ("", "ListUsers")]:
        assert console.call(*wrong).code == "UnknownOperationException", wrong
    assert console.call("iam", "ListUsers", MaxItems="many").status == 400
    assert console.send("POST", "/console/api/iam/ListUsers", b"[" * 100).status == 400
    assert console.send("POST", "/console/api/iam", {}).status == 404


def test_the_trail_says_that_it_was_the_console(server, person):
    ada = person(attached=[MANAGED + "AmazonChimeReadOnly"])
    console = signed_in(server, ada)
    console.call("chime", "ListAccounts")
    event = recorded(server, lambda one: (
        one["eventName"] == "ListAccounts" and one["userIdentity"].get("userName") == ada.name))
    assert event["sessionCredentialFromConsole"] == "true"
    assert event["userIdentity"]["sessionContext"]["attributes"]["mfaAuthenticated"] == "false"
    assert event["userIdentity"]["accessKeyId"].startswith("ASIA")
    assert event["userAgent"] == "Mozilla/5.0 (test)"


def test_nobody_learns_what_was_wrong(server, person, console):
    ada = person()
    answers = [
        console.sign_in(ACCOUNT_ID, ada.name, OTHER),
        console.sign_in(ACCOUNT_ID, "nobody", PASSWORD),
        console.sign_in("999999999999", ada.name, PASSWORD),
        console.sign_in("no-such-alias", ada.name, PASSWORD),
        console.sign_in(ACCOUNT_ID, ada.name, PASSWORD[:-1]),
    ]
    assert {(answer.status, answer.body) for answer in answers} == {(401, answers[0].body)}
    assert console.cookie is None
    for form in [{}, {"account": ACCOUNT_ID}, {"account": 1, "password": "x"}, [], "x"]:
        assert console.send("POST", "/console/session", form).status == 400, form


def test_guessing_gets_slow(server, person, console):
    ada = person()
    answers = [console.sign_in(ACCOUNT_ID, ada.name, f"guess-{number}") for number in range(12)]
    assert {answer.status for answer in answers} == {401, 429}
    assert int(answers[-1].headers["Retry-After"]) >= 1


def test_the_cookie_is_for_this_server_alone(server, person, console):
    ada = person()
    answer = console.sign_in(ACCOUNT_ID, ada.name, PASSWORD)
    cookie = answer.headers["Set-Cookie"]
    assert "; HttpOnly" in cookie and "; SameSite=Strict" in cookie and "; Path=/" in cookie
    assert answer.headers["Cache-Control"] == "no-store"
    first = console.cookie
    console.sign_in(ACCOUNT_ID, ada.name, PASSWORD)
    assert console.cookie != first, "a cookie planted before is worth nothing"


def test_other_sites_and_bare_cookies_do_nothing(server, person):
    console = signed_in(server, person(attached=[MANAGED + "AmazonChimeFullAccess"]))
    make = ("POST", "/console/api/chime/CreateAccount", {"Name": "Forged"})
    assert console.send(*make, X_Carillon_Csrf=None).code == "CrossSite"
    assert console.send(*make, X_Carillon_Csrf="0" * 64).code == "CrossSite"
    assert console.send(*make, Sec_Fetch_Site="cross-site").code == "CrossSite"
    assert console.send(*make, Sec_Fetch_Site=None, Origin="https://evil.example").code == "CrossSite"
    assert console.send(*make, Sec_Fetch_Site=None, Origin=None).code == "CrossSite"
    assert console.send(*make, Cookie=None).code == "SignedOut"
    assert console.send(*make, Cookie="carillon-console=" + "x" * 43).code in ("SignedOut", "CrossSite")
    assert console.send("GET", "/console/api/chime/ListAccounts").status == 404
    other = Console(server)
    assert other.send("POST", "/console/session", {}, Sec_Fetch_Site="cross-site").code == "CrossSite"
    listed = console.call("chime", "ListAccounts", Name="Forged")
    assert listed.json["Accounts"] == []


def test_a_session_ends_when_it_is_ended(server, person):
    ada = person()
    here, there = signed_in(server, ada), signed_in(server, ada)
    sessions = here.send("GET", "/console/sessions").json["sessions"]
    assert [one["isThis"] for one in sessions].count(True) == 1 and len(sessions) == 2
    theirs = next(one["id"] for one in sessions if not one["isThis"])
    stranger = signed_in(server, person())
    assert stranger.send("DELETE", f"/console/sessions/{theirs}").status == 404
    assert there.call("sts", "GetCallerIdentity").status == 200
    assert here.send("DELETE", f"/console/sessions/{theirs}").status == 200
    assert there.call("sts", "GetCallerIdentity").code == "SignedOut"
    cookie = here.cookie
    assert here.send("DELETE", "/console/session").status == 200
    assert here.cookie is None
    assert here.send("GET", "/console/session", Cookie=cookie).code == "SignedOut"


def test_a_password_ends_sessions_and_a_deleted_user_has_none(server, root, person):
    ada, bob = person(), person()
    of_ada, of_bob = signed_in(server, ada), signed_in(server, bob)
    root.iam.update_login_profile(UserName=ada.name, Password=OTHER)
    assert of_ada.call("sts", "GetCallerIdentity").code == "SignedOut"
    root.iam.delete_login_profile(UserName=bob.name)
    root.iam.delete_user(UserName=bob.name)
    assert of_bob.call("sts", "GetCallerIdentity").code == "SignedOut"


def test_what_a_policy_takes_away_is_gone_at_once(server, root, person):
    ada = person(policy("chime:ListAccounts"))
    console = signed_in(server, ada)
    assert console.call("chime", "ListAccounts").status == 200
    root.iam.delete_user_policy(UserName=ada.name, PolicyName="inline-1")
    assert console.call("chime", "ListAccounts").code == "AccessDeniedException"


def test_another_password_comes_first(server, person, console):
    ada = person(policy("iam:ChangePassword", "chime:ListAccounts"), reset=True)
    answer = console.sign_in(ACCOUNT_ID, ada.name, PASSWORD)
    assert answer.json["mustChangePassword"] is True
    assert console.call("chime", "ListAccounts").code == "PasswordChangeRequired"
    assert console.send("PUT", "/console/role", {"roleArn": "arn:aws:iam::1:role/x"}).code == "PasswordChangeRequired"
    wrong = console.call("iam", "ChangePassword", OldPassword="Wrong-1", NewPassword=OTHER)
    assert wrong.status == 400
    assert console.call("chime", "ListAccounts").code == "PasswordChangeRequired"
    changed = console.call("iam", "ChangePassword", OldPassword=PASSWORD, NewPassword=OTHER)
    assert changed.status == 200, changed
    assert console.call("chime", "ListAccounts").status == 200
    assert console.send("GET", "/console/session").json["mustChangePassword"] is False
    assert signed_in(server, ada, OTHER)


def test_a_second_factor_is_asked_for_and_counts(server, root, person, unique, console):
    ada = person(policy("chime:ListAccounts", condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}}))
    device = Device(root.iam.create_virtual_mfa_device(VirtualMFADeviceName=unique("device"))["VirtualMFADevice"])
    device.with_codes(root.iam.enable_mfa_device, ada.name)
    assert console.sign_in(ACCOUNT_ID, ada.name, OTHER).code == "Refused"
    assert console.sign_in(ACCOUNT_ID, ada.name, PASSWORD).code == "SecondFactorWanted"
    assert console.sign_in(ACCOUNT_ID, ada.name, PASSWORD, device.wrong()).code == "Refused"
    assert console.cookie is None
    code = device.code(1)
    assert console.sign_in(ACCOUNT_ID, ada.name, PASSWORD, code).status == 200
    assert console.call("chime", "ListAccounts").status == 200
    assert Console(server).sign_in(ACCOUNT_ID, ada.name, PASSWORD, code).code == "Refused", "a code is good once"


def test_root_signs_in_by_address_or_number(new_server):
    server = new_server()
    server.start()
    for account in (ACCOUNT_ID, ROOT_EMAIL):
        console = Console(server)
        assert console.sign_in(account, None, ROOT_PASSWORD).status == 200
        identity = console.call("sts", "GetCallerIdentity").json
        assert identity["Arn"] == f"arn:aws:iam::{ACCOUNT_ID}:root"
        assert console.call("iam", "ListUsers").status == 200
    assert Console(server).sign_in("nobody@example.com", None, ROOT_PASSWORD).code == "Refused"
    assert Console(server).sign_in(ROOT_EMAIL, "ada", ROOT_PASSWORD).code == "Refused"


def test_an_alias_names_the_account(new_server):
    server = new_server()
    server.start()
    server.root.iam.create_account_alias(AccountAlias="example-corp")
    server.root.iam.create_user(UserName="ada")
    server.root.iam.create_login_profile(UserName="ada", Password=PASSWORD)
    assert Console(server).sign_in("example-corp", "ada", PASSWORD).status == 200


def test_roles_are_switched_to_and_back(server, root, person, unique):
    ada = person(policy("sts:AssumeRole"))
    trust = document({"Effect": "Allow", "Principal": {"AWS": ada.arn}, "Action": "sts:AssumeRole"})
    name = unique("role")
    role = root.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    root.iam.attach_role_policy(RoleName=name, PolicyArn=MANAGED + "AmazonChimeReadOnly")
    console = signed_in(server, ada)
    assert console.call("chime", "ListAccounts").code == "AccessDeniedException"
    switched = console.send("PUT", "/console/role", {"roleArn": role})
    assert switched.status == 200 and switched.json["role"]["arn"] == role, switched
    assert "SecretAccessKey" not in switched.body and "SessionToken" not in switched.body
    assert console.call("sts", "GetCallerIdentity").json["Arn"].endswith(f"assumed-role/{name}/{ada.name}")
    assert console.call("chime", "ListAccounts").status == 200
    back = console.send("DELETE", "/console/role")
    assert back.json["role"] is None
    assert console.call("chime", "ListAccounts").code == "AccessDeniedException"
    refused = console.send("PUT", "/console/role", {"roleArn": role + "-of-others"})
    assert refused.code == "AccessDenied" or refused.code == "AccessDeniedException", refused
    for expected in ("AssumeRole", "SwitchRole", "ExitRole"):
        assert recorded(server, lambda one: one["eventName"] == expected and name in json.dumps(one)), expected


@pytest.mark.parametrize("name, column", [
    ("FullAccess", "full_access"), ("UserManagement", "user_management"), ("ReadOnly", "read_only")])
def test_what_may_i_do_says_what_the_table_says(server, person, name, column):
    console = signed_in(server, person(attached=[MANAGED + "AmazonChime" + name]))
    answer = console.call("access-analyzer", "ListCallerPermissions")
    extents = {one["action"]: one["extent"] for one in answer.json["permissions"]}
    for row in TABLE:
        expected = "ALLOWED" if row[column] == "1" else "DENIED"
        assert extents["chime:" + row["action"]] == expected, row


def test_what_may_i_do_knows_when_it_depends(server, person, managed):
    own = policy("iam:GetUser", resource="arn:aws:iam::*:user/${aws:username}")
    # Denied is what is denied everywhere; a denial somewhere, or of some, is not the end of it.
    lists = policy("chime:List*", "chime:Get*", "chime:DeleteAccount")
    console = signed_in(server, person(
        own, lists, policy("chime:ListUsers", effect="Deny"),
        policy("chime:GetUser", effect="Deny", resource="arn:aws:chime::*:account/none"),
        policy("chime:GetAccount", effect="Deny", condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
        PermissionsBoundary=managed(policy("iam:*", "chime:List*", "chime:Get*"))))
    permissions = console.call("access-analyzer", "ListCallerPermissions").json["permissions"]
    extents = {one["action"]: one["extent"] for one in permissions}
    assert extents["iam:GetUser"] == "SOMETIMES"
    assert extents["iam:ListUsers"] == "DENIED"
    assert (extents["chime:ListAccounts"], extents["chime:ListUsers"]) == ("ALLOWED", "DENIED")
    assert extents["chime:GetUser"] != "DENIED" and extents["chime:GetAccount"] != "DENIED"
    assert extents["chime:DeleteAccount"] == "DENIED", "the boundary does not have it"
    assert extents["sts:GetCallerIdentity"] == "ALLOWED"


def test_scripts_that_sign_for_the_old_console_address_still_work(server, root):
    import boto3
    client = boto3.client(
        "chime", endpoint_url=server.endpoint + "/console", region_name="us-east-1",
        aws_access_key_id=root.credentials.key, aws_secret_access_key=root.credentials.secret)
    assert "Accounts" in client.list_accounts()
