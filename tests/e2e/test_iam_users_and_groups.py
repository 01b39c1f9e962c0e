"""IAM: users, groups, memberships, access keys, tags."""

import re
import time

import pytest

from harness.aws import Credentials, Principal, not_allowed, policy, refused
from harness.server import ACCOUNT_ID


def validation(value, member, constraint):
    return f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {constraint}"


# Users.

def test_a_user_as_made_and_as_read(root, unique):
    name = unique("Ada")
    made = root.iam.create_user(UserName=name, Path="/division/", Tags=[{"Key": "Team", "Value": "blue"}])["User"]
    assert made["UserName"] == name
    assert made["Path"] == "/division/"
    assert re.fullmatch(r"AIDA[A-Z2-7]{17}", made["UserId"])
    assert made["Arn"] == f"arn:aws:iam::{ACCOUNT_ID}:user/division/{name}"
    assert made["Tags"] == [{"Key": "Team", "Value": "blue"}]
    assert abs(made["CreateDate"].timestamp() - time.time()) < 60
    assert root.iam.get_user(UserName=name)["User"] == made
    (listed,) = [one for one in root.iam.list_users(PathPrefix="/division/")["Users"] if one["UserName"] == name]
    assert set(listed) == {"Path", "UserName", "UserId", "Arn", "CreateDate"}, "lists leave tags out"


def test_users_are_unique_whatever_their_case(root, unique):
    name = unique("Grace")
    root.iam.create_user(UserName=name)
    with refused("EntityAlreadyExists", 409, f"User with name {name.upper()} already exists.",
                 shape="EntityAlreadyExistsException"):
        root.iam.create_user(UserName=name.upper())
    with refused("EntityAlreadyExists", 409, f"User with name {name} already exists."):
        root.iam.create_user(UserName=name)


def test_users_that_are_not_there(root):
    message = "The user with name nobody cannot be found."
    for call in (
        lambda: root.iam.get_user(UserName="nobody"),
        lambda: root.iam.delete_user(UserName="nobody"),
        lambda: root.iam.update_user(UserName="nobody", NewPath="/x/"),
        lambda: root.iam.create_access_key(UserName="nobody"),
        lambda: root.iam.list_access_keys(UserName="nobody"),
        lambda: root.iam.list_groups_for_user(UserName="nobody"),
        lambda: root.iam.list_user_policies(UserName="nobody"),
        lambda: root.iam.list_attached_user_policies(UserName="nobody"),
        lambda: root.iam.put_user_policy(UserName="nobody", PolicyName="p", PolicyDocument=policy("chime:*")),
        lambda: root.iam.attach_user_policy(
            UserName="nobody", PolicyArn="arn:aws:iam::aws:policy/AmazonChimeReadOnly"),
        lambda: root.iam.create_login_profile(UserName="nobody", Password="Some-Password-1"),
        lambda: root.iam.tag_user(UserName="nobody", Tags=[{"Key": "a", "Value": "b"}]),
        lambda: root.iam.list_user_tags(UserName="nobody"),
        lambda: root.iam.put_user_permissions_boundary(
            UserName="nobody", PermissionsBoundary="arn:aws:iam::aws:policy/AmazonChimeReadOnly"),
    ):
        with refused("NoSuchEntity", 404, message, shape="NoSuchEntityException"):
            call()


@pytest.mark.parametrize("name", ["two words", "semi;colon", "sla/sh", "ünï", "tab\t"])
def test_names_have_a_pattern(root, name):
    with refused("ValidationError", 400, (
            "The specified value for userName is invalid. "
            "It must contain only alphanumeric characters and/or the following: +=,.@_-")):
        root.iam.create_user(UserName=name)


def test_names_have_a_length(root, unique):
    with refused("ValidationError", 400, validation(
            "u" * 65, "userName", "Member must have length less than or equal to 64")):
        root.iam.create_user(UserName="u" * 65)
    name = unique("u").ljust(64, "x")
    root.iam.create_user(UserName=name)
    with refused("ValidationError", 400, re.compile("Member must have length greater than or equal to 1")):
        root.iam.create_user(UserName="")


def test_all_that_is_wrong_is_said_at_once(root):
    with refused("ValidationError", 400, re.compile(
            r"^2 validation errors detected: Value '.+' at '.+' failed .+; Value '.+' at '.+' failed ")):
        root.iam.create_user(UserName="u" * 65, Path=f"/{'p' * 512}/")


def test_a_member_that_must_be_there(root):
    with refused("ValidationError", 400, re.compile(
            r"^1 validation error detected: Value null at 'userName' failed to satisfy constraint: Member must not be null$")):
        root.iam.create_user()


@pytest.mark.parametrize("path", ["no-slash", "/open", "open/", "/with space/"])
def test_paths_have_a_form(root, unique, path):
    with refused("ValidationError", 400, (
            "The specified value for path is invalid. "
            "It must begin and end with / and contain only alphanumeric characters and/or / characters.")):
        root.iam.create_user(UserName=unique("user"), Path=path)


def test_beginnings_of_paths_have_a_form(root):
    with refused("ValidationError", 400, (
            "The specified value for pathPrefix is invalid. "
            "It must begin with the / character and contain only alphanumeric characters and/or / characters.")):
        root.iam.list_users(PathPrefix="no-slash")


def test_renaming_keeps_the_id_and_changes_the_arn(root, unique, user):
    ada = user(policy("chime:ListAccounts"))
    other = user(key=False)
    new = unique("renamed")
    root.iam.update_user(UserName=ada.name, NewUserName=new, NewPath="/moved/")
    got = root.iam.get_user(UserName=new)["User"]
    assert got["UserId"] == ada.id
    assert got["Arn"] == f"arn:aws:iam::{ACCOUNT_ID}:user/moved/{new}"
    with refused("NoSuchEntity"):
        root.iam.get_user(UserName=ada.name)
    # Keys and policies come along.
    ada.chime.list_accounts()
    assert ada.sts.get_caller_identity()["Arn"] == got["Arn"]
    assert ada.sts.get_caller_identity()["UserId"] == ada.id
    # Only its case may change, too; but not into somebody else's.
    root.iam.update_user(UserName=new, NewUserName=new.upper())
    assert root.iam.get_user(UserName=new.upper())["User"]["UserName"] == new.upper()
    with refused("EntityAlreadyExists", 409):
        root.iam.update_user(UserName=new.upper(), NewUserName=other.name)


def test_a_user_asks_about_itself_without_a_name(root, user):
    ada = user(policy("iam:GetUser", "iam:ListAccessKeys", "iam:CreateAccessKey"))
    assert ada.iam.get_user()["User"]["UserName"] == ada.name
    (key,) = ada.iam.list_access_keys()["AccessKeyMetadata"]
    assert key["AccessKeyId"] == ada.credentials.key
    bob = user()
    with refused("AccessDenied", 403, not_allowed(bob.arn, "iam:GetUser", bob.arn)):
        bob.iam.get_user()
    assert root.iam.get_user()["User"]["Arn"] == f"arn:aws:iam::{ACCOUNT_ID}:root"


def test_a_user_goes_only_with_empty_hands(root, user, managed, group):
    """Each thing that is in the way has its own message."""
    name = user(key=False).name
    team = group()
    arn = managed()

    def in_the_way(message):
        with refused("DeleteConflict", 409, message, shape="DeleteConflictException"):
            root.iam.delete_user(UserName=name)

    root.iam.attach_user_policy(UserName=name, PolicyArn=arn)
    in_the_way("Cannot delete entity, must detach all policies first.")
    root.iam.detach_user_policy(UserName=name, PolicyArn=arn)

    root.iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy("chime:*"))
    in_the_way("Cannot delete entity, must delete policies first.")
    root.iam.delete_user_policy(UserName=name, PolicyName="p")

    key = root.iam.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"]
    in_the_way("Cannot delete entity, must delete access keys first.")
    root.iam.delete_access_key(UserName=name, AccessKeyId=key)

    root.iam.create_login_profile(UserName=name, Password="Some-Password-1")
    in_the_way("Cannot delete entity, must delete login profile first.")
    root.iam.delete_login_profile(UserName=name)

    root.iam.add_user_to_group(UserName=name, GroupName=team)
    in_the_way(re.compile("^Cannot delete entity, must remove users from group first.$"))
    root.iam.remove_user_from_group(UserName=name, GroupName=team)

    root.iam.delete_user(UserName=name)
    with refused("NoSuchEntity"):
        root.iam.get_user(UserName=name)


def test_ids_are_not_used_twice(root, unique):
    name = unique("phoenix")
    first = root.iam.create_user(UserName=name)["User"]["UserId"]
    root.iam.delete_user(UserName=name)
    assert root.iam.create_user(UserName=name)["User"]["UserId"] != first


def test_listing_users_by_pages_and_path(root, unique):
    path = f"/{unique('path')}/"
    names = [unique("paged") for _ in range(5)]
    for number, name in enumerate(names):
        root.iam.create_user(UserName=name, Path=path if number < 4 else path + "deeper/")
    listed = []
    pages = 0
    for page in root.iam.get_paginator("list_users").paginate(PathPrefix=path, PaginationConfig={"PageSize": 1}):
        pages += 1
        assert len(page["Users"]) == 1
        assert page["IsTruncated"] == (pages < 5)
        assert ("Marker" in page) == page["IsTruncated"]
        listed += [one["UserName"] for one in page["Users"]]
    assert listed == sorted(names)
    assert len(root.iam.list_users(PathPrefix=path + "deeper/")["Users"]) == 1
    everybody = {
        one["UserName"]
        for page in root.iam.get_paginator("list_users").paginate(PaginationConfig={"PageSize": 3})
        for one in page["Users"]
    }
    assert set(names) <= everybody


def test_a_page_goes_on_behind_a_deleted_item(root, unique):
    path = f"/{unique('path')}/"
    names = sorted(unique("stale") for _ in range(3))
    for name in names:
        root.iam.create_user(UserName=name, Path=path)
    first = root.iam.list_users(PathPrefix=path, MaxItems=1)
    root.iam.delete_user(UserName=names[0])
    root.iam.delete_user(UserName=names[1])
    rest = root.iam.list_users(PathPrefix=path, MaxItems=10, Marker=first["Marker"])
    assert [one["UserName"] for one in rest["Users"]] == names[2:]


@pytest.mark.parametrize("marker", ["forged", "AAAA", "x" * 320])
def test_a_forged_marker_is_refused(root, marker):
    for call in (root.iam.list_users, root.iam.list_groups, root.iam.list_policies, root.iam.list_roles):
        try:
            call(Marker=marker)
        except root.iam.exceptions.ClientError as error:
            assert error.response["Error"]["Code"] in ("ValidationError", "InvalidInput")
            assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 400
        else:
            raise AssertionError("a forged marker was taken")


@pytest.mark.parametrize("items", [0, 1001, -1])
def test_pages_have_bounds(root, items):
    with refused("ValidationError", 400, re.compile("at 'maxItems' failed to satisfy constraint: Member must have value")):
        root.iam.list_users(MaxItems=items)


# Tags.

def test_tags_of_a_user(root, user):
    name = user(key=False).name
    root.iam.tag_user(UserName=name, Tags=[{"Key": "Team", "Value": "blue"}, {"Key": "Site", "Value": ""}])
    root.iam.tag_user(UserName=name, Tags=[{"Key": "Team", "Value": "red"}])
    tags = {tag["Key"]: tag["Value"] for tag in root.iam.list_user_tags(UserName=name)["Tags"]}
    assert tags == {"Team": "red", "Site": ""}
    root.iam.untag_user(UserName=name, TagKeys=["Site", "Absent"])
    assert root.iam.list_user_tags(UserName=name)["Tags"] == [{"Key": "Team", "Value": "red"}]
    with refused("InvalidInput", 400, shape="InvalidInputException"):
        root.iam.tag_user(UserName=name, Tags=[{"Key": "k", "Value": "1"}, {"Key": "K", "Value": "2"}])
    with pytest.raises(root.iam.exceptions.ClientError) as caught:
        root.iam.tag_user(UserName=name, Tags=[{"Key": "aws:reserved", "Value": "1"}])
    assert caught.value.response["Error"]["Code"] in ("InvalidInput", "ValidationError")


def test_fifty_tags_and_no_more(root, user):
    name = user(key=False).name
    root.iam.tag_user(UserName=name, Tags=[{"Key": f"k{n}", "Value": "v"} for n in range(50)])
    with refused("LimitExceeded", 409, re.compile("^Cannot exceed quota for ")):
        root.iam.tag_user(UserName=name, Tags=[{"Key": "one-more", "Value": "v"}])
    paged = [
        tag["Key"]
        for page in root.iam.get_paginator("list_user_tags").paginate(
            UserName=name, PaginationConfig={"PageSize": 7})
        for tag in page["Tags"]
    ]
    assert len(paged) == len(set(paged)) == 50


# Groups.

def test_a_group_and_its_members(root, unique, user):
    name = unique("Team")
    made = root.iam.create_group(GroupName=name, Path="/teams/")["Group"]
    assert re.fullmatch(r"AGPA[A-Z2-7]{17}", made["GroupId"])
    assert made["Arn"] == f"arn:aws:iam::{ACCOUNT_ID}:group/teams/{name}"
    members = [user(key=False) for _ in range(3)]
    for one in members:
        root.iam.add_user_to_group(GroupName=name, UserName=one.name)
        root.iam.add_user_to_group(GroupName=name, UserName=one.name)
    got = root.iam.get_group(GroupName=name)
    assert got["Group"] == made
    assert {one["UserId"] for one in got["Users"]} == {one.id for one in members}
    pages = list(root.iam.get_paginator("get_group").paginate(GroupName=name, PaginationConfig={"PageSize": 1}))
    assert [one["UserName"] for page in pages for one in page["Users"]] == sorted(one.name for one in members)
    (of_one,) = root.iam.list_groups_for_user(UserName=members[0].name)["Groups"]
    assert of_one["GroupName"] == name
    root.iam.remove_user_from_group(GroupName=name, UserName=members[0].name)
    assert root.iam.list_groups_for_user(UserName=members[0].name)["Groups"] == []
    with refused("NoSuchEntity", 404):
        root.iam.remove_user_from_group(GroupName=name, UserName=members[0].name)


def test_groups_are_unique_whatever_their_case(root, group):
    name = group(name=None)
    with refused("EntityAlreadyExists", 409, f"Group with name {name.upper()} already exists."):
        root.iam.create_group(GroupName=name.upper())


def test_groups_that_are_not_there(root, user):
    ada = user(key=False)
    message = "The group with name nothing cannot be found."
    for call in (
        lambda: root.iam.get_group(GroupName="nothing"),
        lambda: root.iam.delete_group(GroupName="nothing"),
        lambda: root.iam.update_group(GroupName="nothing", NewPath="/x/"),
        lambda: root.iam.add_user_to_group(GroupName="nothing", UserName=ada.name),
        lambda: root.iam.remove_user_from_group(GroupName="nothing", UserName=ada.name),
        lambda: root.iam.list_group_policies(GroupName="nothing"),
        lambda: root.iam.list_attached_group_policies(GroupName="nothing"),
        lambda: root.iam.put_group_policy(GroupName="nothing", PolicyName="p", PolicyDocument=policy("chime:*")),
        lambda: root.iam.attach_group_policy(
            GroupName="nothing", PolicyArn="arn:aws:iam::aws:policy/AmazonChimeReadOnly"),
    ):
        with refused("NoSuchEntity", 404, message, shape="NoSuchEntityException"):
            call()
    with refused("NoSuchEntity", 404, "The user with name nobody cannot be found."):
        root.iam.add_user_to_group(GroupName=root.iam.create_group(
            GroupName=f"of-{ada.name}")["Group"]["GroupName"], UserName="nobody")


def test_a_group_goes_only_when_empty(root, group, user, managed):
    name = group()
    ada = user(key=False)
    arn = managed()
    root.iam.add_user_to_group(GroupName=name, UserName=ada.name)
    with refused("DeleteConflict", 409, "Cannot delete entity, must remove users from group first."):
        root.iam.delete_group(GroupName=name)
    root.iam.remove_user_from_group(GroupName=name, UserName=ada.name)
    root.iam.attach_group_policy(GroupName=name, PolicyArn=arn)
    with refused("DeleteConflict", 409, "Cannot delete entity, must detach all policies first."):
        root.iam.delete_group(GroupName=name)
    root.iam.detach_group_policy(GroupName=name, PolicyArn=arn)
    root.iam.put_group_policy(GroupName=name, PolicyName="p", PolicyDocument=policy("chime:*"))
    with refused("DeleteConflict", 409, "Cannot delete entity, must delete policies first."):
        root.iam.delete_group(GroupName=name)
    root.iam.delete_group_policy(GroupName=name, PolicyName="p")
    root.iam.delete_group(GroupName=name)
    with refused("NoSuchEntity"):
        root.iam.get_group(GroupName=name)


def test_renaming_a_group_keeps_its_members_and_rights(root, group, user, unique):
    name = group("arn:aws:iam::aws:policy/AmazonChimeReadOnly")
    ada = user(groups=[name])
    new = unique("renamed")
    root.iam.update_group(GroupName=name, NewGroupName=new, NewPath="/new/")
    got = root.iam.get_group(GroupName=new)
    assert got["Group"]["Arn"] == f"arn:aws:iam::{ACCOUNT_ID}:group/new/{new}"
    assert [one["UserName"] for one in got["Users"]] == [ada.name]
    ada.chime.list_accounts()


def test_listing_groups_by_pages(root, unique, group, user):
    path = f"/{unique('path')}/"
    ada = user(key=False)
    names = [group(Path=path) for _ in range(4)]
    for name in names:
        root.iam.add_user_to_group(GroupName=name, UserName=ada.name)
    pages = root.iam.get_paginator("list_groups").paginate(PathPrefix=path, PaginationConfig={"PageSize": 1})
    assert [one["GroupName"] for page in pages for one in page["Groups"]] == sorted(names)
    pages = root.iam.get_paginator("list_groups_for_user").paginate(
        UserName=ada.name, PaginationConfig={"PageSize": 1})
    assert [one["GroupName"] for page in pages for one in page["Groups"]] == sorted(names)


def test_ten_groups_for_a_user(root, group, user):
    ada = user(key=False)
    for _ in range(10):
        root.iam.add_user_to_group(GroupName=group(), UserName=ada.name)
    with refused("LimitExceeded", 409, "Cannot exceed quota for GroupsPerUser: 10", shape="LimitExceededException"):
        root.iam.add_user_to_group(GroupName=group(), UserName=ada.name)


# Access keys.

def test_two_keys_and_no_more(root, user):
    name = user(key=False).name
    keys = [root.iam.create_access_key(UserName=name)["AccessKey"] for _ in range(2)]
    for key in keys:
        assert re.fullmatch(r"AKIA[A-Z2-7]{16}", key["AccessKeyId"])
        assert re.fullmatch(r"[A-Za-z0-9/+]{40}", key["SecretAccessKey"])
        assert key["Status"] == "Active" and key["UserName"] == name
    with refused("LimitExceeded", 409, "Cannot exceed quota for AccessKeysPerUser: 2", shape="LimitExceededException"):
        root.iam.create_access_key(UserName=name)
    pages = list(root.iam.get_paginator("list_access_keys").paginate(
        UserName=name, PaginationConfig={"PageSize": 1}))
    listed = [key for page in pages for key in page["AccessKeyMetadata"]]
    assert {key["AccessKeyId"] for key in listed} == {key["AccessKeyId"] for key in keys}
    assert all("SecretAccessKey" not in key for key in listed)
    root.iam.delete_access_key(UserName=name, AccessKeyId=keys[0]["AccessKeyId"])
    root.iam.create_access_key(UserName=name)


def test_keys_that_are_not_there(root, user):
    ada, bob = user(), user()
    missing = "AKIAIOSFODNN7EXAMPLE"
    for call in (root.iam.delete_access_key, lambda **k: root.iam.update_access_key(Status="Inactive", **k)):
        with refused("NoSuchEntity", 404, f"The Access Key with id {missing} cannot be found"):
            call(UserName=ada.name, AccessKeyId=missing)
        with refused("NoSuchEntity", 404, f"The Access Key with id {bob.credentials.key} cannot be found"):
            call(UserName=ada.name, AccessKeyId=bob.credentials.key)
    with refused("ValidationError", 400, re.compile(r"at 'status' failed .* Member must satisfy enum value set: \[")):
        root.iam.update_access_key(UserName=ada.name, AccessKeyId=ada.credentials.key, Status="Broken")


def test_the_last_use_of_a_key(root, user):
    ada = user(policy("chime:ListAccounts"))
    unused = root.iam.get_access_key_last_used(AccessKeyId=ada.credentials.key)
    assert unused["UserName"] == ada.name
    assert unused["AccessKeyLastUsed"]["ServiceName"] == "N/A"
    assert unused["AccessKeyLastUsed"]["Region"] == "N/A"
    assert "LastUsedDate" not in unused["AccessKeyLastUsed"]
    ada.chime.list_accounts()
    used = root.iam.get_access_key_last_used(AccessKeyId=ada.credentials.key)["AccessKeyLastUsed"]
    assert used["ServiceName"] == "chime"
    assert used["Region"] == "us-east-1"
    assert abs(used["LastUsedDate"].timestamp() - time.time()) < 3600


def test_keys_of_root(new_server):
    server = new_server()
    server.start()
    made = server.root.iam.create_access_key()["AccessKey"]
    second = Principal(server, Credentials.of(made))
    assert second.sts.get_caller_identity()["Arn"] == f"arn:aws:iam::{ACCOUNT_ID}:root"
    second.iam.update_access_key(AccessKeyId=server.root.credentials.key, Status="Inactive")
    with refused("InvalidClientTokenId"):
        server.root.sts.get_caller_identity()
    assert len(second.iam.list_access_keys()["AccessKeyMetadata"]) == 2
