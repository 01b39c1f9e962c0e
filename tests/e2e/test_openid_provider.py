"""Products that let people in because they are signed in to the portal, by a library for OpenID Connect."""

import base64
import json
import time
import urllib.parse
import uuid

import pytest
import requests
from authlib.common.security import generate_token
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from harness.mail import link_of
from harness.portal import Browser
from harness.product import Product
from harness.server import carillon

PASSWORD = "correct horse battery 9"


@pytest.fixture(scope="module")
def server(make_server, certificate):
    shared = make_server(
        "openid", arguments=["--delivery-network", "127.0.0.0/8"], env={"SSL_CERT_FILE": str(certificate[0])})
    shared.start()
    yield shared
    shared.assert_healthy()
    assert shared.stop() == 0, shared.log
    shared.assert_never_panicked()


@pytest.fixture
def product(server, certificate):
    made = []

    def make(*options, **more):
        made.append(Product(server, certificate, *options, **more))
        return made[-1]

    yield make
    for one in made:
        one.stop()


@pytest.fixture
def wiki(product):
    return product()


@pytest.fixture
def person(server, root, account, unique, mail):
    """A registered user of a Team account: its user, and the browser it registered with."""

    def make(account_id=None):
        account_id = account_id or account()["AccountId"]
        email = f"{unique('person')}@example.com"
        root.chime.invite_users(AccountId=account_id, UserEmailList=[email])
        browser = Browser(server)
        browser.register(link_of(mail.wait_for(email)[-1]), PASSWORD)
        return root.chime.get_user_by_email(AccountId=account_id, UserEmail=email)["User"], browser

    return make


def enter(browser, page, user):
    """Fills in the pages of signing in that somebody was sent to, and goes on."""
    for _ in range(2):
        form = page.form_with("password") or page.form_with("email")
        assert form, page
        last = any(kind == "password" for kind, _ in form.fields.values())
        page = browser.submit(page, form, email=user["PrimaryEmail"], password=PASSWORD)
        if last:
            break
    # The portal's own pages are followed; where a product begins, the test looks at.
    return browser.open(page.refresh) if (page.refresh or "").startswith("/") else page


def query_of(url):
    return {name: value for name, (value,) in urllib.parse.parse_qs(urllib.parse.urlsplit(url).query).items()}


def refused(answer, code, status=400):
    assert (answer.status_code, answer.json()["error"]) == (status, code), answer.text


def license_of(root, user, license):
    answer = root.chime.batch_update_user(
        AccountId=user["AccountId"], UpdateUserRequestItems=[{"UserId": user["UserId"], "LicenseType": license}])
    assert answer["UserErrors"] == []


def test_a_person_signs_in_to_a_product(server, root, wiki, person):
    user, _ = person()
    browser = Browser(server)
    url, context = wiki.question(login_hint=user["PrimaryEmail"])
    page = browser.open(url)
    assert page.form_with("email"), page
    assert page.form_with("email").fields["email"][1] == user["PrimaryEmail"]
    page = enter(browser, page, user)
    assert page.url.startswith(wiki.callback + "?"), page
    assert query_of(page.url)["iss"] == server.endpoint == wiki.known["issuer"]
    tokens = wiki.redeem(page.url, context)
    claims = wiki.read(tokens["id_token"])
    account = root.chime.get_account(AccountId=user["AccountId"])["Account"]
    assert {
        "iss": server.endpoint, "aud": wiki.client_id, "sub": user["UserId"], "email": user["PrimaryEmail"],
        "email_verified": True, "name": "Ada Lovelace", "license": "Pro", "account_id": user["AccountId"],
        "account_name": account["Name"], "disable_remote_control": False, "enable_dial_out": False,
    }.items() <= claims.items()
    assert claims["nonce"] == query_of(url)["nonce"] and claims["exp"] - claims["iat"] == 300
    assert wiki.read(tokens["access_token"], "at+jwt")["aud"] == server.endpoint
    said = wiki.userinfo(tokens["access_token"]).json()
    assert said["sub"] == user["UserId"] and said["license"] == "Pro"
    # The next time it goes without a page.
    assert wiki.sign_in(browser)["access_token"]
    # Nothing of it is in the log.
    for secret in (tokens["access_token"], tokens["refresh_token"], wiki.secret, query_of(page.url)["code"]):
        assert secret.encode() not in server.everything_printed()
        assert secret not in server.audit_log.read_text()


def test_discovery_says_what_is_there(server, wiki):
    known = wiki.known
    assert known["issuer"] == server.endpoint
    assert known["code_challenge_methods_supported"] == ["S256"]
    assert known["backchannel_logout_supported"] and known["backchannel_logout_session_supported"]
    for key in requests.get(known["jwks_uri"], timeout=10).json()["keys"]:
        assert (key["kty"], key["alg"]) in [("EC", "ES256"), ("RSA", "RS256")] and "d" not in key
    answer = requests.options(known["token_endpoint"], timeout=10)
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (204, "*")


@pytest.mark.parametrize("change", [
    {"code_challenge": None}, {"code_challenge_method": "plain"}, {"code_challenge": "short"},
    {"code_challenge_method": None}])
def test_without_pkce_nothing_goes(wiki, person, change):
    _, browser = person()
    url, _ = wiki.question()
    asked = {name: value for name, value in (query_of(url) | change).items() if value is not None}
    page = browser.open(url.split("?")[0] + "?" + urllib.parse.urlencode(asked))
    assert page.url.startswith(wiki.callback), page
    said = query_of(page.url)
    assert said["error"] == "invalid_request" and said["state"] == asked["state"] and "code" not in said


@pytest.mark.parametrize("change", [
    lambda wiki: {"redirect_uri": "https://evil.example/"}, lambda wiki: {"redirect_uri": wiki.callback + "/x"},
    lambda wiki: {"redirect_uri": wiki.callback + "?a=b"}, lambda wiki: {"redirect_uri": None},
    lambda wiki: {"client_id": "nobody"}, lambda wiki: {"client_id": None}])
def test_nobody_is_sent_to_an_address_that_is_not_registered(wiki, person, change):
    _, browser = person()
    url, _ = wiki.question()
    asked = {name: value for name, value in (query_of(url) | change(wiki)).items() if value is not None}
    page = browser.open(url.split("?")[0] + "?" + urllib.parse.urlencode(asked))
    assert page.status == 400 and page.url.startswith(wiki.server.endpoint), page
    twice = browser.open(url + "&client_id=" + wiki.client_id)
    assert twice.status == 400


def test_prompts(server, wiki, person):
    user, browser = person()
    url, _ = wiki.question(prompt="none")
    assert query_of(Browser(server).open(url).url)["error"] == "login_required"
    assert "code" in query_of(browser.open(url).url)
    for again in ({"prompt": "login"}, {"max_age": "0"}):
        url, context = wiki.question(**again)
        time.sleep(1.1)  # `max_age` counts whole seconds, and none have passed yet
        page = browser.open(url)
        assert page.form_with("email"), page
        page = enter(browser, page, user)
        assert wiki.redeem(page.url, context)["id_token"]
    # Nobody can make it look as if the person had just signed in.
    url, _ = wiki.question(prompt="login")
    assert browser.open(url + "&resumed=AAAA").form_with("email")


def test_a_code_is_good_once(server, wiki, product, person):
    _, browser = person()
    url, context = wiki.question()
    came_back = browser.open(url).url
    code = query_of(came_back)["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": wiki.callback}
    refused(wiki.ask("token", **form), "invalid_grant")
    refused(wiki.ask("token", **form, code_verifier=generate_token(64)), "invalid_grant")
    refused(wiki.ask("token", **(form | {"redirect_uri": wiki.signed_out}), code_verifier=context[1]), "invalid_grant")
    refused(product().ask("token", **form, code_verifier=context[1]), "invalid_grant")
    tokens = wiki.redeem(came_back, context)
    assert wiki.userinfo(tokens["access_token"]).status_code == 200
    # The second use ends what came of the first.
    refused(wiki.ask("token", **form, code_verifier=context[1]), "invalid_grant")
    refused(wiki.userinfo(tokens["access_token"]), "invalid_token", 401)
    refused(wiki.refresh(tokens), "invalid_grant")
    assert '"OpenIdCodeReplay"' in server.audit_log.read_text()


def test_refresh_tokens_are_good_once(server, wiki, person):
    _, browser = person()
    first = wiki.sign_in(browser)
    second = wiki.refresh(first).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert wiki.read(second["id_token"])["sub"] == wiki.read(first["id_token"])["sub"]
    third = wiki.refresh(second).json()
    refused(wiki.refresh(third, scope="openid phone"), "invalid_scope")
    # Somebody has an old one: everything is over, also for whoever has the newest.
    refused(wiki.refresh(first), "invalid_grant")
    refused(wiki.refresh(third), "invalid_grant")
    refused(wiki.userinfo(third["access_token"]), "invalid_token", 401)
    assert '"OpenIdRefreshTokenReuse"' in server.audit_log.read_text()


def test_what_is_revoked_is_over(wiki, product, person):
    _, browser = person()
    tokens = wiki.sign_in(browser)
    assert wiki.ask("introspect", token=tokens["access_token"]).json()["active"]
    assert product().ask("introspect", token=tokens["access_token"]).json() == {"active": False}
    assert product().ask("revoke", token=tokens["refresh_token"]).status_code == 200
    assert wiki.ask("introspect", token=tokens["refresh_token"]).json()["active"], "others revoke nothing"
    assert wiki.ask("revoke", token=tokens["refresh_token"]).status_code == 200
    refused(wiki.refresh(tokens), "invalid_grant")
    assert wiki.ask("introspect", token=tokens["access_token"]).json() == {"active": False}
    assert wiki.ask("revoke", token="nonsense").status_code == 200


@pytest.mark.parametrize("way", ["suspended", "logged out", "removed from the portal", "account suspended"])
def test_whoever_is_stopped_is_out_everywhere(server, root, wiki, person, way):
    user, browser = person()
    tokens = wiki.sign_in(browser)
    sid = wiki.read(tokens["id_token"])["sid"]
    ids = {"AccountId": user["AccountId"]}
    began = time.monotonic()
    if way == "suspended":
        root.chime.batch_suspend_user(**ids, UserIdList=[user["UserId"]])
    elif way == "logged out":
        root.chime.logout_user(**ids, UserId=user["UserId"])
    elif way == "account suspended":
        carillon("chime-account", "set-status", user["AccountId"], "Suspended", *server.storage())
    else:
        page = browser.open("/portal")
        browser.submit(page, next(form for form in page.forms if form.action == "/signout"))
    refused(wiki.refresh(tokens), "invalid_grant")
    refused(wiki.userinfo(tokens["access_token"]), "invalid_token", 401)
    (told,) = wiki.logouts()
    assert time.monotonic() - began < 10
    assert (told["sid"], told["sub"], told["aud"]) == (sid, user["UserId"], wiki.client_id)
    assert told["events"] == {"http://schemas.openid.net/event/backchannel-logout": {}}
    assert "nonce" not in told and told["exp"] - told["iat"] == 120
    url, _ = wiki.question()
    assert browser.open(url).form_with("email"), "the browser is out too"


def test_a_product_that_fails_is_told_again(root, wiki, person):
    user, browser = person()
    wiki.sign_in(browser)
    wiki.back_channel.statuses = [500, 302]
    root.chime.logout_user(AccountId=user["AccountId"], UserId=user["UserId"])
    told = wiki.logouts(3, seconds=40)
    assert len({one["jti"] for one in told}) == 3
    assert not any(path == "/elsewhere" for path, _, _ in wiki.back_channel.heard), "redirections are not followed"


def test_the_licence_decides(root, product, wiki, person):
    user, browser = person()
    studio = product("--license", "Pro")
    in_wiki, in_studio = wiki.sign_in(browser), studio.sign_in(browser)
    license_of(root, user, "Basic")
    refreshed = wiki.refresh(in_wiki).json()
    assert wiki.read(refreshed["id_token"])["license"] == "Basic"
    assert wiki.userinfo(refreshed["access_token"]).json()["license"] == "Basic"
    refused(studio.refresh(in_studio), "invalid_grant")
    refused(studio.userinfo(in_studio["access_token"]), "invalid_token", 401)
    (told,) = studio.logouts()
    assert told["sub"] == user["UserId"]
    said = query_of(browser.open(studio.question()[0]).url)
    assert said["error"] == "access_denied" and "code" not in said
    assert wiki.back_channel.heard == [], "the wiki is for everybody with a licence"
    license_of(root, user, "Pro")
    assert studio.sign_in(browser)["id_token"]


def test_a_product_of_one_account(product, account, person):
    mine, other = account(), account()
    studio = product("--account", mine["AccountId"])
    assert studio.sign_in(person(mine["AccountId"])[1])["id_token"]
    page = person(other["AccountId"])[1].open(studio.question()[0])
    assert query_of(page.url)["error"] == "access_denied"


def test_settings_of_the_account(root, server, wiki, person):
    user, browser = person()
    tokens = wiki.sign_in(browser)
    root.chime.update_account_settings(AccountId=user["AccountId"], AccountSettings={"EnableDialOut": True})

    def settings(token):
        return requests.get(
            server.endpoint + "/portal/api/settings", headers={"Authorization": f"Bearer {token}"}, timeout=10)

    assert settings(tokens["access_token"]).json() == {
        "AccountSettings": {"DisableRemoteControl": False, "EnableDialOut": True}}
    refused(settings(tokens["id_token"]), "invalid_token", 401)
    assert requests.get(server.endpoint + "/portal/api/settings", timeout=10).status_code == 401


def test_keys_change_and_old_tokens_hold(server, wiki, person):
    _, browser = person()
    before = wiki.sign_in(browser)
    old = {key.kid for key in wiki.keys().keys}
    made = carillon("oidc-client", "rotate-keys", *server.storage()).stdout.split()[-1]
    after = wiki.refresh(before).json()
    header = json.loads(base64.urlsafe_b64decode(after["id_token"].split(".")[0] + "=="))
    assert header["kid"] == made and made not in old
    assert {key.kid for key in wiki.keys().keys} == old | {made}
    assert wiki.read(before["id_token"]) and wiki.read(after["id_token"])
    assert wiki.userinfo(before["access_token"]).status_code == 200


def test_a_key_in_wrong_hands_is_withdrawn(server, wiki, person):
    _, browser = person()
    tokens = wiki.sign_in(browser)
    made = carillon("oidc-client", "rotate-keys", "--withdraw", *server.storage()).stdout.split()[-1]
    assert {key.kid for key in wiki.keys().keys} == {made}
    refused(wiki.userinfo(tokens["access_token"]), "invalid_token", 401)
    renewed = wiki.refresh(tokens).json()
    assert wiki.read(renewed["id_token"]) and wiki.userinfo(renewed["access_token"]).status_code == 200


def rsa_key(folder, bits=2048, form=serialization.PrivateFormat.PKCS8):
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    path = folder / f"{uuid.uuid4()}.pem"
    path.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    return path


def test_a_product_that_knows_rs256_alone(server, product, wiki, person, root, tmp_path):
    def bring(path, *options, check=True):
        return carillon("oidc-client", "import-key", path, *options, *server.storage(), check=check)

    (tmp_path / "none.pem").write_text("no key")
    for wrong in (rsa_key(tmp_path, 1024), tmp_path / "none.pem", tmp_path / "missing.pem"):
        assert bring(wrong, check=False).returncode != 0
    # As `openssl genrsa` wrote it, and as it writes it today.
    first = bring(rsa_key(tmp_path, form=serialization.PrivateFormat.TraditionalOpenSSL)).stdout.split()[-1]
    old = product("--signing-algorithm", "RS256")
    assert old.known["id_token_signing_alg_values_supported"] == ["ES256", "RS256"]
    user, browser = person()
    tokens = old.sign_in(browser)
    for name, kind in (("id_token", "JWT"), ("access_token", "at+jwt")):
        assert old.read(tokens[name], kind)["sub"] == user["UserId"]
        assert header_of(tokens[name]) == {"alg": "RS256", "typ": kind, "kid": first}
    assert old.userinfo(tokens["access_token"]).status_code == 200
    assert header_of(wiki.sign_in(browser)["id_token"])["alg"] == "ES256", "others stay as they are"
    # The key of one algorithm is none of another.
    public = next(key for key in requests.get(old.known["jwks_uri"], timeout=10).json()["keys"] if key["kid"] == first)
    claims = old.read(tokens["access_token"], "at+jwt")
    for alg in ("HS256", "ES256", "none"):
        confused = forged({"alg": alg, "typ": "at+jwt", "kid": first}, claims, public["n"][:86])
        refused(old.userinfo(confused), "invalid_token", 401)

    second = bring(rsa_key(tmp_path, 3072)).stdout.split()[-1]
    renewed = old.refresh(tokens).json()
    assert header_of(renewed["id_token"])["kid"] == second
    assert old.userinfo(tokens["access_token"]).status_code == 200, "the one before is good for a day"
    third = bring(rsa_key(tmp_path), "--withdraw").stdout.split()[-1]
    assert {key.kid for key in old.keys().keys} & {first, second, third} == {third}
    refused(old.userinfo(renewed["access_token"]), "invalid_token", 401)
    assert wiki.userinfo(wiki.sign_in(browser)["access_token"]).status_code == 200
    root.chime.logout_user(AccountId=user["AccountId"], UserId=user["UserId"])
    (told,) = old.logouts()
    assert told["sub"] == user["UserId"]


def header_of(token):
    return json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))


def forged(header, claims, signature=""):
    encode = lambda part: base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
    return f"{encode(header)}.{encode(claims)}.{signature}"


def test_tokens_that_open_nothing(wiki, person):
    _, browser = person()
    tokens = wiki.sign_in(browser)
    token = tokens["access_token"]
    header, claims, signature = token.split(".")
    said = wiki.read(token, "at+jwt")
    kid = next(iter(wiki.keys().keys)).kid
    last = "A" if signature[0] != "A" else "B"
    for bad in (
        forged({"alg": "none", "typ": "at+jwt", "kid": kid}, said),
        forged({"alg": "HS256", "typ": "at+jwt", "kid": kid}, said, signature),
        forged({"alg": "ES256", "typ": "at+jwt", "kid": "other"}, said, signature),
        f"{header}.{claims}.",
        f"{header}.{claims}.{last}{signature[1:]}",
        f"{header}.{forged({}, said | {'sub': 'eve'}).split('.')[1]}.{signature}",
        tokens["id_token"],  # of another audience, and for another purpose
        tokens["refresh_token"],
        "a.b.c", ".", "x" * 5000,
    ):
        refused(wiki.userinfo(bad), "invalid_token", 401)
    assert wiki.userinfo(token).status_code == 200


def test_who_the_client_is(server, wiki, product, person):
    _, browser = person()
    page = product(public=True)
    tokens = page.sign_in(browser)
    assert page.refresh(tokens).status_code == 200
    assert page.ask("introspect", token="x").status_code == 401, "a public client is nobody"
    form = {"grant_type": "refresh_token", "refresh_token": "x"}
    url = server.endpoint + "/oauth2/token"
    # Without its secret a confidential client is not believed.
    refused(requests.post(url, data=form | {"client_id": wiki.client_id}, timeout=10), "invalid_client", 401)
    both = requests.post(url, data=form | {"client_secret": wiki.secret}, auth=(wiki.client_id, wiki.secret), timeout=10)
    refused(both, "invalid_request")
    assert requests.post(url, json=form, auth=(wiki.client_id, wiki.secret), timeout=10).status_code == 400
    posted = requests.post(
        url, data=form | {"client_id": wiki.client_id, "client_secret": wiki.secret}, timeout=10)
    refused(posted, "invalid_grant")
    refused(wiki.ask("token", grant_type="password", username="a", password="b"), "unsupported_grant_type")
    # A new secret replaces the old one at once.
    old = wiki.secret
    printed = carillon("oidc-client", "rotate-secret", wiki.client_id, *server.storage()).stdout
    wiki.secret = next(line for line in printed.splitlines() if line.startswith("Client secret")).split()[-1]
    assert wiki.secret != old
    refused(wiki.ask("token", **form), "invalid_grant")
    # Whoever guesses waits.
    answers = [requests.post(url, data=form, auth=(wiki.client_id, "guess"), timeout=10) for _ in range(8)]
    assert answers[-1].status_code == 429 and int(answers[-1].headers["Retry-After"]) >= 1


def test_clients_that_cannot_be_registered(server):
    def create(*options):
        return carillon("oidc-client", "create", "X", *options, *server.storage(), check=False)

    for bad in ("http://wiki.example.com/", "javascript:alert(1)", "https://wiki.example.com/#a", "wiki.example.com"):
        done = create("--redirect-uri", bad)
        assert done.returncode != 0 and bad in done.stderr, done
    assert create("--redirect-uri", "https://a.example/", "--account", "nowhere").returncode != 0
    assert create("--redirect-uri", "https://a.example/", "--back-channel-logout-uri", "http://a.example/").returncode != 0


def test_a_client_that_is_deleted(server, wiki, person):
    _, browser = person()
    tokens = wiki.sign_in(browser)
    assert wiki.client_id in carillon("oidc-client", "list", *server.storage()).stdout
    carillon("oidc-client", "delete", wiki.client_id, *server.storage())
    assert wiki.client_id not in carillon("oidc-client", "list", *server.storage()).stdout
    refused(wiki.userinfo(tokens["access_token"]), "invalid_token", 401)
    assert browser.open(wiki.question()[0]).status == 400


def test_a_product_signs_a_person_out(wiki, product, person):
    user, browser = person()
    end = wiki.known["end_session_endpoint"] + "?"
    tokens = wiki.sign_in(browser)
    back = {"post_logout_redirect_uri": wiki.signed_out, "state": "a&b"}
    # A link alone asks first.
    page = browser.open(end + urllib.parse.urlencode({"client_id": wiki.client_id} | back))
    assert page.url.startswith(wiki.server.endpoint) and browser.is_signed_in()
    for bad in ({"post_logout_redirect_uri": "https://evil.example/", "client_id": wiki.client_id},
                {"post_logout_redirect_uri": wiki.signed_out},
                {"id_token_hint": tokens["id_token"], "client_id": product().client_id}):
        assert browser.open(end + urllib.parse.urlencode(bad)).status == 400
    assert browser.is_signed_in()
    # With the ID token of this session it is done.
    page = browser.open(end + urllib.parse.urlencode({"id_token_hint": tokens["id_token"]} | back))
    assert page.url.startswith(wiki.signed_out) and query_of(page.url)["state"] == "a&b"
    assert not browser.is_signed_in()
    assert wiki.logouts()[0]["sub"] == user["UserId"]
    # Asked by a link, and the person says yes.
    browser.sign_in(user["PrimaryEmail"], PASSWORD)
    page = browser.open(end + urllib.parse.urlencode({"client_id": wiki.client_id} | back))
    (form,) = [form for form in page.forms if form.action == "/oauth2/end-session"]
    page = browser.submit(page, form)
    assert any(link.startswith(wiki.signed_out) for link in page.links), page
    assert not browser.is_signed_in()
