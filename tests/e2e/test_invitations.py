"""Invitations by real mail, and what follows for the person: registering, the portal, sessions, suspension."""

import re
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest

from harness.aws import refused
from harness.mail import Sink, link_of, only, text_of
from harness.portal import Browser
from harness.server import ACCOUNT_ID

PASSWORD = "correct horse battery 9"


@pytest.fixture
def address(unique):
    return lambda name="person": f"{unique(name)}@example.com"


@pytest.fixture
def invite(root, mail):
    """Invites one person and answers the invite and its mail."""

    def make(account_id, address):
        before = len(mail.to(address))
        (invite,) = root.chime.invite_users(AccountId=account_id, UserEmailList=[address])["Invites"]
        return invite, mail.wait_for(address, before + 1)[-1]

    return make


@pytest.fixture
def person(server, root, account, address, invite):
    """A registered user of a new account: its user, and the browser it registered with."""

    def make(account_id=None, email=None):
        account_id = account_id or account()["AccountId"]
        email = email or address()
        _, message = invite(account_id, email)
        browser = Browser(server)
        browser.register(link_of(message), PASSWORD)
        one = root.chime.get_user_by_email(AccountId=account_id, UserEmail=email)["User"]
        return one, browser

    return make


def get(root, user):
    return root.chime.get_user(AccountId=user["AccountId"], UserId=user["UserId"])["User"]


def signed_in(server, user):
    browser = Browser(server)
    browser.sign_in(user["PrimaryEmail"], PASSWORD)
    assert browser.is_signed_in()
    return browser


# The mail.

def test_the_mail_says_who_and_where(server, root, account, address, invite):
    mine = account("Pies & <Sons>")
    ada = address("ada")
    made, message = invite(mine["AccountId"], ada)
    assert message["To"] and ada in message["To"]
    assert "chime@carillon.example" in message["From"]
    assert message["Message-ID"] and message["Date"]
    assert message["Auto-Submitted"] == "auto-generated"
    assert "Pies & <Sons>" in message["Subject"]
    plain, marked_up = text_of(message), text_of(message, "html")
    assert "Pies & <Sons>" in plain and ACCOUNT_ID in plain
    assert "Pies &amp; &lt;Sons&gt;" in marked_up and "<Sons>" not in marked_up
    link = link_of(message)
    assert link.startswith(f"{server.endpoint}/invitations/{made['InviteId']}?token=")
    token = link.partition("token=")[2]
    assert len(token) >= 43
    assert link.replace("&", "&amp;") in marked_up


def test_a_name_cannot_add_a_header(root, account, address, invite):
    try:
        mine = account("Evil\r\nBcc: eve@example.com")
    except root.chime.exceptions.BadRequestException:
        return  # a name of two lines need not be taken
    _, message = invite(mine["AccountId"], address())
    assert message["Bcc"] is None
    assert not any(name.lower() == "bcc" for name in message.keys())


def test_fifty_people_get_fifty_mails(root, account, address, mail):
    mine = account()["AccountId"]
    people = [address() for _ in range(50)]
    root.chime.invite_users(AccountId=mine, UserEmailList=people)
    for one in people:
        (message,) = mail.wait_for(one)
    assert len({link_of(mail.to(one)[0]) for one in people}) == 50


def test_a_rename_changes_later_mails(root, account, address, invite):
    mine = account("Old name")["AccountId"]
    _, first = invite(mine, address())
    root.chime.update_account(AccountId=mine, Name="New name")
    _, second = invite(mine, address())
    assert "Old name" in first["Subject"] and "New name" in second["Subject"]


def test_nothing_is_sent_for_a_request_that_fails(root, account, address, mail):
    mine = account()["AccountId"]
    good, sentinel = address(), address()
    with refused("BadRequestException", 400):
        root.chime.invite_users(AccountId=mine, UserEmailList=[good, "bad"])
    root.chime.invite_users(AccountId=mine, UserEmailList=[sentinel])
    mail.wait_for(sentinel)
    assert mail.to(good) == []


def test_a_mailbox_that_is_none(root, account, address, mail, wait_until):
    gone = address("gone")
    mail.refuse(gone, "550 5.1.1 no such mailbox")
    mine = account()["AccountId"]
    root.chime.invite_users(AccountId=mine, UserEmailList=[gone])
    user = root.chime.get_user_by_email(AccountId=mine, UserEmail=gone)["User"]
    assert user["UserInvitationStatus"] in ("Pending", "Failed")
    wait_until(lambda: get(root, user)["UserInvitationStatus"] == "Failed", 20, what="the failure of the invitation")
    assert mail.attempts[gone.lower()] == 1, "a mailbox that is none is not tried again"


def test_a_mailbox_that_is_busy(root, account, address, mail):
    busy = address("busy")
    mail.refuse(busy, "451 4.3.0 try again later", times=1)
    mine = account()["AccountId"]
    root.chime.invite_users(AccountId=mine, UserEmailList=[busy])
    mail.wait_for(busy, seconds=60)
    assert mail.attempts[busy.lower()] == 2
    user = root.chime.get_user_by_email(AccountId=mine, UserEmail=busy)["User"]
    assert user["UserInvitationStatus"] == "Pending"


def test_mail_that_waited_is_sent_after_a_restart(new_server, address, mail, wait_until):
    """The mail is as durable as the answer that promised it."""
    server = new_server(env={"CARILLON_SMTP_URL": "smtp://127.0.0.1:9"})
    server.start()
    waiting = address("waiting")
    mine = server.root.chime.create_account(Name="Patient")["Account"]["AccountId"]
    server.root.chime.invite_users(AccountId=mine, UserEmailList=[waiting])
    wait_until(lambda: "will be tried again" in server.log, what="an attempt at a relay that is not there")
    server.kill()
    server.env["CARILLON_SMTP_URL"] = mail.url
    server.start()
    mail.wait_for(waiting, seconds=60)
    assert server.stop() == 0


@pytest.mark.parametrize("kind", ["smtp+starttls", "smtps"])
def test_relays_that_want_tls_and_a_password(new_server, certificate, address, kind):
    ca, cert, key = certificate
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, key)
    tls = {"tls_context": context, "require_starttls": True} if kind == "smtp+starttls" else {"ssl_context": context}
    relay = Sink(
        kind, authenticator=only("carillon", "p@ss/word"), auth_required=True, auth_require_tls=kind == "smtp+starttls",
        **tls)
    relay.start()
    try:
        url = f"{kind}://carillon:p%40ss%2Fword@localhost:{relay.port}"
        trusting = new_server(env={"CARILLON_SMTP_URL": url, "CARILLON_SMTP_CA": str(ca)})
        trusting.start()
        one = address()
        mine = trusting.root.chime.create_account(Name="Encrypted")["Account"]["AccountId"]
        trusting.root.chime.invite_users(AccountId=mine, UserEmailList=[one])
        relay.wait_for(one)
        assert trusting.stop() == 0
        assert "p@ss/word" not in trusting.everything_printed().decode() and "p%40ss" not in trusting.everything_printed().decode()
    finally:
        relay.stop()


# Registering.

def test_registering(server, root, account, address, invite):
    mine = account()["AccountId"]
    ada = address("ada")
    _, message = invite(mine, ada)
    link = link_of(message)
    browser = Browser(server)
    page = browser.open(link)
    assert page.status == 200
    assert page.headers["Content-Type"].startswith("text/html")
    assert ada in page.text or any(ada == value for form in page.forms for _, value in form.fields.values())
    assert get(root, root.chime.get_user_by_email(AccountId=mine, UserEmail=ada)["User"])["UserRegistrationStatus"] == \
        "Unregistered", "looking is not agreeing: mail scanners open links too"
    browser.register(link, PASSWORD, "Ada Lovelace")
    user = root.chime.get_user_by_email(AccountId=mine, UserEmail=ada)["User"]
    assert user["UserRegistrationStatus"] == "Registered"
    assert user["UserInvitationStatus"] == "Accepted"
    assert user["DisplayName"] == "Ada Lovelace"
    assert user["LicenseType"] == "Pro"
    assert re.fullmatch(r"\d{10}", user["PersonalPIN"])
    assert abs(user["RegisteredOn"].timestamp() - time.time()) < 60
    (listed,) = root.chime.list_users(AccountId=mine)["Users"]
    assert "PersonalPIN" not in listed
    # The link is used up.
    again = Browser(server).open(link)
    assert again.status >= 400 or again.form_with("password") is None


def test_the_default_licence_is_what_people_join_with(root, account, person):
    mine = account()["AccountId"]
    root.chime.update_account(AccountId=mine, DefaultLicense="Basic")
    user, _ = person(mine)
    assert user["LicenseType"] == "Basic"


def test_links_that_lead_nowhere(server, root, account, address, invite):
    mine = account()["AccountId"]
    one = address()
    _, first = invite(mine, one)
    old = link_of(first)
    _, second = invite(mine, one)
    new = link_of(second)
    other = link_of(invite(mine, address())[1])
    base, token = new.split("?token=")
    for wrong in (
        old, f"{base}?token={token[:-1]}", f"{base}?token=", base, f"{base}?token={'A' * 43}",
        f"{base}?token={other.partition('token=')[2]}", f"{server.endpoint}/invitations/nothing?token={token}",
        f"{server.endpoint}/invitations/%00?token={token}",
    ):
        page = Browser(server).open(wrong)
        assert 400 <= page.status < 500, (wrong, page)
        assert page.form_with("password") is None
    assert Browser(server).open(new).status == 200


def test_an_invitation_taken_back(server, root, account, address, invite):
    mine = account()["AccountId"]
    one = address()
    _, message = invite(mine, one)
    user = root.chime.get_user_by_email(AccountId=mine, UserEmail=one)["User"]
    root.chime.batch_suspend_user(AccountId=mine, UserIdList=[user["UserId"]])
    assert 400 <= Browser(server).open(link_of(message)).status < 500


def test_passwords_that_are_refused(server, root, account, address, invite):
    mine = account()["AccountId"]
    one = address()
    _, message = invite(mine, one)
    browser = Browser(server)
    page = browser.open(link_of(message))
    for password in ("", "short"):
        answer = browser.submit(page, page.form_with("password"), password=password, text="Ada Lovelace")
        assert answer.status in (200, 400, 422), answer
        user = root.chime.get_user_by_email(AccountId=mine, UserEmail=one)["User"]
        assert user["UserRegistrationStatus"] == "Unregistered"
    browser.register(link_of(message), PASSWORD)


def test_a_form_from_elsewhere_is_refused(server, root, account, address, invite):
    """Another site cannot press the button for the person."""
    mine = account()["AccountId"]
    one = address()
    _, message = invite(mine, one)
    browser = Browser(server)
    page = browser.open(link_of(message))
    form = page.form_with("password")
    data = {name: value for name, (_, value) in form.fields.items()}
    data |= {name: PASSWORD for name, (kind, _) in form.fields.items() if kind == "password"}
    target = urllib.parse.urljoin(page.url, form.action or page.url)
    request = urllib.request.Request(
        target, urllib.parse.urlencode(data).encode(),
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"})
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=10)
    assert 400 <= caught.value.code < 500
    user = root.chime.get_user_by_email(AccountId=mine, UserEmail=one)["User"]
    assert user["UserRegistrationStatus"] == "Unregistered"


def test_pages_are_safe_to_show(server, account, address, invite):
    mine = account("<script>alert(1)</script>")
    _, message = invite(mine["AccountId"], address())
    page = Browser(server).open(link_of(message))
    assert "<script>alert(1)" not in page.body
    policy = page.headers["Content-Security-Policy"]
    assert policy and "'unsafe-inline'" not in policy.partition("script-src")[2].partition(";")[0]
    assert "frame-ancestors 'none'" in policy or page.headers["X-Frame-Options"] == "DENY"
    assert page.headers["Referrer-Policy"] in ("no-referrer", "same-origin", "strict-origin"), "the link holds a secret"
    assert "no-store" in page.headers["Cache-Control"]


# Signing in.

def test_signing_in(server, person):
    user, _ = person()
    browser = signed_in(server, user)
    (cookie,) = [one for one in browser.cookies if one.value]
    assert cookie.has_nonstandard_attr("HttpOnly")
    assert cookie.get_nonstandard_attr("SameSite", "").lower() in ("strict", "lax")


@pytest.mark.parametrize("wrong", ["password", "address", "nothing"])
def test_signing_in_wrongly_says_one_thing(server, person, wrong):
    user, _ = person()
    browser = Browser(server)
    page = browser.sign_in(
        "nobody@example.com" if wrong == "address" else user["PrimaryEmail"],
        {"password": "not the password", "nothing": ""}.get(wrong, PASSWORD))
    assert not browser.is_signed_in()
    assert page.status in (200, 400, 401, 403)
    assert "unknown" not in page.text.lower() and "does not exist" not in page.text.lower()


def test_an_unregistered_person_cannot_sign_in(server, root, account, address, invite):
    one = address()
    invite(account()["AccountId"], one)
    browser = Browser(server)
    browser.sign_in(one, PASSWORD)
    assert not browser.is_signed_in()


def test_the_address_is_compared_without_case(server, person):
    user, _ = person()
    browser = Browser(server)
    browser.sign_in(user["PrimaryEmail"].upper(), PASSWORD)
    assert browser.is_signed_in()


def test_logging_out_ends_every_session(server, root, person):
    user, registered = person()
    phone, desk = signed_in(server, user), signed_in(server, user)
    other_user, _ = person()
    other = signed_in(server, other_user)
    root.chime.logout_user(AccountId=user["AccountId"], UserId=user["UserId"])
    assert not phone.is_signed_in() and not desk.is_signed_in() and not registered.is_signed_in()
    assert other.is_signed_in()
    signed_in(server, user)


def test_sessions_survive_a_restart_until_they_are_ended(new_server, mail, address):
    server = new_server()
    server.start()
    chime = server.root.chime
    mine = chime.create_account(Name="Restarted")["Account"]["AccountId"]
    one = address()
    chime.invite_users(AccountId=mine, UserEmailList=[one])
    browser = Browser(server)
    browser.register(link_of(mail.wait_for(one)[0]), PASSWORD)
    user = chime.get_user_by_email(AccountId=mine, UserEmail=one)["User"]
    browser = signed_in(server, user)
    server.restart()
    assert browser.is_signed_in()
    chime.logout_user(AccountId=mine, UserId=user["UserId"])
    server.restart()
    assert not browser.is_signed_in()
    assert server.stop() == 0


def test_removal_from_the_team_ends_membership_and_sessions(server, root, person):
    user, _ = person()
    browser = signed_in(server, user)
    root.chime.batch_suspend_user(AccountId=user["AccountId"], UserIdList=[user["UserId"]])
    assert not browser.is_signed_in(), "within one second"
    with refused("NotFoundException", 404):
        get(root, user)
    assert root.chime.list_accounts(UserEmail=user["PrimaryEmail"])["Accounts"] == []
    with refused("NotFoundException", 404):
        root.chime.logout_user(AccountId=user["AccountId"], UserId=user["UserId"])


def test_coming_back_by_invitation(server, root, person, invite):
    user, _ = person()
    root.chime.batch_suspend_user(AccountId=user["AccountId"], UserIdList=[user["UserId"]])
    _, message = invite(user["AccountId"], user["PrimaryEmail"])
    browser = Browser(server)
    page = browser.open(link_of(message))
    # Whoever has a password already proves it, rather than choose another.
    browser.submit(page, page.form_with("password"), password=PASSWORD, text="Ada Lovelace", email=user["PrimaryEmail"])
    again = root.chime.get_user_by_email(AccountId=user["AccountId"], UserEmail=user["PrimaryEmail"])["User"]
    assert again["UserRegistrationStatus"] == "Registered"
    assert again["RegisteredOn"] == user["RegisteredOn"], "the first registration counts"
    signed_in(server, again)


def test_a_member_is_not_invited_again(root, person, mail):
    user, _ = person()
    before = len(mail.to(user["PrimaryEmail"]))
    (invite,) = root.chime.invite_users(
        AccountId=user["AccountId"], UserEmailList=[user["PrimaryEmail"]])["Invites"]
    assert (invite["Status"], invite["EmailStatus"]) == ("Accepted", "NotSent")
    assert len(mail.to(user["PrimaryEmail"])) == before


# Personal PIN.

def test_a_new_pin(root, person):
    user, _ = person()
    again = root.chime.reset_personal_pin(AccountId=user["AccountId"], UserId=user["UserId"])["User"]
    assert re.fullmatch(r"\d{10}", again["PersonalPIN"])
    assert again["PersonalPIN"] != user["PersonalPIN"]
    assert get(root, user)["PersonalPIN"] == again["PersonalPIN"]
    pins = {again["PersonalPIN"], user["PersonalPIN"]}
    for _ in range(5):
        pins.add(root.chime.reset_personal_pin(
            AccountId=user["AccountId"], UserId=user["UserId"])["User"]["PersonalPIN"])
    assert len(pins) == 7


def test_the_person_is_told_of_a_new_pin(root, person, mail):
    user, _ = person()
    before = len(mail.to(user["PrimaryEmail"]))
    root.chime.reset_personal_pin(AccountId=user["AccountId"], UserId=user["UserId"])
    message = mail.wait_for(user["PrimaryEmail"], before + 1)[-1]
    assert "PIN" in message["Subject"] + text_of(message)


def test_a_licence_of_a_registered_person(root, person):
    user, _ = person()
    root.chime.update_user_licenses(AccountId=user["AccountId"], UserIdList=[user["UserId"]], LicenseType="Basic")
    assert get(root, user)["LicenseType"] == "Basic"
