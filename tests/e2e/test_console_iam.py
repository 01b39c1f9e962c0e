"""The pages of IAM beyond users, groups, roles and policies: credentials, providers, certificates, the AWS account."""

import contextlib
import csv
import re
import shutil
import subprocess

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from playwright.sync_api import expect

from harness.aws import policy
from harness.saml import Provider
from harness.server import ACCOUNT_ID
from harness.tab import admin, administrator, browser, person, tab, violations  # noqa: F401
from test_credentials import certificate, pem_of_key
from test_mfa import Device


def section(one, heading):
    """The table below a heading."""
    return one.page.get_by_role("table", name=heading)


def test_access_keys_of_another_user(admin, root, unique):
    name = unique("ada")
    root.iam.create_user(UserName=name)
    admin.open(f"iam/users/{name}")
    admin.press("Create access key")
    admin.dialog.get_by_role("button", name="Create", exact=True).click()
    admin.sees("The secret is shown once.")
    (key,) = root.iam.list_access_keys(UserName=name)["AccessKeyMetadata"]
    admin.dialog.get_by_text(key["AccessKeyId"]).wait_for()
    admin.confirm("I have kept it")
    admin.press(f"Deactivate {key['AccessKeyId']}")
    admin.sees(f"{key['AccessKeyId']} is inactive.")
    assert root.iam.list_access_keys(UserName=name)["AccessKeyMetadata"][0]["Status"] == "Inactive"
    admin.press(f"Delete {key['AccessKeyId']}")
    admin.box(f"Type “{key['AccessKeyId']}” to confirm").fill(key["AccessKeyId"])
    admin.confirm("Delete")
    section(admin, "Access keys").get_by_text("No access key").wait_for()
    assert root.iam.list_access_keys(UserName=name)["AccessKeyMetadata"] == []


def test_keys_and_certificates_of_another_user(admin, root, unique):
    name = unique("ada")
    root.iam.create_user(UserName=name)
    ssh = rsa.generate_private_key(65537, 2048).public_key().public_bytes(
        serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()
    _, pem = certificate("ada", rsa.generate_private_key(65537, 2048))
    admin.open(f"iam/users/{name}")
    admin.press("Upload SSH key")
    admin.box("Public key").fill(ssh)
    admin.confirm("Upload")
    (key,) = root.iam.list_ssh_public_keys(UserName=name)["SSHPublicKeys"]
    admin.press(f"Deactivate {key['SSHPublicKeyId']}")
    admin.sees(f"{key['SSHPublicKeyId']} is inactive.")
    admin.press("Upload certificate")
    admin.box("Certificate").fill(pem)
    admin.confirm("Upload")
    (signing,) = root.iam.list_signing_certificates(UserName=name)["Certificates"]
    admin.page.get_by_role("cell", name=signing["CertificateId"]).wait_for()
    admin.press("Create credential")
    admin.dialog.get_by_role("button", name="Create", exact=True).click()
    admin.sees("The secret is shown once.")
    admin.confirm("I have kept it")
    (service,) = root.iam.list_service_specific_credentials(UserName=name)["ServiceSpecificCredentials"]
    admin.press(f"Reset {service['ServiceSpecificCredentialId']}")
    admin.dialog.get_by_role("button", name="Reset", exact=True).click()
    admin.sees("The secret is shown once.")
    admin.confirm("I have kept it")
    admin.screenshot("console-user-credentials")
    assert violations(admin.page) == []
    for identifier in (key["SSHPublicKeyId"], signing["CertificateId"], service["ServiceSpecificCredentialId"]):
        admin.press(f"Delete {identifier}")
        admin.box(f"Type “{identifier}” to confirm").fill(identifier)
        admin.confirm("Delete")
        admin.page.get_by_role("cell", name=identifier).wait_for(state="hidden")
    assert root.iam.list_ssh_public_keys(UserName=name)["SSHPublicKeys"] == []
    assert root.iam.list_signing_certificates(UserName=name)["Certificates"] == []
    assert root.iam.list_service_specific_credentials(UserName=name)["ServiceSpecificCredentials"] == []


def test_an_mfa_device_of_another_user_is_taken_away(admin, root, unique):
    name = unique("ada")
    root.iam.create_user(UserName=name)
    device = Device(root.iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"])
    device.with_codes(root.iam.enable_mfa_device, name)
    admin.open(f"iam/users/{name}")
    admin.press(f"Take away {device.serial}")
    admin.box(f"Type “{device.serial}” to confirm").fill(device.serial)
    admin.confirm("Take away")
    section(admin, "MFA devices").get_by_text("No MFA device").wait_for()
    assert root.iam.list_mfa_devices(UserName=name)["MFADevices"] == []


def test_identity_providers(admin, root, unique):
    url = f"https://{unique('login')}.example.com/realms/main"
    admin.open("iam/providers")
    admin.press("Add provider")
    admin.box("Address").fill(url)
    admin.box("Audiences").fill("wiki\nchat")
    admin.box("Thumbprints").fill("a" * 40)
    admin.confirm("Add")
    admin.page.get_by_role("link", name=url.removeprefix("https://")).click()
    admin.press("Add audience")
    admin.box("Client ID").fill("mail")
    admin.confirm("Add audience")
    admin.press("Remove chat")
    admin.page.get_by_role("cell", name="chat").wait_for(state="hidden")
    admin.press("Change thumbprints")
    admin.box("Thumbprints").fill("b" * 40)
    admin.confirm("Change")
    admin.sees("b" * 40)
    admin.screenshot("console-provider")
    assert violations(admin.page) == []
    (arn,) = [one["Arn"] for one in root.iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]]
    kept = root.iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert (sorted(kept["ClientIDList"]), kept["ThumbprintList"]) == (["mail", "wiki"], ["b" * 40])
    admin.open("iam/providers")
    admin.page.get_by_role("radio").first.check()
    admin.press("Delete")
    address = url.removeprefix("https://")
    admin.box(f"Type “{address}” to confirm").fill(address)
    admin.confirm("Delete identity provider")
    assert root.iam.list_open_id_connect_providers()["OpenIDConnectProviderList"] == []


def test_saml_providers(admin, root, unique, tmp_path):
    name, idp = unique("corp"), Provider()
    admin.open("iam/saml-providers")
    admin.press("Add SAML provider")
    admin.box("Name").fill(name)
    admin.box("Metadata").fill("<md:EntityDescriptor/>" + " " * 1000)
    admin.dialog.get_by_role("button", name="Add", exact=True).click()
    admin.dialog.get_by_text("metadata").nth(0).wait_for()
    file = tmp_path / "metadata.xml"
    file.write_text(idp.metadata())
    admin.page.get_by_label("File with the metadata").set_input_files(file)
    expect(admin.box("Metadata")).to_have_value(idp.metadata())
    admin.confirm("Add")
    admin.page.get_by_role("link", name=name, exact=True).click()
    (arn,) = [one["Arn"] for one in root.iam.list_saml_providers()["SAMLProviderList"]]
    admin.sees(f"{admin.server.endpoint}/saml")
    idp.rotate()
    admin.press("Replace metadata")
    admin.box("Metadata").fill(idp.metadata())
    admin.confirm("Replace")
    admin.sees("The metadata is replaced.")
    assert root.iam.get_saml_provider(SAMLProviderArn=arn)["SAMLMetadataDocument"] == idp.metadata()
    admin.settle().screenshot("console-saml-provider")
    assert violations(admin.page) == []

    trusting = unique("trusting")
    admin.open("iam/roles")
    admin.press("Create role")
    admin.box("Name").fill(trusting)
    admin.choose("Who may take it on", f"SAML provider {name}")
    admin.screenshot("console-create-role")
    admin.confirm("Create role")
    (statement,) = root.iam.get_role(RoleName=trusting)["Role"]["AssumeRolePolicyDocument"]["Statement"]
    assert (statement["Principal"], statement["Action"]) == ({"Federated": arn}, "sts:AssumeRoleWithSAML")
    assert statement["Condition"] == {"StringEquals": {"SAML:aud": f"{admin.server.endpoint}/saml"}}
    admin.open(f"iam/roles/{trusting}")
    admin.choose("Trust somebody else, too", "This AWS account")
    admin.press("Save the trust policy")
    admin.sees("is changed.")
    statements = root.iam.get_role(RoleName=trusting)["Role"]["AssumeRolePolicyDocument"]["Statement"]
    assert [one["Action"] for one in statements] == ["sts:AssumeRoleWithSAML", "sts:AssumeRole"]

    admin.open("iam/saml-providers")
    admin.page.get_by_role("radio").first.check()
    admin.press("Delete")
    admin.box(f"Type “{name}” to confirm").fill(name)
    admin.confirm("Delete SAML provider")
    assert root.iam.list_saml_providers()["SAMLProviderList"] == []


@pytest.fixture
def tagged(root, managed, role, unique):
    """What has tags, made when it is asked for: its page, what opens the tags there, and the tags it has."""
    iam, name = root.iam, unique("tagged")

    def of_user():
        iam.create_user(UserName=name)
        return f"iam/users/{name}", None, lambda: iam.list_user_tags(UserName=name)

    def of_role():
        made = role().rpartition("/")[2]
        return f"iam/roles/{made}", None, lambda: iam.list_role_tags(RoleName=made)

    def of_policy():
        arn = managed()
        return f"iam/policy?arn={arn}", None, lambda: iam.list_policy_tags(PolicyArn=arn)

    def of_openid():
        arn = iam.create_open_id_connect_provider(Url=f"https://{name}.example.com")["OpenIDConnectProviderArn"]
        return (f"iam/provider?arn={arn}", None,
                lambda: iam.list_open_id_connect_provider_tags(OpenIDConnectProviderArn=arn))

    def of_saml():
        arn = iam.create_saml_provider(Name=name, SAMLMetadataDocument=Provider().metadata())["SAMLProviderArn"]
        return f"iam/saml-provider?arn={arn}", None, lambda: iam.list_saml_provider_tags(SAMLProviderArn=arn)

    def of_profile():
        iam.create_instance_profile(InstanceProfileName=name)
        return "iam/instance-profiles", name, lambda: iam.list_instance_profile_tags(InstanceProfileName=name)

    def of_certificate():
        key = ec.generate_private_key(ec.SECP256R1())
        iam.upload_server_certificate(
            ServerCertificateName=name, CertificateBody=certificate("site.example.com", key)[1],
            PrivateKey=pem_of_key(key))
        return "iam/server-certificates", name, lambda: iam.list_server_certificate_tags(ServerCertificateName=name)

    def of_device():
        iam.create_user(UserName=name)
        device = Device(iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"])
        device.with_codes(iam.enable_mfa_device, name)
        return f"iam/users/{name}", device.serial, lambda: iam.list_mfa_device_tags(SerialNumber=device.serial)

    made = {"user": of_user, "role": of_role, "policy": of_policy, "openid": of_openid, "saml": of_saml,
            "profile": of_profile, "certificate": of_certificate, "device": of_device}
    yield lambda kind: made[kind]()
    # Other tests look at all there is.
    for remove in (
            lambda: iam.delete_instance_profile(InstanceProfileName=name),
            lambda: iam.delete_server_certificate(ServerCertificateName=name),
            lambda: iam.delete_saml_provider(SAMLProviderArn=f"arn:aws:iam::{ACCOUNT_ID}:saml-provider/{name}"),
            lambda: iam.delete_open_id_connect_provider(
                OpenIDConnectProviderArn=f"arn:aws:iam::{ACCOUNT_ID}:oidc-provider/{name}.example.com")):
        with contextlib.suppress(iam.exceptions.NoSuchEntityException):
            remove()


@pytest.mark.parametrize("kind", ["user", "role", "policy", "openid", "saml", "profile", "certificate", "device"])
def test_tags(admin, tagged, kind):
    page, chosen, tags = tagged(kind)
    admin.open(page)
    place = admin.page
    if kind in ("profile", "certificate"):
        admin.page.get_by_role("radio", name=chosen, exact=True).check()
        admin.press("Tags")
        place = admin.dialog
    elif kind == "device":
        admin.press(f"Tags of {chosen}")
        place = admin.dialog
    for value in ("Baking", "Selling"):
        place.get_by_role("textbox", name="Key", exact=True).fill("Team: bakers")
        place.get_by_role("textbox", name="Value", exact=True).fill(value)
        place.get_by_role("button", name="Set tag", exact=True).click()
        place.get_by_role("cell", name=value, exact=True).wait_for()
        assert tags()["Tags"] == [{"Key": "Team: bakers", "Value": value}]
    if kind in ("user", "profile"):
        admin.screenshot(f"console-tags-{kind}")
        assert violations(admin.page) == []
    place.get_by_role("button", name="Remove the tag Team: bakers", exact=True).click()
    place.get_by_text("No tags").wait_for()
    assert tags()["Tags"] == []


def test_tags_are_not_shown_to_whoever_may_not_see_them(tab, person, root, unique):
    name = unique("ada")
    root.iam.create_user(UserName=name, Tags=[{"Key": "Team", "Value": "Hidden"}])
    one = tab(person(policy("iam:GetUser", "iam:TagUser")))
    one.open(f"iam/users/{name}")
    assert "iam:ListUserTags" in one.actions("denied")
    assert one.page.query_selector("text=Hidden") is None
    assert one.refused == []


def test_columns_are_kept_as_they_were_left(admin, root, unique):
    name = unique("ada")
    root.iam.create_user(UserName=name)
    admin.open("iam/users")
    headers = admin.page.get_by_role("columnheader")
    assert headers.filter(has_text="Path").count() == 1
    admin.press("Columns of IAM users")
    admin.screenshot("console-columns")
    assert violations(admin.page) == []
    admin.dialog.get_by_role("checkbox", name="Path").uncheck(force=True)
    admin.confirm("Confirm")
    expect(headers.filter(has_text="Path")).to_have_count(0)
    admin.open("iam/users")
    assert headers.filter(has_text="Path").count() == 0
    # What somebody else wrote there is no reason to show nothing.
    for broken in ('[null]', '7', '{', '[{"id": "no such", "visible": true}]'):
        admin.page.evaluate("text => localStorage.setItem('carillon-columns-IAM users', text)", broken)
        admin.open("iam/users")
        assert headers.filter(has_text="Path").count() == 1, broken
    admin.page.evaluate("localStorage.clear()")


def test_instance_profiles(admin, root, role, unique):
    name = unique("profile")
    arn = role()
    admin.open("iam/instance-profiles")
    admin.press("Create instance profile")
    admin.box("Name").fill(name)
    admin.confirm("Create instance profile")
    for button, verb in [("Put a role in", "Put in"), ("Take the role out", "Take out")]:
        admin.page.get_by_role("radio").first.check()
        admin.press(button)
        if verb == "Put in":
            admin.box("Name of the role").fill(arn.rpartition("/")[2])
        admin.confirm(verb)
        roles = root.iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]["Roles"]
        assert [one["Arn"] for one in roles] == ([arn] if verb == "Put in" else [])
    admin.page.get_by_role("radio").first.check()
    admin.press("Delete")
    admin.box(f"Type “{name}” to confirm").fill(name)
    admin.confirm("Delete instance profile")
    assert root.iam.list_instance_profiles()["InstanceProfiles"] == []


def test_server_certificates(admin, root, unique):
    name, key = unique("site"), ec.generate_private_key(ec.SECP256R1())
    _, pem = certificate("site.example.com", key)
    admin.open("iam/server-certificates")
    admin.press("Upload certificate")
    admin.box("Name").fill(name)
    admin.box("Certificate").fill(pem)
    admin.box("Private key").fill(pem_of_key(key))
    admin.press("Copy as a command")
    assert "PRIVATE" not in admin.page.locator("pre.command").inner_text()
    admin.confirm("Upload")
    admin.page.get_by_role("radio").first.check()
    admin.press("Rename")
    admin.box("Name").fill(f"{name}-2")
    admin.confirm("Rename")
    admin.page.get_by_role("cell", name=f"{name}-2", exact=True).wait_for()
    assert root.iam.get_server_certificate(ServerCertificateName=f"{name}-2")
    admin.page.get_by_role("radio").first.check()
    admin.press("Delete")
    admin.box(f"Type “{name}-2” to confirm").fill(f"{name}-2")
    admin.confirm("Delete server certificate")
    assert root.iam.list_server_certificates()["ServerCertificateMetadataList"] == []


def test_the_aws_account_at_a_glance(admin, root, unique):
    alias = unique("pies")
    admin.open("iam")
    admin.press("Set alias")
    admin.box("Alias").fill(alias)
    admin.confirm("Set alias")
    admin.sees(f"The AWS account is called {alias}.")
    assert root.iam.list_account_aliases()["AccountAliases"] == [alias]
    admin.press("Change policy")
    admin.page.get_by_label("Characters at least").fill("12")
    admin.page.get_by_label("Days until it expires").fill("90")
    admin.page.get_by_label("A digit").check()
    admin.press("Copy as a command")
    command = admin.page.locator("pre.command").inner_text()
    assert "--minimum-password-length 12" in command, "a rule about passwords is no secret"
    admin.confirm("Change")
    admin.sees("90 days")
    rules = root.iam.get_account_password_policy()["PasswordPolicy"]
    assert (rules["MinimumPasswordLength"], rules["MaxPasswordAge"], rules["RequireNumbers"]) == (12, 90, True)
    users = root.iam.get_account_summary()["SummaryMap"]["Users"]
    count = admin.page.locator("dt", has_text="Users").first.locator("xpath=following-sibling::dd[1]")
    assert re.match(rf"{users}\b", count.inner_text().strip())
    with admin.page.expect_download() as download:
        admin.press("Download as CSV")
    rows = list(csv.DictReader(open(download.value.path(), newline="")))
    assert rows[0]["user"] == "<root_account>" and len(rows) == users + 1
    admin.screenshot("console-glance")
    assert violations(admin.page) == []
    admin.press("Delete policy")
    admin.confirm("Delete policy")
    admin.sees("None: the defaults count.")
    admin.press("Remove alias")
    admin.confirm("Remove")
    assert root.iam.list_account_aliases()["AccountAliases"] == []


@pytest.mark.parametrize("page, button, fields, resource", [
    ("iam/users", "Create IAM user", {"User name": "ada.lovelace"}, 'resource "aws_iam_user" "ada_lovelace"'),
    ("iam/groups", "Create group", {"Name": "readers"}, 'resource "aws_iam_group" "readers"'),
    ("iam/roles", "Create role", {"Name": "auditor", "Description": "${not} a \"template\""},
     'resource "aws_iam_role" "auditor"'),
    ("iam/policies", "Create policy", {"Name": "reading"}, 'resource "aws_iam_policy" "reading"'),
    ("iam/providers", "Add provider", {"Address": "https://id.example.com", "Audiences": "wiki"},
     'resource "aws_iam_openid_connect_provider" "id_example_com"'),
])
def test_a_form_is_a_resource_of_terraform_too(admin, page, button, fields, resource):
    admin.open(page)
    admin.press(button)
    for name, value in fields.items():
        admin.box(name).fill(value)
    admin.press("Copy as a command")
    admin.press("Terraform")
    text = admin.page.locator("pre.command").inner_text()
    assert text.startswith(resource), text
    if shutil.which("terraform"):
        done = subprocess.run(["terraform", "fmt", "-"], input=text, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip() == text.strip(), "already as Terraform would write it"
    admin.dialog.get_by_role("button", name="Cancel").click()


def test_what_has_no_resource_has_no_such_form(admin):
    admin.open("accounts")
    admin.press("Create account")
    admin.press("Copy as a command")
    admin.button("boto3").wait_for()
    assert admin.button("Terraform").count() == 0
