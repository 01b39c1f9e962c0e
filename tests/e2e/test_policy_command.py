"""`carillon policy evaluate`: decisions over standard input, without a server."""

import json
import time

from harness.server import carillon

ALLOW_ALL = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
DENY_ALL = {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}
ADA = "arn:aws:iam::111122223333:user/ada"


def case(identifier, **members):
    return {
        "id": identifier, "principal": ADA, "action": "chime:ListAccounts", "resource": "*",
        "resource_account": "111122223333", "context": {},
    } | members


def evaluate(cases, check=True):
    text = "".join((one if isinstance(one, str) else json.dumps(one)) + "\n" for one in cases)
    done = carillon("policy", "evaluate", stdin=text, check=check)
    return {one["id"]: one for one in map(json.loads, done.stdout.splitlines())}


def statement(**members):
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"} | members]}


def test_decisions():
    condition = {"StringEquals": {"aws:PrincipalTag/team": "blue"}}
    answers = evaluate([
        case("none"),
        case("allow", identity_policies=[ALLOW_ALL]),
        case("deny", identity_policies=[ALLOW_ALL, DENY_ALL]),
        case("boundary", identity_policies=[ALLOW_ALL], boundaries=[statement(Action="iam:*")]),
        case("no boundary", identity_policies=[ALLOW_ALL], boundaries=None),
        case("session", identity_policies=[ALLOW_ALL], session_policies=[statement(Action="iam:*")]),
        case("scp", identity_policies=[ALLOW_ALL], scps=[[ALLOW_ALL], [statement(Action="iam:*")]]),
        case("scp empty", identity_policies=[ALLOW_ALL], scps=[]),
        case("rcp", identity_policies=[ALLOW_ALL],
             rcps=[[statement(Principal="*"), statement(Principal="*", Effect="Deny")]]),
        case("rcp allows", identity_policies=[ALLOW_ALL], rcps=[[statement(Principal="*")]]),
        case("root", principal="arn:aws:iam::111122223333:root"),
        case("cross", identity_policies=[ALLOW_ALL], resource_account="999999999999"),
        case("cross both", identity_policies=[ALLOW_ALL], resource_account="999999999999",
             resource_policy=statement(Principal={"AWS": "111122223333"})),
        case("named", resource_policy=statement(Principal={"AWS": ADA})),
        case("anonymous", principal=None, resource_policy=statement(Principal="*")),
        case("tag", identity_policies=[statement(Condition=condition)], context={"aws:principaltag/TEAM": "blue"}),
        case("no tag", identity_policies=[statement(Condition=condition)]),
        case("many", identity_policies=[statement(Condition={
            "ForAnyValue:StringEquals": {"aws:TagKeys": ["a"]}})], context={"aws:TagKeys": ["a", "b"]}),
        case("arn on a star", identity_policies=[statement(Resource="arn:aws:chime:*:*:*")], wildcard_only_action=True),
        case("identity", action="sts:GetCallerIdentity", identity_policies=[DENY_ALL]),
        case("service", principal="events.amazonaws.com",
             resource_policy=statement(Principal={"Service": "events.amazonaws.com"})),
        case("lenient", identity_policies=[statement(Condition={"StringSame": {"a": "b"}}), statement(Extra=1)]),
        case("endpoint", identity_policies=[ALLOW_ALL], endpoint_policies=[statement(Principal="*", Action="iam:*")]),
    ])
    expected = {
        "none": "ImplicitlyDenied", "allow": "Allowed", "deny": "ExplicitlyDenied", "boundary": "ImplicitlyDenied",
        "no boundary": "Allowed", "session": "ImplicitlyDenied", "scp": "ImplicitlyDenied", "scp empty": "Allowed",
        "rcp": "ExplicitlyDenied", "rcp allows": "Allowed", "root": "Allowed", "cross": "ImplicitlyDenied", "cross both": "Allowed",
        "named": "Allowed", "anonymous": "Allowed", "tag": "Allowed", "no tag": "ImplicitlyDenied", "many": "Allowed",
        "arn on a star": "ImplicitlyDenied", "identity": "Allowed", "service": "Allowed", "lenient": "Allowed",
        "endpoint": "ImplicitlyDenied",
    }
    assert {name: one["decision"] for name, one in answers.items()} == expected


def test_lines_that_cannot_be_read_are_answered():
    answers = evaluate([
        case("good", identity_policies=[ALLOW_ALL]), "not json", case("bad", identity_policies="x"), "[]", "", "{}",
        {"id": "no action", "principal": ADA, "resource": "*"},
    ])
    assert answers["good"]["decision"] == "Allowed"
    assert answers["bad"]["decision"] == "Error" and answers["bad"]["error"]
    assert answers["no action"]["decision"] == "Error"


def test_a_usage_error():
    assert carillon("policy", "evaluate", "--no-such-option", check=False).returncode == 2
    assert carillon("policy", check=False).returncode == 2


def test_it_is_quick():
    """A debug build on a busy machine; the release build is measured elsewhere."""
    text = "".join(
        json.dumps(case(str(number), identity_policies=[ALLOW_ALL])) + "\n" for number in range(20_000))
    began = time.monotonic()
    done = carillon("policy", "evaluate", stdin=text)
    assert len(done.stdout.splitlines()) == 20_000
    assert time.monotonic() - began < 20


def test_nothing_in_nothing_out():
    assert carillon("policy", "evaluate", stdin="").stdout == ""
