"""IAM: what belongs to the AWS account as a whole, and the passwords of its users."""

import re

import pytest

from harness.aws import not_allowed, policy, refused
from harness.server import ACCOUNT_ID

DEFAULTS = {
    "MinimumPasswordLength": 6, "RequireSymbols": False, "RequireNumbers": False, "RequireUppercaseCharacters": False,
    "RequireLowercaseCharacters": False, "AllowUsersToChangePassword": False, "ExpirePasswords": False,
}


@pytest.fixture(autouse=True)
def no_password_policy(root):
    """Each test starts without one."""
    yield
    try:
        root.iam.delete_account_password_policy()
    except root.iam.exceptions.NoSuchEntityException:
        pass


# Login profiles.

def test_a_login_profile(root, user):
    name = user(key=False).name
    made = root.iam.create_login_profile(UserName=name, Password="Some-Password-1")["LoginProfile"]
    assert made["UserName"] == name and made["PasswordResetRequired"] is False
    with refused("EntityAlreadyExists", 409, f"Login Profile for user {name} already exists."):
        root.iam.create_login_profile(UserName=name, Password="Some-Password-1")
    root.iam.update_login_profile(UserName=name, PasswordResetRequired=True)
    assert root.iam.get_login_profile(UserName=name)["LoginProfile"]["PasswordResetRequired"] is True
    root.iam.delete_login_profile(UserName=name)
    message = f"Login Profile for User {name} cannot be found."
    for call in (root.iam.get_login_profile, root.iam.delete_login_profile,
                 lambda UserName: root.iam.update_login_profile(UserName=UserName, Password="Another-1-Pass")):
        with refused("NoSuchEntity", 404, message):
            call(UserName=name)


def test_without_a_policy_a_password_has_eight_characters(root, user):
    name = user(key=False).name
    with refused("PasswordPolicyViolation", 400, "Password should have a minimum length of 8",
                 shape="PasswordPolicyViolationException"):
        root.iam.create_login_profile(UserName=name, Password="Sev3n-7")
    root.iam.create_login_profile(UserName=name, Password="Eight-88")


@pytest.mark.parametrize("setting, password, message", [
    ({"MinimumPasswordLength": 12}, "Eleven-1111", "Password should have a minimum length of 12"),
    ({"RequireUppercaseCharacters": True}, "lower-case-1", "Password should have at least one uppercase letter"),
    ({"RequireLowercaseCharacters": True}, "UPPER-CASE-1", "Password should have at least one lowercase letter"),
    ({"RequireNumbers": True}, "No-Number-Here", "Password should have at least one number"),
    ({"RequireSymbols": True}, "NoSymbol1Here", re.compile("^Password should have at least one (symbol|non-alphanumeric character|of the following symbols)")),
])
def test_a_password_follows_the_policy(root, user, setting, password, message):
    root.iam.update_account_password_policy(**setting)
    name = user(key=False).name
    with refused("PasswordPolicyViolation", 400, message, shape="PasswordPolicyViolationException"):
        root.iam.create_login_profile(UserName=name, Password=password)
    root.iam.create_login_profile(UserName=name, Password="Right-And-Long-1")
    with refused("PasswordPolicyViolation", 400, message):
        root.iam.update_login_profile(UserName=name, Password=password)


def test_a_user_changes_its_password(root, user):
    ada = user(policy("iam:ChangePassword"))
    root.iam.create_login_profile(UserName=ada.name, Password="First-Password-1", PasswordResetRequired=True)
    ada.iam.change_password(OldPassword="First-Password-1", NewPassword="Second-Password-2")
    with pytest.raises(ada.iam.exceptions.ClientError) as caught:
        ada.iam.change_password(OldPassword="First-Password-1", NewPassword="Third-Password-3")
    assert caught.value.response["Error"]["Code"] in ("AccessDenied", "InvalidInput", "InvalidUserType", "PasswordPolicyViolation")
    assert 400 <= caught.value.response["ResponseMetadata"]["HTTPStatusCode"] <= 403
    assert root.iam.get_login_profile(UserName=ada.name)["LoginProfile"]["PasswordResetRequired"] is False
    bob = user()
    root.iam.create_login_profile(UserName=bob.name, Password="First-Password-1")
    with refused("AccessDenied", 403, not_allowed(bob.arn, "iam:ChangePassword", bob.arn)):
        bob.iam.change_password(OldPassword="First-Password-1", NewPassword="Second-Password-2")
    root.iam.update_account_password_policy(AllowUsersToChangePassword=True)
    bob.iam.change_password(OldPassword="First-Password-1", NewPassword="Second-Password-2")


def test_old_passwords_are_remembered(root, user):
    root.iam.update_account_password_policy(AllowUsersToChangePassword=True, PasswordReusePrevention=2)
    ada = user()
    root.iam.create_login_profile(UserName=ada.name, Password="Password-One-1")
    ada.iam.change_password(OldPassword="Password-One-1", NewPassword="Password-Two-2")
    with refused("PasswordPolicyViolation", 400):
        ada.iam.change_password(OldPassword="Password-Two-2", NewPassword="Password-One-1")
    ada.iam.change_password(OldPassword="Password-Two-2", NewPassword="Password-Three-3")


def test_root_has_no_login_profile_to_change(root):
    with refused("InvalidUserType", 400, shape="InvalidUserTypeException"):
        root.iam.change_password(OldPassword="First-Password-1", NewPassword="Second-Password-2")


# Password policy.

def test_a_password_policy_is_replaced_whole(root):
    message = f"The Password Policy with domain name {ACCOUNT_ID} cannot be found."
    with refused("NoSuchEntity", 404, message):
        root.iam.get_account_password_policy()
    with refused("NoSuchEntity", 404, message):
        root.iam.delete_account_password_policy()
    root.iam.update_account_password_policy(MinimumPasswordLength=14, RequireSymbols=True, MaxPasswordAge=90)
    got = root.iam.get_account_password_policy()["PasswordPolicy"]
    assert got["MinimumPasswordLength"] == 14 and got["RequireSymbols"] is True
    assert got["ExpirePasswords"] is True and got["MaxPasswordAge"] == 90
    root.iam.update_account_password_policy(RequireNumbers=True)
    got = root.iam.get_account_password_policy()["PasswordPolicy"]
    assert got.items() >= (DEFAULTS | {"RequireNumbers": True}).items()
    assert "MaxPasswordAge" not in got
    root.iam.delete_account_password_policy()
    with refused("NoSuchEntity", 404, message):
        root.iam.get_account_password_policy()


@pytest.mark.parametrize("setting", [
    {"MinimumPasswordLength": 5}, {"MinimumPasswordLength": 129}, {"MaxPasswordAge": 0}, {"MaxPasswordAge": 1096},
    {"PasswordReusePrevention": 0}, {"PasswordReusePrevention": 25},
])
def test_a_password_policy_has_bounds(root, setting):
    (name,) = setting
    member = name[0].lower() + name[1:]
    with refused("ValidationError", 400, re.compile(f"^1 validation error detected: Value '\\d+' at '{member}' failed")):
        root.iam.update_account_password_policy(**setting)


# Alias.

def test_an_alias(root):
    assert root.iam.list_account_aliases()["AccountAliases"] == []
    root.iam.create_account_alias(AccountAlias="carillon-test")
    assert root.iam.list_account_aliases()["AccountAliases"] == ["carillon-test"]
    root.iam.create_account_alias(AccountAlias="carillon-other")
    assert root.iam.list_account_aliases()["AccountAliases"] == ["carillon-other"], "there is one at a time"
    with refused("NoSuchEntity", 404):
        root.iam.delete_account_alias(AccountAlias="carillon-test")
    root.iam.delete_account_alias(AccountAlias="carillon-other")
    assert root.iam.list_account_aliases()["AccountAliases"] == []


@pytest.mark.parametrize("alias", ["ab", "x" * 64, "Upper", "-dash", "dash-", "two--dashes", "under_score", "123456789012"])
def test_an_alias_has_a_form(root, alias):
    with refused("ValidationError", 400, re.compile("at 'accountAlias' failed to satisfy constraint")):
        root.iam.create_account_alias(AccountAlias=alias)


# Summary and details.

SUMMARY = {
    "AccessKeysPerUserQuota": 2, "AttachedPoliciesPerGroupQuota": 10, "AttachedPoliciesPerRoleQuota": 10,
    "AttachedPoliciesPerUserQuota": 10, "GroupPolicySizeQuota": 5120, "GroupsPerUserQuota": 10, "GroupsQuota": 300,
    "PoliciesQuota": 1500, "PolicySizeQuota": 6144, "RolePolicySizeQuota": 10240, "RolesQuota": 1000,
    "UserPolicySizeQuota": 2048, "UsersQuota": 5000, "VersionsPerPolicyQuota": 5,
}


def test_the_summary_counts(root, user, group, role, managed):
    before = root.iam.get_account_summary()["SummaryMap"]
    assert len(before) == 34
    assert before.items() >= SUMMARY.items()
    assert before["AccountAccessKeysPresent"] == 1
    assert before["AccountMFAEnabled"] == 0
    user(key=False), user(key=False), group(), role(), managed()
    after = root.iam.get_account_summary()["SummaryMap"]
    grown = {name: after[name] - before[name] for name in ("Users", "Groups", "Roles", "Policies")}
    assert grown == {"Users": 2, "Groups": 1, "Roles": 1, "Policies": 1}


def test_the_details_tell_everything(root, user, group, role, managed):
    arn = managed()
    team = group(arn)
    ada = user(policy("chime:GetUser"), attached=[arn], groups=[team], Tags=[{"Key": "k", "Value": "v"}])
    role_arn = role(policy("chime:GetUser"), attached=[arn])
    details = {"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [], "Policies": []}
    pages = 0
    for page in root.iam.get_paginator("get_account_authorization_details").paginate(PaginationConfig={"PageSize": 2}):
        pages += 1
        assert sum(len(page[kind]) for kind in details) <= 2
        for kind in details:
            details[kind] += page[kind]
    assert pages > 1
    (one,) = [one for one in details["UserDetailList"] if one["UserName"] == ada.name]
    assert one["GroupList"] == [team]
    assert [p["PolicyArn"] for p in one["AttachedManagedPolicies"]] == [arn]
    assert [p["PolicyName"] for p in one["UserPolicyList"]] == ["inline-1"]
    assert one["UserPolicyList"][0]["PolicyDocument"]["Statement"][0]["Action"] == ["chime:GetUser"]
    assert one["Tags"] == [{"Key": "k", "Value": "v"}]
    (one,) = [one for one in details["GroupDetailList"] if one["GroupName"] == team]
    assert [p["PolicyArn"] for p in one["AttachedManagedPolicies"]] == [arn]
    (one,) = [one for one in details["RoleDetailList"] if one["Arn"] == role_arn]
    assert one["AssumeRolePolicyDocument"]["Statement"][0]["Action"] == "sts:AssumeRole"
    (one,) = [one for one in details["Policies"] if one["Arn"] == arn]
    assert one["AttachmentCount"] == 3
    assert one["PolicyVersionList"][0]["Document"]["Statement"][0]["Action"] == ["chime:ListAccounts"]
    only = root.iam.get_account_authorization_details(Filter=["Role"])
    assert (only["UserDetailList"], only["GroupDetailList"], only["Policies"]) == ([], [], [])
    assert only["RoleDetailList"]
    local = root.iam.get_account_authorization_details(Filter=["LocalManagedPolicy"], MaxItems=1000)["Policies"]
    assert all(one["Arn"].startswith(f"arn:aws:iam::{ACCOUNT_ID}:") for one in local)


def test_what_is_account_wide_is_asked_on_everything(user):
    bob = user()
    for call, action in (
        (bob.iam.get_account_summary, "iam:GetAccountSummary"),
        (bob.iam.list_account_aliases, "iam:ListAccountAliases"),
        (bob.iam.get_account_password_policy, "iam:GetAccountPasswordPolicy"),
        (bob.iam.get_account_authorization_details, "iam:GetAccountAuthorizationDetails"),
    ):
        with refused("AccessDenied", 403, re.compile(
                f"^User: {re.escape(bob.arn)} is not authorized to perform: {action}( on resource: \\*)? because no identity-based policy allows the {action} action$")):
            call()
