"""Terraform manages what this server keeps: apply, change, import, destroy, and no drift.

Needs the program and a folder with its provider for AWS; nothing is downloaded. The folder is that of
CARILLON_TERRAFORM_MIRROR, or one where Terraform itself or packages put such folders.
"""

import glob
import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest

from harness.server import ACCOUNT_ID, REPOSITORY, ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

DATA = pathlib.Path(__file__).parent / "data" / "terraform"
IAM = pathlib.Path(__file__).parents[2] / "crates" / "carillon-iam"
KEYS = [
    *(IAM / "tests" / "it" / "certificates" / name for name in ("leaf.pem", "leaf.key", "intermediate.pem", "second.pem")),
    IAM / "src" / "credential" / "ssh_public_key" / "key.pub",
]
CONFIGURATION = (DATA / "main.tf").read_text()
IMPORTS = (DATA / "imports.tf").read_text()
METADATA = (REPOSITORY / "crates/carillon-saml/tests/data/metadata.xml").read_text()
RESOURCE = re.compile(r'^resource "(\w+)" "(\w+)" \{\n.*?^\}\n', re.DOTALL | re.MULTILINE)
RESOURCES = {".".join(found.groups()) for found in RESOURCE.finditer(CONFIGURATION)}
# What Terraform's provider refuses to import.
NOT_IMPORTED = {"aws_iam_group_membership.auditors", "aws_iam_policy_attachment.shared"}
# What is changed in place: the text of the configuration before and after, and the resources that hold it.
CHANGES = [
    ('description          = "Helps"', 'description          = "Helps more"', {"aws_iam_role.helpdesk"}),
    ("max_password_age               = 90", "max_password_age               = 30",
     {"aws_iam_account_password_policy.this"}),
    ('client_id_list  = ["app", "web"]', 'client_id_list  = ["app"]', {"aws_iam_openid_connect_provider.login"}),
    ('status     = "Active"', 'status     = "Inactive"', {"aws_iam_user_ssh_key.ada"}),
    ('status           = "Active"', 'status           = "Inactive"', {"aws_iam_signing_certificate.ada"}),
    ("saml_metadata_document = var.metadata", 'saml_metadata_document = replace(var.metadata, "/sso", "/sso2")',
     {"aws_iam_saml_provider.corp"}),
    ('Mail = "ada@example.com"', 'Mail = "ada@example.org"', {"aws_iam_user.ada"}),
    ('"chime:GetAccount"', '"chime:GetUser"',
     {"aws_iam_policy.chime", "aws_iam_policy.shared", "aws_iam_user_policy.ben", "aws_iam_group_policy.support",
      "aws_iam_role_policy.helpdesk"}),
]

PROVIDER = "registry.terraform.io/hashicorp/aws"
MIRRORS = [
    os.environ.get("CARILLON_TERRAFORM_MIRROR", ""), os.path.expanduser("~/.terraform.d/plugins"),
    "/usr/local/share/terraform/plugins", "/usr/share/terraform/plugins", *glob.glob("/opt/*"),
]


@pytest.fixture(scope="module")
def mirror():
    if not shutil.which("terraform"):
        pytest.skip("there is no terraform on the PATH")
    found = [folder for folder in MIRRORS if folder and os.path.isdir(os.path.join(folder, PROVIDER))]
    if not found:
        pytest.skip(f"no folder has {PROVIDER}; CARILLON_TERRAFORM_MIRROR may name one")
    return found[0]


class Terraform:
    """One folder of configuration and state."""

    def __init__(self, folder, mirror, server, **variables):
        self.folder = folder
        self.folder.mkdir()
        settings = folder / "terraform.rc"
        settings.write_text(
            f'provider_installation {{\n  filesystem_mirror {{\n    path = "{mirror}"\n  }}\n}}\n'
            "disable_checkpoint = true\n")
        self.env = {
            "PATH": os.environ["PATH"], "HOME": str(folder), "TF_CLI_CONFIG_FILE": str(settings),
            "GOGC": "400",  # the provider's schema is huge, and memory is cheaper than a quarter of the time
            "TF_IN_AUTOMATION": "1", "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ACCESS_KEY_ID": ROOT.key, "AWS_SECRET_ACCESS_KEY": ROOT.secret,
            "TF_VAR_endpoint": server.endpoint, "TF_VAR_metadata": METADATA,
            **{f"TF_VAR_{name}": value for name, value in variables.items()},
        }

    def run(self, command, *arguments):
        done = subprocess.run(
            ["terraform", command, "-no-color", "-input=false", *arguments],
            cwd=self.folder, env=self.env, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, f"{command} {arguments}: {done.stdout[-6000:]}\n{done.stderr[-6000:]}"
        return done.stdout

    def write(self, **files):
        for name, text in files.items():
            (self.folder / f"{name}.tf").write_text(text)

    def change(self, expect, *arguments):
        """Applies the configuration, and takes how many resources that concerned."""
        said = self.run("apply", "-auto-approve", *arguments)
        assert re.search(f"^Apply complete! Resources: {expect}\\.$", said, re.MULTILINE), said[-6000:]

    def outputs(self):
        state = json.loads((self.folder / "terraform.tfstate").read_text())
        return {name: output["value"] for name, output in state["outputs"].items()}


def test_all_of_iam_is_managed(new_server, mirror, folder):
    # Each command takes seconds before it asks the server for anything, so there are few of them. What Terraform finds
    # otherwise than it is configured it would change: the numbers that one ends with show that the one before settled.
    server = new_server("terraform")
    server.start()
    iam = server.root.iam
    keys = folder / "terraform-keys"
    keys.mkdir()
    for file in KEYS:
        shutil.copy(file, keys)
    main = Terraform(folder / "terraform-main", mirror, server, keys=str(keys))
    main.write(main=CONFIGURATION)
    main.run("init")
    main.change(f"{len(RESOURCES)} added, 0 changed, 0 destroyed")
    serving = iam.get_server_certificate(ServerCertificateName="web")["ServerCertificate"]
    assert main.outputs()["found"] == {
        "account": ACCOUNT_ID, "alias": "carillon-example", "group": ["ada"], "role": 7200,
        "policy": "arn:aws:iam::aws:policy/AmazonChimeReadOnly",
        "user": {"team": "support", "Mail": "ada@example.com"},
        "serving": f"{serving['ServerCertificateMetadata']['Expiration']:%Y-%m-%dT%H:%M:%SZ}",
        "keys": ["Inactive"], "profile": "helpdesk", "clients": ["app", "web"], "users": ["ada"], "roles": ["helpdesk"],
        "allowed": False,
    }

    # Exactly what is configured otherwise is changed, and in place.
    text, changed = CONFIGURATION, set()
    for before, after, resources in CHANGES:
        assert before in text
        text, changed = text.replace(before, after), changed | resources
    main.write(main=text)
    main.change(f"0 added, {len(changed)} changed, 0 destroyed")
    assert iam.get_role(RoleName="helpdesk")["Role"]["Description"] == "Helps more"

    # A second state takes over what exists, and finds nothing to change.
    (key,) = iam.list_access_keys(UserName="ben")["AccessKeyMetadata"]
    (ssh_key,) = iam.list_ssh_public_keys(UserName="ada")["SSHPublicKeys"]
    (certificate,) = iam.list_signing_certificates(UserName="ada")["Certificates"]
    (credential,) = iam.list_service_specific_credentials(UserName="ada")["ServiceSpecificCredentials"]
    second = Terraform(
        folder / "terraform-import", mirror, server, keys=str(keys), access_key_id=key["AccessKeyId"],
        ssh_key_id=ssh_key["SSHPublicKeyId"], signing_certificate_id=certificate["CertificateId"],
        credential_id=credential["ServiceSpecificCredentialId"])
    second.write(imports=IMPORTS, main=RESOURCE.sub(
        lambda found: "" if ".".join(found.groups()) in NOT_IMPORTED else found[0], text))
    second.run("init")
    second.change(f"{len(RESOURCES - NOT_IMPORTED)} imported, 0 added, 0 changed, 0 destroyed")

    main.change(f"0 added, 0 changed, {len(RESOURCES)} destroyed", "-destroy", "-refresh=false")
    kinds = ("Users", "Groups", "Roles", "Policies", "InstanceProfiles", "Providers", "MFADevices", "ServerCertificates")
    summary = iam.get_account_summary()["SummaryMap"]
    assert {kind: summary[kind] for kind in kinds} == dict.fromkeys(kinds, 0)
    server.assert_healthy()
    server.stop()
