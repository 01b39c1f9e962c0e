"""IAM: managed policies and versions, attachments, inline policies, boundaries; what documents are refused."""

import json
import re
import urllib.parse

import pytest

from harness.aws import document, policy, refused, with_place
from harness.raw import query_request
from harness.server import ACCOUNT_ID

READ_ONLY = "arn:aws:iam::aws:policy/AmazonChimeReadOnly"
DOCUMENT = policy("chime:ListAccounts")


def missing(arn):
    return f"Policy {arn} was not found."


def not_attachable(arn):
    return f"Policy {arn} does not exist or is not attachable."


# Managed policies.

def test_a_policy_as_made_and_as_read(root, unique):
    name = unique("Policy")
    made = root.iam.create_policy(
        PolicyName=name, Path="/team/", PolicyDocument=DOCUMENT, Description="Lists accounts",
        Tags=[{"Key": "Team", "Value": "blue"}])["Policy"]
    assert made["Arn"] == f"arn:aws:iam::{ACCOUNT_ID}:policy/team/{name}"
    assert re.fullmatch(r"ANPA[A-Z2-7]{17}", made["PolicyId"])
    assert made["DefaultVersionId"] == "v1"
    assert made["AttachmentCount"] == 0 and made["PermissionsBoundaryUsageCount"] == 0
    assert made["IsAttachable"] is True
    got = root.iam.get_policy(PolicyArn=made["Arn"])["Policy"]
    assert got["Description"] == "Lists accounts"
    assert got["Tags"] == [{"Key": "Team", "Value": "blue"}]
    assert got["PolicyId"] == made["PolicyId"]
    version = root.iam.get_policy_version(PolicyArn=made["Arn"], VersionId="v1")["PolicyVersion"]
    assert version["Document"] == json.loads(DOCUMENT)
    assert version["IsDefaultVersion"] is True
    (listed,) = root.iam.list_policies(Scope="Local", PathPrefix="/team/")["Policies"]
    assert "Description" not in listed, "lists leave descriptions out"


def test_a_document_comes_back_as_it_was_written(server, root, unique):
    """White space and order are the author's; only the transport encodes it."""
    text = '{\n\t"Version" : "2012-10-17",\r\n  "Statement":[{"Sid":"A1","Effect":"Allow","Action":"chime:Get*","Resource":"*"}]}'
    arn = root.iam.create_policy(PolicyName=unique("policy"), PolicyDocument=text)["Policy"]["Arn"]
    answer = query_request(root.credentials, "GetPolicyVersion", PolicyArn=arn, VersionId="v1").to(server)
    encoded = answer.xml_text("Document")
    assert urllib.parse.unquote(encoded) == text
    assert " " not in encoded and "%20" in encoded and "+" not in encoded


def test_policies_are_unique_whatever_their_case(root, managed):
    name = managed().rpartition("/")[2]
    for other in (name, name.upper()):
        with refused("EntityAlreadyExists", 409, f"A policy called {other} already exists. Duplicate names are not allowed."):
            root.iam.create_policy(PolicyName=other, PolicyDocument=DOCUMENT)
    # A path does not make another name of it.
    with refused("EntityAlreadyExists", 409):
        root.iam.create_policy(PolicyName=name, Path="/elsewhere/", PolicyDocument=DOCUMENT)


def test_policies_that_are_not_there(root, user, managed):
    arn = f"arn:aws:iam::{ACCOUNT_ID}:policy/nothing"
    for call in (
        lambda: root.iam.get_policy(PolicyArn=arn),
        lambda: root.iam.delete_policy(PolicyArn=arn),
        lambda: root.iam.create_policy_version(PolicyArn=arn, PolicyDocument=DOCUMENT),
        lambda: root.iam.list_policy_versions(PolicyArn=arn),
        lambda: root.iam.list_entities_for_policy(PolicyArn=arn),
    ):
        with refused("NoSuchEntity", 404, re.compile(
                rf"^Policy {re.escape(arn)} (was not found\.|does not exist or is not attachable\.)$")):
            call()
    with refused("NoSuchEntity", 404, missing(arn)):
        root.iam.get_policy(PolicyArn=arn)
    with refused("NoSuchEntity", 404, not_attachable(arn)):
        root.iam.attach_user_policy(UserName=user(key=False).name, PolicyArn=arn)
    there = managed()
    for call in (root.iam.get_policy_version, root.iam.set_default_policy_version, root.iam.delete_policy_version):
        with refused("NoSuchEntity", 404, f"Policy {there} version v9 does not exist or is not attachable."):
            call(PolicyArn=there, VersionId="v9")


def test_versions(root, managed):
    arn = managed()
    second = root.iam.create_policy_version(PolicyArn=arn, PolicyDocument=policy("chime:GetUser"))["PolicyVersion"]
    assert second["VersionId"] == "v2" and second["IsDefaultVersion"] is False
    third = root.iam.create_policy_version(
        PolicyArn=arn, PolicyDocument=policy("chime:GetAccount"), SetAsDefault=True)["PolicyVersion"]
    assert third["VersionId"] == "v3" and third["IsDefaultVersion"] is True
    assert root.iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v3"
    with refused("DeleteConflict", 409, "Cannot delete the default version of a policy."):
        root.iam.delete_policy_version(PolicyArn=arn, VersionId="v3")
    root.iam.delete_policy_version(PolicyArn=arn, VersionId="v2")
    fourth = root.iam.create_policy_version(PolicyArn=arn, PolicyDocument=DOCUMENT)["PolicyVersion"]
    assert fourth["VersionId"] == "v4", "numbers are not used twice"
    root.iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
    pages = root.iam.get_paginator("list_policy_versions").paginate(PolicyArn=arn, PaginationConfig={"PageSize": 1})
    versions = {one["VersionId"]: one["IsDefaultVersion"] for page in pages for one in page["Versions"]}
    assert versions == {"v1": True, "v3": False, "v4": False}


def test_five_versions_and_no_more(root, managed):
    arn = managed()
    for _ in range(4):
        root.iam.create_policy_version(PolicyArn=arn, PolicyDocument=DOCUMENT)
    with refused("LimitExceeded", 409, "A managed policy can have up to 5 versions. Before you create a new version, "
                                       "you must delete an existing version.", shape="LimitExceededException"):
        root.iam.create_policy_version(PolicyArn=arn, PolicyDocument=DOCUMENT)


def test_a_version_counts_from_the_next_request_on(root, managed, user):
    arn = managed(policy("chime:ListAccounts"))
    ada = user(attached=[arn])
    ada.chime.list_accounts()
    root.iam.create_policy_version(PolicyArn=arn, PolicyDocument=policy("chime:GetUser"), SetAsDefault=True)
    with refused("AccessDeniedException"):
        ada.chime.list_accounts()
    root.iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
    ada.chime.list_accounts()


def test_a_policy_goes_only_when_nothing_holds_it(root, managed, user):
    arn = managed()
    ada = user(key=False, attached=[arn])
    with refused("DeleteConflict", 409, "Cannot delete a policy attached to entities.", shape="DeleteConflictException"):
        root.iam.delete_policy(PolicyArn=arn)
    root.iam.detach_user_policy(UserName=ada.name, PolicyArn=arn)
    root.iam.put_user_permissions_boundary(UserName=ada.name, PermissionsBoundary=arn)
    with refused("DeleteConflict", 409, "Cannot delete a policy attached to entities."):
        root.iam.delete_policy(PolicyArn=arn)
    root.iam.delete_user_permissions_boundary(UserName=ada.name)
    root.iam.create_policy_version(PolicyArn=arn, PolicyDocument=DOCUMENT)
    with refused("DeleteConflict", 409, "This policy has more than one version. Before you delete a policy, you must "
                                        "delete the policy's versions. The default version is deleted with the policy."):
        root.iam.delete_policy(PolicyArn=arn)
    root.iam.delete_policy_version(PolicyArn=arn, VersionId="v2")
    root.iam.delete_policy(PolicyArn=arn)
    with refused("NoSuchEntity", 404, missing(arn)):
        root.iam.get_policy(PolicyArn=arn)


def test_listing_policies(root, unique, user):
    path = f"/{unique('path')}/"
    arns = [
        root.iam.create_policy(PolicyName=unique("p"), Path=path, PolicyDocument=DOCUMENT)["Policy"]["Arn"]
        for _ in range(4)
    ]
    pages = root.iam.get_paginator("list_policies").paginate(
        Scope="Local", PathPrefix=path, PaginationConfig={"PageSize": 1})
    assert sorted(one["Arn"] for page in pages for one in page["Policies"]) == sorted(arns)
    ada = user(key=False, attached=arns[:1])
    root.iam.put_user_permissions_boundary(UserName=ada.name, PermissionsBoundary=arns[1])

    def listed(**filters):
        return {one["Arn"] for one in root.iam.list_policies(PathPrefix=path, MaxItems=1000, **filters)["Policies"]}

    assert listed(OnlyAttached=True) >= {arns[0]}
    assert arns[2] not in listed(OnlyAttached=True)
    assert listed(PolicyUsageFilter="PermissionsBoundary") == {arns[1]}
    assert arns[0] in listed(PolicyUsageFilter="PermissionsPolicy")
    assert listed(Scope="AWS") == set()
    shipped = {one["Arn"] for one in root.iam.list_policies(Scope="AWS", MaxItems=1000)["Policies"]}
    assert {f"arn:aws:iam::aws:policy/{name}" for name in (
        "AmazonChimeFullAccess", "AmazonChimeReadOnly", "AmazonChimeUserManagement")} <= shipped
    assert all(arn.startswith("arn:aws:iam::aws:policy/") for arn in shipped)


def test_tags_of_a_policy(root, managed):
    arn = managed()
    root.iam.tag_policy(PolicyArn=arn, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    root.iam.untag_policy(PolicyArn=arn, TagKeys=["a"])
    assert root.iam.list_policy_tags(PolicyArn=arn)["Tags"] == [{"Key": "b", "Value": "2"}]


# Attachments.

def test_attaching_and_detaching(root, user, group, role, managed):
    arn = managed()
    name, team, role_name = user(key=False).name, group(), role().rpartition("/")[2]
    kinds = [
        (root.iam.attach_user_policy, root.iam.detach_user_policy, root.iam.list_attached_user_policies, {"UserName": name}),
        (root.iam.attach_group_policy, root.iam.detach_group_policy, root.iam.list_attached_group_policies, {"GroupName": team}),
        (root.iam.attach_role_policy, root.iam.detach_role_policy, root.iam.list_attached_role_policies, {"RoleName": role_name}),
    ]
    for attach, _, listed, who in kinds:
        attach(PolicyArn=arn, **who)
        attach(PolicyArn=arn, **who)
        attach(PolicyArn=READ_ONLY, **who)
        assert {one["PolicyArn"] for one in listed(**who)["AttachedPolicies"]} == {arn, READ_ONLY}
        names = {one["PolicyName"] for one in listed(**who)["AttachedPolicies"]}
        assert names == {arn.rpartition("/")[2], "AmazonChimeReadOnly"}
    assert root.iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 3
    held = root.iam.list_entities_for_policy(PolicyArn=arn)
    assert [one["UserName"] for one in held["PolicyUsers"]] == [name]
    assert [one["GroupName"] for one in held["PolicyGroups"]] == [team]
    assert [one["RoleName"] for one in held["PolicyRoles"]] == [role_name]
    assert held["PolicyUsers"][0]["UserId"].startswith("AIDA")
    only = root.iam.list_entities_for_policy(PolicyArn=arn, EntityFilter="Group")
    assert (only["PolicyUsers"], only["PolicyRoles"]) == ([], []) and len(only["PolicyGroups"]) == 1
    pages = list(root.iam.get_paginator("list_entities_for_policy").paginate(
        PolicyArn=arn, PaginationConfig={"PageSize": 1}))
    assert sum(len(page[kind]) for page in pages for kind in ("PolicyUsers", "PolicyGroups", "PolicyRoles")) == 3
    for _, detach, listed, who in kinds:
        detach(PolicyArn=arn, **who)
        assert [one["PolicyArn"] for one in listed(**who)["AttachedPolicies"]] == [READ_ONLY]
        with refused("NoSuchEntity", 404, shape="NoSuchEntityException"):
            detach(PolicyArn=arn, **who)
    assert root.iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 0


def test_ten_attached_policies_and_no_more(root, user, group, role, managed):
    arns = [managed() for _ in range(11)]
    for attach, who, quota in (
        (root.iam.attach_user_policy, {"UserName": user(key=False).name}, "PoliciesPerUser"),
        (root.iam.attach_group_policy, {"GroupName": group()}, "PoliciesPerGroup"),
        (root.iam.attach_role_policy, {"RoleName": role().rpartition("/")[2]}, "PoliciesPerRole"),
    ):
        for arn in arns[:10]:
            attach(PolicyArn=arn, **who)
        with refused("LimitExceeded", 409, f"Cannot exceed quota for {quota}: 10", shape="LimitExceededException"):
            attach(PolicyArn=arns[10], **who)
        attach(PolicyArn=arns[0], **who)  # what is attached already takes no room
    pages = list(root.iam.get_paginator("list_attached_group_policies").paginate(
        GroupName=root.iam.list_entities_for_policy(PolicyArn=arns[0])["PolicyGroups"][0]["GroupName"],
        PaginationConfig={"PageSize": 3}))
    assert [len(page["AttachedPolicies"]) for page in pages] == [3, 3, 3, 1]


# Inline policies.

def test_inline_policies(root, user, group, role):
    kinds = [
        ("user", {"UserName": user(key=False).name}),
        ("group", {"GroupName": group()}),
        ("role", {"RoleName": role().rpartition("/")[2]}),
    ]
    for kind, who in kinds:
        call = lambda verb, many="policy", **more: getattr(root.iam, f"{verb}_{kind}_{many}")(**who, **more)
        for name in ("b", "a", "c"):
            call("put", PolicyName=name, PolicyDocument=policy(f"chime:Get{name}*"))
        call("put", PolicyName="a", PolicyDocument=DOCUMENT)
        got = call("get", PolicyName="a")
        assert got["PolicyDocument"] == json.loads(DOCUMENT)
        assert got["PolicyName"] == "a" and who.items() <= got.items()
        pages = root.iam.get_paginator(f"list_{kind}_policies").paginate(**who, PaginationConfig={"PageSize": 1})
        assert [name for page in pages for name in page["PolicyNames"]] == ["a", "b", "c"]
        call("delete", PolicyName="b")
        for verb in ("get", "delete"):
            with refused("NoSuchEntity", 404, f"The {kind} policy with name b cannot be found."):
                call(verb, PolicyName="b")


@pytest.mark.parametrize("kind, bytes_", [("user", 2048), ("group", 5120), ("role", 10240)])
def test_inline_policies_have_a_size_together(root, user, group, role, kind, bytes_):
    name = {"user": lambda: user(key=False).name, "group": group, "role": lambda: role().rpartition("/")[2]}[kind]()
    put = getattr(root.iam, f"put_{kind}_policy")
    who = {f"{kind.capitalize()}Name": name}

    def of_size(size):
        bare = len(re.sub(r"\s", "", policy("chime:")))
        return policy("chime:" + "x" * (size - bare))

    half = bytes_ // 2
    put(PolicyName="one", PolicyDocument=of_size(half), **who)
    put(PolicyName="two", PolicyDocument=of_size(bytes_ - half), **who)
    message = f"Maximum policy size of {bytes_} bytes exceeded for {kind} {name}"
    with refused("LimitExceeded", 409, message, shape="LimitExceededException"):
        put(PolicyName="two", PolicyDocument=of_size(bytes_ - half + 1), **who)
    # White space takes no room.
    put(PolicyName="two", PolicyDocument=json.dumps(json.loads(of_size(bytes_ - half)), indent=8), **who)


def test_a_managed_policy_has_a_size(root, unique):
    bare = len(re.sub(r"\s", "", policy("chime:")))
    fits = policy("chime:" + "x" * (6144 - bare))
    arn = root.iam.create_policy(PolicyName=unique("p"), PolicyDocument=json.dumps(json.loads(fits), indent=4))["Policy"]["Arn"]
    too_large = policy("chime:" + "x" * (6145 - bare))
    with refused("LimitExceeded", 409, "Cannot exceed quota for PolicySize: 6144", shape="LimitExceededException"):
        root.iam.create_policy(PolicyName=unique("p"), PolicyDocument=too_large)
    with refused("LimitExceeded", 409, "Cannot exceed quota for PolicySize: 6144"):
        root.iam.create_policy_version(PolicyArn=arn, PolicyDocument=too_large)
    with refused("ValidationError", 400, re.compile("Member must have length less than or equal to 131072")):
        root.iam.create_policy(PolicyName=unique("p"), PolicyDocument=" " * 131073)


# Boundaries.

def test_a_boundary_is_set_read_and_taken_away(root, user, role, managed, unique):
    arn = managed()
    name = user(key=False).name
    root.iam.put_user_permissions_boundary(UserName=name, PermissionsBoundary=arn)
    got = root.iam.get_user(UserName=name)["User"]["PermissionsBoundary"]
    assert got == {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn}
    assert root.iam.get_policy(PolicyArn=arn)["Policy"]["PermissionsBoundaryUsageCount"] == 1
    assert root.iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 0
    held = root.iam.list_entities_for_policy(PolicyArn=arn, PolicyUsageFilter="PermissionsBoundary")
    assert [one["UserName"] for one in held["PolicyUsers"]] == [name]
    root.iam.delete_user_permissions_boundary(UserName=name)
    assert "PermissionsBoundary" not in root.iam.get_user(UserName=name)["User"]
    made = root.iam.create_user(UserName=unique("bounded"), PermissionsBoundary=arn)["User"]
    assert made["PermissionsBoundary"]["PermissionsBoundaryArn"] == arn
    role_name = role(PermissionsBoundary=arn).rpartition("/")[2]
    assert root.iam.get_role(RoleName=role_name)["Role"]["PermissionsBoundary"]["PermissionsBoundaryArn"] == arn
    root.iam.delete_role_permissions_boundary(RoleName=role_name)
    root.iam.put_role_permissions_boundary(RoleName=role_name, PermissionsBoundary=READ_ONLY)
    with refused("NoSuchEntity", 404):
        root.iam.put_user_permissions_boundary(
            UserName=name, PermissionsBoundary=f"arn:aws:iam::{ACCOUNT_ID}:policy/nothing")


# Documents.

SYNTAX = "Syntax errors in policy."


def statement(**members):
    base = {"Effect": "Allow", "Action": "chime:ListAccounts", "Resource": "*"} | members
    return {name: value for name, value in base.items() if value is not ...}


def with_statement(**members):
    return document(statement(**members))


def with_top(**members):
    base = {"Version": "2012-10-17", "Statement": [statement()]} | members
    return json.dumps({name: value for name, value in base.items() if value is not ...})


MALFORMED = {
    "no JSON": ("not json", SYNTAX),
    "a comment": (with_top().replace("{", "{/* */", 1), SYNTAX),
    "a trailing comma": (with_top()[:-1] + ",}", SYNTAX),
    "text behind the end": (with_top() + "x", SYNTAX),
    "no object": ("[]", SYNTAX),
    "an unknown member": (with_top(Extra="x"), SYNTAX),
    "a member in the wrong case": (with_top(statement=[], Statement=...), SYNTAX),
    "a member twice": ('{"Version":"2012-10-17","Version":"2012-10-17","Statement":[' + json.dumps(statement()) + "]}", SYNTAX),
    "an effect twice": (with_statement().replace('"Effect"', '"Effect":"Deny","Effect"', 1), SYNTAX),
    "no version anybody knows": (with_top(Version="2024-01-01"), SYNTAX),
    "no statement": (with_top(Statement=...), SYNTAX),
    "an empty list of statements": (with_top(Statement=[]), SYNTAX),
    "a statement that is text": (with_top(Statement=["Allow"]), SYNTAX),
    "an unknown member in a statement": (with_statement(Extra="x"), SYNTAX),
    "no effect": (with_statement(Effect=...), SYNTAX),
    "another effect": (with_statement(Effect="Permit"), SYNTAX),
    "action and not-action": (with_statement(NotAction="chime:*"), SYNTAX),
    "resource and not-resource": (with_statement(NotResource="*"), SYNTAX),
    "an action that is a number": (with_statement(Action=7), SYNTAX),
    "a condition that is a list": (with_statement(Condition=[]), SYNTAX),
    "an unknown operator": (with_statement(Condition={"StringSame": {"aws:username": "x"}}), SYNTAX),
    "a condition value that is an object": (with_statement(Condition={"StringEquals": {"aws:username": {}}}), SYNTAX),
    "an identifier that is a number": (with_statement(Sid=7), SYNTAX),
    "no version": (with_top(Version=...), "Policy document must be version 2012-10-17 or greater."),
    "the old version": (with_top(Version="2008-10-17"), "Policy document must be version 2012-10-17 or greater."),
    "an effect in the wrong case": (with_statement(Effect="allow"), "The policy failed legacy parsing"),
    "a date that is none": (
        with_statement(Condition={"DateLessThan": {"aws:CurrentTime": "tomorrow-ish"}}), "The policy failed legacy parsing"),
    "an ARN with an empty part": (with_statement(Resource="arn:aws:s3::b"), "The policy failed legacy parsing"),
    "an identifier twice": (
        document(statement(Sid="A"), statement(Sid="A")), "Statement IDs (SID) in a single policy must be unique."),
    "no action": (with_statement(Action=...), "Policy statement must contain actions."),
    "an empty list of actions": (with_statement(Action=[]), "Policy statement must contain actions."),
    "a resource that is no ARN": (
        with_statement(Resource="accounts"), 'Resource accounts must be in ARN format or "*".'),
    "a partition nobody has": (
        with_statement(Resource="arn:oz:s3:::b"), 'Partition "oz" is not valid for resource "arn:oz:s3:::b".'),
    "nothing behind the partition": (
        with_statement(Resource="arn:aws"), "Resource vendor must be fully qualified and cannot contain regexes."),
    "an IAM resource in a region": (
        with_statement(Resource="arn:aws:iam:us-east-1:111122223333:user/x"),
        "IAM resource arn:aws:iam:us-east-1:111122223333:user/x cannot contain region information."),
    "a bucket in a region": (
        with_statement(Resource="arn:aws:s3:us-east-1::b"), "Resource arn:aws:s3:us-east-1::b can not contain region information."),
    "an IAM resource of no kind": (
        with_statement(Resource="arn:aws:iam::111122223333:thing/x"),
        'IAM resource path must either be "*" or start with user/, federated-user/, role/, group/, instance-profile/, mfa/, '
        "server-certificate/, policy/, sms-mfa/, saml-provider/, oidc-provider/, report/, access-report/."),
    "an action without a vendor": (
        with_statement(Action="ListAccounts"), "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."),
    "an action with two colons": (
        with_statement(Action="chime:List:Accounts"), "Actions/Condition can contain only one colon."),
    "a vendor with a wildcard": (with_statement(Action="chi*:ListAccounts"), "Vendor chi* is not valid"),
    "no resource": (with_statement(Resource=...), "Policy statement must contain resources."),
    "an empty list of resources": (with_statement(Resource=[]), "Policy statement must contain resources."),
    "a principal": (with_statement(Principal="*"), "Policy document should not specify a principal."),
}


@pytest.mark.parametrize("text, message", MALFORMED.values(), ids=MALFORMED.keys())
def test_documents_that_are_refused(root, unique, text, message):
    name = unique("malformed")
    with refused("MalformedPolicyDocument", 400, with_place(message), shape="MalformedPolicyDocumentException"):
        root.iam.create_policy(PolicyName=name, PolicyDocument=text)
    with refused("NoSuchEntity"):
        root.iam.get_policy(PolicyArn=f"arn:aws:iam::{ACCOUNT_ID}:policy/{name}")


def test_every_door_has_the_same_lock(root, user, group, role, managed):
    name, team, role_name, arn = user(key=False).name, group(), role().rpartition("/")[2], managed()
    for call in (
        lambda: root.iam.create_policy_version(PolicyArn=arn, PolicyDocument="{}"),
        lambda: root.iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument="{}"),
        lambda: root.iam.put_group_policy(GroupName=team, PolicyName="p", PolicyDocument="{}"),
        lambda: root.iam.put_role_policy(RoleName=role_name, PolicyName="p", PolicyDocument="{}"),
    ):
        with refused("MalformedPolicyDocument", 400, with_place(SYNTAX)):
            call()


ODD = {
    "an action nobody has": with_statement(Action="chime:FlyToTheMoon"),
    "a service nobody has": with_statement(Action="zeppelin:Fly"),
    "an empty condition": with_statement(Condition={}),
    "an operator without keys": with_statement(Condition={"StringSame": {}}),
    "a key without values": with_statement(Condition={"StringEquals": {"aws:username": []}}),
    "a short ARN": with_statement(Resource="arn:aws:sqs"),
    "truth as a value": with_statement(Condition={"Bool": {"aws:SecureTransport": True}}),
    "several empty identifiers": document(statement(Sid=""), statement(Sid="")),
    "a statement alone": with_top(Statement=statement()),
    "an identifier at the top": with_top(Id="mine"),
}


@pytest.mark.parametrize("text", ODD.values(), ids=ODD.keys())
def test_documents_that_are_odd_and_taken(root, unique, text):
    arn = root.iam.create_policy(PolicyName=unique("odd"), PolicyDocument=text)["Policy"]["Arn"]
    got = root.iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]["Document"]
    assert got == json.loads(text)


def test_an_inline_policy_may_be_of_the_old_version(root, user):
    text = with_top(Version="2008-10-17")
    name = user(key=False).name
    root.iam.put_user_policy(UserName=name, PolicyName="old", PolicyDocument=text)
    assert root.iam.get_user_policy(UserName=name, PolicyName="old")["PolicyDocument"] == json.loads(text)


EXAMPLE_AS_PRINTED = """{
  "Version": "2012-10-17",  
  "Statement": [
    {
      "Action": [
          "chime:ListAccounts",
          "chime:GetAccount",
          "chime:GetAccountSettings",
          "chime:ListUsers",
          "chime:GetUser",
          "chime:GetUserByEmail",
          "chime:ListAccountUsageReportData",
          "chime:ListDomains",
          "chime:GetDomain",
          "chime:ListGroups"
          "chime:ListDirectories",           
          "chime:GetAccountResource"
      ],
      "Effect": "Allow",
      "Resource": "*"
    }
  ]
}"""


def test_the_read_only_example_of_the_guide(root, unique, user):
    """As printed it lacks a comma; repaired it grants eleven actions that are served, and names one that is not."""
    with refused("MalformedPolicyDocument", 400, with_place(SYNTAX)):
        root.iam.create_policy(PolicyName=unique("example"), PolicyDocument=EXAMPLE_AS_PRINTED)
    repaired = EXAMPLE_AS_PRINTED.replace('"chime:ListGroups"', '"chime:ListGroups",')
    arn = root.iam.create_policy(PolicyName=unique("example"), PolicyDocument=repaired)["Policy"]["Arn"]
    ada = user(attached=[arn])
    ada.chime.list_accounts()
    with refused("AccessDeniedException", 403):
        ada.chime.create_account(Name="No")
