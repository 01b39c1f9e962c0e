"""The three managed policies are the columns of the published table, and the table is what the server does."""

import csv
import pathlib
import re

import pytest

from harness.aws import policy, refused
from harness.server import carillon

TABLE = list(csv.DictReader(open(pathlib.Path(__file__).parent / "data/actions.csv", newline="")))
COLUMNS = {
    "AmazonChimeFullAccess": ("full_access", 84),
    "AmazonChimeUserManagement": ("user_management", 31),
    "AmazonChimeReadOnly": ("read_only", 27),
}


def arn(name):
    return f"arn:aws:iam::aws:policy/{name}"


def granted(name):
    column, _ = COLUMNS[name]
    return [f"chime:{row['action']}" for row in TABLE if row[column] == "1"]


def test_the_table_is_whole():
    assert len(TABLE) == 84
    for name, (_, count) in COLUMNS.items():
        assert len(granted(name)) == count


@pytest.mark.parametrize("name", COLUMNS)
def test_the_first_version_is_the_column(root, name):
    version = root.iam.get_policy_version(PolicyArn=arn(name), VersionId="v1")["PolicyVersion"]
    assert version["Document"] == {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": granted(name), "Resource": "*"}],
    }


@pytest.mark.parametrize("name", COLUMNS)
def test_later_versions_only_add(root, name):
    got = root.iam.get_policy(PolicyArn=arn(name))["Policy"]
    versions = root.iam.list_policy_versions(PolicyArn=arn(name))["Versions"]
    newest = max(versions, key=lambda one: int(one["VersionId"][1:]))
    assert newest["IsDefaultVersion"] and got["DefaultVersionId"] == newest["VersionId"]
    seen = set(granted(name))
    for version in sorted(versions, key=lambda one: int(one["VersionId"][1:])):
        text = root.iam.get_policy_version(PolicyArn=arn(name), VersionId=version["VersionId"])["PolicyVersion"]
        (statement,) = text["Document"]["Statement"]
        assert statement["Effect"] == "Allow" and statement["Resource"] == "*"
        now = set(statement["Action"])
        assert seen <= now
        seen = now


def test_each_is_there_and_attachable(root):
    for name in COLUMNS:
        got = root.iam.get_policy(PolicyArn=arn(name))["Policy"]
        assert got["Path"] == "/" and got["IsAttachable"] is True and got["PolicyName"] == name
        assert got["CreateDate"].strftime("%Y-%m-%d") == "2017-11-01"


@pytest.mark.parametrize("name", COLUMNS)
def test_nobody_changes_them(root, user, name):
    """Not even whoever may do everything."""
    administrator = user(policy("*"))
    for who in (root, administrator):
        for call in (
            lambda: who.iam.create_policy_version(PolicyArn=arn(name), PolicyDocument=policy("chime:*")),
            lambda: who.iam.set_default_policy_version(PolicyArn=arn(name), VersionId="v1"),
            lambda: who.iam.delete_policy_version(PolicyArn=arn(name), VersionId="v1"),
            lambda: who.iam.delete_policy(PolicyArn=arn(name)),
            lambda: who.iam.tag_policy(PolicyArn=arn(name), Tags=[{"Key": "a", "Value": "b"}]),
            lambda: who.iam.untag_policy(PolicyArn=arn(name), TagKeys=["a"]),
        ):
            with refused("AccessDenied", 403):
                call()
    assert root.iam.get_policy_version(PolicyArn=arn(name), VersionId="v1")["PolicyVersion"]["Document"]["Statement"]


def test_a_customer_makes_no_policy_of_theirs(root, unique):
    """A namesake is the customer's own, and grants what it says."""
    made = root.iam.create_policy(PolicyName="AmazonChimeReadOnly", PolicyDocument=policy("chime:*"))["Policy"]
    assert made["Arn"] != arn("AmazonChimeReadOnly")
    first = root.iam.get_policy_version(PolicyArn=arn("AmazonChimeReadOnly"), VersionId="v1")["PolicyVersion"]
    assert len(first["Document"]["Statement"][0]["Action"]) == 27


def test_each_grants_what_it_says(root, user, account):
    mine = account()["AccountId"]
    full, management, reader = (user(attached=[arn(name)]) for name in COLUMNS)
    for one in (full, management, reader):
        one.chime.get_account(AccountId=mine)
        one.chime.list_users(AccountId=mine)
    full.chime.create_account(Name="By full access")
    for one in (management, reader):
        with refused("AccessDeniedException", 403):
            one.chime.create_account(Name="No")
    setting = {"AccountSettings": {"EnableDialOut": True}}
    for one in (full, management):
        one.chime.update_account_settings(AccountId=mine, **setting)
    with refused("AccessDeniedException", 403):
        reader.chime.update_account_settings(AccountId=mine, **setting)
    # Only user management and full access see a meeting; only full access and read only a bucket.
    for call, allowed in (
        (lambda c: c.get_meeting_detail(AccountId=mine, MeetingId=mine), (full, management)),
        (lambda c: c.get_cdr_bucket(BucketName="bucket"), (full, reader)),
        (lambda c: c.get_telephony_limits(), (full,)),
    ):
        for one in (full, management, reader):
            with pytest.raises(one.chime.exceptions.ClientError) as caught:
                call(one.chime)
            assert (caught.value.response["Error"]["Code"] == "AccessDeniedException") == (one not in allowed)


def test_the_matrix_is_the_table():
    """Every action as each of four users, by real requests; and the outcome printed row by row."""
    done = carillon("matrix", timeout=170)
    rows = {}
    for line in done.stdout.splitlines():
        found = re.search(r"\b(?:chime:)?([A-Z][A-Za-z]+)\b.*?((?:\b(?:allowed|denied)\b\W*){3,})", line)
        if found:
            rows[found[1]] = re.findall(r"allowed|denied", found[2])
    assert len(rows) == 84, done.stdout
    for row in TABLE:
        want = ["allowed" if row[column] == "1" else "denied" for column in ("full_access", "user_management", "read_only")]
        assert rows[row["action"]][:3] == want, row["action"]
        assert rows[row["action"]][3:] in ([], ["denied"]), row["action"]
