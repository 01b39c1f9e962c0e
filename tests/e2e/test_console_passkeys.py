"""Passkeys in a real browser with Chromium's virtual authenticator, and one's own security page."""

import base64
import contextlib
import csv
import functools
import http.server
import io
import json
import re
import threading
import types

import pytest

from harness.aws import policy
from harness.console import Console
from harness.raw import query_request
from harness.server import ACCOUNT_ID, ROOT, ROOT_EMAIL, ROOT_PASSWORD
from harness.tab import MANAGED, PASSWORD, Tab, browser, chromium, person, violations  # noqa: F401
from test_mfa import Device

OWN = policy("iam:*", resource="arn:aws:iam::*:user/${aws:username}")
APPS = policy("iam:*VirtualMFADevice", resource="*")
WITH_MFA = policy("chime:ListAccounts", condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})

# Has a key shown as the sign-in page does, for tests that send the answer themselves.
SHOW = """async (asked) => {
    const bytes = (text) => Uint8Array.from(
        atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));
    const text = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)))
        .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
    const shown = await navigator.credentials.get({ publicKey: {
        challenge: bytes(asked.challenge), rpId: asked.relyingPartyId, userVerification: asked.userVerification,
        allowCredentials: asked.credentialIds.map((id) => ({ type: "public-key", id: bytes(id) })),
    } });
    return {
        credentialId: text(shown.rawId), clientData: text(shown.response.clientDataJSON),
        authenticatorData: text(shown.response.authenticatorData), signature: text(shown.response.signature),
    };
}"""


@pytest.fixture(scope="module")
def server(make_server, request):
    """A server that goes by a name: browsers have no passkeys for bare addresses."""
    shared = make_server(request.module.__name__)
    shared.env["CARILLON_PUBLIC_URL"] = f"http://localhost:{shared.port}"
    shared.start()
    yield shared
    shared.assert_healthy()
    assert shared.stop() == 0, shared.log
    shared.assert_never_panicked()


@pytest.fixture
def place(server):
    """The server at its name."""
    return types.SimpleNamespace(endpoint=f"http://localhost:{server.port}")


@pytest.fixture
def tab(browser, place):  # noqa: F811
    tabs = []

    def make(who=None, **options):
        tabs.append(Tab(browser, place, **options))
        return tabs[-1].sign_in(who) if who else tabs[-1]

    yield make
    for one in tabs:
        assert one.problems == []
        one.context.close()


class Key:
    """A virtual security key that is plugged into one tab."""

    def __init__(self, page, beside=None):
        self.devtools = beside.devtools if beside else page.context.new_cdp_session(page)
        self.devtools.send("WebAuthn.enable")
        options = {"protocol": "ctap2", "transport": "usb", "hasUserVerification": True, "isUserVerified": True,
                   "automaticPresenceSimulation": True}
        self.id = self.send("addVirtualAuthenticator", options=options)["authenticatorId"]

    def send(self, command, **arguments):
        if command != "addVirtualAuthenticator":
            arguments["authenticatorId"] = self.id
        return self.devtools.send(f"WebAuthn.{command}", arguments)

    def credentials(self):
        return self.send("getCredentials")["credentials"]

    def copy_of(self, credential):
        self.send("addCredential", credential={"rpId": "localhost"} | credential)


def register(tab, name):
    tab.open("security")
    tab.button("Register passkey").click()
    tab.box("Name").fill(name)
    tab.button("Register").click()
    tab.page.get_by_text(f"{name} is asked for from the next sign-in on.").wait_for()


def sign_out(tab):
    tab.context.clear_cookies()


def devices(root, who):
    return [one["SerialNumber"] for one in root.iam.list_mfa_devices(UserName=who.name)["MFADevices"]]


def wanted(place, who):
    """What the server asks keys for."""
    answer = Console(place).sign_in(ACCOUNT_ID, who.name, PASSWORD)
    assert answer.code == "SecondFactorWanted", answer
    return answer.json["passkey"]


def attempt(place, who, shown):
    console = Console(place)
    form = {"account": ACCOUNT_ID, "userName": who.name, "password": PASSWORD, "passkey": shown}
    return console.send("POST", "/console/session", form), console


def test_a_passkey_is_registered_shown_and_removed(tab, person, root, place):  # noqa: F811
    ada = person(OWN, WITH_MFA)
    one = tab(ada)
    Key(one.page)
    one.open("security")
    one.button("Register passkey").click()
    assert violations(one.page) == []
    one.box("Name").fill("not a name")
    assert one.page.get_by_text("This cannot be a name.").is_visible()
    register(one, "laptop")
    one.page.get_by_role("rowheader", name="laptop", exact=True).wait_for()
    chromium.screenshot(one.page, "console-security")
    assert violations(one.page) == []
    serial, = devices(root, ada)
    assert serial.startswith(f"arn:aws:iam::{ACCOUNT_ID}:u2f/user/{ada.name}/laptop-")
    assert root.iam.get_mfa_device(UserName=ada.name, SerialNumber=serial)["UserName"] == ada.name
    assert serial not in json.dumps(root.iam.list_virtual_mfa_devices(), default=str)
    refused = one.page.evaluate("""async () => {
        const session = await (await fetch("/console/session")).json();
        const headers = { "content-type": "application/json", "x-carillon-csrf": session.csrf };
        return (await fetch("/console/api/chime/ListAccounts", { method: "POST", headers, body: "{}" })).status;
    }""")
    assert refused == 400, "the password alone is no second factor"
    one.refused.clear()

    sign_out(one)
    one.sign_in(ada)
    one.open("accounts")
    assert one.refused == [], "the passkey is one"
    one.open("security")
    one.button("Remove laptop").click()
    dialog = one.page.get_by_role("dialog")
    dialog.get_by_text("It is your only device").wait_for()
    dialog.get_by_role("button", name="Remove", exact=True).click()
    one.page.get_by_text("laptop no longer signs you in.").wait_for()
    assert devices(root, ada) == []
    assert Console(place).sign_in(ACCOUNT_ID, ada.name, PASSWORD).status == 200


def test_the_same_key_is_not_registered_twice(tab, person):  # noqa: F811
    one = tab(person(OWN))
    Key(one.page)
    register(one, "first")
    one.button("Register passkey").click()
    one.box("Name").fill("second")
    one.button("Register").click()
    one.page.get_by_text("This passkey is registered already.").wait_for()


def test_whoever_may_not_register_is_told(tab, person, place):  # noqa: F811
    ada = person()
    one = tab(ada)
    one.open("security")
    assert not one.button("Register passkey").is_enabled()
    assert one.refused == []
    console = Console(place)
    console.sign_in(ACCOUNT_ID, ada.name, PASSWORD)
    refused = console.call("iam", "StartPasskeyRegistration")
    assert refused.code == "AccessDeniedException" and "iam:EnableMFADevice" in refused.json["message"]
    denied = policy("iam:EnableMFADevice", condition={"StringEquals": {"iam:RegisterSecurityKey": "Create"}})
    bob = person(denied)
    console = Console(place)
    console.sign_in(ACCOUNT_ID, bob.name, PASSWORD)
    assert console.call("iam", "StartPasskeyRegistration").status == 200
    finish = console.call(
        "iam", "FinishPasskeyRegistration", DeviceName="key", ClientData="e30", AttestationObject="oA")
    assert finish.code == "AccessDeniedException", "the second step is another value of the key"


def test_passkeys_are_registered_in_the_console_only(server):
    answer = query_request(ROOT, "StartPasskeyRegistration").to(server)
    assert answer.status == 403 and b"in the web console" in answer.body, answer


def test_answers_are_good_once_and_only_from_the_right_key(
        tab, person, place, server, root, wait_until):  # noqa: F811
    ada, bob = person(OWN), person(OWN)
    of_ada, of_bob = tab(ada), tab(bob)
    keys = [Key(one.page) for one in (of_ada, of_bob)]
    register(of_ada, "key")
    register(of_bob, "key")

    good = of_ada.page.evaluate(SHOW, wanted(place, ada))
    answer, console = attempt(place, ada, good)
    assert answer.status == 200
    serial, = devices(root, ada)
    wait_until(lambda: any(
        one["eventName"] == "ConsoleLogin" and one["serviceEventDetails"].get("MFAIdentifier") == serial
        for one in server.audit_records()))
    assert console.call("sts", "GetCallerIdentity").status == 200
    replayed, _ = attempt(place, ada, good)
    assert replayed.code == "Refused"

    of_both = wanted(place, ada) | {"credentialIds": wanted(place, bob)["credentialIds"]}
    wrong, _ = attempt(place, ada, of_bob.page.evaluate(SHOW, of_both))
    assert wrong.code == "Refused"
    theirs = wanted(place, bob)
    crossed, _ = attempt(place, ada, of_ada.page.evaluate(SHOW, wanted(place, ada) | {"challenge": theirs["challenge"]}))
    assert crossed.code == "Refused", "a challenge is of one user"
    altered = of_ada.page.evaluate(SHOW, wanted(place, ada))
    data = bytearray(base64.urlsafe_b64decode(altered["authenticatorData"] + "=="))
    data[-1] ^= 1
    altered["authenticatorData"] = base64.urlsafe_b64encode(data).decode().rstrip("=")
    assert attempt(place, ada, altered)[0].code == "Refused"
    for nonsense in [{}, {"credentialId": "x"}, "x", good | {"more": 1}]:
        assert attempt(place, ada, nonsense)[0].status == 400, nonsense
    assert [len(key.credentials()) for key in keys] == [1, 1]


def test_another_origin_opens_nothing(tab, person, place):  # noqa: F811
    ada = person(OWN)
    one = tab(ada)
    key = Key(one.page)
    register(one, "key")
    with elsewhere() as port:
        page = one.context.new_page()
        page.goto(f"http://localhost:{port}/")
        other = Key(page)
        other.copy_of(key.credentials()[0])
        shown = page.evaluate(SHOW, wanted(place, ada))
        assert attempt(place, ada, shown)[0].code == "Refused"
        page.close()


@contextlib.contextmanager
def elsewhere():
    """Another site on this machine, whose pages browsers let ask for keys of the same host."""

    class Blank(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()

        def log_message(self, *_):
            pass

    site = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Blank)
    threading.Thread(target=site.serve_forever, daemon=True).start()
    yield site.server_address[1]
    site.shutdown()
    site.server_close()


def test_a_copied_key_is_found_out(tab, person, place, server, wait_until):  # noqa: F811
    ada = person(OWN)
    one, thief = tab(ada), tab()
    key = Key(one.page)
    register(one, "key")
    thief.open()
    stolen = Key(thief.page)
    stolen.copy_of(key.credentials()[0])
    answer, _ = attempt(place, ada, one.page.evaluate(SHOW, wanted(place, ada)))
    assert answer.status == 200
    copied, _ = attempt(place, ada, thief.page.evaluate(SHOW, wanted(place, ada)))
    assert copied.code == "Refused"
    event = wait_until(lambda: next(
        (one for one in server.audit_records() if one.get("errorCode") == "PasskeyCopied"), None))
    assert event["eventName"] == "ConsoleLogin"


def test_a_removed_key_opens_nothing(tab, person, root, place):  # noqa: F811
    ada = person(OWN)
    one = tab(ada)
    first = Key(one.page)
    register(one, "first")
    credential, = first.credentials()
    first.send("removeVirtualAuthenticator")
    second = Key(one.page, beside=first)
    register(one, "second")
    # Two keys that are touched at once make a race of it.
    second.send("removeVirtualAuthenticator")
    removed = next(serial for serial in devices(root, ada) if "/first-" in serial)
    Key(one.page, beside=first).copy_of(credential)
    id = base64.urlsafe_b64encode(base64.b64decode(credential["credentialId"])).decode().rstrip("=")
    root.iam.deactivate_mfa_device(UserName=ada.name, SerialNumber=removed)
    asked = wanted(place, ada)
    assert id not in asked["credentialIds"] and len(asked["credentialIds"]) == 1
    shown = one.page.evaluate(SHOW, asked | {"credentialIds": [id]})
    assert attempt(place, ada, shown)[0].code == "Refused"


def test_an_app_or_a_passkey_whichever_is_at_hand(tab, person, root):  # noqa: F811
    ada = person(OWN, APPS)
    one = tab(ada)
    Key(one.page)
    register(one, "key")
    one.button("Add authenticator app").click()
    one.button("Next").click()
    picture = one.page.get_by_role("img", name="QR code of the new device")
    picture.wait_for()
    assert picture.evaluate("(image) => image.naturalWidth") > 100
    assert violations(one.page) == []
    one.button("I cannot scan it: show the secret as text").click()
    secret = one.page.get_by_role("dialog").get_by_text(re.compile("^[A-Z2-7]{64}$")).inner_text()
    app = Device({"SerialNumber": "", "Base32StringSeed": secret.encode()})
    app.with_codes(functools.partial(enter, one), ada.name)
    one.page.get_by_text(f"{ada.name} is asked for from the next sign-in on.").wait_for()
    assert len(devices(root, ada)) == 2

    sign_out(one)
    start(one, ada)
    field = one.page.get_by_label("Code of your authenticator app")
    field.wait_for()
    assert violations(one.page) == []
    one.button("Use a passkey or security key").click()
    one.page.wait_for_selector("h1:has-text('Overview')")
    sign_out(one)
    start(one, ada)
    field.fill(app.code(0))
    one.button("Sign in").click()
    one.page.wait_for_selector("h1:has-text('Overview')")
    one.open("security")
    one.button(f"Remove {ada.name}").click()
    one.page.get_by_role("dialog").get_by_role("button", name="Remove", exact=True).click()
    one.page.get_by_text(f"{ada.name} no longer signs you in.").wait_for()
    held = [one["SerialNumber"] for one in root.iam.list_virtual_mfa_devices()["VirtualMFADevices"]]
    assert f"arn:aws:iam::{ACCOUNT_ID}:mfa/{ada.name}" not in held, "what nobody has any more is deleted"


def enter(tab, AuthenticationCode1, AuthenticationCode2, **_):
    tab.box("Code that the app shows").fill(AuthenticationCode1)
    tab.box("The code after it").fill(AuthenticationCode2)
    tab.button("Add app").click()


def start(tab, who):
    """Signs in as far as the password goes."""
    tab.page.goto(f"{tab.server.endpoint}/{ACCOUNT_ID}/console")
    tab.page.get_by_label("IAM user name").fill(who.name)
    tab.page.get_by_label("Password").fill(PASSWORD)
    tab.button("Sign in").click()


def test_an_old_session_is_asked_whether_it_is_still_you(tab, person, root):  # noqa: F811
    ada = person(OWN)
    one = tab(ada)
    Key(one.page)
    one.open("security")
    answers = ["old", "old"]

    def old(route):
        if not answers:
            return route.continue_()
        answers.pop()
        body = {"__type": "RecentSignInRequired", "message": "Sign in again."}
        route.fulfill(status=403, content_type="application/json", body=json.dumps(body))

    one.page.route("**/StartPasskeyRegistration", old)
    one.button("Register passkey").click()
    one.box("Name").fill("key")
    one.button("Register").click()
    one.page.get_by_role("heading", name="Is it still you?").wait_for()
    assert violations(one.page) == []
    dialog = one.page.get_by_role("dialog", name="Is it still you?")
    dialog.get_by_role("button", name="Cancel").click()
    one.page.get_by_text("Sign in again first").wait_for()
    one.button("Register").click()
    one.page.get_by_role("heading", name="Is it still you?").wait_for()
    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_role("button", name="Sign in", exact=True).click()
    one.page.get_by_text("key is asked for from the next sign-in on.").wait_for()
    assert len(devices(root, ada)) == 1
    one.refused.clear()


def test_root_has_a_passkey(tab, root, wait_until):
    one = tab()

    def sign_in():
        one.page.goto(f"{one.server.endpoint}/console/")
        one.button("Sign in as the root user").click()
        one.page.get_by_label("Account ID or e-mail address of the account").fill(ROOT_EMAIL)
        one.page.get_by_label("Password").fill(ROOT_PASSWORD)
        one.button("Sign in").click()
        one.page.wait_for_selector("h1:has-text('Overview')")

    sign_in()
    Key(one.page)
    register(one, "vault")
    assert not one.page.get_by_role("heading", name="Password").is_visible(), "root's is not changed here"
    serial, = [item["SerialNumber"] for item in root.iam.list_mfa_devices()["MFADevices"]]
    assert ":u2f/root-account/vault-" in serial
    assert root.iam.get_account_summary()["SummaryMap"]["AccountMFAEnabled"] == 1
    wait_until(lambda: root.iam.generate_credential_report()["State"] == "COMPLETE")
    report = root.iam.get_credential_report()["Content"].decode()
    of_root = next(row for row in csv.DictReader(io.StringIO(report)) if row["user"] == "<root_account>")
    assert of_root["mfa_active"] == "true"
    sign_out(one)
    sign_in()
    root.iam.deactivate_mfa_device(SerialNumber=serial)
    assert root.iam.get_account_summary()["SummaryMap"]["AccountMFAEnabled"] == 0


def test_ones_own_access_keys(tab, person, root, server):  # noqa: F811
    ada = person(OWN)
    one = tab(ada)
    one.open("security")
    one.button("Create access key").click()
    dialog = one.page.get_by_role("dialog")
    dialog.get_by_text("The secret is shown once.").wait_for()
    assert violations(one.page) == []
    key, = root.iam.list_access_keys(UserName=ada.name)["AccessKeyMetadata"]
    id = key["AccessKeyId"]
    assert dialog.get_by_text(id).is_visible()
    one.button("I have kept it").click()
    one.button(f"Deactivate {id}").click()
    one.page.get_by_text(f"{id} is inactive.").wait_for()
    assert violations(one.page) == []
    assert root.iam.list_access_keys(UserName=ada.name)["AccessKeyMetadata"][0]["Status"] == "Inactive"
    one.button("Undo").click()
    one.page.get_by_text(f"{id} is active.").wait_for()
    assert root.iam.list_access_keys(UserName=ada.name)["AccessKeyMetadata"][0]["Status"] == "Active"
    one.button(f"Delete {id}").click()
    dialog.get_by_role("textbox").fill(id)
    dialog.get_by_role("button", name="Delete", exact=True).click()
    one.page.get_by_text(f"{id} is deleted.").wait_for()
    assert root.iam.list_access_keys(UserName=ada.name)["AccessKeyMetadata"] == []


def test_the_page_is_worked_with_the_keyboard(tab, person, root):  # noqa: F811
    ada = person(OWN)
    one = tab(ada)
    Key(one.page)
    one.open("security")
    one.button("Register passkey").focus()
    one.page.keyboard.press("Enter")
    one.page.get_by_role("dialog").wait_for()
    for _ in range(5):
        if one.box("Name").evaluate("(field) => field === document.activeElement"):
            break
        one.page.keyboard.press("Tab")
    one.page.keyboard.type("key")
    one.page.keyboard.press("Enter")
    one.page.get_by_text("key is asked for from the next sign-in on.").wait_for()
    one.button("Add authenticator app").focus()
    one.page.keyboard.press("Enter")
    one.page.get_by_role("dialog").wait_for()
    one.page.keyboard.press("Escape")
    one.page.get_by_role("dialog").wait_for(state="detached")
    assert len(devices(root, ada)) == 1


def test_as_a_role_there_is_nothing_of_ones_own(tab, person, role):  # noqa: F811
    ada = person(policy("sts:AssumeRole"))
    arn = role(attached=[MANAGED + "AdministratorAccess"])
    one = tab(ada)
    one.open(f"switch-role?account={ACCOUNT_ID}&roleName={arn.split('/')[-1]}")
    one.page.get_by_role("main").get_by_role("button", name="Switch", exact=True).click()
    one.page.wait_for_selector("h1:has-text('Overview')")
    one.open("security")
    one.page.get_by_text("You act as a role").wait_for()
    assert one.page.query_selector("text=Create access key") is None
    assert one.refused == []
