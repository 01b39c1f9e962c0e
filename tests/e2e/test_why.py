"""Why: refusals explained from the trail, changes tried on it, permissions compared with it."""

import datetime
import json
import sqlite3
import subprocess

import pytest

from harness.aws import Credentials, Principal, policy
from harness.raw import Signed, now
from harness.server import ACCOUNT_ID, carillon


def analyzer(principal, method, path, body=None, later=None):
    """Asks an operation that AWS's Access Analyzer does not have, and botocore no model of."""
    sent = json.dumps(body).encode() if body is not None else b""
    request = Signed(
        principal.credentials, method=method, path=path, service="access-analyzer", body=sent,
        headers={"Content-Type": "application/json"} if sent else {})
    if later:
        request.moment = now() + later
    return request.to(principal.server)


def explain(principal, request_id):
    return analyzer(principal, "GET", f"/request/{request_id}/explanation")


def refusal(call, **arguments):
    """The identifier that a refused call was answered with."""
    with pytest.raises(Exception) as caught:
        call(**arguments)
    answer = caught.value.response
    assert answer["Error"]["Code"].startswith("AccessDenied"), answer
    return answer["ResponseMetadata"]["RequestId"]


# What makes a process believe that it is later.
FAKED = ("LD_PRELOAD", "FAKETIME", "FAKETIME_DONT_FAKE_MONOTONIC")


def execute(server, statement):
    """Changes the database past the server."""
    if server.database.startswith("sqlite:"):
        with sqlite3.connect(server.database.removeprefix("sqlite:"), timeout=30) as store:
            store.execute(statement)
        store.close()
        return
    subprocess.run(
        ["psql", "-qX", "-v", "ON_ERROR_STOP=1", server.database, "-c", statement], check=True, capture_output=True)


def command(server, *arguments, check=True):
    return carillon(
        *arguments, "--data", server.data, "--database", server.database, env={"HOME": str(server.folder)}, check=check)


def test_every_refusal_of_every_protocol_can_be_explained(server, root, user):
    ada = user(policy("chime:ListAccounts"))
    asked = {
        "chime:CreateAccount": refusal(ada.chime.create_account, Name="No"),
        "iam:ListUsers": refusal(ada.iam.list_users),
        "sts:GetAccessKeyInfo": refusal(ada.sts.get_access_key_info, AccessKeyId=ada.credentials.key),
        "cloudtrail:LookupEvents": refusal(ada.cloudtrail.lookup_events),
    }
    for action, request_id in asked.items():
        answer = explain(root, request_id)
        assert answer.status == 200, answer.body
        told = answer.json
        assert told["principalArn"] == ada.arn
        assert told["decision"] == "implicitDeny"
        assert told["explanation"]["request"]["action"] == action
        assert told["notes"] == []
        # The smallest statement that would allow exactly this call; the engine has tried it.
        added = [
            json.loads(edit["statement"]) for change in told["explanation"]["changes"] for edit in change["edits"]
            if edit["edit"] == "add_statement"
        ]
        assert added, told["explanation"]["changes"]
        assert action in json.dumps(added[0]), added


def test_the_statement_that_is_proposed_allows_the_call(root, user):
    ada = user()
    request_id = refusal(ada.iam.get_user, UserName=ada.name)
    changes = explain(root, request_id).json["explanation"]["changes"]
    statement = next(
        edit["statement"] for change in changes for edit in change["edits"] if edit["edit"] == "add_statement")
    document = json.dumps({"Version": "2012-10-17", "Statement": [json.loads(statement)]})
    root.iam.put_user_policy(UserName=ada.name, PolicyName="proposed", PolicyDocument=document)
    assert ada.iam.get_user(UserName=ada.name)["User"]["UserName"] == ada.name
    refusal(ada.iam.list_users)


def test_the_condition_that_failed_is_told_with_both_values(server, root, user):
    ada = user(policy("chime:*", condition={"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}))
    request_id = refusal(ada.chime.list_accounts)
    told = explain(root, request_id).json
    text = told["explanationText"]
    assert "192.0.2.0/24" in text and "127.0.0.1" in text, text
    printed = command(server, "explain", request_id)
    assert request_id in printed.stdout and "192.0.2.0/24" in printed.stdout
    as_json = json.loads(command(server, "explain", request_id, "--format", "json").stdout)
    assert as_json["explanation"] == told["explanation"]


def test_a_decision_is_explained_with_the_policies_of_its_time(server, root, user, group, managed):
    staff = group(managed(policy("iam:ListUsers")))
    ada = user(groups=[staff])
    request_id = ada.iam.list_users()["ResponseMetadata"]["RequestId"]
    root.iam.remove_user_from_group(GroupName=staff, UserName=ada.name)
    refused_id = refusal(ada.iam.list_users)
    then, now = (explain(root, one).json["explanation"] for one in (request_id, refused_id))
    assert then["decision"] == "Allowed"
    assert then["policies"][0]["holder"] == f"arn:aws:iam::{ACCOUNT_ID}:group/{staff}"
    assert now["decision"] == "ImplicitlyDenied" and now["policies"] == []


def test_what_was_recorded_survives_a_crash(new_server):
    server = new_server()
    server.start()
    root = server.root
    root.iam.create_user(UserName="ada")
    root.iam.put_user_policy(UserName="ada", PolicyName="p", PolicyDocument=policy("iam:GetUser"))
    key = Credentials.of(root.iam.create_access_key(UserName="ada")["AccessKey"])
    ada = Principal(server, key, name="ada")
    request_id = refusal(ada.iam.list_users)
    server.kill()
    assert "iam:ListUsers" in command(server, "explain", request_id).stdout
    server.start()
    assert explain(server.root, request_id).json["explanation"]["policies"][0]["name"] == "p"


def test_nobody_explains_without_permission(server, root, user):
    ada, bob = user(), user(policy("iam:*", "chime:*"))
    request_id = refusal(ada.iam.list_users)
    for one in (ada, bob):
        answer = explain(one, request_id)
        assert (answer.status, answer.code) == (403, "AccessDeniedException"), answer.body
    own = user(policy("access-analyzer:ExplainRequest", condition={
        "StringEquals": {"access-analyzer:ExplainedPrincipalArn": "${aws:PrincipalArn}"}}))
    assert explain(own, refusal(own.iam.list_users)).status == 200
    others = explain(own, request_id)
    assert others.status == 403
    nobody = request_id[:-12] + "000000000000"
    assert explain(own, nobody).body == others.body
    assert explain(root, nobody).status == 404
    missing = command(server, "explain", nobody, check=False)
    assert missing.returncode == 1 and nobody in missing.stderr


def test_hostile_identifiers_are_refused(root):
    for text in ("x", "%27%20OR%201=1", "0" * 36, "-" * 36, "a" * 4000):
        answer = explain(root, text)
        assert answer.status in (400, 404), (text[:40], answer.status, answer.body)


def test_a_draft_is_tried_before_it_is_saved(server, root, user, group, managed, tmp_path):
    arn = managed(policy("chime:List*", "iam:ListUsers"))
    staff = group(arn)
    ada, bob = user(groups=[staff]), user(groups=[staff])
    ada.iam.list_users()
    ada.iam.list_users()
    bob.chime.list_accounts()
    refusal(bob.iam.list_roles)
    draft = policy("chime:List*", "iam:ListRoles")
    change = {"replacePolicy": {"policyArn": arn, "policyDocument": draft}}
    answer = analyzer(root, "POST", "/access-change/preview", {"change": change, "days": 1})
    assert answer.status == 200, answer.body
    found = {
        (one["effect"], one["principalArn"], one["action"], one["count"]) for one in answer.json["changes"]}
    assert found == {("LOST", ada.arn, "iam:ListUsers", 2), ("GAINED", bob.arn, "iam:ListRoles", 1)}

    file = tmp_path / "draft.json"
    file.write_text(draft)
    done = command(server, "policy", "replay", "--policy", arn, "--document", file, check=False)
    assert done.returncode == 1, done.stderr
    assert f"{ada.arn} would lose" in done.stdout and f"{bob.arn} would be allowed" in done.stdout
    same = tmp_path / "same.json"
    same.write_text(policy("chime:List*", "iam:ListUsers"))
    done = command(server, "policy", "replay", "--policy", arn, "--document", same)
    assert "0 of them" in done.stdout
    detached = command(
        server, "policy", "replay", "--principal", f"arn:aws:iam::{ACCOUNT_ID}:group/{staff}", "--detach", arn,
        "--format", "json", check=False)
    lost = [json.loads(line) for line in detached.stdout.splitlines()]
    assert {(one["effect"], one["action"]) for one in lost} == {
        ("LOST", "iam:ListUsers"), ("LOST", "chime:ListAccounts")}


def test_unused_permissions_and_the_least_policy(root, user):
    ada = user(policy("chime:ListAccounts", "chime:CreateAccount", "iam:ListUsers"))
    ada.chime.list_accounts()
    unused = analyzer(root, "POST", "/principal/unused-permissions", {"principalArn": ada.arn})
    assert unused.status == 200, unused.body
    assert unused.json["unusedActions"] == ["chime:CreateAccount", "iam:ListUsers"]
    assert unused.json["unusedStatements"] == []
    made = analyzer(root, "POST", "/principal/least-privilege-policy", {"principalArn": ada.arn})
    assert made.status == 200, made.body
    document = json.loads(made.json["policyDocument"])
    assert document["Statement"] == [{"Effect": "Allow", "Action": ["chime:ListAccounts"], "Resource": ["*"]}]
    assert (made.json["refusedCalls"], made.json["findings"]) == (0, [])
    root.iam.put_user_policy(
        UserName=ada.name, PolicyName="inline-1", PolicyDocument=made.json["policyDocument"])
    ada.chime.list_accounts()
    refusal(ada.iam.list_users)


def test_the_commands_say_of_the_trail_what_the_operations_say(server, root, user):
    ada = user(policy("chime:ListAccounts", "chime:CreateAccount", "iam:ListUsers"))
    ada.chime.list_accounts()
    asked = analyzer(root, "POST", "/principal/unused-permissions", {"principalArn": ada.arn, "days": 1}).json
    done = command(server, "policy", "unused", "--principal", ada.arn, "--days", "1", "--format", "json", check=False)
    assert done.returncode == 1, done.stderr
    told = json.loads(done.stdout)
    assert {**told, "examinedSince": None} == {**asked, "examinedSince": None}
    text = command(server, "policy", "unused", "--principal", ada.arn, check=False).stdout
    assert "chime:CreateAccount is allowed and was not tried" in text and "1 recorded calls looked at" in text, text

    made = command(server, "policy", "generate", "--principal", ada.arn)
    assert json.loads(made.stdout)["Statement"] == [
        {"Effect": "Allow", "Action": ["chime:ListAccounts"], "Resource": ["*"]}]
    assert "1 actions, from 1 allowed calls" in made.stderr
    made = command(server, "policy", "generate", "--principal", ada.arn, "--restrict-source-ip", "--format", "json")
    document = json.loads(json.loads(made.stdout)["policyDocument"])
    assert document["Statement"][0]["Condition"] == {"IpAddress": {"aws:SourceIp": ["127.0.0.1"]}}

    # Of somebody who did nothing, of nobody, and of what is no user.
    ben = user()
    for arn, said in [
        (ben.arn, "no recorded call"), (f"{ben.arn}x", "does not exist"),
        (f"arn:aws:iam::{ACCOUNT_ID}:root", "Invalid ARN"),
    ]:
        refused = command(server, "policy", "generate", "--principal", arn, check=False)
        assert refused.returncode == 1 and said in refused.stderr, refused.stderr
        assert refused.stdout == ""


def test_what_the_account_does_not_use_is_listed_by_a_command(new_server):
    server = new_server()
    server.start()
    assert command(server, "policy", "unused").stdout.startswith("everything there is was used")
    server.root.iam.create_user(UserName="ada")
    key = server.root.iam.create_access_key(UserName="ada")["AccessKey"]["AccessKeyId"]
    server.restart_later(days=100)
    done = command(server, "policy", "unused", "--days", "1", check=False)
    assert done.returncode == 0, done.stdout  # by the clock of the command nothing is that old
    found = analyzer(server.root, "POST", "/unused-access", {"days": 90}, datetime.timedelta(days=100)).json[
        "findings"]
    late = carillon(
        "policy", "unused", "--format", "json", "--data", server.data, "--database", server.database,
        env={"HOME": str(server.folder), **{name: server.env[name] for name in FAKED}}, check=False)
    assert late.returncode == 1, late.stderr
    assert [json.loads(line) for line in late.stdout.splitlines()] == found
    assert [one["accessKeyId"] for one in found] == [key]


def test_policies_are_reviewed_after_an_upgrade(new_server):
    server = new_server()
    server.start()
    iam = server.root.iam
    arn = iam.create_policy(PolicyName="Desk", PolicyDocument=policy("chime:Get*"))["Policy"]["Arn"]
    iam.create_user(UserName="ada")
    iam.put_user_policy(UserName="ada", PolicyName="own", PolicyDocument=policy("chime:ListUsers", "chime:ListAccounts"))
    iam.put_user_policy(UserName="ada", PolicyName="none", PolicyDocument=policy("s3:Get*"))
    assert "no policy" in command(server, "policy", "review").stdout
    review = lambda: analyzer(server.root, "POST", "/policies-to-review", {}).json
    assert review() == {"policies": []}

    # As if the release before had not had these.
    assert server.stop() == 0
    execute(server, "DELETE FROM served_action WHERE action IN ('chime:GetUser', 'chime:ListDomains')")
    server.start()
    done = command(server, "policy", "review", check=False)
    assert done.returncode == 1, done.stderr
    assert f"{arn}, written " in done.stdout
    assert "statement 1 now allows by chime:Get*: chime:GetUser\n" in done.stdout
    assert "AmazonChimeReadOnly also grants, new: chime:ListDomains\n" in done.stdout
    assert done.stdout.endswith("\n2 policies to review\n")
    as_json = command(server, "policy", "review", "--format", "json", check=False).stdout
    assert [json.loads(line) for line in as_json.splitlines()] == review()["policies"]
    ada = Credentials.of(iam.create_access_key(UserName="ada")["AccessKey"])
    assert analyzer(Principal(server, ada, name="ada"), "POST", "/policies-to-review", {}).status == 403

    # Written anew, it has been reviewed; and a start without anything new adds nothing.
    iam.put_user_policy(UserName="ada", PolicyName="own", PolicyDocument=policy("chime:ListUsers", "chime:ListDomains"))
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=policy("chime:Get*"), SetAsDefault=True)
    assert review() == {"policies": []}
    server.restart()
    assert review() == {"policies": []}


def test_secrets_are_not_in_what_decisions_were_taken_from(new_server):
    server = new_server()
    server.start()
    root = server.root
    root.iam.create_user(UserName="ada")
    root.iam.create_login_profile(UserName="ada", Password="Sesame-open-1")
    key = root.iam.create_access_key(UserName="ada")["AccessKey"]
    server.stop()
    if server.database.startswith("sqlite:"):
        stored = b"".join(path.read_bytes() for path in server.data.glob("carillon.db*"))
        for secret in ("Sesame-open-1", key["SecretAccessKey"]):
            assert secret.encode() not in stored
