"""Somebody who makes users and roles, but only ones that a boundary holds.

Source: IAM User Guide, "Delegate responsibility to others using permissions boundaries".
"""

import re

from harness.aws import Credentials, Principal, document, policy, refused, trust
from harness.server import ACCOUNT_ID

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


def test_a_delegate_makes_only_what_is_bounded(root, server, user, managed, unique):
    boundary = managed(policy("chime:ListAccounts", "iam:GetUser"))
    delegate = user(document(
        {"Effect": "Allow",
         "Action": ["iam:CreateUser", "iam:CreateRole", "iam:AttachUserPolicy", "iam:DetachUserPolicy",
                    "iam:PutUserPolicy", "iam:DeleteUserPolicy", "iam:PutUserPermissionsBoundary",
                    "iam:AttachRolePolicy", "iam:PutRolePermissionsBoundary"],
         "Resource": "*", "Condition": {"StringEquals": {"iam:PermissionsBoundary": boundary}}},
        {"Effect": "Allow", "Action": ["iam:CreateAccessKey", "iam:ListUsers"], "Resource": "*"},
        {"Effect": "Deny",
         "Action": ["iam:DeleteUserPermissionsBoundary", "iam:DeleteRolePermissionsBoundary"], "Resource": "*"},
        {"Effect": "Deny",
         "Action": ["iam:CreatePolicyVersion", "iam:DeletePolicy", "iam:DeletePolicyVersion",
                    "iam:SetDefaultPolicyVersion"],
         "Resource": boundary},
    )).iam
    name, role = unique("user"), unique("role")
    trusted = trust({"AWS": ACCOUNT_ID})
    for more in ({}, {"PermissionsBoundary": ADMINISTRATOR}):
        with refused("AccessDenied", 403):
            delegate.create_user(UserName=name, **more)
        with refused("AccessDenied", 403):
            delegate.create_role(RoleName=role, AssumeRolePolicyDocument=trusted, **more)
    made = delegate.create_user(UserName=name, PermissionsBoundary=boundary)["User"]
    assert made["PermissionsBoundary"]["PermissionsBoundaryArn"] == boundary
    delegate.create_role(RoleName=role, AssumeRolePolicyDocument=trusted, PermissionsBoundary=boundary)
    delegate.attach_user_policy(UserName=name, PolicyArn=ADMINISTRATOR)
    delegate.attach_role_policy(RoleName=role, PolicyArn=ADMINISTRATOR)

    # Nobody without the boundary is touched, and it stays where it is and as it is.
    free = user(key=False).name
    for call in (
        lambda: delegate.attach_user_policy(UserName=free, PolicyArn=ADMINISTRATOR),
        lambda: delegate.put_user_policy(UserName=free, PolicyName="p", PolicyDocument=policy("*")),
        lambda: delegate.put_user_permissions_boundary(UserName=name, PermissionsBoundary=ADMINISTRATOR),
        lambda: delegate.delete_user_permissions_boundary(UserName=name),
        lambda: delegate.delete_role_permissions_boundary(RoleName=role),
        lambda: delegate.create_policy_version(PolicyArn=boundary, PolicyDocument=policy("*"), SetAsDefault=True),
        lambda: delegate.delete_policy(PolicyArn=boundary),
    ):
        with refused("AccessDenied", 403):
            call()

    key = Credentials.of(delegate.create_access_key(UserName=name)["AccessKey"])
    bounded = Principal(server, key, name=name, arn=made["Arn"])
    bounded.chime.list_accounts()
    bounded.iam.get_user()
    with refused("AccessDenied", 403, re.compile("because no permissions boundary allows the iam:ListUsers action")):
        bounded.iam.list_users()
    with refused("AccessDeniedException", 403):
        bounded.chime.create_account(Name="No")

    # A boundary that changes is effective for the very next request.
    root.iam.create_policy_version(PolicyArn=boundary, PolicyDocument=policy("iam:ListUsers"), SetAsDefault=True)
    bounded.iam.list_users()
    with refused("AccessDeniedException", 403):
        bounded.chime.list_accounts()
