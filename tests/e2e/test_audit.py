"""The audit trail: what CloudTrail answers, and what the record of a request holds and must not hold."""

import datetime
import json
import re
import uuid

import pytest

from harness.aws import Credentials, Principal, not_allowed, policy, refused
from harness.raw import chime_request, query_request
from harness.server import ACCOUNT_ID, ROOT, ROOT_PASSWORD, carillon

HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"


def lookup(root, **attributes):
    """Records found by attributes, newest first; the first attribute is asked for, the others must hold too."""
    asked = [{"AttributeKey": key, "AttributeValue": str(value)} for key, value in attributes.items()]
    pages = root.cloudtrail.get_paginator("lookup_events").paginate(LookupAttributes=asked[:1])
    return [json.loads(event["CloudTrailEvent"]) for page in pages for event in page["Events"]]


def last(root, **attributes):
    return lookup(root, **attributes)[0]


def test_the_record_of_a_write(server, root, user):
    ada = user(policy("chime:*"))
    answer = ada.chime.create_account(Name="Recorded")
    record = last(root, Username=ada.name)
    assert record["eventVersion"] == "1.11"
    assert record["eventSource"] == "chime.amazonaws.com"
    assert record["eventName"] == "CreateAccount"
    assert record["awsRegion"] == "us-east-1"
    assert record["eventType"] == "AwsApiCall"
    assert record["eventCategory"] == "Management"
    assert record["managementEvent"] is True
    assert record["readOnly"] is False
    assert record["recipientAccountId"] == ACCOUNT_ID
    assert record["sourceIPAddress"] == "127.0.0.1"
    assert "Boto3/" in record["userAgent"]
    assert record["requestID"] == answer["ResponseMetadata"]["RequestId"]
    uuid.UUID(record["eventID"])
    when = datetime.datetime.strptime(record["eventTime"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.UTC)
    assert abs((datetime.datetime.now(datetime.UTC) - when).total_seconds()) < 60
    assert record["userIdentity"] == {
        "type": "IAMUser", "principalId": ada.id, "arn": ada.arn, "accountId": ACCOUNT_ID,
        "accessKeyId": ada.credentials.key, "userName": ada.name,
    }
    assert record["requestParameters"] == {"name": "Recorded"}
    made = record["responseElements"]["account"]
    assert made["accountId"] == answer["Account"]["AccountId"]
    assert "errorCode" not in record
    authorization = record["additionalEventData"]["authorization"]
    assert authorization["decision"]


def test_the_record_of_a_read(root, user, account):
    mine = account()["AccountId"]
    ada = user(policy("chime:*"))
    ada.chime.get_account(AccountId=mine)
    record = last(root, Username=ada.name)
    assert record["eventName"] == "GetAccount"
    assert record["readOnly"] is True
    assert record["requestParameters"] == {"accountId": mine}
    assert record["responseElements"] is None
    ada.chime.list_accounts()
    record = last(root, Username=ada.name)
    assert record["requestParameters"] is None


def test_the_record_of_a_refusal(root, user):
    ada = user()
    with refused("AccessDeniedException"):
        ada.chime.create_account(Name="No")
    record = last(root, Username=ada.name)
    assert record["eventName"] == "CreateAccount"
    assert record["errorCode"] == "AccessDenied"
    assert record["errorMessage"] == not_allowed(ada.arn, "chime:CreateAccount")
    assert record["responseElements"] is None
    assert record["userIdentity"]["userName"] == ada.name
    with refused("AccessDenied"):
        ada.iam.delete_user(UserName=ada.name)
    record = last(root, Username=ada.name)
    assert (record["eventSource"], record["eventName"]) == ("iam.amazonaws.com", "DeleteUser")
    assert record["errorCode"] == "AccessDenied"


def test_the_record_of_a_failure(root, user, account):
    ada = user(policy("chime:*", "iam:*"))
    with refused("NotFoundException"):
        ada.chime.get_account(AccountId="nothing")
    record = last(root, Username=ada.name)
    assert record["errorCode"] == "NotFoundException" and record["errorMessage"]
    with refused("BadRequestException"):
        ada.chime.create_account(Name=" ")
    assert last(root, Username=ada.name)["errorCode"] == "BadRequestException"
    with refused("NoSuchEntity"):
        ada.iam.get_user(UserName="nobody")
    record = last(root, Username=ada.name)
    assert record["errorCode"] in ("NoSuchEntity", "NoSuchEntityException")
    assert record["errorMessage"] == "The user with name nobody cannot be found."


def test_the_record_of_root(root):
    root.chime.create_account(Name="By root")
    record = next(one for one in lookup(root, AccessKeyId=ROOT.key) if one["eventName"] == "CreateAccount")
    identity = record["userIdentity"]
    assert identity["type"] == "Root"
    assert identity["arn"] == f"arn:aws:iam::{ACCOUNT_ID}:root"
    assert identity["principalId"] == identity["accountId"] == ACCOUNT_ID


def test_the_record_of_a_role_session(root, user, role):
    ada = user(policy("sts:AssumeRole"))
    arn = role(policy("chime:ListAccounts"))
    session = ada.assume(arn, "recorded")
    session.chime.list_accounts()
    record = last(root, AccessKeyId=session.credentials.key)
    identity = record["userIdentity"]
    name = arn.rpartition("/")[2]
    role_id = root.iam.get_role(RoleName=name)["Role"]["RoleId"]
    assert identity["type"] == "AssumedRole"
    assert identity["arn"] == session.arn
    assert identity["principalId"] == f"{role_id}:recorded"
    context = identity["sessionContext"]
    assert context["attributes"]["mfaAuthenticated"] == "false"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", context["attributes"]["creationDate"])
    assert context["sessionIssuer"] == {
        "type": "Role", "principalId": role_id, "arn": arn, "accountId": ACCOUNT_ID, "userName": name}
    assumed = last(root, Username=ada.name)
    assert (assumed["eventSource"], assumed["eventName"]) == ("sts.amazonaws.com", "AssumeRole")
    assert session.credentials.token not in json.dumps(assumed)
    assert session.credentials.secret not in json.dumps(assumed)


def test_requests_of_nobody_are_recorded_too(server, root, user):
    ada = user()
    wrong = Credentials(ada.credentials.key, "wrong")
    assert chime_request(wrong, "GET", "/accounts").to(server).status == 403
    record = last(root, AccessKeyId=ada.credentials.key)
    assert record["errorCode"] in ("InvalidSignatureException", "SignatureDoesNotMatch", "InvalidSignature")
    assert record["userIdentity"].get("accessKeyId") == ada.credentials.key
    assert "arn" not in record["userIdentity"] and "userName" not in record["userIdentity"]


def test_names_of_events_are_those_of_the_wire(root, user, account):
    mine = account()["AccountId"]
    ada = user(policy("chime:*"))
    ada.chime.update_account(AccountId=mine, Name="Renamed")
    record = last(root, Username=ada.name)
    assert record["eventName"] == "UpdateAccount"
    assert record["requestParameters"] == {"accountId": mine, "name": "Renamed"}
    for call, name in (
        (lambda: ada.chime.reset_personal_pin(AccountId=mine, UserId="nobody"), "ResetPersonalPIN"),
        (lambda: ada.chime.get_user_by_email(AccountId=mine, UserEmail="nobody@example.com"), "GetUserByEmail"),
    ):
        with refused("NotFoundException"):
            call()
        assert last(root, Username=ada.name)["eventName"] == name
    ada.chime.list_accounts()
    assert last(root, Username=ada.name)["eventName"] == "ListAccounts"


# Looking up.

def test_an_event_of_the_answer(root, user):
    ada = user(policy("chime:*"))
    ada.chime.create_account(Name="Looked up")
    (event,) = root.cloudtrail.lookup_events(
        LookupAttributes=[{"AttributeKey": "Username", "AttributeValue": ada.name}])["Events"]
    record = json.loads(event["CloudTrailEvent"])
    assert event["EventId"] == record["eventID"]
    assert event["EventName"] == "CreateAccount"
    assert event["EventSource"] == "chime.amazonaws.com"
    assert event["Username"] == ada.name
    assert event["ReadOnly"] == "false"
    assert event["AccessKeyId"] == ada.credentials.key
    assert event["EventTime"].strftime("%Y-%m-%dT%H:%M:%SZ") == record["eventTime"]
    assert isinstance(event["Resources"], list)


def test_looking_up_by_each_attribute(root, user):
    ada = user(policy("chime:*"))
    ada.chime.create_account(Name="By each")
    ada.chime.list_accounts()
    listed, created = lookup(root, Username=ada.name)
    assert (listed["eventName"], created["eventName"]) == ("ListAccounts", "CreateAccount"), "newest first"
    assert [one["eventID"] for one in lookup(root, EventId=created["eventID"])] == [created["eventID"]]
    assert {one["eventID"] for one in lookup(root, AccessKeyId=ada.credentials.key)} == {listed["eventID"], created["eventID"]}
    assert created["eventID"] in [one["eventID"] for one in lookup(root, EventName="CreateAccount")]
    assert {one["eventName"] for one in lookup(root, EventName="CreateAccount")} == {"CreateAccount"}
    reads = lookup(root, ReadOnly="true")
    assert all(one["readOnly"] for one in reads) and listed["eventID"] in [one["eventID"] for one in reads]
    writes = lookup(root, ReadOnly="false")
    assert not any(one["readOnly"] for one in writes) and created["eventID"] in [one["eventID"] for one in writes]
    assert {one["eventSource"] for one in lookup(root, EventSource="chime.amazonaws.com")} == {"chime.amazonaws.com"}
    assert lookup(root, EventName="createaccount") in ([], lookup(root, EventName="CreateAccount"))
    assert lookup(root, Username="nobody") == []


def test_looking_up_by_pages_and_time(root, user):
    ada = user(policy("chime:*"))
    for _ in range(7):
        ada.chime.list_accounts()
    asked = [{"AttributeKey": "Username", "AttributeValue": ada.name}]
    pages = list(root.cloudtrail.get_paginator("lookup_events").paginate(
        LookupAttributes=asked, PaginationConfig={"PageSize": 2}))
    assert [len(page["Events"]) for page in pages] == [2, 2, 2, 1]
    assert len({event["EventId"] for page in pages for event in page["Events"]}) == 7
    now = datetime.datetime.now(datetime.UTC)
    hour = datetime.timedelta(hours=1)
    call = lambda start, end: root.cloudtrail.lookup_events(
        LookupAttributes=asked, StartTime=start, EndTime=end)["Events"]
    assert len(call(now - hour, now + hour)) == 7
    assert call(now - 2 * hour, now - hour) == []
    with refused("InvalidTimeRangeException", 400):
        call(now, now - hour)


def test_looking_up_has_a_form(root):
    with refused("InvalidMaxResultsException", 400):
        root.cloudtrail.lookup_events(MaxResults=51)
    with refused("InvalidMaxResultsException", 400):
        root.cloudtrail.lookup_events(MaxResults=0)
    with refused("InvalidNextTokenException", 400):
        root.cloudtrail.lookup_events(NextToken="forged")
    with pytest.raises(root.cloudtrail.exceptions.ClientError) as caught:
        root.cloudtrail.lookup_events(LookupAttributes=[{"AttributeKey": "Colour", "AttributeValue": "blue"}])
    assert caught.value.response["Error"]["Code"] in ("InvalidLookupAttributesException", "ValidationException")
    assert len(root.cloudtrail.lookup_events()["Events"]) <= 50


def test_looking_up_needs_permission(user):
    ada = user()
    with pytest.raises(ada.cloudtrail.exceptions.ClientError) as caught:
        ada.cloudtrail.lookup_events()
    assert caught.value.response["Error"]["Code"] == "AccessDeniedException"
    assert caught.value.response["Error"]["Message"].startswith(
        f"User: {ada.arn} is not authorized to perform: cloudtrail:LookupEvents")
    user(policy("cloudtrail:LookupEvents")).cloudtrail.lookup_events()


def test_every_call_leaves_one_event(root, user, account):
    mine = account()["AccountId"]
    ada = user(policy("chime:*", "iam:*", "sts:*", "cloudtrail:*"))
    ids = []
    for call in (
        lambda: ada.chime.list_accounts(), lambda: ada.chime.get_account(AccountId=mine),
        lambda: ada.chime.get_account_settings(AccountId=mine), lambda: ada.chime.list_users(AccountId=mine),
        lambda: ada.iam.list_users(MaxItems=1), lambda: ada.iam.get_user(), lambda: ada.sts.get_caller_identity(),
        lambda: ada.cloudtrail.lookup_events(MaxResults=1),
        lambda: ada.chime.update_account_settings(AccountId=mine, AccountSettings={"EnableDialOut": True}),
    ):
        ids.append(call()["ResponseMetadata"]["RequestId"])
    recorded = [one["requestID"] for one in lookup(root, Username=ada.name)]
    assert recorded == ids[::-1]


# Secrets.

def test_what_is_sensitive_is_named_and_hidden(root, user, account, unique):
    mine = account()["AccountId"]
    ada = user(policy("chime:*"))
    address = f"{unique('hidden')}@secret-mail.example"
    ada.chime.invite_users(AccountId=mine, UserEmailList=[address])
    record = last(root, Username=ada.name)
    assert record["requestParameters"]["accountId"] == mine
    assert HIDDEN in json.dumps(record["requestParameters"]["userEmailList"])
    assert address not in json.dumps(record)
    ada.chime.get_user_by_email(AccountId=mine, UserEmail=address)
    record = last(root, Username=ada.name)
    assert record["requestParameters"] == {"accountId": mine, "userEmail": HIDDEN}
    ada.chime.list_users(AccountId=mine, UserEmail=address)
    assert address not in json.dumps(last(root, Username=ada.name))


def test_no_secret_is_ever_written(server, root, user, role, account, unique, mail):
    """Everything the server has printed or recorded, searched for everything it was told in confidence."""
    mine = account()["AccountId"]
    address = f"{unique('whisper')}@secret-mail.example"
    password, second = "Whispered-Password-1", "Whispered-Password-2"
    ada = user(policy("chime:*", "iam:*", "sts:*"))
    session = ada.assume(role(policy("chime:ListAccounts")), Policy=policy("*"))
    token = ada.sts.get_session_token()["Credentials"]
    root.iam.create_login_profile(UserName=ada.name, Password=password)
    ada.iam.change_password(OldPassword=password, NewPassword=second)
    ada.chime.invite_users(AccountId=mine, UserEmailList=[address])
    link = re.search(r"token=([\w-]+)", mail.wait_for(address)[0].as_string().replace("=\n", "").replace("=3D", "="))[1]
    session.chime.list_accounts()
    # Errors are where secrets leak: malformed bodies, paths, headers.
    chime_request(ROOT, "POST", f"/accounts/{mine}/users?operation=add", {"UserEmailList": address}).to(server)
    chime_request(ROOT, "POST", f"/accounts/{mine}/users?operation=add", f'{{"UserEmailList": ["{address}"'.encode()).to(server)
    chime_request(ROOT, "POST", f"/accounts/{mine}/users?operation=add", {"UserEmailList": [address, "bad " + address]}).to(server)
    query_request(ROOT, "CreateLoginProfile", UserName="no good", Password=second).to(server)
    server.get(f"/invitations/nothing?token={link}")

    secrets = {
        "root's secret key": ROOT.secret, "root's password": ROOT_PASSWORD, "a secret key": ada.credentials.secret,
        "a session's secret key": session.credentials.secret, "a session token": session.credentials.token,
        "another session's secret key": token["SecretAccessKey"], "another session token": token["SessionToken"],
        "a password": password, "a new password": second, "an e-mail address": address, "an invitation token": link,
    }
    stored = json.dumps([
        event["CloudTrailEvent"]
        for page in root.cloudtrail.get_paginator("lookup_events").paginate(PaginationConfig={"PageSize": 50})
        for event in page["Events"]])
    places = {
        "what CloudTrail answers": stored,
        "the audit log": server.audit_log.read_text(),
        "what the server printed": server.everything_printed().decode(errors="replace"),
        "metrics": server.get("/metrics")[2].decode(),
    }
    found = [
        f"{what} in {where}"
        for where, text in places.items() for what, secret in secrets.items()
        if secret in text or json.dumps(secret)[1:-1] in text
    ]
    assert found == []


def test_the_file_has_what_the_store_has(server, root, user):
    ada = user(policy("chime:*"))
    ada.chime.create_account(Name="In both")
    with refused("NotFoundException"):
        ada.chime.get_account(AccountId="nothing")
    stored = lookup(root, Username=ada.name)
    filed = [one for one in server.audit_records() if one["userIdentity"].get("userName") == ada.name]
    assert filed == stored[::-1]


def test_events_survive_a_restart(new_server):
    server = new_server()
    server.start()
    server.root.iam.create_user(UserName="before")
    server.restart()
    server.root.iam.create_user(UserName="after")
    records = lookup(server.root, EventName="CreateUser")
    assert [one["requestParameters"]["userName"] for one in records] == ["after", "before"]
    assert server.stop() == 0


def test_accounts_do_not_see_each_others_events(server, root):
    root.chime.create_account(Name="Mine alone")
    printed = carillon(
        "account", "create", "--data", server.data, "--database", server.database, "--name", "Onlooker",
        env={"HOME": str(server.folder)}).stdout
    key = re.search(r"AKIA[A-Z2-7]{16}", printed)[0]
    secret = re.search(r"(?<![A-Za-z0-9/+])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])", printed)[0]
    other = Principal(server, Credentials(key, secret))
    other.iam.create_user(UserName="theirs")
    assert lookup(other, EventName="CreateAccount") == []
    assert [one["requestParameters"]["userName"] for one in lookup(other, EventName="CreateUser")] == ["theirs"]
    assert "theirs" not in [
        (one["requestParameters"] or {}).get("userName") for one in lookup(root, EventName="CreateUser")]


def test_what_was_touched_is_found(root, user, account):
    ada = user(policy("chime:*"))
    mine = ada.chime.create_account(Name="Touched")["Account"]["AccountId"]
    ada.chime.get_account(AccountId=mine)
    found = lookup(root, ResourceName=mine)
    assert [record["eventName"] for record in found] == ["GetAccount", "CreateAccount"]
    bob, other = user(), user()
    with refused("AccessDenied"):
        bob.iam.delete_user(UserName=other.name)
    record = lookup(root, ResourceName=other.name)[0]
    assert (record["eventName"], record["errorCode"]) == ("DeleteUser", "AccessDenied")


def test_a_failure_after_an_allow_says_that_it_was_allowed(root, user):
    ada = user(policy("chime:*"))
    with refused("NotFoundException"):
        ada.chime.get_account(AccountId="nothing")
    record = last(root, Username=ada.name)
    assert record["additionalEventData"]["authorization"]["decision"] == "allowed"
    bob = user(policy("chime:Get*"))
    with refused("AccessDeniedException"):
        bob.chime.list_accounts()
    authorization = last(root, Username=bob.name)["additionalEventData"]["authorization"]
    assert authorization == {"decision": "implicitDeny", "missing": "identity-based policy"}


def test_a_wrong_signature_with_the_pinned_key_of_root_is_recorded(server, root):
    stranger = Principal(server, Credentials(ROOT.key, "x" * 40))
    with refused("SignatureDoesNotMatch"):
        stranger.iam.list_users()
    record = next(one for one in lookup(root, AccessKeyId=ROOT.key) if one.get("errorCode") == "SignatureDoesNotMatch")
    assert record["userIdentity"] == {"accessKeyId": ROOT.key}
