"""What people do at the portal with a real browser, and what the portal keeps from those who are not they."""

import re
import statistics
import time

import pytest

from harness.mail import link_of, text_of
from harness.portal import Browser, Window
from harness.server import carillon

PASSWORD = "correct horse battery 9"
OTHER_PASSWORD = "another bicycle 7"
MARKUP = "\"><script>alert(1)</script><img src=x onerror=\"alert(1)\">"


@pytest.fixture(scope="module")
def chromium():
    tool = pytest.importorskip("harness.chromium", reason="Playwright is not installed")
    if not tool.EXECUTABLE:
        pytest.skip("Chromium is not installed")
    with tool.chromium() as browser:
        yield browser


@pytest.fixture
def desk(chromium, server):
    window = Window(chromium, server, viewport={"width": 1000, "height": 900})
    yield window
    window.context.close()


@pytest.fixture
def phone(chromium, server):
    window = Window(chromium, server, viewport={"width": 390, "height": 800}, color_scheme="dark")
    yield window
    window.context.close()


@pytest.fixture
def company(server, account, unique):
    """An Enterprise account that has claimed a domain: its identifier and the domain."""

    def make(name=None):
        domain = f"{unique('portal')}.example.com"
        mine = account(name)["AccountId"]
        carillon(
            "chime-account", "claim-domain", mine, domain, "--data", server.data, "--database", server.database,
            env={"HOME": str(server.folder)})
        return mine, domain

    return make


@pytest.fixture
def member(server, company, mail):
    """A person who registered with an address of a claimed domain: its user's account and its address."""

    def make(name=None):
        mine, domain = company(name)
        address = f"ada@{domain}"
        link = asked(server, mail, "/register", address)
        page = Browser(server).open(link)
        form = page.form_with("password")
        Browser(server).submit(page, form, password=PASSWORD, text="Ada Lovelace")
        return mine, address

    return make


def asked(server, mail, path, address):
    """Asks for a mail and answers the link in it."""
    before = len(mail.to(address))
    page = Browser(server).open(path)
    page = Browser(server).submit(page, page.form_with("email"), email=address)
    assert page.status == 200, page
    return link_in(mail.wait_for(address, before + 1)[-1])


def link_in(message):
    (link,) = re.findall(r"https?://\S+", text_of(message))
    return link


def user_of(root, mine, address):
    return root.chime.get_user_by_email(AccountId=mine, UserEmail=address)["User"]


# With a browser.

def test_registering_from_the_mail(root, company, mail, desk):
    mine, domain = company("Pies & <Sons>")
    address = f"ada@{domain}"
    desk.open("/register").fill(email=address).press("Send me a link")
    assert "Look into your mail" in desk.title
    desk.open(link_in(mail.wait_for(address)[-1]))
    assert "Pies & <Sons>" in desk.text
    desk.fill(display_name="Ada Lovelace", new_password="password123").press("Register")
    assert desk.has(".summary a[href='#new_password']") and desk.has("#new_password[aria-invalid=true]")
    assert desk.page.input_value("[name=display_name]") == "Ada Lovelace"
    desk.fill(new_password=PASSWORD).press("Register")
    assert (desk.path, desk.title) == ("/portal", "Ada Lovelace")
    user = user_of(root, mine, address)
    assert (user["UserRegistrationStatus"], user["LicenseType"]) == ("Registered", "Pro")
    assert user["PersonalPIN"] in desk.text
    desk.press("Sign out")
    assert desk.path == "/signin"
    assert not desk.is_signed_in()


def test_accepting_an_invitation(root, account, unique, mail, desk):
    mine, address = account()["AccountId"], f"{unique('guest')}@example.com"
    root.chime.invite_users(AccountId=mine, UserEmailList=[address])
    desk.open(link_of(mail.wait_for(address)[-1]))
    desk.fill(display_name="Grace Hopper", new_password=PASSWORD).press("Accept the invitation")
    assert desk.path == "/portal"
    assert user_of(root, mine, address)["DisplayName"] == "Grace Hopper"


def test_logging_out_by_the_administrator(root, member, desk, phone):
    mine, address = member()
    for browser in (desk, phone):
        browser.sign_in(address, PASSWORD)
        assert browser.path == "/portal"
    root.chime.logout_user(AccountId=mine, UserId=user_of(root, mine, address)["UserId"])
    for browser in (desk, phone):
        assert browser.open("/portal").path == "/signin", "on the next click"


def test_suspending_takes_effect_on_the_next_click(root, member, desk):
    mine, address = member("Example Corp")
    desk.sign_in(address, PASSWORD)
    root.chime.batch_suspend_user(AccountId=mine, UserIdList=[user_of(root, mine, address)["UserId"]])
    began = time.monotonic()
    desk.open("/portal/sessions")
    assert desk.path == "/signin"
    assert time.monotonic() - began < 20  # one click, however busy the machine is
    desk.sign_in(address, "not the password")
    assert "suspended" not in desk.text
    desk.sign_in(address, PASSWORD)
    assert "suspended" in desk.text and "Example Corp" in desk.text


def test_a_forgotten_password(member, mail, desk, phone):
    _, address = member()
    phone.sign_in(address, PASSWORD)
    desk.open("/signin").fill(email=address).press("Next")
    desk.open("/password/forgot").fill(email=address).press("Send me a link")
    before = len(mail.to(address))
    link = link_in(mail.wait_for(address, before)[-1])
    if "/password/choose" not in link:
        link = link_in(mail.wait_for(address, before + 1)[-1])
    desk.open(link).fill(new_password=OTHER_PASSWORD).press("Change the password")
    assert desk.title == "Done"
    assert not phone.is_signed_in()
    desk.sign_in(address, OTHER_PASSWORD)
    assert desk.path == "/portal"
    desk.open(link)
    assert "does not open" in desk.title, "a link works once"


def test_sessions_of_ones_own(member, desk, phone):
    _, address = member()
    for browser in (desk, phone):
        browser.sign_in(address, PASSWORD)
    desk.open("/portal/sessions")
    assert desk.text.count("on Linux") >= 2 and "this one" in desk.text
    desk.press("Sign out everywhere else")
    assert desk.path == "/portal/sessions"
    assert not phone.is_signed_in()
    assert desk.is_signed_in()


def test_what_people_change_of_themselves(root, member, desk):
    mine, address = member()
    desk.sign_in(address, PASSWORD)
    before = user_of(root, mine, address)["PersonalPIN"]
    desk.press("Get a new PIN")
    after = user_of(root, mine, address)["PersonalPIN"]
    assert before != after and after in desk.text
    desk.page.check("#private")
    desk.press("Save the choice")
    assert desk.page.is_checked("#private")
    desk.fill(display_name="Countess Lovelace").press("Save the name")
    assert desk.title == user_of(root, mine, address)["DisplayName"] == "Countess Lovelace"
    desk.open("/portal/password").fill(password=PASSWORD, new_password=OTHER_PASSWORD).press("Change the password")
    assert desk.path == "/portal"


def test_names_are_text_wherever_they_are_shown(chromium, server, root, member, account, unique, mail):
    mine, address = member(MARKUP[:100])
    guest = f"{unique('guest')}@example.com"
    root.chime.invite_users(AccountId=account(MARKUP[:100])["AccountId"], UserEmailList=[guest])
    desk = Window(chromium, server, user_agent=MARKUP)
    dialogs = []
    desk.page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    desk.open(link_of(mail.wait_for(guest)[-1]))
    assert "<script>" in desk.text
    desk.sign_in(address, PASSWORD)
    desk.fill(display_name=MARKUP).press("Save the name")
    assert desk.title == MARKUP
    for path in ("/portal", "/portal/sessions", "/portal/password", f"/signin?email={MARKUP}", f"/signin?to={MARKUP}"):
        desk.open(path)
        assert not desk.has("script") and not desk.has("img"), path
    assert dialogs == []
    desk.context.close()


def test_a_page_of_another_site_cannot_send_a_form(server, root, member, desk):
    mine, address = member()
    desk.sign_in(address, PASSWORD)
    before = user_of(root, mine, address)["PersonalPIN"]
    desk.page.set_content(
        f"<form method='post' action='{server.endpoint}/portal/pin'><input name='form_key'><button>Win</button></form>")
    desk.page.goto("data:text/html," + desk.page.content().replace("#", "%23"))
    with desk.page.expect_navigation():
        desk.page.click("button")
    assert desk.title == "Not from here"
    assert user_of(root, mine, address)["PersonalPIN"] == before
    assert desk.is_signed_in()


def test_pages_fit_and_are_accessible(member, phone):
    from axe_playwright_python.sync_playwright import Axe

    _, address = member()
    for path in ("/signin", "/register", "/password/forgot", "/portal", "/portal/sessions", "/portal/password"):
        if path == "/portal":
            phone.sign_in(address, "not the password")
            found = Axe().run(phone.page)
            assert found.violations_count == 0, found.generate_report()
            phone.sign_in(address, PASSWORD)
        phone.open(path)
        wide = phone.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, f"{path} is {wide} pixels too wide for a phone"
        found = Axe().run(phone.page)
        assert found.violations_count == 0, found.generate_report()


# Without one.

def test_forged_forms_are_refused(server, root, member):
    mine, address = member()
    browser = Browser(server)
    browser.sign_in(address, PASSWORD)
    before = user_of(root, mine, address)["PersonalPIN"]
    for form_key in ("", "guessed", "0" * 64):
        assert browser.open("/portal/pin", {"form_key": form_key}).status == 403
    other = Browser(server)
    other.sign_in(address, PASSWORD)
    key = other.open("/portal").forms[0].fields["form_key"][1]
    assert browser.open("/portal/pin", {"form_key": key}).status == 403, "of another session of the same person"
    assert user_of(root, mine, address)["PersonalPIN"] == before


def test_answers_do_not_tell_who_is_known(server, member, mail):
    _, known = member()
    unknown = "nobody@" + known.partition("@")[2]
    stranger = "nobody@nowhere.example.org"
    seen = {}
    for address in (known, unknown, stranger):
        pages = []
        for path in ("/register", "/password/forgot"):
            page = Browser(server).open(path, {"email": address})
            pages.append((page.status, page.body))
        step = Browser(server).open("/signin", {"email": address})
        refused = Browser(server).open("/signin", {"email": address, "password": "not the password"})
        pages += [(one.status, one.body.replace(address, "")) for one in (step, refused)]
        seen[address] = pages
    assert seen[known] == seen[unknown] == seen[stranger]


@pytest.mark.slow
def test_times_do_not_tell_who_is_known(new_server, mail, unique):
    """The medians of two kinds of address, taken in turns, differ by less than the times of one kind do."""
    server = new_server()
    server.start()
    mine = server.root.chime.create_account(Name="Timed")["Account"]["AccountId"]
    people = [f"{unique('timed')}@example.com" for _ in range(8)]
    server.root.chime.invite_users(AccountId=mine, UserEmailList=people)
    for address in people:
        Browser(server).register(link_of(mail.wait_for(address)[-1]), PASSWORD)
    times = {"known": [], "unknown": []}
    for number, address in enumerate(people):
        for kind, asked_for in (("known", address), ("unknown", f"unknown-{number}@example.com")):
            browser = Browser(server)
            for path, form in (
                ("/signin", {"email": asked_for, "password": "not the password"}),
                ("/password/forgot", {"email": asked_for}),
            ):
                began = time.perf_counter()
                assert browser.open(path, form).status in (200, 401)
                times[kind].append(time.perf_counter() - began)
    medians = {kind: statistics.median(values[::2]) for kind, values in times.items()}
    spread = max(times["known"][::2]) - min(times["known"][::2])
    assert abs(medians["known"] - medians["unknown"]) < max(spread, 0.5 * medians["known"]), times


def test_guessing_is_slowed(server, member):
    _, address = member()
    statuses = [
        Browser(server).open("/signin", {"email": address, "password": f"guess {number}"}).status
        for number in range(20)
    ]
    assert statuses[0] == 401 and 429 in statuses
    page = Browser(server).open("/signin", {"email": address, "password": PASSWORD})
    while page.status == 429:
        time.sleep(min(int(page.headers["Retry-After"]), 5))
        page = Browser(server).open("/signin", {"email": address, "password": PASSWORD})
    assert page.url.endswith("/portal")


def test_links_end_with_time(new_server, mail, unique, wait_until):
    server = new_server(arguments=["--self-registration"])
    server.start()
    address, late = f"{unique('ada')}@example.net", f"{unique('late')}@example.net"
    link = asked(server, mail, "/register", address)
    page = Browser(server).open(link)
    Browser(server).submit(page, page.form_with("password"), password=PASSWORD, text="Ada Lovelace")
    assert Browser(server).open(link).status == 404, "it was used"
    browser = Browser(server)
    browser.sign_in(address, PASSWORD)
    assert "ProTrial" in browser.open("/portal").text
    reset, registration = asked(server, mail, "/password/forgot", address), asked(server, mail, "/register", late)
    server.restart_later(minutes=61)
    assert Browser(server).open(reset).status == 404
    assert Browser(server).open(registration).status == 200
    server.restart_later(hours=25)
    assert Browser(server).open(registration).status == 404
    token = registration.partition("token=")[2]
    assert Browser(server).open("/register/complete", {
        "token": token, "display_name": "Eve", "new_password": PASSWORD}).status == 404
    server.restart_later(days=31)
    browser = Browser(server)
    browser.sign_in(address, PASSWORD)
    # A job ends the trial, soon after the start.
    wait_until(lambda: "ProTrial" not in browser.open("/portal").text)
    assert "Basic" in browser.open("/portal").text
    assert server.stop() == 0
    printed = server.everything_printed().decode()
    assert token not in printed and address not in printed


def test_without_mail_nobody_is_promised_any(make_server):
    server = make_server("silent", with_mail=False)
    server.start()
    try:
        assert Browser(server).open("/register").status == 404
        assert Browser(server).open("/password/forgot", {"email": "ada@example.com"}).status == 404
        assert "Register" not in Browser(server).open("/signin").text
    finally:
        server.stop()
