"""The report on everybody's credentials."""

import base64
import csv
import datetime
import io

import pytest

from harness.aws import not_allowed, policy, refused
from harness.server import ACCOUNT_ID

HEADER = (
    "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,"
    "mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,"
    "access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,"
    "access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,"
    "cert_1_last_rotated,cert_2_active,cert_2_last_rotated")


@pytest.fixture
def fresh(new_server):
    server = new_server()
    server.start()
    return server


def generate(root, wait_until):
    assert root.iam.generate_credential_report()["State"] == "STARTED"
    wait_until(lambda: root.iam.generate_credential_report()["State"] == "COMPLETE", what="the report")
    return root.iam.get_credential_report()


def rows(report):
    text = report["Content"].decode()
    assert text.splitlines()[0] == HEADER
    return {row["user"]: row for row in csv.DictReader(io.StringIO(text))}


def test_a_report_is_made_and_used_for_four_hours(fresh, wait_until):
    root = fresh.root
    with refused("ReportNotPresent", 410, shape="CredentialReportNotPresentException"):
        root.iam.get_credential_report()
    report = generate(root, wait_until)
    assert report["ReportFormat"] == "text/csv"
    assert abs(report["GeneratedTime"] - datetime.datetime.now(datetime.UTC)) < datetime.timedelta(minutes=1)
    root.iam.create_user(UserName="late")
    assert root.iam.generate_credential_report()["State"] == "COMPLETE"
    assert list(rows(root.iam.get_credential_report())) == ["<root_account>"]


def test_a_report_outlives_a_restart(fresh, wait_until):
    before = generate(fresh.root, wait_until)
    assert fresh.stop() == 0
    fresh.start()
    assert fresh.root.iam.get_credential_report()["Content"] == before["Content"]


def test_everybody_has_a_row(fresh, wait_until):
    root = fresh.root
    odd = "zoe,+=.@-_"
    root.iam.create_user(UserName=odd, Path='/"quoted",/')
    root.iam.create_user(UserName="ada")
    root.iam.create_login_profile(UserName="ada", Password="Some-Password-1")
    root.iam.update_account_password_policy(MaxPasswordAge=90)
    keys = [root.iam.create_access_key(UserName="ada")["AccessKey"]["AccessKeyId"] for _ in range(2)]
    root.iam.update_access_key(UserName="ada", AccessKeyId=keys[1], Status="Inactive")
    found = rows(generate(root, wait_until))
    assert list(found) == ["<root_account>", "ada", odd]
    everything = found["<root_account>"]
    assert everything["arn"] == f"arn:aws:iam::{ACCOUNT_ID}:root"
    assert [everything[f"password_{name}"] for name in ("enabled", "last_changed", "next_rotation")] == [
        "not_supported"] * 3
    assert everything["access_key_1_active"] == "true" and everything["access_key_1_last_used_service"] == "iam"
    ada = found["ada"]
    changed, next_one = (datetime.datetime.fromisoformat(ada[f"password_{name}"])
                         for name in ("last_changed", "next_rotation"))
    assert next_one - changed == datetime.timedelta(days=90)
    assert ada["password_last_changed"].endswith("+00:00")
    assert (ada["password_enabled"], ada["password_last_used"], ada["mfa_active"]) == ("true", "no_information", "false")
    assert (ada["access_key_1_active"], ada["access_key_2_active"]) == ("true", "false")
    for number in "12":
        assert datetime.datetime.fromisoformat(ada[f"access_key_{number}_last_rotated"])
        assert [ada[f"access_key_{number}_last_used_{name}"] for name in ("date", "region", "service")] == ["N/A"] * 3
    assert found[odd]["arn"] == f'arn:aws:iam::{ACCOUNT_ID}:user/"quoted",/{odd}'
    for name in ("password_last_used", "password_last_changed", "password_next_rotation", "access_key_1_last_rotated"):
        assert found[odd][name] == "N/A", name
    assert found[odd]["password_enabled"] == found[odd]["access_key_1_active"] == "false"


def test_the_command_line_gets_it(fresh, wait_until):
    generate(fresh.root, wait_until)
    answer = fresh.root.cli("iam", "get-credential-report")
    assert base64.b64decode(answer["Content"]).decode().startswith(HEADER)


def test_a_report_needs_permission(user):
    nobody = user()
    for call, action in ((nobody.iam.generate_credential_report, "GenerateCredentialReport"),
                         (nobody.iam.get_credential_report, "GetCredentialReport")):
        with refused("AccessDenied", 403, not_allowed(nobody.arn, f"iam:{action}")):
            call()
    reader = user(policy("iam:GetCredentialReport", "iam:GenerateCredentialReport"))
    assert reader.iam.generate_credential_report()["State"] in ("STARTED", "COMPLETE")
