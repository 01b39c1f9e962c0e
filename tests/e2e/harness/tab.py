"""A browser window at the web console, and the fixtures that open one."""

import pytest

from .server import ACCOUNT_ID, REPOSITORY

chromium = pytest.importorskip("harness.chromium", reason="Playwright is not installed")
if not chromium.EXECUTABLE:
    pytest.skip("Chromium is not installed", allow_module_level=True)
if not (REPOSITORY / "console/dist/index.html").exists():
    pytest.skip("the console is not built: npm run build in console/", allow_module_level=True)

PASSWORD = "Correct-Horse-1"
MANAGED = "arn:aws:iam::aws:policy/"


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
        self.context = browser.new_context(**options)
        self.page = self.context.new_page()
        self.problems, self.failed, self.refused, self.called = [], [], [], []
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
        self.page.goto(f"{self.server.endpoint}/console/{path}")
        self.page.wait_for_selector("h1")
        self.page.wait_for_load_state("networkidle")
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


def violations(page):
    """What of the page is not accessible."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]}).response["violations"]
    return [(one["id"], node["html"]) for one in found for node in one["nodes"]]
