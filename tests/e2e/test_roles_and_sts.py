"""Roles, trust, and the temporary credentials that STS gives."""

import datetime
import re

import pytest

from harness.aws import Credentials, Principal, document, not_allowed, policy, refused, trust, with_place
from harness.server import ACCOUNT_ID, carillon


def cannot_assume(arn, role):
    return f"User: {arn} is not authorized to perform: sts:AssumeRole on resource: {role}"


# Roles.

def test_a_role_as_made_and_as_read(root, unique):
    name = unique("Role")
    made = root.iam.create_role(
        RoleName=name, Path="/service/", AssumeRolePolicyDocument=trust({"AWS": ACCOUNT_ID}), Description="Helps",
        MaxSessionDuration=7200, Tags=[{"Key": "a", "Value": "b"}])["Role"]
    assert re.fullmatch(r"AROA[A-Z2-7]{17}", made["RoleId"])
    assert made["Arn"] == f"arn:aws:iam::{ACCOUNT_ID}:role/service/{name}"
    got = root.iam.get_role(RoleName=name)["Role"]
    assert got["Description"] == "Helps" and got["MaxSessionDuration"] == 7200
    assert got["Tags"] == [{"Key": "a", "Value": "b"}]
    assert got["AssumeRolePolicyDocument"]["Statement"][0]["Effect"] == "Allow"
    root.iam.update_role(RoleName=name, Description="Helps more", MaxSessionDuration=3600)
    got = root.iam.get_role(RoleName=name)["Role"]
    assert got["Description"] == "Helps more" and got["MaxSessionDuration"] == 3600
    root.iam.update_role_description(RoleName=name, Description="Helps most")
    assert root.iam.get_role(RoleName=name)["Role"]["Description"] == "Helps most"
    (listed,) = root.iam.list_roles(PathPrefix="/service/")["Roles"]
    assert listed["RoleName"] == name and "Tags" not in listed
    with refused("EntityAlreadyExists", 409, f"Role with name {name.upper()} already exists."):
        root.iam.create_role(RoleName=name.upper(), AssumeRolePolicyDocument=trust({"AWS": ACCOUNT_ID}))
    root.iam.tag_role(RoleName=name, Tags=[{"Key": "c", "Value": "d"}])
    root.iam.untag_role(RoleName=name, TagKeys=["a"])
    assert root.iam.list_role_tags(RoleName=name)["Tags"] == [{"Key": "c", "Value": "d"}]


def test_roles_that_are_not_there(root):
    for call in (
        lambda: root.iam.get_role(RoleName="nothing"),
        lambda: root.iam.delete_role(RoleName="nothing"),
        lambda: root.iam.update_role(RoleName="nothing"),
        lambda: root.iam.update_assume_role_policy(
            RoleName="nothing", PolicyDocument=trust({"AWS": ACCOUNT_ID})),
        lambda: root.iam.list_role_policies(RoleName="nothing"),
        lambda: root.iam.list_attached_role_policies(RoleName="nothing"),
    ):
        with refused("NoSuchEntity", 404, "The role with name nothing cannot be found."):
            call()


def test_a_role_goes_only_when_empty(root, role, managed):
    arn = managed()
    name = role(policy("chime:*"), attached=[arn]).rpartition("/")[2]
    with refused("DeleteConflict", 409, re.compile("^Cannot delete entity, must (detach all policies|delete policies) first.$")):
        root.iam.delete_role(RoleName=name)
    root.iam.detach_role_policy(RoleName=name, PolicyArn=arn)
    with refused("DeleteConflict", 409, "Cannot delete entity, must delete policies first."):
        root.iam.delete_role(RoleName=name)
    root.iam.delete_role_policy(RoleName=name, PolicyName="inline-1")
    root.iam.delete_role(RoleName=name)


def test_listing_roles_by_pages(root, unique, role):
    path = f"/{unique('path')}/"
    names = sorted(role(Path=path).rpartition("/")[2] for _ in range(3))
    pages = root.iam.get_paginator("list_roles").paginate(PathPrefix=path, PaginationConfig={"PageSize": 1})
    assert [one["RoleName"] for page in pages for one in page["Roles"]] == names


@pytest.mark.parametrize("duration", [3599, 43201])
def test_a_role_has_bounds_of_duration(root, unique, duration):
    with refused("ValidationError", 400, re.compile("at 'maxSessionDuration' failed to satisfy constraint")):
        root.iam.create_role(
            RoleName=unique("role"), AssumeRolePolicyDocument=trust({"AWS": ACCOUNT_ID}), MaxSessionDuration=duration)


@pytest.mark.parametrize("text, message", [
    (document({"Effect": "Allow", "Principal": {"AWS": ACCOUNT_ID}, "Action": "sts:AssumeRole", "Resource": "*"}),
     with_place("Has prohibited field Resource")),
    (document({"Effect": "Allow", "Principal": {"AWS": ACCOUNT_ID}, "Action": "chime:ListAccounts"}),
     with_place("AssumeRole policy may only specify STS AssumeRole actions.")),
    (trust({"AWS": f"arn:aws:iam::{ACCOUNT_ID}:user/nobody-at-all"}),
     f'Invalid principal in policy: "AWS":"arn:aws:iam::{ACCOUNT_ID}:user/nobody-at-all"'),
    (trust({"AWS": f"arn:aws:iam::{ACCOUNT_ID}:user/a*"}),
     with_place(f'Invalid principal in policy: "AWS":"arn:aws:iam::{ACCOUNT_ID}:user/a*"')),
    ("not json", re.compile(".")),
], ids=["resource", "another action", "a stranger", "a pattern", "no JSON"])
def test_trust_policies_that_are_refused(root, unique, role, text, message):
    with refused("MalformedPolicyDocument", 400, message, shape="MalformedPolicyDocumentException"):
        root.iam.create_role(RoleName=unique("role"), AssumeRolePolicyDocument=text)
    name = role().rpartition("/")[2]
    with refused("MalformedPolicyDocument", 400, message):
        root.iam.update_assume_role_policy(RoleName=name, PolicyDocument=text)


def test_a_trusted_user_stays_that_user(root, user, role):
    """Trust names whoever it was when it was written; a namesake is somebody else."""
    ada = user()
    arn = role(trusted=trust({"AWS": ada.arn}))
    name = arn.rpartition("/")[2]
    shown = lambda: root.iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]
    assert shown() == {"AWS": ada.arn}
    ada.assume(arn)
    root.iam.delete_access_key(UserName=ada.name, AccessKeyId=ada.credentials.key)
    root.iam.delete_user(UserName=ada.name)
    assert shown() == {"AWS": ada.id}
    namesake = user(name=ada.name)
    assert shown() == {"AWS": ada.id}
    with refused("AccessDenied", 403, cannot_assume(namesake.arn, arn)):
        namesake.assume(arn)


# AssumeRole.

def test_assuming_a_role(root, user, role):
    ada = user(policy("sts:AssumeRole"))
    arn = role(policy("chime:ListAccounts"))
    answer = ada.sts.assume_role(RoleArn=arn, RoleSessionName="helpdesk", DurationSeconds=900)
    role_id = root.iam.get_role(RoleName=arn.rpartition("/")[2])["Role"]["RoleId"]
    assert answer["AssumedRoleUser"] == {
        "AssumedRoleId": f"{role_id}:helpdesk",
        "Arn": f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/{arn.rpartition('/')[2]}/helpdesk",
    }
    assert re.fullmatch(r"ASIA[A-Z2-7]{16}", answer["Credentials"]["AccessKeyId"])
    left = answer["Credentials"]["Expiration"] - datetime.datetime.now(datetime.UTC)
    assert 880 < left.total_seconds() <= 901
    session = Principal(root.server, Credentials.of(answer["Credentials"]), arn=answer["AssumedRoleUser"]["Arn"])
    identity = session.sts.get_caller_identity()
    assert identity["Arn"] == session.arn
    assert identity["UserId"] == f"{role_id}:helpdesk"
    session.chime.list_accounts()
    with refused("AccessDeniedException", 403, not_allowed(session.arn, "chime:CreateAccount")):
        session.chime.create_account(Name="No")
    # The user itself has none of it.
    with refused("AccessDeniedException", 403):
        ada.chime.list_accounts()


def test_trust_by_name_needs_no_permission(user, role):
    ada, bob = user(), user(policy("sts:AssumeRole"))
    arn = role(trusted=trust({"AWS": ada.arn}))
    ada.assume(arn)
    with refused("AccessDenied", 403, cannot_assume(bob.arn, arn)):
        bob.assume(arn)


def test_trust_in_the_account_needs_permission(user, role):
    arn = role()
    narrow = user(policy("sts:AssumeRole", resource=arn))
    narrow.assume(arn)
    nobody = user()
    with refused("AccessDenied", 403, re.compile("^" + re.escape(cannot_assume(nobody.arn, arn)))):
        nobody.assume(arn)
    elsewhere = user(policy("sts:AssumeRole", resource=arn + "x"))
    with refused("AccessDenied", 403, re.compile("^" + re.escape(cannot_assume(elsewhere.arn, arn)))):
        elsewhere.assume(arn)


def test_a_role_that_is_not_there_looks_like_one_that_does_not_trust(user, role):
    ada = user(policy("sts:AssumeRole"))
    bob = user()
    untrusting = role(trusted=trust({"AWS": bob.arn}))
    for arn in (untrusting, f"arn:aws:iam::{ACCOUNT_ID}:role/nothing-here", "arn:aws:iam::999999999999:role/elsewhere"):
        with refused("AccessDenied", 403, cannot_assume(ada.arn, arn)):
            ada.assume(arn)


def test_trust_can_be_withdrawn(root, user, role):
    ada, bob = user(policy("sts:AssumeRole")), user()
    arn = role(policy("chime:ListAccounts"))
    session = ada.assume(arn)
    root.iam.update_assume_role_policy(RoleName=arn.rpartition("/")[2], PolicyDocument=trust({"AWS": bob.arn}))
    with refused("AccessDenied"):
        ada.assume(arn)
    session.chime.list_accounts()  # a session that exists goes on …
    root.iam.delete_role_policy(RoleName=arn.rpartition("/")[2], PolicyName="inline-1")
    with refused("AccessDeniedException"):
        session.chime.list_accounts()  # … with what its role may do now


def test_sessions_end_with_their_role(root, user, role):
    ada = user(policy("sts:AssumeRole"))
    arn = role()
    session = ada.assume(arn)
    root.iam.delete_role(RoleName=arn.rpartition("/")[2])
    with pytest.raises(session.chime.exceptions.ClientError) as caught:
        session.chime.list_accounts()
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_an_external_id(user, role):
    ada = user(policy("sts:AssumeRole"))
    arn = role(trusted=trust(
        {"AWS": ACCOUNT_ID}, Condition={"StringEquals": {"sts:ExternalId": "secret-handshake"}}))
    ada.assume(arn, ExternalId="secret-handshake")
    for wrong in ({}, {"ExternalId": "something-else"}):
        with refused("AccessDenied", 403, re.compile("^" + re.escape(cannot_assume(ada.arn, arn)))):
            ada.assume(arn, **wrong)


def test_session_names_in_trust(user, role):
    ada = user(policy("sts:AssumeRole"))
    arn = role(trusted=trust(
        {"AWS": ACCOUNT_ID}, Condition={"StringEquals": {"sts:RoleSessionName": "${aws:username}"}}))
    ada.assume(arn, ada.name)
    with refused("AccessDenied"):
        ada.assume(arn, "somebody-else")


@pytest.mark.parametrize("name", ["a", "x" * 65, "two words", "sla/sh"])
def test_session_names_have_a_form(user, role, name):
    ada = user(policy("sts:AssumeRole"))
    with refused("ValidationError", 400, re.compile("at 'roleSessionName' failed to satisfy constraint")):
        ada.assume(role(), name)


def test_sessions_have_bounds_of_duration(user, role):
    ada = user(policy("sts:AssumeRole"))
    arn = role(MaxSessionDuration=7200)
    ada.assume(arn, DurationSeconds=7200)
    with refused("ValidationError", 400, "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."):
        ada.assume(arn, DurationSeconds=7201)
    for seconds in (899, 43201):
        with refused("ValidationError", 400, re.compile("at 'durationSeconds' failed to satisfy constraint: Member must have value")):
            ada.assume(arn, DurationSeconds=seconds)


def test_a_chained_session_lasts_an_hour(user, role):
    ada = user(policy("sts:AssumeRole"))
    first, second = role(policy("sts:AssumeRole")), role(policy("chime:ListAccounts"), MaxSessionDuration=7200)
    session = ada.assume(first)
    again = session.assume(second, "chained", DurationSeconds=3600)
    again.chime.list_accounts()
    with refused("ValidationError", 400):
        session.assume(second, "chained", DurationSeconds=3601)


def test_root_assumes_nothing(root, role):
    with refused("AccessDenied", 403, "Roles may not be assumed by root accounts."):
        root.assume(role())


def test_a_session_policy_narrows(user, role, managed):
    ada = user(policy("sts:AssumeRole"))
    arn = role(policy("chime:List*", "chime:CreateAccount"))
    session = ada.assume(arn, Policy=policy("chime:ListAccounts", "chime:GetAccount"))
    session.chime.list_accounts()
    with refused("AccessDeniedException", 403, f"User: {session.arn} is not authorized to perform: chime:CreateAccount "
                                               "because no session policy allows the chime:CreateAccount action"):
        session.chime.create_account(Name="No")
    # It adds nothing to what the role may do.
    with refused("AccessDeniedException", 403, not_allowed(session.arn, "chime:GetAccount")):
        session.chime.get_account(AccountId="00000000-0000-4000-8000-000000000000")
    session = ada.assume(arn, PolicyArns=[{"arn": managed(policy("chime:ListAccounts"))}])
    session.chime.list_accounts()
    with refused("AccessDeniedException", 403, re.compile("because no session policy allows")):
        session.chime.create_account(Name="No")
    denying = ada.assume(arn, Policy=document(
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": "chime:CreateAccount", "Resource": "*"}))
    with refused("AccessDeniedException", 403, f"User: {denying.arn} is not authorized to perform: chime:CreateAccount "
                                               "with an explicit deny in a session policy"):
        denying.chime.create_account(Name="No")


def test_session_policies_that_are_refused(user, role):
    ada = user(policy("sts:AssumeRole"))
    arn = role()
    with refused("MalformedPolicyDocument", 400):
        ada.assume(arn, Policy="{}")
    with refused("ValidationError", 400):
        ada.assume(arn, Policy=policy("chime:" + "x" * 2048))
    with pytest.raises(ada.sts.exceptions.ClientError) as caught:
        ada.assume(arn, PolicyArns=[{"arn": f"arn:aws:iam::{ACCOUNT_ID}:policy/nothing"}])
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 403, 404)


def test_session_tags(user, role):
    ada = user(policy("sts:AssumeRole", "sts:TagSession"))
    arn = role(
        policy("chime:ListAccounts", condition={"StringEquals": {"aws:PrincipalTag/Team": "blue"}}),
        trusted=document({"Effect": "Allow", "Principal": {"AWS": ACCOUNT_ID}, "Action": ["sts:AssumeRole", "sts:TagSession"]}))
    ada.assume(arn, "blue-one", Tags=[{"Key": "Team", "Value": "blue"}]).chime.list_accounts()
    with refused("AccessDeniedException"):
        ada.assume(arn, "red-one", Tags=[{"Key": "Team", "Value": "red"}]).chime.list_accounts()
    untagging = role(trusted=trust({"AWS": ACCOUNT_ID}))
    with refused("AccessDenied", 403):
        ada.assume(untagging, "blue-one", Tags=[{"Key": "Team", "Value": "blue"}])


# Across accounts.

@pytest.fixture(scope="module")
def other(server):
    """The root of a second AWS account, and its number."""
    printed = carillon(
        "account", "create", "--data", server.data, "--database", server.database, "--name", "Other",
        env={"HOME": str(server.folder)}).stdout
    key = re.search(r"AKIA[A-Z2-7]{16}", printed)[0]
    secret = re.search(r"(?<![A-Za-z0-9/+])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])", printed)[0]
    principal = Principal(server, Credentials(key, secret))
    principal.account_id = principal.sts.get_caller_identity()["Account"]
    return principal


def foreign_user(other, name, *documents):
    arn = other.iam.create_user(UserName=name)["User"]["Arn"]
    for number, text in enumerate(documents):
        other.iam.put_user_policy(UserName=name, PolicyName=f"p{number}", PolicyDocument=text)
    key = other.iam.create_access_key(UserName=name)["AccessKey"]
    return Principal(other.server, Credentials.of(key), name=name, arn=arn)


def test_across_accounts_both_sides_must_say_yes(other, role, unique, account):
    mine = account()
    permitted = foreign_user(other, unique("eve"), policy("sts:AssumeRole"))
    unpermitted = foreign_user(other, unique("eve"))
    by_account = role(policy("chime:GetAccount"), trusted=trust({"AWS": other.account_id}))
    by_name = role(policy("chime:GetAccount"), trusted=trust({"AWS": [permitted.arn, unpermitted.arn]}))
    mine_only = role(policy("chime:GetAccount"))
    for arn in (by_account, by_name):
        session = permitted.assume(arn)
        assert session.sts.get_caller_identity()["Account"] == ACCOUNT_ID
        assert session.chime.get_account(AccountId=mine["AccountId"])["Account"]["AccountId"] == mine["AccountId"]
        with refused("AccessDenied", 403, re.compile("^" + re.escape(cannot_assume(unpermitted.arn, arn)))):
            unpermitted.assume(arn)
    with refused("AccessDenied", 403, cannot_assume(permitted.arn, mine_only)):
        permitted.assume(mine_only)
    # In its own name it sees nothing.
    with refused("AccessDeniedException"):
        permitted.chime.get_account(AccountId=mine["AccountId"])


# GetSessionToken.

def test_a_session_of_a_user_may_what_the_user_may_but_not_iam(user, role):
    ada = user(policy("chime:ListAccounts", "iam:*", "sts:*"))
    answer = ada.sts.get_session_token(DurationSeconds=900)["Credentials"]
    session = Principal(ada.server, Credentials.of(answer), arn=ada.arn)
    assert session.sts.get_caller_identity()["Arn"] == ada.arn
    session.chime.list_accounts()
    with refused("AccessDeniedException", 403, not_allowed(ada.arn, "chime:CreateAccount")):
        session.chime.create_account(Name="No")
    for call in (session.iam.list_users, lambda: session.iam.create_user(UserName="x"), session.iam.get_user):
        with pytest.raises(session.iam.exceptions.ClientError) as caught:
            call()
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403, caught.value
        assert caught.value.response["Error"]["Code"] in ("InvalidClientTokenId", "AccessDenied")
    with refused("AccessDenied", 403, "Cannot call GetSessionToken with session credentials"):
        session.sts.get_session_token()
    session.assume(role())


def test_a_session_of_root(root):
    answer = root.sts.get_session_token()["Credentials"]
    left = answer["Expiration"] - datetime.datetime.now(datetime.UTC)
    assert left.total_seconds() <= 3601
    session = Principal(root.server, Credentials.of(answer))
    session.chime.list_accounts()
    assert session.sts.get_caller_identity()["Arn"].endswith(":root")


@pytest.mark.parametrize("seconds", [899, 129601])
def test_a_session_token_has_bounds_of_duration(user, seconds):
    with refused("ValidationError", 400, re.compile("at 'durationSeconds' failed to satisfy constraint")):
        user().sts.get_session_token(DurationSeconds=seconds)


def test_a_session_ends_with_its_user(root, user):
    ada = user(policy("chime:ListAccounts"))
    session = Principal(root.server, Credentials.of(ada.sts.get_session_token()["Credentials"]))
    session.chime.list_accounts()
    root.iam.delete_user_policy(UserName=ada.name, PolicyName="inline-1")
    root.iam.delete_access_key(UserName=ada.name, AccessKeyId=ada.credentials.key)
    root.iam.delete_user(UserName=ada.name)
    for call in (session.chime.list_accounts, session.sts.get_caller_identity):
        with pytest.raises(session.sts.exceptions.ClientError) as caught:
            call()
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_identity_needs_no_permission_and_no_policy_takes_it_away(user):
    ada = user(policy("*", effect="Deny"))
    assert ada.sts.get_caller_identity()["Arn"] == ada.arn
    assert ada.sts.get_caller_identity()["UserId"] == ada.id
