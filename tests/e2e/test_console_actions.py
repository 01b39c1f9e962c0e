"""Every action that is built is performed through its page, and what came of it is looked at past the page.

The table below is made of functions, one for an action. Up to its `yield` a function does in the browser what a person
would; after it, it looks with boto3 at what came of it. Whoever may not do it finds no button that would.
"""

import contextlib
import csv
import datetime
import inspect
import json
import pathlib
import re
import typing
from functools import cached_property

import pytest

from harness.aws import policy
from harness.console import Console
from harness.dns import NameServer
from harness.mail import text_of
from harness.objects import Folder
from harness.server import ACCOUNT_ID
from harness.tab import MANAGED, PASSWORD, Tab, browser, person, tab  # noqa: F401
from test_account_delegation import another_account
from test_attachments import World
from test_reports import Source, meeting

TABLE = list(csv.DictReader(open(pathlib.Path(__file__).parent / "data/actions.csv", newline="")))
# From the one that allows least.
POLICIES = {"ReadOnly": "read_only", "UserManagement": "user_management", "FullAccess": "full_access"}
# Of two actions that do the same, pages take the other one.
EITHER = {"ActivateUsers", "BatchUnsuspendUser", "GetUserByEmail", "SuspendUsers"}
ACTIONS = {}


class Action(typing.NamedTuple):
    at: str
    perform: typing.Callable
    instead_of: str | None


def action(name, at, instead_of=None):
    """`at` is the page, with what is made for the test in braces; see `Company`.

    `instead_of`: the page prefers this one, so that it must be missing for the action to be offered.
    """

    def add(perform):
        ACTIONS[name] = Action(at, perform, instead_of)
        return perform

    return add


class Company:
    """What one action is done to, made when it is asked for."""

    def __init__(self, world, dns, partner, unique, wait_until):
        self.world, self.dns, self.partner, self.unique, self.wait_until = world, dns, partner, unique, wait_until
        self.root = world.root
        self.name = unique("Pies")
        self.people = [f"{unique('ada')}@people.example" for _ in range(3)]
        self.domain = f"{unique('bakery')}.example.com"

    def __getitem__(self, name):
        return getattr(self, name)

    def user(self, account, address):
        return self.root.chime.get_user_by_email(AccountId=account, UserEmail=address)["User"]

    @cached_property
    def account(self):
        return self.root.chime.create_account(Name=self.name)["Account"]["AccountId"]

    @cached_property
    def team(self):
        """An account with people who are invited."""
        self.root.chime.invite_users(AccountId=self.account, UserEmailList=self.people)
        return self.account

    @cached_property
    def member(self):
        return self.user(self.team, self.people[0])["UserId"]

    @cached_property
    def registered_team(self):
        """An account with somebody who is registered, and signed in to the portal."""
        account = self.world.company("pies.example", "eve", enterprise=False)
        self.eve_id, self.eve, self.browser = self.world.people["eve"]
        return account

    @cached_property
    def enterprise(self):
        account = self.world.company("pies.example", "ada")
        self.ada_id, self.ada, _ = self.world.people["ada"]
        return account

    @cached_property
    def suspended(self):
        """An account with somebody who is suspended."""
        account = self.world.company("pies.example", "ben")
        ben, self.ben, _ = self.world.people["ben"]
        self.root.chime.suspend_users(AccountId=account, UserIdList=[ben])
        return account

    @cached_property
    def meeting(self):
        """A meeting that was held yesterday."""
        ada, eve, _ = self.people
        assert self.team
        source = Source(self.world.server)
        begin = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
        name = self.unique("planning")
        source.tell(meeting(name, begin, ada, {"Email": ada, "ClientType": "Web"}, {"Email": eve}))
        return source.meeting_id(name)

    @cached_property
    def meeting_team(self):
        assert self.meeting
        return self.team

    @cached_property
    def uploading(self):
        """An account whose people uploaded something."""
        account = self.enterprise
        number = int(self.name.rpartition("-")[2])
        self.world.rows([self.world.attachment(account, "ada", number, b"content")])
        return account

    @cached_property
    def exported(self):
        """An account with an export that is ready."""
        self.world.export(self.uploading, self.wait_until)
        return self.uploading

    @cached_property
    def claiming(self):
        """An account that claims a domain."""
        self.claimed = self.root.chime.add_domain(AccountId=self.account, DomainName=self.domain)["Domain"]
        return self.account

    @cached_property
    def offered(self):
        """An account of the partner's, and the token that lends it."""
        account = self.partner.chime.create_account(Name=self.name)["Account"]["AccountId"]
        to = f"{self.unique('it')}@customer.example"
        self.partner.chime.invite_delegate(AccountId=account, Email=to)
        (message,) = self.world.mail.wait_for(to)
        self.token = re.search(r"--invitation-token (\S+)", text_of(message))[1]
        return account

    @cached_property
    def lent(self):
        """An account of the partner's that is managed here."""
        account = self.offered
        self.root.chime.accept_delegate(InvitationToken=self.token)
        return account


# Accounts


@action("CreateAccount", "accounts")
def create_account(one, company):
    one.press("Create account")
    one.fill(Name=company.name)
    one.confirm("Create account")
    one.sees(f"The account {company.name} was created.")
    yield
    assert [made["AccountType"] for made in company.root.chime.list_accounts(Name=company.name)["Accounts"]] == ["Team"]


@action("ListAccounts", "accounts")
def list_accounts(one, company):
    assert company.account
    one.page.get_by_label("Find accounts").fill(company.name)
    one.page.get_by_role("link", name=company.name).wait_for()
    yield


@action("GetAccount", "accounts/{account}")
def get_account(one, company):
    one.page.get_by_role("heading", name=company.name).wait_for()
    one.sees(company.account)
    yield


@action("RenameAccount", "accounts/{account}")
def rename_account(one, company):
    one.press("Rename")
    one.fill(Name=f"{company.name} and Sons")
    one.confirm("Rename")
    one.page.get_by_role("heading", name=f"{company.name} and Sons").wait_for()
    yield
    assert company.root.chime.get_account(AccountId=company.account)["Account"]["Name"] == f"{company.name} and Sons"


@action("DeleteAccount", "accounts/{account}")
def delete_account(one, company):
    one.press("Delete")
    one.box(f"Type “{company.name}” to confirm").fill(company.name)
    one.confirm("Delete account")
    one.sees(f"The account {company.name} was deleted.")
    yield
    assert company.root.chime.list_accounts(Name=company.name)["Accounts"] == []


# Users


@action("ListUsers", "accounts/{team}/users")
def list_users(one, company):
    for address in company.people:
        one.page.get_by_role("link", name=address).wait_for()
    yield


@action("GetUserByEmail", "accounts/{team}/users")
def get_user_by_email(one, company):
    ada, eve, _ = company.people
    search = one.page.get_by_label("Find a user by e-mail address")
    search.fill(ada)
    one.press("Find")
    one.page.get_by_role("link", name=eve).wait_for(state="hidden")
    one.page.get_by_role("link", name=ada).wait_for()
    search.fill("nobody@people.example")
    one.press("Find")
    one.sees("Nobody here has this address")
    # Nobody is an answer here, and no failure of the page.
    one.failed.clear()
    yield


@action("GetUser", "accounts/{team}/users/{member}")
def get_user(one, company):
    one.sees(company.people[0]).sees(company.member)
    yield


@action("InviteUsers", "accounts/{account}/users")
def invite_users(one, company):
    one.press("Invite users")
    one.box("E-mail addresses").fill("\n".join(company.people))
    one.dialog.get_by_role("button", name="Invite 3", exact=True).click()
    one.sees("All 3 are done.")
    yield
    users = company.root.chime.list_users(AccountId=company.account)["Users"]
    assert [user["PrimaryEmail"] for user in users] == company.people
    assert company.world.mail.wait_for(company.people[2])


@action("SuspendUsers", "accounts/{enterprise}/users")
def suspend_users(one, company):
    one.mark(company.ada)
    one.press("Suspend")
    one.confirm("Suspend 1")
    one.sees("Suspend: 1 user, all done.")
    yield
    assert company.user(company.enterprise, company.ada)["UserRegistrationStatus"] == "Suspended"


@action("ActivateUsers", "accounts/{suspended}/users")
def activate_users(one, company):
    one.mark(company.ben)
    one.press("Activate")
    one.confirm("Activate 1")
    one.sees("Activate: 1 user, all done.")
    yield
    assert company.user(company.suspended, company.ben)["UserRegistrationStatus"] == "Registered"


@action("BatchSuspendUser", "accounts/{team}/users")
def batch_suspend_user(one, company):
    one.mark(company.people[0])
    one.press("Remove")
    one.confirm("Remove 1")
    one.sees("Remove: 1 user, all done.")
    yield
    users = company.root.chime.list_users(AccountId=company.team)["Users"]
    assert [user["PrimaryEmail"] for user in users] == company.people[1:]


@action("BatchUnsuspendUser", "accounts/{suspended}/users", instead_of="ActivateUsers")
def batch_unsuspend_user(one, company):
    yield from activate_users(one, company)


@action("UpdateUserLicenses", "accounts/{team}/users")
def update_user_licenses(one, company):
    one.mark(*company.people)
    one.press("Assign licence")
    one.choose("Licence", "Basic")
    one.confirm("Assign 3")
    yield
    users = company.root.chime.list_users(AccountId=company.team)["Users"]
    assert [user["LicenseType"] for user in users] == ["Basic"] * 3


@action("BatchUpdateUser", "accounts/{team}/users")
def batch_update_user(one, company):
    ada, eve, ben = company.people
    one.mark(ada, eve, ben)
    one.press("Edit")
    one.dialog.get_by_role("button", name="Basic", exact=True).click()
    one.choose(f"Licence of {eve}", "Pro")
    # Somebody else was faster, and it is told of that one alone.
    company.root.chime.batch_suspend_user(
        AccountId=company.team, UserIdList=[company.user(company.team, ben)["UserId"]])
    one.dialog.get_by_role("button", name=re.compile("^Save")).click()
    one.sees("could not be done.")
    one.dialog.get_by_role("row", name=ben).get_by_text("NotFound").wait_for()
    one.screenshot("console-edit-users")
    yield
    users = company.root.chime.list_users(AccountId=company.team)["Users"]
    assert [(user["PrimaryEmail"], user["LicenseType"]) for user in users] == [(ada, "Basic"), (eve, "Pro")]


@action("LogoutUser", "accounts/{registered_team}/users/{eve_id}")
def logout_user(one, company):
    assert company.browser.is_signed_in()
    one.press("Sign out everywhere")
    one.confirm("Sign out")
    yield
    assert not company.browser.is_signed_in()


@action("ResetPersonalPin", "accounts/{registered_team}/users/{eve_id}")
def reset_personal_pin(one, company):
    before = company.user(company.registered_team, company.eve)["PersonalPIN"]
    one.press("Reset personal PIN")
    one.confirm("Reset PIN")
    yield
    after = company.user(company.registered_team, company.eve)["PersonalPIN"]
    assert after != before
    one.sees(after)


@action("GetAccountSettings", "accounts/{account}")
def get_account_settings(one, company):
    assert one.page.get_by_label("Remote control of shared screens").is_checked()
    company.root.chime.update_account_settings(
        AccountId=company.account, AccountSettings={"DisableRemoteControl": True})
    one.open(f"accounts/{company.account}")
    assert not one.page.get_by_label("Remote control of shared screens").is_checked()
    yield


@action("UpdateAccountSettings", "accounts/{account}")
def update_account_settings(one, company):
    one.page.get_by_label("Remote control of shared screens").uncheck(force=True)
    one.press("Save settings")
    one.sees("The settings are saved.")
    yield
    settings = company.root.chime.get_account_settings(AccountId=company.account)["AccountSettings"]
    assert settings["DisableRemoteControl"]


# Reports


@action("ListAccountUsageReportData", "accounts/{meeting_team}")
def list_account_usage_report_data(one, company):
    one.press("Usage")
    held = one.page.locator("dt", has_text="Meetings held").locator("xpath=following-sibling::dd[1]")
    held.get_by_text("1", exact=True).wait_for()
    yield


@action("ListMeetingReportData", "accounts/{meeting_team}")
def list_meeting_report_data(one, company):
    one.press("Meetings")
    one.page.get_by_role("cell", name=company.people[0]).wait_for()
    yield


@action("GetMeetingDetail", "accounts/{meeting_team}/meetings/{meeting}")
def get_meeting_detail(one, company):
    one.page.get_by_role("heading", name="=Budget").wait_for()
    one.page.locator(".timeline").get_by_text(company.people[0]).wait_for()
    yield


@action("ListMeetingEvents", "accounts/{meeting_team}/meetings/{meeting}")
def list_meeting_events(one, company):
    for kind in ("MeetingStarted", "AttendeeJoined", "MeetingEnded"):
        one.page.get_by_role("cell", name=kind).first.wait_for()
    yield


@action("GetUserActivityReportData", "accounts/{meeting_team}/users/{member}")
def get_user_activity_report_data(one, company):
    organized = one.page.locator("dt", has_text="Meetings organized").locator("xpath=following-sibling::dd[1]")
    organized.get_by_text("1", exact=True).wait_for()
    yield


# Attachments


@action("StartDataExport", "accounts/{uploading}/attachments")
def start_data_export(one, company):
    one.press("Request an export")
    one.confirm("Request export")
    # The page looks again by itself.
    one.page.get_by_role("cell", name="Succeeded").wait_for()
    yield
    (made,) = company.root.chime.list_data_exports(AccountId=company.uploading)["DataExports"]
    assert (made["Status"], made["AttachmentCount"]) == ("Succeeded", 1)


@action("RetrieveDataExport", "accounts/{exported}/attachments")
def retrieve_data_export(one, company):
    with one.page.expect_download() as download:
        one.press("Download")
    (row,) = csv.DictReader(open(download.value.path(), newline="", encoding="utf-8"))
    assert row["uploaded_by"] == company.ada
    yield


# Domains


@action("AddDomain", "accounts/{account}/domains")
def add_domain(one, company):
    one.press("Claim a domain")
    one.fill(Domain=company.domain)
    one.dialog.get_by_role("button", name="Claim", exact=True).click()
    one.sees("Put this record into the DNS of the domain.")
    yield
    claimed = company.root.chime.get_domain(AccountId=company.account, DomainName=company.domain)["Domain"]
    one.sees(claimed["VerificationRecord"]["Value"])


@action("ListDomains", "accounts/{claiming}")
def list_domains(one, company):
    one.press("Domains")
    one.button(company.domain).wait_for()
    yield


@action("GetDomain", "accounts/{claiming}/domains")
def get_domain(one, company):
    record = company.claimed["VerificationRecord"]
    one.press(company.domain)
    one.sees(record["Name"]).sees(record["Value"])
    yield


@action("DeleteDomain", "accounts/{claiming}/domains")
def delete_domain(one, company):
    one.press(f"Remove {company.domain}")
    one.box(f"Type “{company.domain}” to confirm").fill(company.domain)
    one.confirm("Remove domain")
    yield
    assert company.root.chime.list_domains(AccountId=company.claiming)["Domains"] == []


# Support and delegation


@action("SubmitSupportRequest", "support")
def submit_support_request(one, company):
    one.press("Write a request")
    one.box("Subject").fill(company.name)
    one.box("What happened").fill("It does not start.")
    one.box("Your e-mail address").fill("ada@people.example")
    one.confirm("Send")
    one.page.get_by_role("table").get_by_text(company.name).wait_for()
    yield
    subjects = [made["Subject"] for made in company.root.chime.list_support_requests()["SupportRequests"]]
    assert company.name in subjects


@action("AcceptDelegate", "delegations")
def accept_delegate(one, company):
    assert company.offered
    one.box("Invitation token").fill(company.token)
    one.press("Show the invitation")
    one.page.get_by_role("heading", name=company.name).wait_for()
    one.press("Accept")
    one.sees(f"You manage {company.name} now.")
    yield
    assert company.root.chime.get_account(AccountId=company.offered)["Account"]["AwsAccountId"] == company.partner.account


@action("ListDelegates", "accounts/{lent}")
def list_delegates(one, company):
    one.press("Delegates")
    one.page.get_by_role("cell", name=company.partner.account).wait_for()
    yield


@action("DeleteDelegate", "accounts/{lent}/delegates")
def delete_delegate(one, company):
    one.page.get_by_role("radio").first.check()
    one.press("End")
    one.confirm("End")
    yield
    assert company.lent not in [kept["AccountId"] for kept in company.root.chime.list_accounts()["Accounts"]]


@pytest.fixture(scope="module")
def dns(folder):
    server = NameServer(folder / "knot-of-the-console")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def place(folder):
    return Folder(folder / "objects-of-the-console")


@pytest.fixture(scope="module")
def server(make_server, dns, place):
    one = make_server("console-actions", env=place.env | {
        "CARILLON_DNS_RESOLVER": dns.address, "CARILLON_SUPPORT_ADDRESS": "support@operator.example"})
    one.start()
    yield one
    one.assert_healthy()
    assert one.stop() == 0, one.log
    one.assert_never_panicked()


@pytest.fixture(scope="module")
def partner(server):
    return another_account(server, "Partner")


@pytest.fixture(scope="module")
def make_company(server, mail, place, dns, partner, unique, wait_until):
    return lambda: Company(World(server, mail, place), dns, partner, unique, wait_until)


@pytest.fixture
def company(make_company):
    return make_company()


@pytest.fixture(scope="module")
def untouched(make_company):
    """The company of those who may not do it."""
    return make_company()


@pytest.fixture(scope="module")
def windows(server, browser, root):
    """One window for each policy, in which somebody signed in once."""
    opened = {}

    def open_for(name, attached):
        if name not in opened:
            root.iam.create_user(UserName=name)
            root.iam.create_login_profile(UserName=name, Password=PASSWORD)
            if attached:
                root.iam.attach_user_policy(UserName=name, PolicyArn=attached)
            who = type("Who", (), {"name": name})
            opened[name] = Tab(browser, server, accept_downloads=True).sign_in(who)
            opened[name].name = name
        return opened[name]

    yield open_for
    for one in opened.values():
        one.close()


def performed(root, name, action):
    """Whether the trail has it that this user did it, from the console."""
    pages = root.cloudtrail.get_paginator("lookup_events").paginate(
        LookupAttributes=[{"AttributeKey": "Username", "AttributeValue": name}], PaginationConfig={"MaxItems": 200})
    for event in (event for page in pages for event in page["Events"]):
        record = json.loads(event["CloudTrailEvent"])
        if event["EventName"].lower() == action.lower() and "errorCode" not in record:
            return record["sessionCredentialFromConsole"] == "true"
    return False


def test_all_that_is_built_is_in_the_table(server, person):
    console = Console(server)
    console.sign_in(ACCOUNT_ID, person().name, PASSWORD)
    permissions = console.call("access-analyzer", "ListCallerPermissions").json["permissions"]
    built = {one["action"].lower() for one in permissions if one["available"]}
    assert set(ACTIONS) == {row["action"] for row in TABLE if f"chime:{row['action']}".lower() in built}
    assert all(inspect.isgeneratorfunction(one.perform) for one in ACTIONS.values())


def least(name):
    """Which policy allows the action and little else. That pages follow the others too, test_console_data tells."""
    (row,) = [row for row in TABLE if row["action"] == name]
    return next(who for who, column in POLICIES.items() if row[column] == "1")


@pytest.mark.parametrize("name", ACTIONS)
def test_whoever_may_does_it_through_the_page(windows, root, company, stranger, name):
    who = least(name)
    one, (at, perform, instead_of) = windows(who, MANAGED + "AmazonChime" + who), ACTIONS[name]
    with without(root, who, instead_of):
        page = at.format_map(company)
        one.failed.clear()
        one.called.clear()
        one.open(page)
        for _ in perform(one, company):
            assert performed(root, who, name), "the page did something else"
    assert one.failed == []
    # What the page sent is refused to whoever may not.
    operation, sent = next(
        (called, request.post_data) for called, request in one.called if called.lower() == f"chime/{name}".lower())
    refused = stranger.send("POST", f"/console/api/{operation}", sent.encode())
    assert refused.code == "AccessDeniedException", refused


@pytest.mark.parametrize("name", ACTIONS)
def test_whoever_may_not_finds_it_denied(windows, root, untouched, name):
    """Everything is allowed but this: the page offers what else there is, and says of this what is missing."""
    who, action = "All-but-one", f"chime:{name}"
    one = windows(who, MANAGED + "AmazonChimeFullAccess")
    with without(root, who, name):
        one.refused.clear()
        one.open(ACTIONS[name].at.format_map(untouched))
    assert one.refused == [], "the page asks for what is not allowed"
    assert action not in one.actions("action")
    if name not in EITHER:
        assert one.actions("denied") == {action}
        one.page.locator(f"[data-denied='{action}']").first.get_by_role(
            "button", name=re.compile("^Why (am I not allowed|can't I)")).click()
        one.dialog.get_by_text(f'"Action": "{action}"').wait_for()


@contextlib.contextmanager
def without(root, who, name):
    if not name:
        yield
        return
    document = policy(f"chime:{name}", effect="Deny")
    root.iam.put_user_policy(UserName=who, PolicyName="without", PolicyDocument=document)
    yield
    root.iam.delete_user_policy(UserName=who, PolicyName="without")


@pytest.fixture(scope="module")
def stranger(server, root):
    root.iam.create_user(UserName="Stranger")
    root.iam.create_login_profile(UserName="Stranger", Password=PASSWORD)
    console = Console(server)
    console.sign_in(ACCOUNT_ID, "Stranger", PASSWORD)
    return console
