"""What becomes of passwords: expiry, reuse, and who may change them."""

import datetime

import pytest

from harness.aws import Credentials, not_allowed, policy, refused
from harness.raw import now, query_request

FIRST, SECOND, THIRD, FOURTH = "First-Password-1", "Second-Password-2", "Third-Password-3", "Fourth-Password-4"


@pytest.fixture(autouse=True)
def no_password_policy(root):
    """Each test starts without one."""
    yield
    try:
        root.iam.delete_account_password_policy()
    except root.iam.exceptions.NoSuchEntityException:
        pass


def change(who, old, new):
    who.iam.change_password(OldPassword=old, NewPassword=new)


def test_the_last_passwords_are_not_chosen_again(root, user):
    root.iam.update_account_password_policy(AllowUsersToChangePassword=True, PasswordReusePrevention=2)
    ada = user()
    root.iam.create_login_profile(UserName=ada.name, Password=FIRST)
    change(ada, FIRST, SECOND)
    for used in (FIRST, SECOND):
        with refused("PasswordPolicyViolation", 400, shape="PasswordPolicyViolationException"):
            change(ada, SECOND, used)
    change(ada, SECOND, THIRD)
    change(ada, THIRD, FIRST)
    # What counts is what the policy says now, of all the passwords that there were.
    root.iam.update_account_password_policy(AllowUsersToChangePassword=True, PasswordReusePrevention=24)
    for used in (FIRST, SECOND, THIRD):
        with refused("PasswordPolicyViolation", 400):
            change(ada, FIRST, used)
    change(ada, FIRST, FOURTH)


@pytest.mark.parametrize("setting", [
    {"PasswordReusePrevention": 25}, {"PasswordReusePrevention": 0}, {"MaxPasswordAge": 1096}, {"MaxPasswordAge": 0},
    {"MinimumPasswordLength": 5}, {"MinimumPasswordLength": 129},
])
def test_a_password_policy_has_bounds(root, setting):
    with refused("ValidationError", 400):
        root.iam.update_account_password_policy(**setting)


def test_who_may_change_a_password_may_see_what_it_must_be_like(root, user):
    ada, denied = user(), user(policy("iam:GetAccountPasswordPolicy", effect="Deny"))
    root.iam.update_account_password_policy(MinimumPasswordLength=12)
    with refused("AccessDenied", 403, not_allowed(ada.arn, "iam:GetAccountPasswordPolicy")):
        ada.iam.get_account_password_policy()
    root.iam.update_account_password_policy(MinimumPasswordLength=12, AllowUsersToChangePassword=True)
    assert ada.iam.get_account_password_policy()["PasswordPolicy"]["MinimumPasswordLength"] == 12
    with refused("AccessDenied", 403):
        denied.iam.get_account_password_policy()
    with refused("AccessDenied", 403):
        ada.iam.update_account_password_policy(MinimumPasswordLength=6)


def test_an_expired_password_is_changed_with_an_access_key(new_server):
    """As with AWS, also where only an administrator could at the console."""
    server = new_server()
    server.start()
    root = server.root
    root.iam.update_account_password_policy(AllowUsersToChangePassword=True, MaxPasswordAge=1, HardExpiry=True)
    root.iam.create_user(UserName="ada")
    root.iam.create_login_profile(UserName="ada", Password=FIRST)
    key = root.iam.create_access_key(UserName="ada")["AccessKey"]
    server.restart_later(days=2)
    request = query_request(Credentials.of(key), "ChangePassword", "iam", OldPassword=FIRST, NewPassword=SECOND)
    request.moment = now() + datetime.timedelta(days=2)
    answer = request.to(server)
    assert answer.status == 200, answer.body
