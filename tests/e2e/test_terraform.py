"""Terraform manages what this server keeps: plan, apply, no drift, import, change, destroy.

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

from harness.server import ACCOUNT_ID, ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

DATA = pathlib.Path(__file__).parent / "data" / "terraform"
PROVIDER = "registry.terraform.io/hashicorp/aws"
MIRRORS = [
    os.environ.get("CARILLON_TERRAFORM_MIRROR", ""), os.path.expanduser("~/.terraform.d/plugins"),
    "/usr/local/share/terraform/plugins", "/usr/share/terraform/plugins", *glob.glob("/opt/*"),
]
# What Terraform's provider refuses to import.
NOT_IMPORTED = ["aws_iam_group_membership.auditors", "aws_iam_policy_attachment.shared"]


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
            "TF_IN_AUTOMATION": "1", "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ACCESS_KEY_ID": ROOT.key, "AWS_SECRET_ACCESS_KEY": ROOT.secret,
            "TF_VAR_endpoint": server.endpoint,
            **{f"TF_VAR_{name}": value for name, value in variables.items()},
        }

    def run(self, *arguments, expect=0):
        done = subprocess.run(
            ["terraform", *arguments], cwd=self.folder, env=self.env, capture_output=True, text=True, timeout=300)
        assert done.returncode == expect, f"terraform {arguments}: {done.stdout[-6000:]}\n{done.stderr[-6000:]}"
        return done.stdout

    def take(self, *names):
        for name in names:
            shutil.copy(DATA / name, self.folder)

    def apply(self):
        return self.run("apply", "-auto-approve", "-input=false", "-no-color")

    def assert_no_drift(self):
        # 0: nothing to do, 1: an error, 2: changes.
        self.run("plan", "-detailed-exitcode", "-input=false", "-no-color")


def test_all_of_iam_is_managed(new_server, mirror, folder):
    server = new_server("terraform")
    server.start()
    iam = server.root.iam
    main = Terraform(folder / "terraform-main", mirror, server)
    main.take("main.tf")
    main.run("init", "-input=false", "-no-color")
    planned = main.run("plan", "-input=false", "-no-color")
    count = int(re.search(r"Plan: (\d+) to add, 0 to change, 0 to destroy", planned)[1])
    applied = main.apply()
    assert f"{count} added, 0 changed, 0 destroyed" in applied
    main.assert_no_drift()
    found = json.loads(main.run("output", "-json", "found"))
    assert found == {
        "account": ACCOUNT_ID, "alias": "carillon-example", "group": ["ada"], "role": 7200,
        "policy": "arn:aws:iam::aws:policy/AmazonChimeReadOnly",
        "user": {"team": "support", "Mail": "ada@example.com"},
    }

    # A second state takes over what exists, without changing anything.
    (key,) = iam.list_access_keys(UserName="ben")["AccessKeyMetadata"]
    second = Terraform(folder / "terraform-import", mirror, server, access_key_id=key["AccessKeyId"])
    second.take("main.tf", "imports.tf")
    text = (second.folder / "main.tf").read_text()
    for address in NOT_IMPORTED:
        kind, name = address.split(".")
        text = re.sub(rf'resource "{kind}" "{name}" {{\n.*?\n}}\n', "", text, flags=re.DOTALL)
    (second.folder / "main.tf").write_text(text)
    second.run("init", "-input=false", "-no-color")
    imported = second.apply()
    assert f"{count - len(NOT_IMPORTED)} imported, 0 added, 0 changed, 0 destroyed" in imported, imported[-4000:]
    second.assert_no_drift()

    # Changes in place are seen by the one who made them only.
    text = (main.folder / "main.tf").read_text()
    for old, new in (('description          = "Helps"', 'description          = "Helps more"'),
                     ("max_password_age               = 90", "max_password_age               = 30"),
                     ('client_id_list  = ["app", "web"]', 'client_id_list  = ["app"]'),
                     ('Mail = "ada@example.com"', 'Mail = "ada@example.org"'),
                     ('"chime:GetAccount"', '"chime:GetUser"')):
        assert old in text
        text = text.replace(old, new)
    (main.folder / "main.tf").write_text(text)
    assert ", 0 destroyed" in main.apply()
    main.assert_no_drift()
    assert iam.get_role(RoleName="helpdesk")["Role"]["Description"] == "Helps more"
    second.run("plan", "-detailed-exitcode", "-input=false", "-no-color", expect=2)

    destroyed = main.run("destroy", "-auto-approve", "-input=false", "-no-color")
    assert f"{count} destroyed" in destroyed
    summary = iam.get_account_summary()["SummaryMap"]
    assert {name: summary[name] for name in ("Users", "Groups", "Roles", "Policies", "InstanceProfiles", "Providers")} \
        == dict.fromkeys(("Users", "Groups", "Roles", "Policies", "InstanceProfiles", "Providers"), 0)
    server.assert_healthy()
    server.stop()
