"""Service-linked roles, with AWS's own clients."""

import re

import pytest

from harness.aws import refused
from harness.server import ACCOUNT_ID

SERVICE = "voiceconnector.chime.amazonaws.com"
NAME = "AWSServiceRoleForAmazonChimeVoiceConnector"


@pytest.fixture
def linked(root):
    made = root.iam.create_service_linked_role(AWSServiceName=SERVICE, Description="calls")["Role"]
    yield made
    if any(one["RoleName"] == NAME for one in root.iam.list_roles(PathPrefix="/aws-service-role/")["Roles"]):
        root.iam.delete_service_linked_role(RoleName=NAME)


def test_it_belongs_to_the_service(root, linked):
    assert linked["Arn"] == f"arn:aws:iam::{ACCOUNT_ID}:role/aws-service-role/{SERVICE}/{NAME}"
    (statement,) = linked["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": SERVICE}
    (attached,) = root.iam.list_attached_role_policies(RoleName=NAME)["AttachedPolicies"]
    assert "/aws-service-role/" in attached["PolicyArn"]
    protected = f"Cannot perform the operation on the protected role '{NAME}' - this role is only modifiable by AWS"
    with refused("UnmodifiableEntity", 400, protected):
        root.iam.detach_role_policy(RoleName=NAME, PolicyArn=attached["PolicyArn"])
    with refused("UnmodifiableEntity", 400, protected):
        root.iam.delete_role(RoleName=NAME)
    root.iam.update_role(RoleName=NAME, Description="more calls")
    with refused("InvalidInput", 400, re.compile("has been taken in this account")):
        root.iam.create_service_linked_role(AWSServiceName=SERVICE)


def test_its_deletion_can_be_followed(root, linked, user):
    task = root.cli("iam", "delete-service-linked-role", "--role-name", NAME)["DeletionTaskId"]
    assert task.startswith(f"task/aws-service-role/{SERVICE}/{NAME}/")
    status = root.iam.get_service_linked_role_deletion_status(DeletionTaskId=task)
    assert status["Status"] == "SUCCEEDED"
    with refused("AccessDenied", 403, re.compile("iam:GetServiceLinkedRoleDeletionStatus")):
        user().iam.get_service_linked_role_deletion_status(DeletionTaskId=task)
