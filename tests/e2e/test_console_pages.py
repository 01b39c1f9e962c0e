"""The web console in a real browser: as those see it who may do much, little, or nothing."""

import csv
import json
import os
import pathlib
import re
import shlex

import pytest

from harness.aws import policy
from harness.console import Console
from harness.server import ACCOUNT_ID, REPOSITORY
from harness.tab import (  # noqa: F401
    MANAGED, PASSWORD, Tab, admin, administrator, browser, chromium, person, tab, violations)

TABLE = list(csv.DictReader(open(pathlib.Path(__file__).parent / "data/actions.csv", newline="")))
PAGES = ["", "accounts", "iam", "iam/users", "iam/groups", "iam/roles", "iam/policies", "iam/providers",
         "iam/saml-providers", "iam/instance-profiles", "iam/server-certificates", "access/who-can", "access/what-can", "access/simulate",
         "access/unused", "access/review", "delegations", "support", "audit", "security", "switch-role"]
XSS = "<img src=x onerror=alert(1)>\"'"


@pytest.mark.timeout(600)
def test_pages_are_accessible_and_have_not_much_script(admin):
    for path in PAGES:
        admin.open(path)
        assert transferred(admin.page, ".js") < 500_000, path
        chromium.screenshot(admin.page, f"console-{path.replace('/', '-') or 'overview'}")
        assert violations(admin.page) == [], path
    admin.create_account("Accessible")
    chromium.screenshot(admin.page, "console-account")
    assert violations(admin.page) == []
    admin.button("Domains").click()
    admin.page.wait_for_selector("text=No domains yet")
    assert violations(admin.page) == []
    admin.page.go_back()
    admin.button("Users").click()
    admin.page.wait_for_selector("text=No users yet")
    admin.button("Invite users").click()
    admin.box("E-mail addresses").fill("ada@example.com")
    chromium.screenshot(admin.page, "console-invite")
    assert violations(admin.page) == []
    admin.open("iam/policies")
    admin.button("Create policy").click()
    admin.page.wait_for_selector("text=EMPTY_ARRAY_ACTION")
    assert transferred(admin.page, ".js") < 500_000
    chromium.screenshot(admin.page, "console-policy")
    assert violations(admin.page) == []


def test_the_sign_in_page_is_accessible_and_small(browser, server):
    tab = Tab(browser, server)
    tab.open()
    assert violations(tab.page) == []
    chromium.screenshot(tab.page, "console-sign-in")
    assert transferred(tab.page) < 150_000
    tab.close()


def transferred(page, kind=None):
    sizes = page.evaluate(
        "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
        ".map((one) => [one.name, one.encodedBodySize])")
    return sum(size for name, size in sizes if kind is None or name.endswith(kind))


def test_why_not_says_what_is_missing(tab, person):
    reader = tab(person(policy("access-analyzer:WhoCan"), attached=[MANAGED + "AmazonChimeReadOnly"]))
    reader.open("accounts")
    assert not reader.button("Create account").is_enabled()
    reader.button("Why am I not allowed chime:CreateAccount?").click()
    dialog = reader.page.get_by_role("dialog")
    dialog.get_by_text('"Action": "chime:CreateAccount"').wait_for()
    dialog.get_by_text(f"arn:aws:iam::{ACCOUNT_ID}:root").wait_for()


def test_an_administrator_is_made_without_a_terminal(admin, tab, unique):
    name, group = unique("grace"), unique("readers")
    admin.open("iam/groups")
    admin.button("Create group").click()
    admin.box("Name").fill(group)
    admin.page.get_by_role("dialog").get_by_role("button", name="Create group", exact=True).click()
    admin.page.get_by_role("link", name=group).click()
    admin.button("Attach policy").click()
    dialog = admin.page.get_by_role("dialog")
    dialog.get_by_role("button", name="Policy").click()
    admin.page.get_by_role("option", name="AmazonChimeReadOnly").click()
    dialog.get_by_role("button", name="Attach", exact=True).click()
    admin.page.get_by_text(f"AmazonChimeReadOnly counts for {group}.").wait_for()
    admin.open("iam/users")
    admin.button("Create IAM user").click()
    admin.box("User name").fill(name)
    dialog.get_by_role("button", name="Create user", exact=True).click()
    admin.page.get_by_role("link", name=name).click()
    admin.button("Add to a group").click()
    dialog.get_by_role("button", name="Group").click()
    admin.page.get_by_role("option", name=group).click()
    dialog.get_by_role("button", name="Add", exact=True).click()
    admin.page.get_by_text(f"{name} is in {group}.").wait_for()
    admin.button("Give a password").click()
    dialog.get_by_label("Password", exact=True).fill(PASSWORD)
    dialog.get_by_text("Must be changed at the next sign-in").click()
    dialog.get_by_role("button", name="Set password", exact=True).click()
    admin.page.get_by_text(f"The password of {name} is set.").wait_for()
    chromium.screenshot(admin.page, "console-iam-user")
    assert violations(admin.page) == []

    class Grace:
        pass

    Grace.name = name
    reader = tab(Grace)
    reader.open("accounts")
    assert not reader.button("Create account").is_enabled()


def test_a_policy_is_written_checked_and_counts(admin, unique):
    name = unique("policy")
    admin.open("iam/policies")
    admin.button("Create policy").click()
    admin.box("Name").fill(name)
    admin.page.wait_for_selector("text=EMPTY_ARRAY_ACTION")
    admin.page.evaluate(
        "ace => document.querySelector('.ace_editor').env.editor.setValue(ace)",
        json.dumps({"Version": "2012-10-17", "Statement": {
            "Effect": "Allow", "Action": "chime:ListAccounts", "Resource": "*"}}))
    admin.page.wait_for_selector("text=The linter has nothing to say.")
    admin.page.get_by_role("dialog").get_by_role("button", name="Create policy", exact=True).click()
    admin.page.get_by_role("link", name=name).click()
    admin.page.get_by_role("heading", name="Versions").wait_for()
    chromium.screenshot(admin.page, "console-one-policy")
    assert violations(admin.page) == []


def test_the_trail_explains_a_refusal(tab, person, server):
    ada = person(policy("cloudtrail:LookupEvents", "access-analyzer:ExplainRequest"))
    other = Console(server)
    other.sign_in(ACCOUNT_ID, ada.name, PASSWORD)
    other.call("chime", "CreateAccount", Name="Refused")
    reader = tab(ada)
    reader.open("audit")
    reader.button("CreateAccount").first.click()
    reader.page.get_by_role("heading", name="Why it was decided so").wait_for()
    assert violations(reader.page) == []


def test_names_are_text(admin, root):
    admin.create_account(XSS)
    admin.page.get_by_role("heading", name=XSS, exact=True).wait_for()
    account = root.chime.list_accounts(Name=XSS)["Accounts"][0]["AccountId"]
    root.chime.invite_users(AccountId=account, UserEmailList=['"<img/src=x>"@example.com'])
    for path in ["accounts", f"accounts/{account}", f"accounts/{account}/users", "audit"]:
        admin.open(path)
        assert admin.page.query_selector("img[src=x]") is None
    assert admin.problems == []


def test_an_expired_session_loses_nothing(tab, person, server, unique):
    ada = person(attached=[MANAGED + "AmazonChimeFullAccess"])
    one, name = tab(ada), unique("kept")
    one.open("accounts")
    one.button("Create account").click()
    one.box("Name").fill(name)
    other = Console(server)
    other.sign_in(ACCOUNT_ID, ada.name, PASSWORD)
    for session in other.send("GET", "/console/sessions").json["sessions"]:
        if not session["isThis"]:
            other.send("DELETE", f"/console/sessions/{session['id']}")
    one.page.get_by_role("dialog").get_by_role("button", name="Create account", exact=True).click()
    one.page.get_by_role("heading", name="Your session is over").wait_for()
    assert violations(one.page) == []
    one.page.get_by_label("Password").fill(PASSWORD)
    one.button("Sign in").click()
    one.page.wait_for_selector(f"text=The account {name} was created.")


def test_another_password_comes_first(browser, server, root, person):
    ada = person(policy("iam:ChangePassword"))
    root.iam.update_login_profile(UserName=ada.name, Password=PASSWORD, PasswordResetRequired=True)
    tab = Tab(browser, server)
    tab.page.goto(f"{server.endpoint}/{ACCOUNT_ID}/console")
    tab.page.get_by_label("IAM user name").fill(ada.name)
    tab.page.get_by_label("Password").fill(PASSWORD)
    tab.button("Sign in").click()
    tab.page.get_by_role("heading", name="Choose a new password").wait_for()
    assert violations(tab.page) == []
    for label, value in [("Present password", PASSWORD), ("New password", "Battery-2-Staple"),
                         ("New password, once more", "Battery-2-Staple")]:
        tab.page.get_by_label(label, exact=True).fill(value)
    tab.button("Change password").click()
    tab.page.get_by_role("heading", name="Overview").wait_for()
    tab.close()


def test_pages_have_addresses_and_a_way_back(admin):
    admin.open("iam/users")
    admin.page.get_by_role("link", name="Policies", exact=True).click()
    admin.page.get_by_role("heading", name="Policies").wait_for()
    assert admin.page.url.endswith("/console/iam/policies")
    admin.page.go_back()
    admin.page.get_by_role("heading", name="IAM users").wait_for()
    admin.page.keyboard.press("Control+k")
    admin.page.get_by_role("dialog").get_by_role("combobox").fill("audit")
    admin.page.keyboard.press("ArrowDown")
    admin.page.keyboard.press("Enter")
    admin.page.get_by_role("heading", name="Events").wait_for()


def test_a_form_is_a_command_too(admin, root, unique):
    name = unique("it's a name")
    admin.open("accounts")
    admin.button("Create account").click()
    admin.box("Name").fill(name)
    admin.button("Copy as a command").click()
    command = admin.page.locator("pre.command").inner_text()
    words = shlex.split(command.replace("\\\n", " "))
    assert words[:2] == ["aws", "chime"]
    made = root.cli(*words[1:])
    assert made["Account"]["Name"] == name


def test_which_actions_have_no_page_yet(server, person):
    """Adding a page takes its actions off this list; building an action puts it on."""
    console = Console(server)
    console.sign_in(ACCOUNT_ID, person().name, PASSWORD)
    answer = console.call("access-analyzer", "ListCallerPermissions").json
    table = {row["action"].lower() for row in TABLE}
    served = {(one["action"].partition(":")[0], one["operation"]) for one in answer["permissions"] if one["available"]}
    built = {operation for service, operation in served if service == "chime" and operation.lower() in table}
    pages = (REPOSITORY / "console/src/pages/pages.ts").read_text()
    named = set(re.findall(r'"(chime|iam|sts|access-analyzer|cloudtrail)/(\w+)"', pages))
    assert named <= served
    with_page = {operation for service, operation in named if service == "chime"}
    kept = pathlib.Path(__file__).parent / "data/actions-without-page.json"
    missing = json.dumps(sorted(built - with_page), indent=2) + "\n"
    if os.environ.get("UPDATE"):
        kept.write_text(missing)
    assert kept.read_text() == missing
