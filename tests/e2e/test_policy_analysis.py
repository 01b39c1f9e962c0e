"""Analyses of policies: what a change allows, who can, what somebody can, tests beside policies."""

import json

import pytest
from botocore.exceptions import ClientError

from harness.aws import policy
from harness.raw import Signed
from harness.server import ACCOUNT_ID, carillon

ARN = f"arn:aws:iam::{ACCOUNT_ID}"


def statement(effect="Allow", action="*", resource="*", **members):
    return {"Effect": effect, "Action": action, "Resource": resource} | members


def document(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


@pytest.fixture
def write(tmp_path):
    def one(name, content):
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content, indent=1))
        return path

    return one


LISTS = document(statement(action=["chime:List*", "chime:Get*"]))
MORE = document(
    statement(action="chime:List*", Sid="Lists"),
    statement(action="chime:*User", Sid="Ops", Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),
)


def test_a_difference_has_a_request_that_the_evaluator_confirms(write):
    old, new = write("old.json", LISTS), write("new.json", MORE)
    found = json.loads(carillon("policy", "diff", old, new, "--format", "json").stdout)
    assert found["gained"] and found["lost"] and not found["undecided"]
    for differences, expected in ((found["gained"], ["Denied", "Allowed"]), (found["lost"], ["Allowed", "Denied"])):
        for difference in differences:
            witness = difference["witness"]
            cases = [
                {"id": number, "principal": f"{ARN}:user/ada", "action": witness["action"],
                 "resource": witness["resource"], "resource_account": ACCOUNT_ID, "context": witness["context"],
                 "identity_policies": [one]}
                for number, one in enumerate((LISTS, MORE))
            ]
            lines = "".join(json.dumps(one) + "\n" for one in cases)
            decided = [json.loads(line) for line in carillon("policy", "evaluate", stdin=lines).stdout.splitlines()]
            decided = [one["decision"] for one in sorted(decided, key=lambda one: one["id"])]
            assert [one.removeprefix("Implicitly").removeprefix("Explicitly") for one in decided] == expected, witness
    (ops,) = [one for one in found["gained"] if one["statement"].get("sid") == "Ops"]
    assert ops["conditions"] == ["aws:SourceIp is in `10.0.0.0/8`"]
    assert "chime:CreateUser" in ops["actions"]


def test_a_policy_without_what_changes_nothing_decides_the_same(write):
    policy = write("policy.json", document(
        statement(action=["chime:GetUser", "chime:Get*"]), statement(action="chime:ListUsers", Sid="Old"),
        statement(action="chime:List*"), statement(effect="Deny", action="s3:*")))
    done = carillon("policy", "minimise", policy)
    smaller = json.loads(done.stdout)["Statement"]
    assert [one["Action"] for one in smaller] == [["chime:Get*", "chime:List*"], "s3:*"]
    assert "Statement[1] (Old) went: it changes nothing." in done.stderr
    found = json.loads(carillon("policy", "diff", policy, write("smaller.json", json.loads(done.stdout)),
                                "--format", "json").stdout)
    assert found == {"gained": [], "lost": [], "undecided": []}
    once_more = json.loads(carillon("policy", "minimise", policy, "--format", "json").stdout)
    assert len(once_more["changes"]) == 3 and json.loads(once_more["document"])["Statement"] == smaller
    broken = write("broken.json", {"Statement": [{"Effect": "Perhaps"}]})
    refused = carillon("policy", "minimise", broken, check=False)
    assert refused.returncode == 2 and "error" in refused.stderr


def test_the_gate_closes_on_new_access_and_on_doubt(write):
    old, new = write("old.json", LISTS), write("new.json", MORE)
    fewer = write("fewer.json", document(statement(action="chime:ListUsers")))
    stars = [f"x:*{letter}*{letter}*" for letter in "abcdefghijklmnopqrstuvwxyz"]
    hostile = write("hostile.json", document(statement(action=stars)))
    everything = write("everything.json", document(statement(action="x:*")))
    for before, after, status in (
        (old, fewer, 0), (old, old, 0), (old, new, 1), (hostile, everything, 2), (old, "missing.json", 2),
    ):
        done = carillon("policy", "diff", before, after, "--no-new-access", check=False)
        assert done.returncode == status, done.stdout + done.stderr
    assert "+ becomes allowed: chime:*User" in carillon("policy", "diff", old, new).stdout
    assert carillon("policy", "diff", old, old).stdout == "The policies allow the same.\n"


def test_trust_policies_are_compared_by_caller(write):
    def trust(principal):
        return document({"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"})

    old, new = write("old.json", trust(ACCOUNT_ID)), write("new.json", trust("*"))
    found = json.loads(carillon("policy", "diff", old, new, "--type", "trust", "--format", "json").stdout)
    assert any("999988887777" in caller for one in found["gained"] for caller in one["callers"])
    assert not found["lost"] and not found["undecided"]


def test_expectations_beside_policies(write):
    write("desk.json", MORE)
    tests = """
        [policies]
        identity = ["desk.json"]
        [defaults]
        principal = "arn:aws:iam::111122223333:user/ada"
        [[test]]
        expect = "allow"
        action = ["chime:ListUsers", "chime:ListAccounts"]
        [[test]]
        name = "from inside"
        expect = "allow"
        action = "chime:DeleteUser"
        context = { "aws:SourceIp" = "10.1.2.3" }
        [[test]]
        expect = "implicit deny"
        action = "chime:DeleteUser"
    """
    passing = write("desk.toml", tests)
    done = carillon("policy", "test", passing, "--full-coverage")
    assert "4 passed, 0 failed; 2 of 2 statements applied" in done.stdout
    failing = carillon("policy", "test", write("wrong.toml", tests.replace("10.1.2.3", "11.1.2.3")), check=False)
    assert failing.returncode == 1
    assert "from inside" in failing.stdout and "not covered: desk.json, statement 2 `Ops`" in failing.stdout
    for wrong in (tests.replace("expect =", "expct ="), tests.replace("desk.json", "none.json"), "", "[policies"):
        assert carillon("policy", "test", write("bad.toml", wrong), check=False).returncode == 2


def test_an_account_is_read_as_the_aws_cli_prints_it(root, user, group, managed, unique, write):
    desk = group(managed(policy("chime:LogoutUser")))
    ada = user(groups=[desk])
    ben = user(json.dumps(document(statement(action="sts:AssumeRole"))))
    role = unique("role")
    root.iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(document(
        {"Effect": "Allow", "Principal": {"AWS": ACCOUNT_ID}, "Action": "sts:AssumeRole"})))
    root.iam.put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=policy("chime:LogoutUser"))
    details = root.cli("iam", "get-account-authorization-details")
    account = write("account.json", details)

    found = json.loads(carillon(
        "policy", "who-can", "chime:LogoutUser", "--account", account, "--format", "json").stdout)
    can = {one["principal"]: one for one in found["can"]}
    assert can[ada.arn]["extent"] == "always"
    assert can[ada.arn]["allowed_by"][0]["holder"] == f"{ARN}:group/{desk}"
    assert f"{ARN}:role/{role}" in can and ben.arn not in can
    (way,) = [one for one in found["could"] if one["principal"] == ben.arn]
    assert [(step["action"], step["resource"]) for step in way["steps"]] == [
        ("sts:AssumeRole", f"{ARN}:role/{role}")]

    text = carillon("policy", "what-can", ada.name, "--account", "-", stdin=json.dumps(details)).stdout
    assert "Write, always: LogoutUser" in text and f"{ARN}:group/{desk}" in text
    half = details | {"IsTruncated": True}
    done = carillon("policy", "what-can", ada.name, "--account", write("half.json", half), check=False)
    assert done.returncode != 0 and "ends before the account does" in done.stderr


def ask(caller, server, path, **body):
    request = Signed(
        caller.credentials, "POST", f"/access/{path}", service="access-analyzer", body=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"})
    return request.to(server, timeout=60)


def test_the_live_account_answers(root, server, user):
    ada = user(policy("chime:LogoutUser"))
    found = ask(root, server, "who-can", action="chime:LogoutUser").json["principals"]
    (one,) = [one for one in found if one["principal"] == ada.arn]
    assert one["access"]["extent"] == "ALWAYS"
    assert one["access"]["allowedBy"][0]["policyName"] == "inline-1"
    (table,) = ask(root, server, "what-can", principal=ada.arn).json["principals"]
    assert [(row["service"], row["actions"]) for row in table["permissions"]] == [("chime", ["LogoutUser"])]
    # What nobody has heard of is listed where a policy names it.
    root.iam.put_user_policy(UserName=ada.name, PolicyName="inline-1", PolicyDocument=policy("chime:NotYetThere"))
    (table,) = ask(root, server, "what-can", principal=ada.arn).json["principals"]
    assert [(row["service"], row["actions"]) for row in table["permissions"]] == [("chime", ["NotYetThere"])]
    assert "accessLevel" not in table["permissions"][0]
    root.iam.delete_user_policy(UserName=ada.name, PolicyName="inline-1")
    (table,) = ask(root, server, "what-can", principal=ada.arn).json["principals"]
    assert table["permissions"] == []
    refused = ask(ada, server, "who-can", action="chime:LogoutUser")
    assert refused.status == 403 and "access-analyzer:WhoCan" in refused.message


def test_the_checks_of_the_access_analyzer(root, user):
    analyzer = root.client("accessanalyzer")
    kinds = {"policyType": "IDENTITY_POLICY"}
    old, new = json.dumps(LISTS), json.dumps(MORE)
    answer = analyzer.check_no_new_access(existingPolicyDocument=old, newPolicyDocument=new, **kinds)
    assert answer["result"] == "FAIL"
    assert {one.get("statementId") for one in answer["reasons"]} == {"Ops"}
    assert analyzer.check_no_new_access(existingPolicyDocument=old, newPolicyDocument=old, **kinds)["result"] == "PASS"
    for action, expected in (("chime:DeleteUser", "PASS"), ("chime:ListUsers", "FAIL")):
        answer = analyzer.check_access_not_granted(policyDocument=old, access=[{"actions": [action]}], **kinds)
        assert answer["result"] == expected, action
    for principal, expected in (("*", "FAIL"), ({"AWS": ACCOUNT_ID}, "PASS")):
        bucket = document(statement(action="s3:GetObject", Principal=principal))
        answer = analyzer.check_no_public_access(policyDocument=json.dumps(bucket), resourceType="AWS::S3::Bucket")
        assert answer["result"] == expected, principal
    with pytest.raises(ClientError) as refused:
        analyzer.check_no_new_access(existingPolicyDocument="{", newPolicyDocument=new, **kinds)
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    with pytest.raises(ClientError) as refused:
        user().client("accessanalyzer").check_no_new_access(
            existingPolicyDocument=old, newPolicyDocument=new, **kinds)
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"
