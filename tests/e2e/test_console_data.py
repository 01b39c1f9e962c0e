"""The console's pages with as much in them as they have in use: looks, exports and imports, delegates, the trail."""

import csv
import datetime
import json
import re

import pytest

from playwright.sync_api import expect

from harness.aws import policy
from harness.dns import NameServer
from harness.objects import Folder
from harness.tab import MANAGED, PASSWORD, Tab, admin, administrator, browser, person, tab, violations  # noqa: F401
from test_console_pages import PAGES, TABLE
from test_account_delegation import another_account
from test_attachments import World
from test_domains import publish
from test_reports import Source, Told, meeting

UTC = datetime.UTC


@pytest.fixture(scope="module")
def dns(folder):
    server = NameServer(folder / "knot-of-the-pages")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def server(make_server, folder, dns):
    place = Folder(folder / "objects-of-the-pages")
    one = make_server("console-data", env=place.env | {
        "CARILLON_DNS_RESOLVER": dns.address, "CARILLON_SUPPORT_ADDRESS": "support@operator.example"})
    one.place = place
    one.start()
    yield one
    one.assert_healthy()
    assert one.stop() == 0, one.log
    one.assert_never_panicked()


@pytest.fixture(scope="module")
def partner(server):
    return another_account(server, "Partner & <Sons>")


@pytest.fixture(scope="module")
def full(server, root, mail, dns, partner, wait_until):
    """An AWS account in use: the pages to look at, by what they show."""
    team = root.chime.create_account(Name="Bakery of the old town")["Account"]["AccountId"]
    people = [f"person{number:02}@bakery.example" for number in range(60)]
    for start in (0, 50):
        root.chime.invite_users(AccountId=team, UserEmailList=people[start:start + 50])
    today = datetime.datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    source = Source(server)
    source.tell(Told(people, [today - datetime.timedelta(days=back) for back in range(1, 25)], 3_000).events)
    begin = today - datetime.timedelta(hours=9)
    source.tell(meeting(
        "planning", begin, people[0], *({"Email": address, "ClientType": "Web"} for address in people[:5]),
        {"DisplayName": "A guest with <a> long name, who is told as it is"}))
    # One came back.
    source.tell([{"EventId": "again", "EventType": "attendee.left", "MeetingId": "planning", "AttendeeId": "a1",
                  "Timestamp": (begin + datetime.timedelta(seconds=35)).isoformat().replace("+00:00", "Z")}])
    user = root.chime.get_user_by_email(AccountId=team, UserEmail=people[0])["User"]["UserId"]

    world = World(server, mail, server.place)
    company = world.company("pies.example", "ada", "ben")
    world.rows([world.attachment(company, "ada", number, b"x" * 1000) for number in range(20)])
    world.export(company, wait_until)
    root.chime.suspend_users(AccountId=company, UserIdList=[world.people["ben"][0]])

    claims = root.chime.create_account(Name="Claims")["Account"]["AccountId"]
    root.chime.add_domain(AccountId=claims, DomainName="waiting.example.com")
    lent = partner.chime.create_account(Name="Lent")["Account"]["AccountId"]
    partner.chime.invite_delegate(AccountId=lent, Email="it@customer.example", Reason="contract 4711")
    (message,) = mail.wait_for("it@customer.example")
    token = re.search(r"--invitation-token (\S+)", message.get_body(("plain",)).get_content())[1]
    root.chime.accept_delegate(InvitationToken=token)
    for severity in ("Low", "Urgent"):
        root.chime.submit_support_request(
            Subject=f"{severity}: meetings do not start", Description="Since nine.", ContactEmail="it@people.example",
            Severity=severity)
    return {
        "account": f"accounts/{team}", "users": f"accounts/{team}/users", "user": f"accounts/{team}/users/{user}",
        "usage": f"accounts/{team}/usage", "meetings": f"accounts/{team}/meetings",
        "meeting": f"accounts/{team}/meetings/{source.meeting_id('planning')}",
        "enterprise": f"accounts/{company}", "suspended": f"accounts/{company}/users",
        "exports": f"accounts/{company}/attachments", "domains": f"accounts/{claims}/domains",
        "verified": f"accounts/{company}/domains", "delegates": f"accounts/{lent}/delegates",
        "accounts": "accounts", "support": "support", "audit": "audit", "glance": "iam", "overview": "",
    }


LOOKS = {
    "light": {}, "dark": {"color_scheme": "dark"},
    "narrow": {"viewport": {"width": 400, "height": 800}, "has_touch": True, "is_mobile": True},
}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("look", LOOKS)
def test_pages_with_data_look_well(tab, person, full, look):
    one = tab(person(attached=[MANAGED + "AdministratorAccess"]), **LOOKS[look])
    one.open()
    for name, path in full.items():
        one.go(path)
        one.screenshot(f"data-{look}-{name}")
        # The design system gives its own bar of small screens an attribute that a `nav` cannot have.
        found = violations(one.page, "color-contrast" if look == "dark" else None)
        assert [violation for violation in found if "mobile-toolbar-nav" not in violation[1]] == [], path
        width, seen = one.page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        assert width <= seen, f"{path} is wider than the window"
    assert one.refused == []


# What of a page is switched off, though not by a policy, and says nothing of one.
SWITCHED_OFF = """() => [...document.querySelectorAll("button:disabled, button[aria-disabled=true], input:disabled")]
    .filter((node) => node.checkVisibility() && !node.closest("[data-denied], [data-action]"))
    .map((node) => node.getAttribute("aria-label") || node.innerText || node.id)"""
QUIET = {"Previous page", "Next page", "Export as CSV", "Look", "Switch", "Change password"}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name, column", [
    ("FullAccess", "full_access"), ("UserManagement", "user_management"), ("ReadOnly", "read_only"), (None, None)])
def test_a_view_follows_the_policy(tab, person, root, full, name, column):
    """What a page offers is allowed, what is allowed has its place, and what is not says so."""
    one = tab(person(attached=[MANAGED + "AmazonChime" + name] if name else []))
    allowed = {f"chime:{row['action']}".lower() for row in TABLE if column and row[column] == "1"}
    if name:
        # Later versions of the policy have what came after the table.
        arn = f"{MANAGED}AmazonChime{name}"
        version = root.iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        document = root.iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
        allowed |= {action.lower() for statement in document["Statement"] for action in statement["Action"]}
    offered, denied = set(), set()
    one.open()
    for path in dict.fromkeys([*PAGES, *full.values()]):
        one.go(path)
        if path in full.values() and name in ("ReadOnly", None):
            one.screenshot(f"console-{name or 'nothing'}-{path.replace('/', '-') or 'overview'}")
        offered |= {action.lower() for action in one.actions("action")}
        denied |= {action.lower() for action in one.actions("denied")}
        assert set(one.page.evaluate(SWITCHED_OFF)) <= QUIET, path
    assert one.refused == [], "the console asked for what is not allowed"
    assert {action for action in offered if action.startswith("chime:")} <= allowed
    assert denied & allowed == set()
    asked = {f"chime:{called.partition('/')[2]}".lower() for called, _ in one.called if called.startswith("chime/")}
    built = {action.lower() for action in built_actions(one)}
    without_control = (allowed & built & {f"chime:{row['action']}".lower() for row in TABLE}) - offered - asked
    # Asked once something is chosen or typed, which another test does.
    assert without_control <= {"chime:retrievedataexport", "chime:acceptdelegate", "chime:getdomain"}, without_control
    if not name:
        one.open()
        assert one.page.get_by_text("You have no permission for Amazon Chime").is_visible()


def built_actions(one):
    """The actions that the server carries out, as the page knows them."""
    with one.page.expect_response(re.compile("ListCallerPermissions")) as answer:
        one.open()
    return {entry["action"] for entry in answer.value.json()["permissions"] if entry["available"]}


def test_who_was_in_a_meeting_is_told(admin, full):
    admin.open(full["meeting"])
    lines = admin.page.locator(".timeline li")
    assert lines.count() == 6
    assert lines.nth(5).inner_text().startswith("<A guest with <a> long name")
    admin.page.get_by_role("cell", name="MeetingEnded").wait_for()


def test_reports_are_exported(admin, root, full):
    account = full["account"].partition("/")[2]
    admin.open(full["meetings"])
    with admin.page.expect_download() as download:
        admin.press("Export as CSV")
    rows = list(csv.DictReader(open(download.value.path(), newline="", encoding="utf-8")))
    held = root.chime.list_account_usage_report_data(AccountId=account, Period="Total")["UsageReports"][0]
    assert len(rows) == held["MeetingsHeld"] > 50, "all pages, not the one that is shown"
    admin.open(full["usage"])
    admin.button("Week").click()
    admin.press("Messages") if admin.button("Messages").count() else admin.press("Chat messages sent")
    with admin.page.expect_download() as download:
        admin.press("Export as CSV")
    rows = list(csv.DictReader(open(download.value.path(), newline="", encoding="utf-8")))
    assert sum(int(row["ChatMessagesSent"]) for row in rows) == held["ChatMessagesSent"]


@pytest.mark.timeout(600)
def test_a_thousand_people_come_from_a_file_and_go_into_one(tab, person, account, root, tmp_path, unique):
    mine, prefix = account()["AccountId"], unique("row")
    rows = [["name", "e-mail"]] + [[f"Person, {number}", f"{prefix}-{number}@people.example"] for number in range(1_000)]
    rows[500] = ["Nobody", "has no address"]
    rows[600] = ["Somebody", "wrong@nowhere"]
    file = tmp_path / "people.csv"
    with file.open("w", newline="") as out:
        csv.writer(out).writerows(rows)
    admin = tab(person(attached=[MANAGED + "AmazonChimeUserManagement"]), accept_downloads=True)
    admin.open(f"accounts/{mine}/users")
    admin.press("Invite users")
    admin.page.get_by_label("CSV file with addresses").set_input_files(file)
    admin.sees("999 addresses, and 1 line without one")
    admin.dialog.get_by_role("button", name="Invite 999", exact=True).click()
    admin.page.get_by_text("2 of 1000 could not be done.").wait_for(timeout=120_000)
    failed = admin.dialog.get_by_role("row")
    assert "Line 501" in failed.nth(1).inner_text() and "There is no address in it." in failed.nth(1).inner_text()
    assert "wrong@nowhere" in failed.nth(2).inner_text()
    admin.screenshot("console-import")
    with admin.page.expect_download() as download:
        admin.press("Results as CSV")
    results = list(csv.DictReader(open(download.value.path(), newline="", encoding="utf-8")))
    assert [one["ok"] for one in results].count("false") == 2 and len(results) == 1_000
    pages = root.chime.get_paginator("list_users").paginate(AccountId=mine)
    kept = [user["PrimaryEmail"] for page in pages for user in page["Users"]]
    assert len(kept) == 998
    admin.confirm("Close")
    with admin.page.expect_download() as download:
        admin.press("Export as CSV")
    exported = list(csv.DictReader(open(download.value.path(), newline="", encoding="utf-8")))
    assert [user["PrimaryEmail"] for user in exported] == kept
    # Turning over: the pages are those of the list, and the way back asks nothing.
    admin.page.get_by_role("button", name="Next page").click()
    admin.page.get_by_role("link", name=kept[100]).wait_for()
    asked = len(admin.called)
    admin.page.get_by_role("button", name="Previous page").click()
    admin.page.get_by_role("link", name=kept[0]).wait_for()
    assert len(admin.called) == asked


def test_a_delegation_between_two_aws_accounts(browser, server, tab, person, root, partner, mail, unique):
    """The partner invites in its own console, the customer accepts in its own, and the partner ends it."""
    partner.iam.create_user(UserName="pat")
    partner.iam.create_login_profile(UserName="pat", Password=PASSWORD)
    partner.iam.attach_user_policy(UserName="pat", PolicyArn=MANAGED + "AmazonChimeFullAccess")
    name, to = unique("Shared"), f"{unique('it')}@customer.example"
    account = partner.chime.create_account(Name=name)["Account"]["AccountId"]
    pat = Tab(browser, server).sign_in(type("Pat", (), {"name": "pat"}), account=partner.account)
    pat.open(f"accounts/{account}/delegates")
    pat.press("Invite a delegate")
    pat.box("E-mail address").fill(to)
    pat.box("Reason").fill("contract 4711")
    pat.confirm("Invite")
    (message,) = mail.wait_for(to)
    token = re.search(r"--invitation-token (\S+)", message.get_body(("plain",)).get_content())[1]
    customer = tab(person(attached=[MANAGED + "AmazonChimeFullAccess"]))
    customer.open("delegations")
    customer.box("Invitation token").fill(token)
    customer.press("Show the invitation")
    customer.sees("contract 4711")
    customer.press("Accept")
    customer.page.get_by_role("heading", name=name).wait_for()
    assert root.chime.get_account(AccountId=account)["Account"]["AwsAccountId"] == partner.account
    pat.press("Read the delegates again")
    pat.page.get_by_role("cell", name="Active").wait_for()
    pat.page.get_by_role("radio").first.check()
    pat.press("End")
    pat.confirm("End")
    pat.sees("The delegation has ended.")
    assert account not in [one["AccountId"] for one in root.chime.list_accounts()["Accounts"]]
    customer.page.reload()
    customer.sees("It is not there")
    pat.close()


def test_a_domain_is_verified_while_one_looks(tab, person, root, account, dns, unique):
    mine, name = account()["AccountId"], f"{unique('bakery')}.example.com"
    admin = tab(person(attached=[MANAGED + "AmazonChimeFullAccess"]))
    admin.open(f"accounts/{mine}/domains")
    admin.press("Claim a domain")
    admin.box("Domain").fill(name)
    admin.dialog.get_by_role("button", name="Claim", exact=True).click()
    claimed = root.chime.get_domain(AccountId=mine, DomainName=name)["Domain"]
    admin.sees(claimed["VerificationRecord"]["Value"])
    admin.screenshot("console-domain")
    assert violations(admin.page) == []
    publish(dns, claimed)
    admin.dialog.get_by_role("status").get_by_text("Verified", exact=True).wait_for(timeout=120_000)
    assert root.chime.get_domain(AccountId=mine, DomainName=name)["Domain"]["Status"] == "Verified"


def test_the_trail_is_filtered(tab, person, user, server):
    ada = user(policy("chime:ListAccounts"))
    ada.chime.list_accounts()
    reader = tab(person(policy("cloudtrail:LookupEvents")))
    reader.open("audit")
    reader.choose("Attribute", "User name")
    reader.box("Value").fill(ada.name)
    found = reader.page.get_by_role("table").get_by_role("button", name="ListAccounts", exact=True)
    # Others list accounts as well, until the filter holds.
    expect(found).to_have_count(1)
    found.click()
    shown = json.loads(reader.dialog.locator("pre").last.inner_text())
    assert shown["userIdentity"]["userName"] == ada.name
