"""What ends by itself: the server is restarted with a clock that is ahead."""

import datetime

from harness.aws import Credentials, Principal
from harness.mail import link_of
from harness.portal import Browser
from harness.raw import chime_request, now, query_request
from harness.server import ROOT

PASSWORD = "correct horse battery 9"


def at(request, server, **delta):
    """Sends a request whose clock is ahead as well."""
    request.moment = now() + datetime.timedelta(**delta)
    return request.to(server)


def test_session_tokens_expire(new_server):
    server = new_server()
    server.start()
    credentials = Credentials.of(server.root.sts.get_session_token(DurationSeconds=900)["Credentials"])
    Principal(server, credentials).chime.list_accounts()
    server.restart_later(minutes=14)
    assert at(chime_request(credentials, "GET", "/accounts"), server, minutes=14).status == 200
    server.restart_later(minutes=16)
    answer = at(chime_request(credentials, "GET", "/accounts"), server, minutes=16)
    assert (answer.status, answer.code) == (403, "ExpiredTokenException")
    assert answer.message == "The security token included in the request is expired"
    answer = at(query_request(credentials, "GetCallerIdentity", "sts"), server, minutes=16)
    assert (answer.status, answer.code) == (403, "ExpiredToken")
    assert answer.message == "The security token included in the request is expired"
    # The clock of the signature is judged first.
    answer = chime_request(credentials, "GET", "/accounts").to(server)
    assert (answer.status, answer.code) == (403, "InvalidSignatureException")
    assert at(chime_request(ROOT, "GET", "/accounts"), server, minutes=16).status == 200


def test_page_tokens_expire(new_server):
    server = new_server()
    server.start()
    for number in range(3):
        server.root.chime.create_account(Name=f"Account {number}")
    token = server.root.chime.list_accounts(MaxResults=1)["NextToken"]
    page = lambda: chime_request(ROOT, "GET", f"/accounts?max-results=1&next-token={token}")
    assert page().to(server).status == 200
    server.restart_later(hours=23)
    assert at(page(), server, hours=23).status == 200
    server.restart_later(hours=25)
    answer = at(page(), server, hours=25)
    assert (answer.status, answer.code) == (400, "BadRequestException")


def test_invitations_and_sessions_of_people_expire(new_server, mail, unique, wait_until):
    server = new_server()
    server.start()
    late, early = f"{unique('late')}@example.com", f"{unique('early')}@example.com"
    chime = server.root.chime
    mine = chime.create_account(Name="Patience")["Account"]["AccountId"]
    chime.invite_users(AccountId=mine, UserEmailList=[late, early])
    browser = Browser(server)
    browser.register(link_of(mail.wait_for(early)[0]), PASSWORD)
    browser.sign_in(early, PASSWORD)
    link = link_of(mail.wait_for(late)[0])

    server.restart_later(hours=11)
    assert browser.is_signed_in()
    server.restart_later(hours=24)
    assert not browser.is_signed_in(), "idle for more than twelve hours"

    server.restart_later(days=29)
    assert Browser(server).open(link).status == 200
    server.restart_later(days=31)
    assert 400 <= Browser(server).open(link).status < 500

    def status():
        request = chime_request(ROOT, "GET", f"/accounts/{mine}/users?operation=get-by-email&user-email={late}")
        return at(request, server, days=31).json["User"]["UserInvitationStatus"]

    wait_until(lambda: status() == "Failed", 20, what="the end of the invitation")
