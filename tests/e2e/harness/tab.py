"""A browser window at the web console, and the fixtures that open one."""

import time

import pytest

from .server import ACCOUNT_ID, REPOSITORY

chromium = pytest.importorskip("harness.chromium", reason="Playwright is not installed")
if not chromium.EXECUTABLE:
    pytest.skip("Chromium is not installed", allow_module_level=True)
if not (REPOSITORY / "console/dist/index.html").exists():
    pytest.skip("the console is not built: npm run build in console/", allow_module_level=True)

PASSWORD = "Correct-Horse-1"
MANAGED = "arn:aws:iam::aws:policy/"

# Shown is what the next frame has painted; whether something is still to come, the design system says itself.
PAINTED = """() => new Promise((tell) => requestAnimationFrame(() => setTimeout(() => tell(
    document.querySelector("h1") !== null && [...document.querySelectorAll("[class*=awsui_spinner], .waiting")]
        .every((node) => !node.checkVisibility())))))"""
# As a link of the console does: without loading it anew.
GO = """(path) => {
    history.pushState(null, "", `/console/${path}`);
    dispatchEvent(new PopStateEvent("popstate"));
}"""


@pytest.fixture(scope="module")
def browser():
    with chromium.chromium() as browser:
        yield browser


@pytest.fixture
def person(root, user):
    """Makes IAM users who can sign in to the console."""

    def make(*documents, **options):
        made = user(*documents, key=False, **options)
        root.iam.create_login_profile(UserName=made.name, Password=PASSWORD)
        return made

    return make


class Tab:
    """A browser window of one person, and what went wrong in it.

    `called` has what the pages asked for, `failed` what came to nothing, and of it `refused` what policies forbade.
    """

    def __init__(self, browser, server, **options):
        self.server = server
        # What moves is waited for, and moves for nobody.
        self.context = browser.new_context(reduced_motion="reduce", **options)
        self.page = self.context.new_page()
        self.problems, self.failed, self.refused, self.called = [], [], [], []
        self.under_way = set()
        self.page.on("request", lambda request: self.under_way.add(request))
        self.page.on("requestfinished", lambda request: self.under_way.discard(request))
        self.page.on("requestfailed", lambda request: self.under_way.discard(request))
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.problems.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        self.page.on("console", self.hear)
        self.page.on("response", self.see)

    def hear(self, message):
        # Refusals of the server are its answers, and `see` has them.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.problems.append(message.text)

    def see(self, response):
        if "/console/api/" in response.url:
            self.called.append((response.url.rpartition("/console/api/")[2], response.request))
            if response.status >= 400:
                self.failed.append(response.url)
                if "x-amzn-encoded-authorization-message" in response.headers:
                    self.refused.append(response.url)

    def close(self):
        self.context.close()
        assert not self.problems, self.problems

    def open(self, path=""):
        """Loads the console at a page."""
        self.under_way.clear()
        self.page.goto(f"{self.server.endpoint}/console/{path}")
        return self.settle()

    def go(self, path):
        """Goes to another page of the console that is open."""
        self.page.evaluate(GO, path)
        # The page before stands until this one is ready, and looks as finished as it is.
        drawn = f"/{path.partition('?')[0]}"
        self.page.wait_for_function("(path) => document.documentElement.dataset.drawn === path", arg=drawn)
        return self.settle()

    def settle(self, seconds=30):
        """Waits until the page has all that it asks for by itself, and shows it."""
        deadline, quiet = time.monotonic() + seconds, 0
        while quiet < 3:
            is_painted = self.page.evaluate(PAINTED)
            quiet = quiet + 1 if is_painted and not self.under_way else 0
            assert time.monotonic() < deadline, f"{self.page.url} is not done: {self.under_way}"
        return self

    def sign_in(self, who, account=ACCOUNT_ID, password=PASSWORD):
        self.page.goto(f"{self.server.endpoint}/console/?account={account}")
        self.page.get_by_label("IAM user name").fill(who.name)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in", exact=True).click()
        self.page.wait_for_selector("h1:has-text('Overview')")
        return self

    @property
    def dialog(self):
        return self.page.get_by_role("dialog")

    def button(self, name):
        return self.page.get_by_role("button", name=name, exact=True)

    def box(self, name):
        return self.page.get_by_role("textbox", name=name, exact=True)

    def press(self, name):
        self.button(name).click()

    def fill(self, **values):
        for label, value in values.items():
            self.box(label).fill(value)

    def choose(self, label, option):
        """Chooses from a list; its button has the label and what is chosen."""
        self.page.get_by_role("button", name=label).last.click()
        self.page.get_by_role("option", name=option).first.click()

    def mark(self, *rows):
        """Marks rows of a table by their names."""
        for row in rows:
            self.page.get_by_role("checkbox", name=row, exact=True).check()

    def confirm(self, name):
        """Presses a button of the dialog, and waits until the dialog is done."""
        self.dialog.get_by_role("button", name=name, exact=True).click()
        self.dialog.wait_for(state="hidden")

    def sees(self, text):
        """Waits until the text is there."""
        self.page.get_by_text(text).first.wait_for()
        return self

    def create_account(self, name):
        self.open("accounts")
        self.press("Create account")
        self.fill(Name=name)
        self.dialog.get_by_role("button", name="Create account", exact=True).click()
        self.sees("was created")

    def actions(self, kind="action"):
        """The actions that the page offers (`action`) or says are not allowed (`denied`)."""
        nodes = self.page.query_selector_all(f"[data-{kind}]")
        return {node.get_attribute(f"data-{kind}") for node in nodes}

    def screenshot(self, name):
        chromium.screenshot(self.page, name)


@pytest.fixture
def tab(browser, server):
    """Opens a window in which somebody is signed in."""
    tabs = []

    def make(who, **options):
        tabs.append(Tab(browser, server, **options))
        return tabs[-1].sign_in(who)

    yield make
    for one in tabs:
        one.close()


@pytest.fixture(scope="module")
def administrator(browser, server, root):
    """A window that the tests of a module share, of somebody who may do everything."""
    name = "administrator"
    root.iam.create_user(UserName=name)
    root.iam.create_login_profile(UserName=name, Password=PASSWORD)
    root.iam.attach_user_policy(UserName=name, PolicyArn=MANAGED + "AdministratorAccess")
    one = Tab(browser, server).sign_in(type("Who", (), {"name": name}))
    yield one
    one.close()


@pytest.fixture
def admin(administrator):
    """That window as if it were new; whoever uses it opens a page first."""
    for kept in (administrator.problems, administrator.failed, administrator.refused, administrator.called):
        kept.clear()
    yield administrator
    assert not administrator.problems, administrator.problems


STANDARDS = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]


def violations(page, only=None):
    """What of the page is not accessible; `only` one rule is asked where nothing else can have changed."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, options={"runOnly": [only] if only else STANDARDS}).response["violations"]
    return [(one["id"], node["html"]) for one in found for node in one["nodes"]]
