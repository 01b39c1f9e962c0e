"""Second factors: authenticator apps of users and of root, and what their codes are good for.

A code is good once and is shown for 30 seconds, so a device is enabled with the codes of the last two steps, which
leaves this step's and the next one's to be used at once.
"""

import base64
import concurrent.futures
import hashlib
import hmac
import json
import re
import struct
import time

import pytest

from harness.aws import Credentials, Principal, document, not_allowed, policy, refused
from harness.server import ACCOUNT_ID

WRONG = "MultiFactorAuthentication failed with invalid MFA one time pass code."
NOT_YOURS = (
    "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid "
    "and associated with this user.")
INVALID = "Authentication code for device is not valid."
WITH_MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


class Device:
    """An authenticator app. Source: RFC 6238."""

    def __init__(self, made):
        self.serial = made["SerialNumber"]
        self.base32 = made["Base32StringSeed"].decode()
        self.key = base64.b32decode(self.base32)

    def code(self, steps=0):
        counter = struct.pack(">Q", int(time.time()) // 30 + steps)
        digest = hmac.digest(self.key, counter, hashlib.sha1)
        word = struct.unpack_from(">I", digest, digest[19] & 15)[0] & 0x7fffffff
        return f"{word % 1_000_000:06}"

    def wrong(self):
        near = {self.code(steps) for steps in range(-3, 4)}
        return next(code for code in ("000000", "111111", "222222", "333333", "444444", "555555", "666666", "777777")
                    if code not in near)

    def with_codes(self, call, name):
        settle()
        call(UserName=name, SerialNumber=self.serial, AuthenticationCode1=self.code(-2),
             AuthenticationCode2=self.code(-1))

    def session(self, who, code):
        answer = who.sts.get_session_token(SerialNumber=self.serial, TokenCode=code)["Credentials"]
        return Principal(who.server, Credentials.of(answer), name=who.name, arn=who.arn)


def settle():
    """Waits where the step would end in the middle of what follows."""
    left = 30 - time.time() % 30
    if left < 8:
        time.sleep(left + 0.1)


@pytest.fixture
def device(root, unique):
    """Makes a device that nobody has, or one of a user."""

    def make(of=None, **options):
        name = options.pop("VirtualMFADeviceName", None) or unique("device")
        made = Device(root.iam.create_virtual_mfa_device(VirtualMFADeviceName=name, **options)["VirtualMFADevice"])
        if of:
            made.with_codes(root.iam.enable_mfa_device, of.name)
        return made

    return make


def test_a_device_is_made_with_a_seed_and_a_picture(root, unique):
    name = unique("device")
    made = root.iam.create_virtual_mfa_device(
        VirtualMFADeviceName=name, Path="/phones/", Tags=[{"Key": "team", "Value": "blue"}])["VirtualMFADevice"]
    assert made["SerialNumber"] == f"arn:aws:iam::{ACCOUNT_ID}:mfa/phones/{name}"
    assert re.fullmatch(rb"[A-Z2-7]{64}", made["Base32StringSeed"])
    assert made["QRCodePNG"].startswith(b"\x89PNG\r\n\x1a\n") and made["QRCodePNG"].endswith(b"IEND\xaeB`\x82")
    assert made["Tags"] == [{"Key": "team", "Value": "blue"}]
    serial = made["SerialNumber"]
    assert root.iam.list_mfa_device_tags(SerialNumber=serial)["Tags"] == made["Tags"]
    root.iam.untag_mfa_device(SerialNumber=serial, TagKeys=["Team"])
    root.iam.tag_mfa_device(SerialNumber=serial, Tags=[{"Key": "site", "Value": ""}])
    assert root.iam.list_mfa_device_tags(SerialNumber=serial)["Tags"] == [{"Key": "site", "Value": ""}]
    with refused("EntityAlreadyExists", 409, "MFADevice entity at the same path and name already exists."):
        root.iam.create_virtual_mfa_device(VirtualMFADeviceName=name, Path="/phones/")
    root.iam.delete_virtual_mfa_device(SerialNumber=serial)
    with refused("NoSuchEntity", 404, f"VirtualMFADevice with serial number {serial} does not exist."):
        root.iam.delete_virtual_mfa_device(SerialNumber=serial)


def test_the_command_line_writes_the_picture(root, unique, tmp_path):
    for method, check in (("QRCodePNG", lambda text: text.startswith(b"\x89PNG")),
                          ("Base32StringSeed", lambda text: len(base64.b32decode(text)) == 40)):
        file = tmp_path / method
        root.cli("iam", "create-virtual-mfa-device", "--virtual-mfa-device-name", unique("device"),
                 "--outfile", file, "--bootstrap-method", method)
        assert check(file.read_bytes())


def test_two_codes_in_a_row_enable_a_device(root, user, device):
    ada, phone = user(), device()
    settle()
    for codes in [(phone.code(), phone.code()), (phone.code(), phone.code(-1)), (phone.wrong(), phone.code())]:
        with refused("InvalidAuthenticationCode", 403, INVALID, shape="InvalidAuthenticationCodeException"):
            root.iam.enable_mfa_device(UserName=ada.name, SerialNumber=phone.serial, AuthenticationCode1=codes[0],
                                       AuthenticationCode2=codes[1])
    phone.with_codes(root.iam.enable_mfa_device, ada.name)
    listed, = root.iam.list_mfa_devices(UserName=ada.name)["MFADevices"]
    assert (listed["UserName"], listed["SerialNumber"]) == (ada.name, phone.serial)
    assert root.iam.get_mfa_device(UserName=ada.name, SerialNumber=phone.serial)["EnableDate"] == listed["EnableDate"]
    with refused("EntityAlreadyExists", 409, "MFA Device is already in use."):
        phone.with_codes(root.iam.enable_mfa_device, user().name)
    with refused("DeleteConflict", 409, "MFA VirtualDevice in use. Must deactivate first."):
        root.iam.delete_virtual_mfa_device(SerialNumber=phone.serial)
    with refused("NoSuchEntity", 404, "MFA Device invalid for user."):
        root.iam.deactivate_mfa_device(UserName=user().name, SerialNumber=phone.serial)
    # A device whose clock is off is put right with the codes that it shows.
    settle()
    root.iam.resync_mfa_device(UserName=ada.name, SerialNumber=phone.serial, AuthenticationCode1=phone.code(8),
                               AuthenticationCode2=phone.code(9))
    phone.session(ada, phone.code(10))
    root.iam.delete_access_key(UserName=ada.name, AccessKeyId=ada.credentials.key)
    with refused("DeleteConflict", 409, "Cannot delete entity, must delete MFA device first."):
        root.iam.delete_user(UserName=ada.name)
    root.iam.deactivate_mfa_device(UserName=ada.name, SerialNumber=phone.serial)
    root.iam.delete_user(UserName=ada.name)
    root.iam.delete_virtual_mfa_device(SerialNumber=phone.serial)


def test_devices_are_listed_with_who_has_them(root, user, device):
    ada = user()
    mine, spare = device(of=ada), device()
    every = root.iam.get_paginator("list_virtual_mfa_devices")

    def found(**options):
        pages = every.paginate(PaginationConfig={"PageSize": 2}, **options)
        return {one["SerialNumber"]: one.get("User", {}).get("Arn")
                for page in pages for one in page["VirtualMFADevices"]}

    assert found().items() >= {mine.serial: ada.arn, spare.serial: None}.items()
    assert mine.serial in found(AssignmentStatus="Assigned") and spare.serial not in found(AssignmentStatus="Assigned")
    assert list(found(AssignmentStatus="Unassigned").values()) == [None] * len(found(AssignmentStatus="Unassigned"))
    one = next(one for one in root.iam.list_virtual_mfa_devices(MaxItems=1000)["VirtualMFADevices"]
               if one["SerialNumber"] == mine.serial)
    assert one["User"]["UserName"] == ada.name and "Base32StringSeed" not in one and "QRCodePNG" not in one


def test_what_policies_are_asked_about(user, device):
    ada, phone = user(), device()
    with refused("AccessDenied", 403, not_allowed(
            ada.arn, "iam:CreateVirtualMFADevice", f"arn:aws:iam::{ACCOUNT_ID}:mfa/mine")):
        ada.iam.create_virtual_mfa_device(VirtualMFADeviceName="mine")
    with refused("AccessDenied", 403, not_allowed(
            ada.arn, "iam:ListVirtualMFADevices", f"arn:aws:iam::{ACCOUNT_ID}:mfa/")):
        ada.iam.list_virtual_mfa_devices()
    for call, action in ((ada.iam.delete_virtual_mfa_device, "DeleteVirtualMFADevice"),
                         (ada.iam.list_mfa_device_tags, "ListMFADeviceTags")):
        with refused("AccessDenied", 403, not_allowed(ada.arn, f"iam:{action}", phone.serial)):
            call(SerialNumber=phone.serial)
    for call, action in ((ada.iam.list_mfa_devices, "ListMFADevices"),
                         (lambda: ada.iam.deactivate_mfa_device(SerialNumber=phone.serial), "DeactivateMFADevice")):
        with refused("AccessDenied", 403, not_allowed(ada.arn, f"iam:{action}", ada.arn)):
            call()


def test_a_user_manages_its_own_device_and_may_the_rest_with_it(user):
    """The policy of the IAM User Guide, "Allows MFA-authenticated IAM users to manage their own credentials"."""
    own = document(
        {"Effect": "Allow", "Action": ["iam:ListVirtualMFADevices"], "Resource": "*"},
        {"Effect": "Allow", "Action": ["iam:CreateVirtualMFADevice"], "Resource": "arn:aws:iam::*:mfa/*"},
        {"Effect": "Allow",
         "Action": ["iam:DeactivateMFADevice", "iam:EnableMFADevice", "iam:GetUser", "iam:ListMFADevices",
                    "iam:ResyncMFADevice"],
         "Resource": "arn:aws:iam::*:user/${aws:username}"},
        {"Effect": "Deny",
         "NotAction": ["iam:CreateVirtualMFADevice", "iam:EnableMFADevice", "iam:GetUser", "iam:ListMFADevices",
                       "iam:ListVirtualMFADevices", "iam:ResyncMFADevice", "sts:GetSessionToken"],
         "Resource": "*", "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}},
    )
    ada = user(own, policy("iam:ListUsers", "chime:ListAccounts"))
    with refused("AccessDenied", 403, re.compile("with an explicit deny in an identity-based policy")):
        ada.iam.list_users()
    made = Device(ada.iam.create_virtual_mfa_device(VirtualMFADeviceName=ada.name)["VirtualMFADevice"])
    with refused("AccessDenied", 403):
        made.with_codes(ada.iam.enable_mfa_device, "somebody-else")
    made.with_codes(ada.iam.enable_mfa_device, ada.name)
    with refused("AccessDeniedException", 403):
        ada.chime.list_accounts()
    session = made.session(ada, made.code())
    session.iam.list_users()
    session.chime.list_accounts()
    ada.iam.get_user()
    session.iam.deactivate_mfa_device(UserName=ada.name, SerialNumber=made.serial)


def test_a_code_is_good_once_whoever_comes_at_the_same_time(user, device):
    ada = user()
    phone = device(of=ada)
    code = phone.code()

    def try_it(_):
        try:
            return phone.session(ada, code) and "session"
        except ada.sts.exceptions.ClientError as error:
            return error.response["Error"]["Message"]

    ada.sts.get_caller_identity()
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        got = sorted(pool.map(try_it, range(4)))
    assert got == [WRONG] * 3 + ["session"], got
    phone.session(ada, phone.code(1))


def test_wrong_codes_and_devices_are_refused(user, device):
    ada, bob = user(), user()
    phone, spare = device(of=ada), device()
    for who, serial, code, message in (
            (ada, phone.serial, phone.wrong(), WRONG), (bob, phone.serial, phone.code(), NOT_YOURS),
            (ada, spare.serial, spare.code(), NOT_YOURS), (ada, "GAHT12345678", phone.code(), NOT_YOURS)):
        with refused("AccessDenied", 403, message):
            who.sts.get_session_token(SerialNumber=serial, TokenCode=code)
    with refused("AccessDenied", 403, re.compile("must provide both MFA serial number and one time pass code")):
        ada.sts.get_session_token(TokenCode=phone.code())
    for _ in range(4):
        with refused("AccessDenied", 403):
            phone.session(ada, phone.wrong())
    with refused("AccessDenied", 403, re.compile("too many wrong codes")):
        phone.session(ada, phone.code())
    bob.sts.get_session_token()


def test_a_role_wants_a_second_factor(user, device, role):
    trusted = document({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": ACCOUNT_ID},
                        "Condition": WITH_MFA | {"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}}})
    arn = role(policy("chime:ListAccounts"), trusted=trusted)
    ada = user(policy("sts:AssumeRole"))
    phone = device(of=ada)
    with refused("AccessDenied", 403):
        ada.assume(arn)
    with refused("AccessDenied", 403, WRONG):
        ada.assume(arn, SerialNumber=phone.serial, TokenCode=phone.wrong())
    code = phone.code()
    ada.assume(arn, SerialNumber=phone.serial, TokenCode=code).chime.list_accounts()
    with refused("AccessDenied", 403, WRONG):
        ada.assume(arn, SerialNumber=phone.serial, TokenCode=code)
    phone.session(ada, phone.code(1)).assume(arn).chime.list_accounts()


def test_root_has_a_device(new_server):
    server = new_server()
    server.start()
    root = server.root
    made = root.iam.create_virtual_mfa_device(VirtualMFADeviceName="root-account-mfa-device")["VirtualMFADevice"]
    phone = Device(made)
    phone.with_codes(root.iam.enable_mfa_device, ACCOUNT_ID)
    assert [one["SerialNumber"] for one in root.iam.list_mfa_devices()["MFADevices"]] == [phone.serial]
    summary = root.iam.get_account_summary()["SummaryMap"]
    assert (summary["MFADevices"], summary["MFADevicesInUse"], summary["AccountMFAEnabled"]) == (1, 1, 1)
    phone.session(root, phone.code()).iam.list_users()
    root.iam.deactivate_mfa_device(SerialNumber=phone.serial)
    assert root.iam.get_account_summary()["SummaryMap"]["AccountMFAEnabled"] == 0


def test_the_trail_and_the_logs_know_no_seed_and_no_code(server, root, user, device):
    ada = user()
    phone = device(of=ada)
    code = phone.code()
    session = phone.session(ada, code)
    session.sts.get_caller_identity()
    records = [json.loads(line) for line in server.audit_log.read_text().splitlines()]
    last = [one for one in records if one["userIdentity"].get("accessKeyId") == session.credentials.key][-1]
    assert last["userIdentity"]["sessionContext"]["attributes"]["mfaAuthenticated"] == "true"
    kept = server.audit_log.read_bytes() + server.everything_printed()
    if server.database.startswith("sqlite:"):
        kept += b"".join(path.read_bytes() for path in server.data.glob("carillon.db*"))
    for secret in (phone.base32.encode(), base64.b64encode(phone.base32.encode()), phone.key, phone.key.hex().encode(),
                   f'"{code}"'.encode()):
        assert secret not in kept
