"""What must hold for every operation alike."""

import csv
import pathlib
import re

import pytest

from harness.aws import Credentials, Principal
from harness.raw import chime_request, query_request, send
from harness.server import ROOT

TABLE = list(csv.DictReader(open(pathlib.Path(__file__).parent / "data/actions.csv", newline="")))

IAM = """
CreateUser GetUser ListUsers UpdateUser DeleteUser TagUser UntagUser ListUserTags
PutUserPermissionsBoundary DeleteUserPermissionsBoundary
CreateGroup GetGroup ListGroups UpdateGroup DeleteGroup AddUserToGroup RemoveUserFromGroup ListGroupsForUser
CreatePolicy GetPolicy ListPolicies DeletePolicy CreatePolicyVersion GetPolicyVersion ListPolicyVersions
SetDefaultPolicyVersion DeletePolicyVersion TagPolicy UntagPolicy ListPolicyTags ListEntitiesForPolicy
AttachUserPolicy AttachGroupPolicy AttachRolePolicy DetachUserPolicy DetachGroupPolicy DetachRolePolicy
ListAttachedUserPolicies ListAttachedGroupPolicies ListAttachedRolePolicies
PutUserPolicy GetUserPolicy ListUserPolicies DeleteUserPolicy PutGroupPolicy GetGroupPolicy ListGroupPolicies
DeleteGroupPolicy PutRolePolicy GetRolePolicy ListRolePolicies DeleteRolePolicy
CreateAccessKey UpdateAccessKey DeleteAccessKey ListAccessKeys GetAccessKeyLastUsed
CreateLoginProfile GetLoginProfile UpdateLoginProfile DeleteLoginProfile ChangePassword
GetAccountPasswordPolicy UpdateAccountPasswordPolicy DeleteAccountPasswordPolicy
CreateAccountAlias ListAccountAliases DeleteAccountAlias GetAccountSummary GetAccountAuthorizationDetails
CreateVirtualMFADevice EnableMFADevice DeactivateMFADevice ResyncMFADevice ListMFADevices GetMFADevice
ListVirtualMFADevices DeleteVirtualMFADevice TagMFADevice UntagMFADevice ListMFADeviceTags
GenerateCredentialReport GetCredentialReport
CreateRole GetRole ListRoles UpdateRole UpdateRoleDescription UpdateAssumeRolePolicy DeleteRole
TagRole UntagRole ListRoleTags PutRolePermissionsBoundary DeleteRolePermissionsBoundary
""".split()
STS = ["GetCallerIdentity", "AssumeRole", "GetSessionToken"]

# What is asked of nobody but the caller itself.
OF_EVERYBODY = {"GetCallerIdentity", "GetSessionToken"}

# Enough of everything to be of the right form for any operation, about things that are not there.
PARAMETERS = {
    "UserName": "nobody", "GroupName": "nothing", "RoleName": "nothing", "PolicyName": "nothing", "VersionId": "v1",
    "PolicyArn": "arn:aws:iam::111122223333:policy/nothing", "AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "Status": "Inactive",
    "PermissionsBoundary": "arn:aws:iam::111122223333:policy/nothing", "Tags.member.1.Key": "k", "Tags.member.1.Value": "v",
    "TagKeys.member.1": "k", "Password": "Some-Password-1", "OldPassword": "Some-Password-1", "NewPassword": "Some-Password-2",
    "AccountAlias": "some-alias", "Description": "text", "RoleArn": "arn:aws:iam::111122223333:role/nothing",
    "RoleSessionName": "session", "VirtualMFADeviceName": "nothing", "SerialNumber": "arn:aws:iam::111122223333:mfa/nothing",
    "AuthenticationCode1": "123456", "AuthenticationCode2": "654321",
    "PolicyDocument": '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"a:b","Resource":"*"}}',
    "AssumeRolePolicyDocument":
        '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"111122223333"}}}',
}
TRUST = {"UpdateAssumeRolePolicy": {"PolicyDocument": PARAMETERS["AssumeRolePolicyDocument"]}}

EVERY = [("iam", name) for name in IAM] + [("sts", name) for name in STS]


@pytest.fixture(scope="module")
def nobody(server):
    """A user that no policy allows anything."""
    arn = server.root.iam.create_user(UserName="powerless")["User"]["Arn"]
    key = server.root.iam.create_access_key(UserName="powerless")["AccessKey"]
    return Principal(server, Credentials.of(key), name="powerless", arn=arn)


@pytest.mark.parametrize("service, name", EVERY, ids=[name for _, name in EVERY])
def test_each_operation_is_there_and_guarded(server, nobody, service, name):
    parameters = PARAMETERS | TRUST.get(name, {})
    if name == "CreateRole":
        del parameters["PermissionsBoundary"]
    if service == "sts":
        del parameters["SerialNumber"]  # which is nothing without a code
    request = query_request(nobody.credentials, name, service, **parameters)
    unsigned = send(server, "POST", "/", request.headers, request.body)
    assert (unsigned.status, unsigned.code) == (403, "MissingAuthenticationToken")
    answer = request.to(server)
    if name in OF_EVERYBODY:
        assert answer.status == 200, answer.body
        return
    assert (answer.status, answer.code) == (403, "AccessDenied"), answer.body
    assert answer.message.startswith(f"User: {nobody.arn} is not authorized to perform: {service}:{name}")


@pytest.mark.parametrize("row", TABLE, ids=[row["action"] for row in TABLE])
def test_each_action_of_the_table_needs_a_signature(server, row):
    path = re.sub(r"\{\w+\}", "00000000-0000-4000-8000-000000000000", row["uri"])
    answer = send(server, row["http_method"], path, {"Content-Type": "application/json"}, b"")
    assert (answer.status, answer.code) == (403, "MissingAuthenticationTokenException"), answer.body
    wrong = chime_request(Credentials(ROOT.key, "wrong"), row["http_method"], path).to(server)
    assert (wrong.status, wrong.code) == (403, "InvalidSignatureException"), wrong.body
