"""Actions of the table that are not built yet: decided like the others, then answered with 501."""

import csv
import pathlib
import re

import pytest

from harness.aws import Credentials, Principal, not_allowed, policy
from harness.raw import chime_request
from harness.server import ACCOUNT_ID

TABLE = list(csv.DictReader(open(pathlib.Path(__file__).parent / "data/actions.csv", newline="")))
BUILT = {"AWS Account Delegation", "Accounts", "Amazon Chime Support", "Attachments", "Domains", "Reporting", "Users"}
PLANNED = [row for row in TABLE if row["group"] not in BUILT]
NOWHERE = "00000000-0000-4000-8000-000000000000"

LABELS = {
    "accountId": NOWHERE, "userId": NOWHERE, "meetingId": NOWHERE, "dataExportId": NOWHERE, "domainName": "example.com",
    "directoryId": "d-0123456789", "apiKeyId": NOWHERE, "voiceConnectorId": "abcdef1ghij2klmno3pqr4",
    "phoneNumberId": "%2B12065550100", "phoneNumberOrderId": NOWHERE, "bucketName": "bucket", "delegateId": NOWHERE,
}

# What their operations cannot do without; whatever an operation does not know, it ignores.
BODY = {
    "DomainName": "example.com", "Groups": [{"GroupName": "g", "LicenseType": "Pro"}], "GroupNames": ["g"],
    "Issuer": "https://id.example.com", "ClientId": "client", "Description": "text", "Subject": "text",
    "ContactEmail": "ada@example.com", "InvitationToken": "t" * 43, "E164PhoneNumber": "+12065550100",
    "E164PhoneNumbers": ["+12065550100"], "PhoneNumberIds": ["+12065550100"], "ProductType": "BusinessCalling",
    "UpdatePhoneNumberRequestItems": [{"PhoneNumberId": "+12065550100", "ProductType": "VoiceConnector"}],
    "Name": "name", "RequireEncryption": True, "Origination": {"Disabled": False, "Routes": []},
    "Termination": {"Disabled": False, "CallingRegions": ["US"], "CidrAllowedList": ["203.0.113.0/27"]},
    "Credentials": [{"Username": "u", "Password": "p"}], "Usernames": ["u"], "CallingName": "Name",
    "BusinessCalling": {"CdrBucket": "bucket"}, "VoiceConnector": {"CdrBucket": "bucket"},
}
QUERY = {
    "ListAccountUsageReportData": "start-date=2026-01-01&end-date=2026-01-02&period=Day",
    "GetUserActivityReportData": "start-date=2026-01-01&end-date=2026-01-02",
    "ListMeetingReportData": "start-date=2026-01-01&end-date=2026-01-02",
    "SearchAvailablePhoneNumbers": "area-code=206",
}


def request(row, credentials):
    path = re.sub(r"\{(\w+)\}", lambda label: LABELS[label[1]], row["uri"])
    if row["action"] in QUERY:
        path += ("&" if "?" in path else "?") + QUERY[row["action"]]
    body = BODY if row["http_method"] in ("POST", "PUT") else None
    return chime_request(credentials, row["http_method"], path, body)


@pytest.fixture(scope="module")
def people(server):
    """Somebody who may everything, and somebody who may nothing."""
    made = []
    for name, document in (("allowed", policy("chime:*")), ("refused", None)):
        arn = server.root.iam.create_user(UserName=name)["User"]["Arn"]
        if document:
            server.root.iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document)
        key = server.root.iam.create_access_key(UserName=name)["AccessKey"]
        made.append(Principal(server, Credentials.of(key), name=name, arn=arn))
    return made


@pytest.mark.parametrize("row", PLANNED, ids=[row["action"] for row in PLANNED])
def test_a_planned_action_is_decided_and_then_said_to_be_planned(server, people, row):
    may, may_not = people
    answer = request(row, may.credentials).to(server)
    assert answer.status == 501, (answer.status, answer.body)
    assert answer.error_type and answer.json["Code"] and row["action"].lower() in answer.message.lower()
    answer = request(row, may_not.credentials).to(server)
    assert (answer.status, answer.code) == (403, "AccessDeniedException"), answer.body
    resource = None
    if "voiceConnectorId" in row["uri"]:
        resource = f"arn:aws:chime:us-east-1:{ACCOUNT_ID}:vc/{LABELS['voiceConnectorId']}"
    assert answer.message == not_allowed(may_not.arn, f"chime:{row['action']}", resource)


def test_the_shipped_model_has_all_of_the_table(server, root):
    names = {name.lower() for name in root.chime.meta.service_model.operation_names}
    for row in TABLE:
        assert row["action"].lower() in names, row["action"]
    published = set(root.public_chime.meta.service_model.operation_names)
    shipped = set(root.chime.meta.service_model.operation_names)
    assert published <= shipped, published - shipped


def test_the_shipped_model_says_where_each_action_is(root):
    model = root.chime.meta.service_model
    by_name = {name.lower(): name for name in model.operation_names}
    for row in TABLE:
        if row["action"] == "RenameAccount":
            continue
        http = model.operation_model(by_name[row["action"].lower()]).http
        want = re.sub(r"\{\w+\}", "{}", row["uri"])
        assert (http["method"], re.sub(r"\{\w+\}", "{}", http["requestUri"])) == (row["http_method"], want), row["action"]


def test_lists_of_the_shipped_model_have_paginators(root):
    for name in ("list_accounts", "list_users", "list_domains", "list_directories", "list_groups", "list_api_keys",
                 "list_delegates", "list_account_usage_report_data", "list_meeting_report_data"):
        assert root.chime.can_paginate(name), name
