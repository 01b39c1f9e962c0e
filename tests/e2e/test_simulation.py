"""Simulation and explanation: what policies would decide, and why."""

import json
import re

import pytest
from botocore.exceptions import ClientError

from harness.aws import document, policy, refused, trust
from harness.server import ACCOUNT_ID, carillon

MANAGED = {"FA": "AmazonChimeFullAccess", "UM": "AmazonChimeUserManagement", "RO": "AmazonChimeReadOnly", "none": None}
MESSAGE = "x-amzn-encoded-authorization-message"


def decisions(answer):
    return {one["EvalActionName"]: one["EvalDecision"] for one in answer["EvaluationResults"]}


def simulate(who, arn, actions, **more):
    pages = who.iam.get_paginator("simulate_principal_policy").paginate(
        PolicySourceArn=arn, ActionNames=actions, **more)
    results = [one for page in pages for one in page["EvaluationResults"]]
    return {"EvaluationResults": results}


@pytest.fixture(scope="module")
def performed():
    """What the policies decide when the actions are really asked for: by column of the matrix, action and answer."""
    answers = {}
    for line in carillon("matrix").stdout.splitlines():
        if found := re.fullmatch(r"  (chime:\w+) +(\w+)\*? +(\w+)\*? +(\w+)\*? +(\w+)\*?", line):
            answers[found[1]] = dict(zip(MANAGED, found.groups()[1:]))
    assert len(answers) == 84
    return answers


@pytest.mark.parametrize("column", MANAGED)
def test_simulated_is_what_is_performed(root, user, performed, column):
    name = MANAGED[column]
    someone = user(attached=[f"arn:aws:iam::aws:policy/{name}"] if name else [], key=False)
    told = decisions(simulate(root, someone.arn, list(performed)))
    assert told == {
        action: {"allowed": "allowed", "denied": "implicitDeny"}[by_column[column]]
        for action, by_column in performed.items()
    }


def test_a_statement_is_found_in_its_document(root, user):
    text = json.dumps(json.loads(document(
        {"Effect": "Allow", "Action": "chime:*", "Resource": "*"},
        {"Sid": "Keep", "Effect": "Deny", "Action": "chime:Delete*", "Resource": "*"},
    )), indent=2)
    someone = user(text)
    (result,) = simulate(root, someone.arn, ["chime:DeleteAccount"])["EvaluationResults"]
    (statement,) = result["MatchedStatements"]
    assert statement["SourcePolicyId"] == f"user_{someone.name}_inline-1"
    assert statement["SourcePolicyType"] == "IAM Policy"
    start, end = statement["StartPosition"], statement["EndPosition"]
    lines = text.splitlines()[start["Line"] - 1:end["Line"]]
    lines[-1] = lines[-1][:end["Column"] - 1]
    lines[0] = lines[0][start["Column"] - 1:]
    assert json.loads("\n".join(lines))["Sid"] == "Keep"
    with refused("AccessDeniedException", 403):
        someone.chime.delete_account(AccountId="12a3456b-7c89-012d-3456-78901e23fg45")


def test_what_was_simulated_holds_for_the_next_request(root, user, group):
    """Groups, boundaries, conditions on tags: simulated and performed alike, before and after a change."""
    readers = group("arn:aws:iam::aws:policy/IAMReadOnlyAccess")
    tagged = policy("iam:CreateGroup", condition={"StringEquals": {"aws:PrincipalTag/team": "blue"}})
    someone = user(tagged, groups=[readers], Tags=[{"Key": "team", "Value": "blue"}])

    def asked():
        told = decisions(simulate(root, someone.arn, ["iam:ListUsers", "iam:CreateGroup", "iam:DeleteGroup"]))
        done = {}
        for action, call in (
            ("iam:ListUsers", lambda: someone.iam.list_users()),
            ("iam:CreateGroup", lambda: someone.iam.create_group(GroupName=f"{someone.name}-g")),
            ("iam:DeleteGroup", lambda: someone.iam.delete_group(GroupName=f"{someone.name}-g")),
        ):
            try:
                call()
                done[action] = "allowed"
            except ClientError as error:
                denied = error.response["Error"]["Code"] == "AccessDenied"
                done[action] = "implicitDeny" if denied else "allowed"
        assert told == done
        return told

    assert asked() == {"iam:ListUsers": "allowed", "iam:CreateGroup": "allowed", "iam:DeleteGroup": "implicitDeny"}
    root.iam.tag_user(UserName=someone.name, Tags=[{"Key": "team", "Value": "red"}])
    assert asked()["iam:CreateGroup"] == "implicitDeny"
    limit = root.iam.create_policy(
        PolicyName=f"{someone.name}-limit", PolicyDocument=policy("iam:GetUser"))["Policy"]["Arn"]
    root.iam.put_user_permissions_boundary(UserName=someone.name, PermissionsBoundary=limit)
    assert asked()["iam:ListUsers"] == "implicitDeny"
    (result,) = simulate(root, someone.arn, ["iam:ListUsers"])["EvaluationResults"]
    assert result["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": False}
    # What if the limit were taken away?
    without = simulate(
        root, someone.arn, ["iam:ListUsers"], PolicyExclusionList=[{"PolicyType": "permission-boundary"}])
    assert decisions(without) == {"iam:ListUsers": "allowed"}


def test_a_custom_simulation(root):
    answer = root.iam.simulate_custom_policy(
        PolicyInputList=[policy("s3:*", resource="arn:aws:s3:::b/${aws:username}/*")],
        ActionNames=["s3:GetObject"],
        ResourceArns=["arn:aws:s3:::b/ada/x", "arn:aws:s3:::b/ben/x"],
        ContextEntries=[
            {"ContextKeyName": "aws:username", "ContextKeyValues": ["ada"], "ContextKeyType": "string"}],
    )
    (result,) = answer["EvaluationResults"]
    assert result["EvalDecision"] == "implicitDeny" and result["EvalDecisionDetails"] == {}
    assert {one["EvalResourceName"]: one["EvalResourceDecision"] for one in result["ResourceSpecificResults"]} == {
        "arn:aws:s3:::b/ada/x": "allowed", "arn:aws:s3:::b/ben/x": "implicitDeny"}
    with refused("InvalidInput", 400, re.compile("Invalid Action Name: s3:Get")):
        root.iam.simulate_custom_policy(PolicyInputList=[policy("*")], ActionNames=["s3:Get*"])
    with refused("InvalidInput", 400, re.compile("^PolicyInputList.1: ")):
        root.iam.simulate_custom_policy(PolicyInputList=["{}"], ActionNames=["s3:GetObject"])


def test_another_accounts_role(root, user):
    someone = user(policy("sts:AssumeRole"), key=False)
    role = "arn:aws:iam::999988887777:role/desk"
    for trusted, expected in (({"AWS": ACCOUNT_ID}, "allowed"), ({"AWS": "123412341234"}, "implicitDeny")):
        (result,) = root.iam.simulate_principal_policy(
            PolicySourceArn=someone.arn, ActionNames=["sts:AssumeRole"], ResourceArns=[role],
            ResourcePolicy=trust(trusted), ResourceOwner="999988887777",
        )["EvaluationResults"]
        assert result["EvalDecision"] == expected
        assert result["EvalDecisionDetails"] == {"IAM Policy": "allowed", "Resource Policy": expected}


def test_many_actions_and_resources(root):
    """256 actions on 1,000 resources: page by page, and each page bounded."""
    asked = {
        "PolicyInputList": [policy("s3:*", resource="arn:aws:s3:::bucket/00*")],
        "ActionNames": [f"s3:Action{number}" for number in range(256)],
        "ResourceArns": [f"arn:aws:s3:::bucket/{number:04}" for number in range(1_000)],
    }
    answer = root.iam.simulate_custom_policy(**asked)
    allowed = 0
    for _ in range(3):
        assert answer["IsTruncated"]
        for result in answer["EvaluationResults"]:
            each = result["ResourceSpecificResults"]
            assert len(each) == 1_000
            allowed += sum(one["EvalResourceDecision"] == "allowed" for one in each)
        answer = root.iam.simulate_custom_policy(**asked, Marker=answer["Marker"])
    assert allowed == 3 * 100
    del asked["ResourceArns"]
    pages = root.iam.get_paginator("simulate_custom_policy").paginate(**asked, PaginationConfig={"PageSize": 100})
    assert [len(page["EvaluationResults"]) for page in pages] == [100, 100, 56]


def test_context_keys(root, user):
    condition = {"DateGreaterThan": {"aws:CurrentTime": "2015-08-16T12:00:00Z"}}
    text = policy("dynamodb:*", resource="arn:aws:dynamodb:*:*:table/${aws:username}", condition=condition)
    keys = ["aws:username", "aws:CurrentTime"]
    assert root.iam.get_context_keys_for_custom_policy(PolicyInputList=[text])["ContextKeyNames"] == keys
    someone = user(text, key=False)
    got = root.iam.get_context_keys_for_principal_policy(PolicySourceArn=someone.arn)
    assert got["ContextKeyNames"] == keys


def test_who_may_simulate(root, user):
    someone = user(policy("s3:*"), key=False)
    for allowed, right in (("iam:SimulatePrincipalPolicy", True), ("iam:SimulateCustomPolicy", False)):
        asker = user(policy(allowed))
        if right:
            simulate(asker, someone.arn, ["s3:GetObject"])
            with refused("NoSuchEntity", 404):
                simulate(asker, f"arn:aws:iam::{ACCOUNT_ID}:user/nobody", ["s3:GetObject"])
        else:
            for arn in (someone.arn, f"arn:aws:iam::{ACCOUNT_ID}:user/nobody"):
                with refused("AccessDenied", 403):
                    simulate(asker, arn, ["s3:GetObject"])


def test_with_the_command_line(root, user):
    someone = user(policy("chime:List*"), key=False)
    told = root.cli(
        "iam", "simulate-principal-policy", "--policy-source-arn", someone.arn,
        "--action-names", "chime:ListUsers", "chime:DeleteUser")
    assert decisions(told) == {"chime:ListUsers": "allowed", "chime:DeleteUser": "implicitDeny"}
    told = root.cli(
        "iam", "simulate-custom-policy", "--policy-input-list", policy("s3:*"), "--action-names", "s3:GetObject",
        "--context-entries",
        "ContextKeyName=aws:SourceIp,ContextKeyValues=10.0.0.1,ContextKeyType=ip")
    assert told["EvaluationResults"][0]["EvalDecision"] == "allowed"


# Messages of refusals.

def test_a_refusal_can_be_decoded(root, user):
    someone = user(policy("iam:ListUsers"))
    with pytest.raises(ClientError) as refusal:
        someone.iam.create_user(UserName="new")
    answer = refusal.value.response
    message = answer["ResponseMetadata"]["HTTPHeaders"][MESSAGE]
    assert message not in answer["Error"]["Message"]
    told = json.loads(root.sts.decode_authorization_message(EncodedMessage=message)["DecodedMessage"])
    assert (told["allowed"], told["explicitDeny"]) == (False, False)
    assert told["context"]["action"] == "iam:CreateUser"
    assert told["context"]["resource"] == f"arn:aws:iam::{ACCOUNT_ID}:user/new"
    assert told["context"]["principal"] == {"id": someone.id, "name": someone.name, "arn": someone.arn}
    values = {one["key"]: [value["value"] for value in one["values"]["items"]]
              for one in told["context"]["conditions"]["items"]}
    assert values["aws:sourceip"] == ["127.0.0.1"]
    told = root.cli("sts", "decode-authorization-message", "--encoded-message", message)
    assert "iam:CreateUser" in told["DecodedMessage"]
    with refused("AccessDenied", 403):
        someone.sts.decode_authorization_message(EncodedMessage=message)
    for other in (message[:-1], "nothing"):
        with refused("InvalidAuthorizationMessageException", 400):
            root.sts.decode_authorization_message(EncodedMessage=other)


def test_a_refusal_of_chime_can_be_decoded(root, user):
    someone = user(policy("iam:ListUsers"))
    with pytest.raises(ClientError) as refusal:
        someone.chime.list_accounts()
    message = refusal.value.response["ResponseMetadata"]["HTTPHeaders"][MESSAGE]
    told = json.loads(root.sts.decode_authorization_message(EncodedMessage=message)["DecodedMessage"])
    assert told["context"]["action"] == "chime:ListAccounts"


# `carillon policy explain`.

def test_a_case_is_explained():
    case = {
        "principal": f"arn:aws:iam::{ACCOUNT_ID}:user/ada", "action": "chime:DeleteUser", "resource": "*",
        "context": {"aws:MultiFactorAuthPresent": "false"},
        "identity_policies": [json.loads(policy(
            "chime:*", condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}}))],
    }
    text = carillon("policy", "explain", stdin=json.dumps(case, indent=1)).stdout
    assert text.startswith("ImplicitlyDenied: chime:DeleteUser is denied because no identity-based policy allows it\n")
    assert "NO  Condition Bool aws:MultiFactorAuthPresent: `true`; the request has `false`" in text
    told = json.loads(carillon("policy", "explain", "--format", "json", stdin=json.dumps(case)).stdout)
    assert [one["key"] for one in told["near_misses"]] == ["aws:MultiFactorAuthPresent"]
    (satisfied, added) = told["changes"]
    assert satisfied["edits"] == [{"edit": "context", "key": "aws:multifactorauthpresent", "value": "true"}]
    # The proposals hold what they promise.
    statement = json.loads(added["edits"][0]["statement"])
    mended = [case | {"context": {"aws:MultiFactorAuthPresent": "true"}},
              case | {"identity_policies": [{"Version": "2012-10-17", "Statement": [statement]}]}]
    answers = carillon("policy", "evaluate", stdin="".join(json.dumps(one) + "\n" for one in mended)).stdout
    assert [json.loads(line)["decision"] for line in answers.splitlines()] == ["Allowed", "Allowed"]
    assert carillon("policy", "explain", stdin="{", check=False).returncode == 1
