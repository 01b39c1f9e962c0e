"""Who may do what: policies as they are attached, combined, conditioned and worded."""

import datetime
import re

import pytest

from harness.aws import document, not_allowed, policy, refused
from harness.raw import chime_request
from harness.server import ACCOUNT_ID

FULL = "arn:aws:iam::aws:policy/AmazonChimeFullAccess"
MANAGEMENT = "arn:aws:iam::aws:policy/AmazonChimeUserManagement"
READ_ONLY = "arn:aws:iam::aws:policy/AmazonChimeReadOnly"
NO_ACCOUNT = "00000000-0000-4000-8000-000000000000"


def explicitly_denied(arn, action, by=""):
    return (f"User: {arn} is not authorized to perform: {action} "
            f"with an explicit deny in an identity-based policy{by}")


# The way of the founding document.

def test_a_group_gives_and_takes_at_once(root, group, user):
    team = group(READ_ONLY)
    ada = user()
    refusal = dict(code="AccessDeniedException", status=403, message=not_allowed(ada.arn, "chime:ListAccounts"))
    for _ in range(5):
        with refused(**refusal):
            ada.chime.list_accounts()
        root.iam.add_user_to_group(GroupName=team, UserName=ada.name)
        ada.chime.list_accounts()
        root.iam.remove_user_from_group(GroupName=team, UserName=ada.name)
    with refused(**refusal):
        ada.chime.list_accounts()


def test_a_policy_of_a_group_reaches_its_members_at_once(root, group, user):
    team = group()
    ada, bob = user(groups=[team]), user(groups=[team])
    for _ in range(3):
        for one in (ada, bob):
            with refused("AccessDeniedException"):
                one.chime.list_accounts()
        root.iam.attach_group_policy(GroupName=team, PolicyArn=MANAGEMENT)
        for one in (ada, bob):
            one.chime.list_accounts()
        root.iam.detach_group_policy(GroupName=team, PolicyArn=MANAGEMENT)
    root.iam.put_group_policy(GroupName=team, PolicyName="p", PolicyDocument=policy("chime:ListAccounts"))
    ada.chime.list_accounts()
    root.iam.delete_group_policy(GroupName=team, PolicyName="p")
    with refused("AccessDeniedException"):
        ada.chime.list_accounts()


def test_by_default_nobody_may_do_anything(root, user):
    ada = user()
    for call, action in (
        (lambda: ada.chime.list_accounts(), "chime:ListAccounts"),
        (lambda: ada.chime.get_account(AccountId=NO_ACCOUNT), "chime:GetAccount"),
        (lambda: ada.chime.create_account(Name="No"), "chime:CreateAccount"),
        (lambda: ada.chime.update_account(AccountId=NO_ACCOUNT, Name="No"), "chime:RenameAccount"),
        (lambda: ada.chime.update_account(AccountId=NO_ACCOUNT, DefaultLicense="Basic"), "chime:UpdateAccount"),
        (lambda: ada.chime.rename_account(AccountId=NO_ACCOUNT, Name="No"), "chime:RenameAccount"),
        (lambda: ada.chime.reset_personal_pin(AccountId=NO_ACCOUNT, UserId=NO_ACCOUNT), "chime:ResetPersonalPin"),
        (lambda: ada.chime.list_domains(AccountId=NO_ACCOUNT), "chime:ListDomains"),
    ):
        with refused("AccessDeniedException", 403, not_allowed(ada.arn, action)):
            call()
    root.chime.list_accounts()


def test_a_refusal_on_the_wire(server, user):
    ada = user()
    answer = chime_request(ada.credentials, "GET", "/accounts").to(server)
    assert answer.status == 403
    assert answer.headers["x-amzn-errortype"] == "AccessDeniedException"
    assert answer.json == {"Code": "AccessDenied", "Message": not_allowed(ada.arn, "chime:ListAccounts")}
    assert answer.headers["x-amzn-requestid"]


def test_refusal_comes_before_existence(user):
    """Whoever may not look is not told what there is."""
    ada = user()
    with refused("AccessDenied", 403, not_allowed(
            ada.arn, "iam:GetUser", f"arn:aws:iam::{ACCOUNT_ID}:user/nobody-at-all")):
        ada.iam.get_user(UserName="nobody-at-all")
    with refused("AccessDeniedException", 403, not_allowed(ada.arn, "chime:GetAccount")):
        ada.chime.get_account(AccountId=NO_ACCOUNT)


def test_form_comes_before_refusal(user):
    ada = user()
    with refused("ValidationError", 400):
        ada.iam.create_user(UserName="no good")
    with refused("BadRequestException", 400):
        ada.chime.create_account(Name="")


# IAM's own refusals name the resource.

def test_iam_refusals_name_the_resource(user, group, managed, role):
    ada, bob = user(), user(key=False, Path="/people/")
    team, arn, role_arn = group(), managed(), role()
    team_arn = f"arn:aws:iam::{ACCOUNT_ID}:group/{team}"
    for call, action, resource in (
        (lambda: ada.iam.get_user(UserName=bob.name), "iam:GetUser", bob.arn),
        (lambda: ada.iam.delete_user(UserName=bob.name), "iam:DeleteUser", bob.arn),
        (lambda: ada.iam.create_user(UserName="x", Path="/p/"), "iam:CreateUser", f"arn:aws:iam::{ACCOUNT_ID}:user/p/x"),
        (lambda: ada.iam.create_access_key(UserName=bob.name), "iam:CreateAccessKey", bob.arn),
        (lambda: ada.iam.put_user_policy(UserName=bob.name, PolicyName="p", PolicyDocument=policy("chime:*")),
         "iam:PutUserPolicy", bob.arn),
        (lambda: ada.iam.attach_user_policy(UserName=bob.name, PolicyArn=arn), "iam:AttachUserPolicy", bob.arn),
        (lambda: ada.iam.get_group(GroupName=team), "iam:GetGroup", team_arn),
        (lambda: ada.iam.add_user_to_group(GroupName=team, UserName=bob.name), "iam:AddUserToGroup", team_arn),
        (lambda: ada.iam.get_policy(PolicyArn=arn), "iam:GetPolicy", f"policy {arn}"),
        (lambda: ada.iam.create_policy_version(PolicyArn=arn, PolicyDocument=policy("chime:*")),
         "iam:CreatePolicyVersion", f"policy {arn}"),
        (lambda: ada.iam.get_role(RoleName=role_arn.rpartition("/")[2]), "iam:GetRole", role_arn),
        (lambda: ada.iam.list_users(), "iam:ListUsers", f"arn:aws:iam::{ACCOUNT_ID}:user/"),
        (lambda: ada.iam.list_users(PathPrefix="/people/"), "iam:ListUsers", f"arn:aws:iam::{ACCOUNT_ID}:user/people/"),
    ):
        with refused("AccessDenied", 403, not_allowed(ada.arn, action, resource.removeprefix("policy "))):
            call()


def test_iam_permissions_can_be_limited_to_a_resource(root, user, unique):
    path = f"/{unique('team')}/"
    lead = user(policy("iam:CreateUser", "iam:GetUser", resource=f"arn:aws:iam::{ACCOUNT_ID}:user{path}*"))
    name = unique("member")
    lead.iam.create_user(UserName=name, Path=path)
    lead.iam.get_user(UserName=name)
    with refused("AccessDenied"):
        lead.iam.create_user(UserName=unique("member"))
    with refused("AccessDenied"):
        lead.iam.get_user(UserName=lead.name)


def test_a_variable_limits_each_to_itself(root, user, group):
    team = group()
    root.iam.put_group_policy(GroupName=team, PolicyName="self", PolicyDocument=policy(
        "iam:*AccessKey*", resource=f"arn:aws:iam::{ACCOUNT_ID}:user/${{aws:username}}"))
    ada, bob = user(groups=[team]), user(groups=[team])
    assert len(ada.iam.list_access_keys(UserName=ada.name)["AccessKeyMetadata"]) == 1
    assert len(ada.iam.list_access_keys()["AccessKeyMetadata"]) == 1
    with refused("AccessDenied", 403, not_allowed(ada.arn, "iam:ListAccessKeys", bob.arn)):
        ada.iam.list_access_keys(UserName=bob.name)


# Denials.

def test_a_denial_wins_and_names_its_policy(root, user, managed, group):
    deny = managed(policy("chime:CreateAccount", effect="Deny"))
    ada = user(attached=[FULL, deny])
    ada.chime.list_accounts()
    with refused("AccessDeniedException", 403, explicitly_denied(ada.arn, "chime:CreateAccount", f": {deny}")):
        ada.chime.create_account(Name="No")
    bob = user(attached=[FULL], groups=[group(deny)])
    with refused("AccessDeniedException", 403, explicitly_denied(bob.arn, "chime:CreateAccount", f": {deny}")):
        bob.chime.create_account(Name="No")
    root.iam.detach_user_policy(UserName=ada.name, PolicyArn=deny)
    ada.chime.create_account(Name="Yes")


def test_an_inline_denial_has_no_name(user):
    ada = user(policy("chime:CreateAccount", effect="Deny"), attached=[FULL])
    with refused("AccessDeniedException", 403, explicitly_denied(ada.arn, "chime:CreateAccount")):
        ada.chime.create_account(Name="No")


def test_a_denial_in_iam(user, managed):
    deny = managed(policy("iam:DeleteUser", effect="Deny"))
    ada, bob = user(policy("iam:*"), attached=[deny]), user(key=False)
    with refused("AccessDenied", 403,
                 f"User: {ada.arn} is not authorized to perform: iam:DeleteUser on resource: {bob.arn} "
                 f"with an explicit deny in an identity-based policy: {deny}"):
        ada.iam.delete_user(UserName=bob.name)


# Boundaries.

def test_a_boundary_bounds(root, user, managed):
    boundary = managed(policy("chime:List*", "chime:DeleteAccount"))
    ada = user(attached=[FULL], PermissionsBoundary=boundary)
    ada.chime.list_accounts()
    with refused("AccessDeniedException", 403,
                 f"User: {ada.arn} is not authorized to perform: chime:CreateAccount "
                 "because no permissions boundary allows the chime:CreateAccount action"):
        ada.chime.create_account(Name="No")
    # It gives nothing by itself, and what no identity policy allows is said first.
    bob = user(PermissionsBoundary=boundary)
    for call, action in ((bob.chime.list_accounts, "chime:ListAccounts"),
                         (lambda: bob.chime.create_account(Name="No"), "chime:CreateAccount")):
        with refused("AccessDeniedException", 403, not_allowed(bob.arn, action)):
            call()
    root.iam.delete_user_permissions_boundary(UserName=ada.name)
    ada.chime.create_account(Name="Yes")


def test_a_boundary_that_denies(user, managed):
    boundary = managed(document(
        {"Effect": "Allow", "Action": "chime:*", "Resource": "*"},
        {"Effect": "Deny", "Action": "chime:CreateAccount", "Resource": "*"}))
    ada = user(attached=[FULL], PermissionsBoundary=boundary)
    with refused("AccessDeniedException", 403,
                 f"User: {ada.arn} is not authorized to perform: chime:CreateAccount "
                 f"with an explicit deny in a permissions boundary: {boundary}"):
        ada.chime.create_account(Name="No")


def test_roles_have_boundaries_too(user, role, managed):
    boundary = managed(policy("chime:ListAccounts"))
    ada = user(policy("sts:AssumeRole"))
    session = ada.assume(role(attached=[FULL], PermissionsBoundary=boundary))
    session.chime.list_accounts()
    with refused("AccessDeniedException", 403, re.compile("because no permissions boundary allows the chime:CreateAccount")):
        session.chime.create_account(Name="No")


# Names of actions.

@pytest.mark.parametrize("pattern", [
    "chime:ListAccounts", "Chime:listaccounts", "CHIME:LISTACCOUNTS", "chime:*", "chime:List*", "chime:?istAccounts",
    "*", "chime:*Accounts", "chime:L*A*s", "*:*",
])
def test_patterns_that_match(user, pattern):
    user(policy(pattern)).chime.list_accounts()


@pytest.mark.parametrize("pattern", [
    "chime:ListAccount", "chime:List", "chime:?ListAccounts", "iam:*", "chime:Get*", "*:ListAccounts",
    "chime:List Accounts", "chime:ListAccounts,GetAccount", "chime-sdk:ListAccounts",
])
def test_patterns_that_do_not_match(user, pattern):
    ada = user(policy(pattern))
    with refused("AccessDeniedException", 403, not_allowed(ada.arn, "chime:ListAccounts")):
        ada.chime.list_accounts()


def test_all_but(user):
    ada = user(document({"Effect": "Allow", "NotAction": ["chime:CreateAccount", "iam:*"], "Resource": "*"}))
    ada.chime.list_accounts()
    with refused("AccessDeniedException"):
        ada.chime.create_account(Name="No")
    with refused("AccessDenied"):
        ada.iam.list_users()


# Two spellings of one action. Neither operation of the first two is built yet: allowed answers 501.

SPELLINGS = [
    ("ListMeetingReportData", "ListMeetingsReportData", lambda c: c.list_meeting_report_data(
        AccountId=NO_ACCOUNT, StartDate="2026-01-01", EndDate="2026-01-02")),
    ("RetrieveDataExport", "RetrieveDataExports", lambda c: c.retrieve_data_export(
        AccountId=NO_ACCOUNT, DataExportId=NO_ACCOUNT)),
    ("ResetPersonalPin", "ResetPersonalPIN", lambda c: c.reset_personal_pin(AccountId=NO_ACCOUNT, UserId=NO_ACCOUNT)),
]


def allowed(call, client):
    """Was the call let through, whatever became of it then?"""
    try:
        call(client)
    except client.exceptions.ClientError as error:
        return error.response["Error"]["Code"] != "AccessDeniedException"
    return True


@pytest.mark.parametrize("primary, second, call", SPELLINGS, ids=[name for name, _, _ in SPELLINGS])
def test_either_spelling_counts(user, primary, second, call):
    for name in (primary, second, second.upper()):
        assert allowed(call, user(policy(f"chime:{name}")).chime), name
        denied = user(policy(f"chime:{name}", effect="Deny"), policy("chime:*"))
        with refused("AccessDeniedException", 403, explicitly_denied(denied.arn, f"chime:{primary}")):
            call(denied.chime)
        excluded = user(document({"Effect": "Allow", "NotAction": f"chime:{name}", "Resource": "*"}))
        with refused("AccessDeniedException", 403, not_allowed(excluded.arn, f"chime:{primary}")):
            call(excluded.chime)


def test_renaming_by_either_name(root, user, account):
    mine = account()["AccountId"]
    for name in ("RenameAccount", "UpdateAccount"):
        ada = user(policy(f"chime:{name}"))
        assert ada.chime.update_account(AccountId=mine, Name=f"By {name}")["Account"]["Name"] == f"By {name}"
        assert ada.chime.rename_account(AccountId=mine, Name="Again")["Account"]["Name"] == "Again"
        denied = user(policy(f"chime:{name}", effect="Deny"), policy("chime:*"))
        with refused("AccessDeniedException", 403, explicitly_denied(denied.arn, "chime:RenameAccount")):
            denied.chime.update_account(AccountId=mine, Name="No")


def test_changing_the_default_licence_is_another_action(user, account):
    mine = account()["AccountId"]
    renamer, updater = user(policy("chime:RenameAccount")), user(policy("chime:UpdateAccount"))
    for members in ({"DefaultLicense": "Basic"}, {"DefaultLicense": "Basic", "Name": "No"}):
        with refused("AccessDeniedException", 403, not_allowed(renamer.arn, "chime:UpdateAccount")):
            renamer.chime.update_account(AccountId=mine, **members)
    updater.chime.update_account(AccountId=mine, DefaultLicense="Basic")
    both = updater.chime.update_account(AccountId=mine, DefaultLicense="Pro", Name="Both")["Account"]
    assert (both["Name"], both["DefaultLicense"]) == ("Both", "Pro")
    full = user(attached=[FULL])
    full.chime.update_account(AccountId=mine, Name="Full")
    no_rename = user(policy("chime:RenameAccount", effect="Deny"), policy("chime:*"))
    no_rename.chime.update_account(AccountId=mine, DefaultLicense="Basic")
    with refused("AccessDeniedException", 403):
        no_rename.chime.update_account(AccountId=mine, DefaultLicense="Basic", Name="No")


def test_batch_and_console_forms_are_separate_actions(user, account):
    mine = account()["AccountId"]
    for one, two in (("batch_suspend_user", "suspend_users"), ("batch_unsuspend_user", "activate_users")):
        name = {"batch_suspend_user": "BatchSuspendUser", "batch_unsuspend_user": "BatchUnsuspendUser"}[one]
        ada = user(policy(f"chime:{name}"))
        call = lambda client, verb: getattr(client, verb)(AccountId=mine, UserIdList=[NO_ACCOUNT])
        assert allowed(lambda client: call(client, one), ada.chime)
        assert not allowed(lambda client: call(client, two), ada.chime)


# Resources.

@pytest.mark.parametrize("resource", [
    "arn:aws:chime:us-east-1:111122223333:account/*", "arn:aws:chime:*:*:*", "arn:aws:chime:us-east-1:111122223333:vc/*",
    "arn:aws:*:*:*:*",
])
def test_an_arn_grants_nothing_where_the_action_has_no_resource(user, resource):
    ada = user(policy("chime:*", resource=resource))
    with refused("AccessDeniedException", 403, not_allowed(ada.arn, "chime:ListAccounts")):
        ada.chime.list_accounts()
    # Nor does it deny anything.
    user(policy("chime:*"), policy("chime:*", effect="Deny", resource=resource)).chime.list_accounts()


def test_the_arn_of_a_voice_connector_limits_and_is_named(user):
    connector = "abcdef1ghij2klmno3pqr4"
    arn = f"arn:aws:chime:us-east-1:{ACCOUNT_ID}:vc/{connector}"
    call = lambda client, identifier: chime_request(
        client.credentials, "GET", f"/voice-connectors/{identifier}").to(client.server)
    ada = user(policy("chime:GetVoiceConnector", resource=arn))
    assert call(ada, connector).code != "AccessDeniedException"
    answer = call(ada, "zzzzzz1ghij2klmno3pqr4")
    assert answer.code == "AccessDeniedException"
    assert answer.message == not_allowed(ada.arn, "chime:GetVoiceConnector", arn.replace("abcdef1", "zzzzzz1"))
    assert call(user(policy("chime:GetVoiceConnector")), connector).code != "AccessDeniedException"


# Conditions.

def utc(**delta):
    return (datetime.datetime.now(datetime.UTC) + datetime.timedelta(**delta)).strftime("%Y-%m-%dT%H:%M:%SZ")


CONDITIONS = {
    "source address": ({"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}, {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}),
    "not a source address": (
        {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, {"NotIpAddress": {"aws:SourceIp": ["127.0.0.1"]}}),
    "current time": (
        {"DateLessThan": {"aws:CurrentTime": utc(hours=1)}}, {"DateGreaterThan": {"aws:CurrentTime": utc(hours=1)}}),
    "epoch time": (
        {"NumericGreaterThan": {"aws:EpochTime": "1000000000"}}, {"NumericLessThan": {"aws:EpochTime": "1000000000"}}),
    "name": ({"StringLike": {"aws:username": "user-*"}}, {"StringEquals": {"aws:username": "user-*"}}),
    "name in another case": (
        {"StringEqualsIgnoreCase": {"AWS:UserName": "${aws:username}"}}, {"StringNotLike": {"aws:username": "user-*"}}),
    "tag": (
        {"StringEquals": {"aws:PrincipalTag/Team": "blue"}}, {"StringEquals": {"aws:PrincipalTag/Team": "red"}}),
    "tag in another case": (
        {"StringEquals": {"aws:principaltag/team": "blue"}}, {"StringEquals": {"aws:PrincipalTag/Team": "Blue"}}),
    "absent tag": ({"Null": {"aws:PrincipalTag/Site": "true"}}, {"Null": {"aws:PrincipalTag/Site": "false"}}),
    "arn": (
        {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT_ID}:user/*"}},
        {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT_ID}:role/*"}}),
    "account": (
        {"StringEquals": {"aws:PrincipalAccount": ACCOUNT_ID}}, {"StringEquals": {"aws:PrincipalAccount": "999999999999"}}),
    "type": ({"StringEquals": {"aws:PrincipalType": "User"}}, {"StringEquals": {"aws:PrincipalType": "Account"}}),
    "user agent": ({"StringLike": {"aws:UserAgent": "*Boto3/*"}}, {"StringLike": {"aws:UserAgent": "*Firefox*"}}),
    "secure transport": ({"Bool": {"aws:SecureTransport": "false"}}, {"Bool": {"aws:SecureTransport": "true"}}),
    "region": (
        {"StringEquals": {"aws:RequestedRegion": "us-east-1"}}, {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}),
    "second factor": (
        {"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}, {"Bool": {"aws:MultiFactorAuthPresent": "false"}}),
    "via a service": ({"Bool": {"aws:ViaAWSService": False}}, {"Bool": {"aws:ViaAWSService": True}}),
    "a key nobody has": ({"StringNotEquals": {"chime:Nothing": "x"}}, {"StringEquals": {"chime:Nothing": "x"}}),
    "two keys": (
        {"Bool": {"aws:SecureTransport": "false"}, "StringEquals": {"aws:PrincipalTag/Team": ["red", "blue"]}},
        {"Bool": {"aws:SecureTransport": "false"}, "StringEquals": {"aws:PrincipalTag/Team": ["red", "green"]}}),
}


@pytest.mark.parametrize("holds, fails", CONDITIONS.values(), ids=CONDITIONS.keys())
def test_conditions(user, holds, fails):
    tags = [{"Key": "Team", "Value": "blue"}]
    user(policy("chime:ListAccounts", condition=holds), Tags=tags).chime.list_accounts()
    ada = user(policy("chime:ListAccounts", condition=fails), Tags=tags)
    with refused("AccessDeniedException", 403, not_allowed(ada.arn, "chime:ListAccounts")):
        ada.chime.list_accounts()


def test_tags_count_at_once(root, user):
    ada = user(policy("chime:ListAccounts", condition={"StringEquals": {"aws:PrincipalTag/Team": "blue"}}))
    for _ in range(3):
        with refused("AccessDeniedException"):
            ada.chime.list_accounts()
        root.iam.tag_user(UserName=ada.name, Tags=[{"Key": "Team", "Value": "blue"}])
        ada.chime.list_accounts()
        root.iam.untag_user(UserName=ada.name, TagKeys=["Team"])


def test_the_value_of_a_tag_is_taken_literally(root, user, unique):
    path = unique("path")
    ada = user(policy("iam:GetUser", resource=f"arn:aws:iam::{ACCOUNT_ID}:user/{path}/${{aws:PrincipalTag/Who}}"),
               Tags=[{"Key": "Who", "Value": "+"}])
    name = unique("target")
    root.iam.create_user(UserName=name, Path=f"/{path}/")
    with refused("AccessDenied"):
        ada.iam.get_user(UserName=name)
    root.iam.tag_user(UserName=ada.name, Tags=[{"Key": "Who", "Value": name}])
    ada.iam.get_user(UserName=name)


def test_the_user_agent_of_a_session(user, role):
    ada = user(policy("sts:AssumeRole"))
    arn = role(policy("chime:ListAccounts", condition={"Null": {"aws:TokenIssueTime": "false"}}))
    ada.assume(arn).chime.list_accounts()
    bob = user(policy("chime:ListAccounts", condition={"Null": {"aws:TokenIssueTime": "false"}}))
    with refused("AccessDeniedException"):
        bob.chime.list_accounts()


def test_what_is_attached_and_detached_by_condition(user, managed):
    """The policy being attached is a key of the request."""
    lead = user(policy("iam:AttachUserPolicy", condition={"ArnEquals": {"iam:PolicyARN": READ_ONLY}}))
    bob = user(key=False)
    lead.iam.attach_user_policy(UserName=bob.name, PolicyArn=READ_ONLY)
    with refused("AccessDenied"):
        lead.iam.attach_user_policy(UserName=bob.name, PolicyArn=FULL)
    bound = user(policy("iam:CreateUser", condition={"StringEquals": {"iam:PermissionsBoundary": READ_ONLY}}))
    bound.iam.create_user(UserName=f"{bob.name}-b", PermissionsBoundary=READ_ONLY)
    with refused("AccessDenied"):
        bound.iam.create_user(UserName=f"{bob.name}-c")
    tagger = user(policy("iam:TagUser", condition={
        "StringEquals": {"aws:RequestTag/Team": "blue"}, "ForAllValues:StringEquals": {"aws:TagKeys": ["Team"]}}))
    tagger.iam.tag_user(UserName=bob.name, Tags=[{"Key": "Team", "Value": "blue"}])
    for tags in ([{"Key": "Team", "Value": "red"}], [{"Key": "Team", "Value": "blue"}, {"Key": "Other", "Value": "x"}]):
        with refused("AccessDenied"):
            tagger.iam.tag_user(UserName=bob.name, Tags=tags)


def test_tags_of_the_target(root, user):
    keeper = user(policy("iam:GetUser", condition={"StringEquals": {"aws:ResourceTag/Open": "yes"}}))
    bob = user(key=False, Tags=[{"Key": "Open", "Value": "yes"}])
    keeper.iam.get_user(UserName=bob.name)
    root.iam.untag_user(UserName=bob.name, TagKeys=["Open"])
    with refused("AccessDenied"):
        keeper.iam.get_user(UserName=bob.name)


# Root.

def test_root_may_everything_in_its_account(root):
    root.iam.list_users()
    root.chime.list_accounts()
    with refused("NotFoundException", 404):
        root.chime.get_account(AccountId=NO_ACCOUNT)


def test_a_change_is_seen_by_the_next_request(root, user):
    """However often it goes back and forth, no answer is of the state before."""
    ada = user()
    for _ in range(20):
        root.iam.put_user_policy(UserName=ada.name, PolicyName="p", PolicyDocument=policy("chime:ListAccounts"))
        ada.chime.list_accounts()
        root.iam.put_user_policy(UserName=ada.name, PolicyName="p", PolicyDocument=policy("chime:GetAccount"))
        with refused("AccessDeniedException"):
            ada.chime.list_accounts()
