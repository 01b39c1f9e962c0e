"""Sessions for those whom AWS does not know, against an identity provider that is reached by HTTPS."""

import datetime
import hashlib
import json
import os
import ssl
import time

import boto3
import botocore
import pytest
from botocore.config import Config

from harness.aws import CONFIG, Credentials, Principal, document, policy, refused
from harness.oidc import Provider
from harness.server import ACCOUNT_ID

NOT_AUTHORIZED = "Not authorized to perform sts:AssumeRoleWithWebIdentity"
UNREACHABLE = "The identity provider (IdP) could not be reached to verify the incoming identity token"
UNVERIFIED = ("Couldn't retrieve verification key from your identity provider, please reference "
              "AssumeRoleWithWebIdentity documentation for requirements")


@pytest.fixture(scope="module")
def server(make_server):
    shared = make_server("federation", arguments=["--provider-network", "127.0.0.0/8"])
    shared.start()
    yield shared
    shared.assert_healthy()
    assert shared.stop() == 0, shared.log
    shared.assert_never_panicked()


@pytest.fixture(scope="session")
def thumbprint(certificate):
    return hashlib.sha1(ssl.PEM_cert_to_DER_cert(certificate[0].read_text())).hexdigest()


@pytest.fixture
def idp(certificate, tmp_path):
    provider = Provider(certificate, tmp_path)
    yield provider
    provider.stop()


@pytest.fixture
def known(root, idp, thumbprint):
    """The provider as IAM knows it: its ARN."""
    return root.iam.create_open_id_connect_provider(
        Url=idp.issuer, ClientIDList=["app"], ThumbprintList=[thumbprint])["OpenIDConnectProviderArn"]


def web_trust(arn, *actions, **conditions):
    actions = ["sts:AssumeRoleWithWebIdentity", *actions]
    return document({"Effect": "Allow", "Principal": {"Federated": arn}, "Action": actions, "Condition": conditions})


@pytest.fixture
def web_role(role, known, idp):
    def make(*documents, actions=(), **conditions):
        return role(*documents, trusted=web_trust(known, *actions, **conditions))

    return make


def unsigned(server):
    return boto3.Session(region_name="us-east-1").client(
        "sts", endpoint_url=server.endpoint, config=CONFIG.merge(Config(signature_version=botocore.UNSIGNED)))


def assume(server, role, token, **options):
    return unsigned(server).assume_role_with_web_identity(
        RoleArn=role, RoleSessionName="browser", WebIdentityToken=token, **options)


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_a_token_opens_a_session(server, idp, known, web_role, algorithm):
    arn = web_role(policy("iam:ListUsers"), StringEquals={f"{idp.name}:aud": "app", f"{idp.name}:sub": "ben"})
    token = idp.token(algorithm)
    answer = assume(server, arn, token, DurationSeconds=900)
    assert answer["SubjectFromWebIdentityToken"] == "ben"
    assert answer["Provider"] == idp.issuer and answer["Audience"] == "app"
    left = answer["Credentials"]["Expiration"] - datetime.datetime.now(datetime.timezone.utc)
    assert datetime.timedelta(minutes=14) < left <= datetime.timedelta(minutes=15)
    browser = Principal(server, Credentials.of(answer["Credentials"]))
    name = arn.rpartition("/")[2]
    assert browser.sts.get_caller_identity()["Arn"] == f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/{name}/browser"
    browser.iam.list_users(MaxItems=1)
    with refused("AccessDenied", 403):
        browser.iam.list_roles()
    with refused("AccessDenied", 403, NOT_AUTHORIZED):
        assume(server, arn, idp.token(algorithm, sub="eve"))
    # The token is nowhere: neither in the trail nor in the log.
    assert token.encode() not in server.everything_printed()
    assert token not in server.audit_log.read_text()
    events = [json.loads(line) for line in server.audit_log.read_text().splitlines()]
    (event,) = [event for event in events
                if event["eventName"] == "AssumeRoleWithWebIdentity" and event.get("requestParameters", {}).get("roleArn") == arn
                and "errorCode" not in event]
    assert event["userIdentity"] == {
        "type": "WebIdentityUser", "principalId": f"{known}:app:ben", "userName": "ben", "identityProvider": known}


def test_the_sdk_signs_in_by_itself(server, idp, web_role, tmp_path):
    """As a pod or a build job does it: a role, a file with a token, and no keys."""
    arn = web_role(policy("iam:ListUsers"))
    (tmp_path / "token").write_text(idp.token())
    (tmp_path / "config").write_text(
        f"[default]\nregion = us-east-1\nrole_arn = {arn}\nweb_identity_token_file = {tmp_path / 'token'}\n"
        f"role_session_name = job\nendpoint_url = {server.endpoint}\n")
    core = botocore.session.Session()
    core.set_config_variable("config_file", str(tmp_path / "config"))
    core.set_config_variable("credentials_file", "/nonexistent")
    job = boto3.Session(botocore_session=core)
    who = job.client("sts", endpoint_url=server.endpoint).get_caller_identity()["Arn"]
    assert who == f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/{arn.rpartition('/')[2]}/job"


def test_tokens_that_prove_nothing(server, idp, web_role):
    arn = web_role()
    now = int(time.time())
    for claims, message in [
        ({"aud": "other"}, "Incorrect token audience"),
        ({"aud": ["app"], "azp": "other"}, "Incorrect token audience"),
        ({"sub": None}, "Missing a required claim: sub"),
        ({"nbf": now + 3600}, "The ID Token provided is not valid yet"),
        ({"iss": "https://login.example.com"},
         "No OpenIDConnect provider found in your account for https://login.example.com"),
    ]:
        with refused("InvalidIdentityToken", 400, message):
            assume(server, arn, idp.token(**claims))
    with refused("ExpiredTokenException", 400):
        assume(server, arn, idp.token(exp=now - 1))
    assert idp.asked == []
    other = idp.rotate()
    with refused("InvalidIdentityToken", 400, UNVERIFIED):
        assume(server, arn, idp.token(key=other))
    header, body, signature = idp.token().split(".")
    stranger = idp.token(sub="eve").split(".")[1]
    with refused("InvalidIdentityToken", 400, UNVERIFIED):
        assume(server, arn, f"{header}.{stranger}.{signature}")
    assume(server, arn, f"{header}.{body}.{signature}")


def test_keys_are_asked_for_once_and_found_when_they_are_new(server, idp, web_role):
    arn = web_role()
    for _ in range(5):
        assume(server, arn, idp.token())
    assert sorted(idp.asked) == ["/.well-known/openid-configuration", "/keys"]
    # Strangers who name keys that do not exist do not make us ask again and again.
    idp.rotate()
    for _ in range(5):
        with refused("InvalidIdentityToken", 400, UNVERIFIED):
            assume(server, arn, idp.token())
    assert idp.asked.count("/keys") <= 2


@pytest.mark.parametrize("path, answer", [
    ("/.well-known/openid-configuration", (500, {})),
    ("/.well-known/openid-configuration", (302, {})),
    ("/keys", (200, b" " * 300_000)),
    ("/keys", (404, {})),
], ids=["failing", "elsewhere", "too long", "absent"])
def test_providers_that_cannot_be_asked(server, idp, web_role, path, answer):
    arn = web_role()
    idp.overrides[path] = answer
    with refused("IDPCommunicationError", 400, UNREACHABLE):
        assume(server, arn, idp.token())


@pytest.mark.parametrize("document", [
    {"issuer": "https://other.example.com", "jwks_uri": "https://127.0.0.1:1/keys"},
    {"issuer": "ISSUER", "jwks_uri": "http://127.0.0.1:1/keys"},
    {"issuer": "ISSUER"}, [], b"{",
], ids=["of another", "not encrypted", "without keys", "a list", "no JSON"])
def test_providers_that_say_something_odd(server, idp, web_role, document):
    arn = web_role()
    if isinstance(document, dict):
        document = {key: idp.issuer if value == "ISSUER" else value for key, value in document.items()}
    idp.overrides["/.well-known/openid-configuration"] = (200, document)
    with refused("InvalidIdentityToken", 400, UNVERIFIED):
        assume(server, arn, idp.token())


def test_a_server_under_another_authority_is_not_the_provider(server, root, idp, role):
    arn = root.iam.create_open_id_connect_provider(
        Url=idp.issuer, ClientIDList=["app"], ThumbprintList=["0" * 40])["OpenIDConnectProviderArn"]
    with refused("IDPCommunicationError", 400, UNREACHABLE):
        assume(server, role(trusted=web_trust(arn)), idp.token())
    assert idp.asked == []


def test_private_addresses_are_not_asked_unless_the_operator_says_so(new_server, idp, thumbprint):
    server = new_server("no-network")
    server.start()
    iam = server.root.iam
    arn = iam.create_open_id_connect_provider(
        Url=idp.issuer, ClientIDList=["app"], ThumbprintList=[thumbprint])["OpenIDConnectProviderArn"]
    role = iam.create_role(RoleName="web", AssumeRolePolicyDocument=web_trust(arn))["Role"]["Arn"]
    with refused("IDPCommunicationError", 400, UNREACHABLE):
        assume(server, role, idp.token())
    assert idp.asked == []
    assert "no public address" in server.log


def test_whoever_a_token_names_has_a_rate_as_others_have(new_server, idp, thumbprint):
    server = new_server(
        "tight", arguments=["--provider-network", "127.0.0.0/8"], env={"CARILLON_RATE_LIMIT": "1"})
    server.start()
    iam = server.root.client("iam", retries={"total_max_attempts": 10, "mode": "legacy"})
    arn = iam.create_open_id_connect_provider(
        Url=idp.issuer, ClientIDList=["app"], ThumbprintList=[thumbprint])["OpenIDConnectProviderArn"]
    role = iam.create_role(RoleName="web", AssumeRolePolicyDocument=web_trust(arn))["Role"]["Arn"]
    token = idp.token()
    with refused("Throttling", 400):
        for _ in range(20):
            assume(server, role, token)
    # Another one of the same provider has a rate of its own.
    assume(server, role, idp.token(sub="eve"))


def test_tags_of_a_token(server, idp, known, web_role, role):
    claims = {"https://aws.amazon.com/tags": {"principal_tags": {"team": ["web"]}, "transitive_tag_keys": ["team"]},
              "https://aws.amazon.com/source_identity": "ben"}
    plain = web_role()
    with refused("AccessDenied", 403, "Not authorized to perform sts:TagSession"):
        assume(server, plain, idp.token(**claims))
    tagged = document({
        "Effect": "Allow", "Action": ["iam:ListUsers", "sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:PrincipalTag/team": "web", "aws:FederatedProvider": known}}})
    arn = web_role(tagged, actions=("sts:TagSession", "sts:SetSourceIdentity"),
                   StringEquals={"aws:RequestTag/team": "web", "sts:SourceIdentity": "ben"})
    answer = assume(server, arn, idp.token(**claims))
    assert answer["SourceIdentity"] == "ben" and answer["PackedPolicySize"] > 0
    browser = Principal(server, Credentials.of(answer["Credentials"]))
    browser.iam.list_users(MaxItems=1)
    # Both survive a chain, which lasts an hour at most.
    wanted = document({
        "Effect": "Allow", "Principal": {"AWS": arn}, "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
        "Condition": {"StringEquals": {"aws:RequestTag/team": "web", "sts:SourceIdentity": "ben"}}})
    second = role(trusted=wanted, MaxSessionDuration=7200)
    browser.assume(second)
    with refused("ValidationError", 400):
        browser.assume(second, DurationSeconds=7200)


def test_sessions_that_users_hand_on(server, user):
    ada = user(policy("sts:GetFederationToken", "chime:*"))
    answer = ada.sts.get_federation_token(Name="bob", Policy=policy("chime:ListAccounts", "iam:*"), DurationSeconds=900)
    assert answer["FederatedUser"]["Arn"] == f"arn:aws:sts::{ACCOUNT_ID}:federated-user/bob"
    bob = Principal(server, Credentials.of(answer["Credentials"]))
    assert bob.sts.get_caller_identity()["Arn"] == f"arn:aws:sts::{ACCOUNT_ID}:federated-user/bob"
    bob.chime.list_accounts()
    with refused("AccessDeniedException", 403):
        bob.chime.create_account(Name="Sales")
    with refused("InvalidClientTokenId", 403):
        bob.iam.list_users()
    # Without a policy there is nothing to do.
    nothing = Principal(server, Credentials.of(ada.sts.get_federation_token(Name="bob")["Credentials"]))
    with refused("AccessDeniedException", 403):
        nothing.chime.list_accounts()
    with refused("AccessDenied", 403, "Cannot call GetFederationToken with session credentials"):
        own = Principal(server, Credentials.of(ada.sts.get_session_token()["Credentials"]))
        own.sts.get_federation_token(Name="bob")
