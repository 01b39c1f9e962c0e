"""Instance profiles, and the right to pass a role, with AWS's own clients."""

import re

import pytest

from harness.aws import document, policy, refused
from harness.server import ACCOUNT_ID


@pytest.fixture
def profile(root, unique):
    def make(**options):
        name = unique("Profile")
        return root.iam.create_instance_profile(InstanceProfileName=name, **options)["InstanceProfile"]

    return make


def test_a_profile_holds_one_role(root, profile, role):
    made = profile(Path="/web/", Tags=[{"Key": "a", "Value": "b"}])
    name = made["InstanceProfileName"]
    assert re.fullmatch(r"AIPA[A-Z2-7]{17}", made["InstanceProfileId"])
    assert made["Arn"] == f"arn:aws:iam::{ACCOUNT_ID}:instance-profile/web/{name}" and made["Roles"] == []
    first, second = (role().rpartition("/")[2] for _ in range(2))
    root.iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=first)
    with refused("LimitExceeded", 409, "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1"):
        root.iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=second)
    got = root.iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]
    assert [one["RoleName"] for one in got["Roles"]] == [first]
    assert got["Roles"][0]["AssumeRolePolicyDocument"]["Statement"][0]["Action"] == "sts:AssumeRole"
    (of_role,) = root.iam.list_instance_profiles_for_role(RoleName=first)["InstanceProfiles"]
    assert of_role["Arn"] == made["Arn"]
    with refused("DeleteConflict", 409, "Cannot delete entity, must remove roles from instance profile first."):
        root.iam.delete_role(RoleName=first)
    with refused("DeleteConflict", 409, "Cannot delete entity, must remove roles from instance profile first."):
        root.iam.delete_instance_profile(InstanceProfileName=name)
    root.iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=first)
    root.iam.delete_instance_profile(InstanceProfileName=name)
    root.iam.delete_role(RoleName=first)
    with refused("NoSuchEntity", 404, f"Instance Profile {name} cannot be found."):
        root.iam.get_instance_profile(InstanceProfileName=name)


def test_pages_and_the_waiter(root, profile, unique):
    path = f"/{unique('path')}/"
    names = sorted(profile(Path=path)["InstanceProfileName"] for _ in range(3))
    pages = root.iam.get_paginator("list_instance_profiles").paginate(PathPrefix=path, PaginationConfig={"PageSize": 2})
    assert [one["InstanceProfileName"] for page in pages for one in page["InstanceProfiles"]] == names
    root.iam.get_waiter("instance_profile_exists").wait(
        InstanceProfileName=names[0], WaiterConfig={"Delay": 1, "MaxAttempts": 1})


def test_who_gives_a_role_away_must_be_allowed_to_pass_it(root, profile, role, user):
    name, arn = profile()["InstanceProfileName"], role()
    given = {"InstanceProfileName": name, "RoleName": arn.rpartition("/")[2]}
    ada = user(policy("iam:AddRoleToInstanceProfile"))
    with refused("AccessDenied", 403, re.compile(f"is not authorized to perform: iam:PassRole on resource: {re.escape(arn)}")):
        ada.iam.add_role_to_instance_profile(**given)
    passing = document({
        "Effect": "Allow", "Action": "iam:PassRole", "Resource": arn,
        "Condition": {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}})
    user(policy("iam:AddRoleToInstanceProfile"), passing).iam.add_role_to_instance_profile(**given)
