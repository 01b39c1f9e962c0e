"""Who may enter: Signature Version 4, its checks in AWS's order, and its answers in each protocol."""

import datetime
import re
import urllib.request
import uuid

import pytest

from harness.aws import Credentials, Principal, policy, refused
from harness.raw import FORM, Signed, chime_request, now, query_request, send, sha256
from harness.server import ACCOUNT_ID, ROOT

INVALID_TOKEN = "The security token included in the request is invalid."
MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)


def list_users(credentials=ROOT):
    return query_request(credentials, "ListUsers")


def caller(credentials=ROOT):
    return query_request(credentials, "GetCallerIdentity", "sts")


def list_accounts(credentials=ROOT):
    return chime_request(credentials, "GET", "/accounts")


PROTOCOLS = pytest.mark.parametrize(
    "make, codes",
    [
        pytest.param(list_users, "query", id="iam"),
        pytest.param(caller, "query", id="sts"),
        pytest.param(list_accounts, "json", id="chime"),
    ],
)

CODES = {
    "missing": {"query": (403, "MissingAuthenticationToken"), "json": (403, "MissingAuthenticationTokenException")},
    "incomplete": {"query": (400, "IncompleteSignature"), "json": (403, "IncompleteSignatureException")},
    "mismatch": {"query": (403, "SignatureDoesNotMatch"), "json": (403, "InvalidSignatureException")},
    "unknown": {"query": (403, "InvalidClientTokenId"), "json": (403, "UnrecognizedClientException")},
}


def assert_refused(answer, codes, kind, message=None):
    assert (answer.status, answer.code) == CODES[kind][codes], (answer.status, answer.headers, answer.body)
    if isinstance(message, re.Pattern):
        assert message.search(answer.message), answer.message
    elif message:
        assert answer.message == message
    if codes == "json":
        assert answer.headers["content-type"].startswith("application/json")
        assert set(answer.json) == {"message"}, "a front-door error has only a message"
    else:
        assert answer.headers["content-type"].startswith("text/xml")
        assert answer.xml_text("Type") == "Sender"
        assert answer.xml_text("RequestId") == answer.headers["x-amzn-requestid"]
    uuid.UUID(answer.headers["x-amzn-requestid"])


@PROTOCOLS
def test_a_right_signature_is_answered(server, make, codes):
    answer = make().to(server)
    assert answer.status == 200, answer.body
    uuid.UUID(answer.headers["x-amzn-requestid"])


@PROTOCOLS
def test_without_a_signature(server, make, codes):
    request = make()
    answer = send(server, request.method, request.path, request.headers, request.body)
    message = "Request is missing Authentication Token" if codes == "query" else "Missing Authentication Token"
    assert_refused(answer, codes, "missing", message)


@PROTOCOLS
@pytest.mark.parametrize("header", ["AWS4-HMAC-SHA256 A=b", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Credential=a"])
def test_a_header_with_parts_missing(server, make, codes, header):
    answer = make().to(server, headers={"Authorization": header})
    assert_refused(answer, codes, "incomplete", re.compile("Authorization header requires 'Signature' parameter"))


@PROTOCOLS
def test_a_header_that_cannot_be_parsed(server, make, codes):
    answer = make().to(server, headers={"Authorization": "AWS4-HMAC-SHA256 nonsense"})
    assert_refused(answer, codes, "incomplete", re.compile("in Authorization header|Authorization header requires"))


def test_all_that_is_missing_is_named(server):
    answer = list_users().to(server, headers={"Authorization": "AWS4-HMAC-SHA256 A=b", "X-Amz-Date": None})
    for part in ("Credential", "Signature", "SignedHeaders"):
        assert f"Authorization header requires '{part}' parameter." in answer.message


@PROTOCOLS
@pytest.mark.parametrize(
    "header", ["Basic cm9vdDpyb290", "Bearer token", "AWS AKIA:signature", "AWS4-ECDSA-P256-SHA256 Credential=a"])
def test_other_schemes_are_refused(server, make, codes, header):
    answer = make().to(server, headers={"Authorization": header})
    assert 400 <= answer.status <= 403, (answer.status, answer.body)
    assert answer.message


@PROTOCOLS
def test_the_wrong_secret(server, make, codes):
    answer = make(Credentials(ROOT.key, ROOT.secret[:-1] + "x")).to(server)
    assert_refused(answer, codes, "mismatch", MISMATCH)


@PROTOCOLS
def test_an_unknown_key(server, make, codes):
    answer = make(Credentials("AKIAIOSFODNN7EXAMPLE", ROOT.secret)).to(server)
    assert_refused(answer, codes, "unknown", INVALID_TOKEN)


@PROTOCOLS
def test_the_key_is_found_before_its_signature_is_checked(server, make, codes):
    """An unknown key is not told apart by whether its signature is well made."""
    answer = make(Credentials("AKIAIOSFODNN7EXAMPLE", "x")).to(server)
    assert_refused(answer, codes, "unknown", INVALID_TOKEN)


@PROTOCOLS
def test_an_old_date(server, make, codes):
    request = make()
    request.moment = now() - datetime.timedelta(minutes=16)
    answer = request.to(server)
    assert_refused(answer, codes, "mismatch", re.compile(
        r"^Signature expired: (\d{8}T\d{6}Z) is now earlier than \d{8}T\d{6}Z \(\d{8}T\d{6}Z - 15 min\.\)$"))


@PROTOCOLS
def test_a_date_to_come(server, make, codes):
    request = make()
    request.moment = now() + datetime.timedelta(minutes=16)
    answer = request.to(server)
    assert_refused(answer, codes, "mismatch", re.compile(
        r"^Signature not yet current: (\d{8}T\d{6}Z) is still later than \d{8}T\d{6}Z \(\d{8}T\d{6}Z \+ 15 min\.\)$"))


@PROTOCOLS
def test_fourteen_minutes_either_way_are_tolerated(server, make, codes):
    for minutes in (-14, 14):
        request = make()
        request.moment = now() + datetime.timedelta(minutes=minutes)
        assert request.to(server).status == 200


@PROTOCOLS
def test_a_date_that_is_none(server, make, codes):
    answer = make().to(server, headers={"X-Amz-Date": "2026-11-24T00:00:00Z"})
    assert_refused(answer, codes, "incomplete", re.compile(
        "Date must be in ISO-8601 'basic format'. Got '2026-11-24T00:00:00Z'"))


@PROTOCOLS
def test_no_date_at_all(server, make, codes):
    answer = make().to(server, headers={"X-Amz-Date": None})
    assert_refused(answer, codes, "incomplete")


@PROTOCOLS
def test_a_credential_of_too_few_parts(server, make, codes):
    signed = make().signed_headers(server)
    header = signed["Authorization"].replace("/aws4_request", "")
    answer = make().to(server, headers={"Authorization": header})
    assert_refused(answer, codes, "incomplete" if codes == "query" else "incomplete")


@PROTOCOLS
def test_the_wrong_terminator(server, make, codes):
    request = make()
    request.terminator = "aws4_reply"
    assert_refused(request.to(server), codes, "mismatch", re.compile(
        "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws4_reply'."))


@PROTOCOLS
def test_a_scope_of_another_day(server, make, codes):
    request = make()
    request.date = "20200101"
    assert_refused(request.to(server), codes, "mismatch", re.compile("20200101"))


@pytest.mark.parametrize("service", ["s3", "execute-api", "chime-sdk"])
def test_a_scope_of_a_service_that_is_not_here(server, service):
    """The protocol is then known from the request alone."""
    request = list_accounts()
    request.service = service
    assert_refused(request.to(server), "json", "mismatch", re.compile(
        "Credential should be scoped to correct service: 'chime'"))
    request = list_users()
    request.service = service
    assert_refused(request.to(server), "query", "mismatch", re.compile(
        "Credential should be scoped to correct service: 'iam'"))


def test_the_scope_says_which_service_answers(server):
    """What is signed for STS is not answered by IAM, whatever action it names."""
    request = list_users()
    request.service = "sts"
    answer = request.to(server)
    assert (answer.status, answer.code) == (400, "InvalidAction")
    assert answer.message == "Could not find operation ListUsers for version 2010-05-08"


def test_iam_lives_in_one_region(server):
    request = list_users()
    request.region = "eu-west-1"
    assert_refused(request.to(server), "query", "mismatch", re.compile(
        "Credential should be scoped to a valid region, not 'eu-west-1'."))


@pytest.mark.parametrize("make", [caller, list_accounts])
def test_sts_and_chime_take_any_region(server, make):
    request = make()
    request.region = "eu-west-1"
    assert request.to(server).status == 200


@PROTOCOLS
def test_the_host_must_be_signed(server, make, codes):
    request = make()
    request.unsigned = ("host",)
    assert_refused(request.to(server), codes, "mismatch", re.compile(
        "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."))


@PROTOCOLS
def test_headers_of_amazon_must_be_signed(server, make, codes):
    request = make()
    request.headers = request.headers | {"X-Amz-Custom": "value"}
    request.unsigned = ("x-amz-custom",)
    assert_refused(request.to(server), codes, "mismatch")


@PROTOCOLS
def test_a_signed_header_that_was_changed(server, make, codes):
    request = make()
    request.headers = request.headers | {"X-Custom": "before"}
    assert request.to(server).status == 200
    assert_refused(request.to(server, headers={"X-Custom": "after"}), codes, "mismatch", MISMATCH)


@PROTOCOLS
def test_a_signed_header_that_was_taken_out(server, make, codes):
    request = make()
    request.headers = request.headers | {"X-Custom": "before"}
    assert_refused(request.to(server, headers={"X-Custom": None}), codes, "mismatch", MISMATCH)


@PROTOCOLS
def test_spaces_in_a_header_fold(server, make, codes):
    request = make()
    request.headers = request.headers | {"X-Custom": "  a   b  "}
    assert request.to(server).status == 200


@pytest.mark.parametrize("make, codes", [
    pytest.param(lambda: query_request(ROOT, "CreateUser", UserName="tampered"), "query", id="iam"),
    pytest.param(lambda: chime_request(ROOT, "POST", "/accounts", {"Name": "tampered"}), "json", id="chime"),
])
def test_a_body_that_was_changed(server, make, codes):
    request = make()
    assert_refused(
        request.to(server, body=request.body.replace(b"tampered", b"TAMPERED")), codes, "mismatch", MISMATCH)
    # The hash a client states is not believed.
    request = make()
    request.headers = request.headers | {"X-Amz-Content-Sha256": sha256(request.body)}
    request.payload_hash = sha256(request.body)
    assert_refused(
        request.to(server, body=request.body.replace(b"tampered", b"TAMPERED")), codes, "mismatch")
    # Nor may a body go unsigned.
    request = make()
    request.headers = request.headers | {"X-Amz-Content-Sha256": "UNSIGNED-PAYLOAD"}
    request.payload_hash = "UNSIGNED-PAYLOAD"
    assert_refused(request.to(server), codes, "mismatch")


def test_a_stated_hash_that_is_right(server):
    request = chime_request(ROOT, "POST", "/accounts", {"Name": "Stated hash"})
    request.headers = request.headers | {"X-Amz-Content-Sha256": sha256(request.body)}
    assert request.to(server).status == 201


def test_a_method_or_a_path_that_was_changed(server):
    assert_refused(list_accounts().to(server, path="/settings"), "json", "mismatch", MISMATCH)
    assert_refused(list_accounts().to(server, path="/accounts?name=x"), "json", "mismatch", MISMATCH)
    assert_refused(list_accounts().to(server, method="DELETE"), "json", "mismatch", MISMATCH)


def test_separators_without_spaces(server):
    request = list_accounts()
    header = request.signed_headers(server)["Authorization"].replace(", ", ",")
    assert request.to(server, headers={"Authorization": header}).status == 200


# Paths and queries as the official clients sign them.

@pytest.mark.parametrize("identifier", [
    "ada@example.com", "a+b", "two words", "slash/inside", "per%cent", "ünï", "a;b=c&d", "a%2Fb", "..x", "~*'()!",
])
def test_identifiers_with_reserved_characters_in_the_path(server, root, account, identifier):
    """Well signed, so the answer is about the thing that is not there."""
    owner = account()["AccountId"]
    for client in (root.public_chime, root.chime):
        with refused("NotFoundException", 404, shape="NotFoundException"):
            client.get_user(AccountId=owner, UserId=identifier)
        with refused("NotFoundException", 404, shape="NotFoundException"):
            client.get_account(AccountId=identifier)


@pytest.mark.parametrize("path", ["/accounts/a+b", "/accounts/a%2Bb", "/accounts/a@b", "/accounts/a%40b",
                                  "/accounts/%E2%82%AC", "/accounts/a%20b", "/accounts/a:b", "/accounts/a%252Fb"])
def test_a_path_is_encoded_again_to_be_signed(server, path):
    answer = chime_request(ROOT, "GET", path).to(server)
    assert (answer.status, answer.code) == (404, "NotFoundException"), answer.body


@pytest.mark.parametrize("path", ["//accounts", "/./accounts", "/x/../accounts"])
def test_a_path_is_normalised_to_be_signed(server, path):
    """The signature holds; whether such a path leads anywhere is the router's business."""
    answer = chime_request(ROOT, "GET", path).to(server)
    assert answer.status in (200, 404), answer.body


@pytest.mark.parametrize("query", ["name=a%20b", "name=a%2Bb", "name=%C3%A9", "name=x&max-results=3", "max-results=3&name=x",
                                   "name=a%2fb"])
def test_a_query_is_sorted_and_encoded_to_be_signed(server, query):
    assert chime_request(ROOT, "GET", f"/accounts?{query}").to(server).status == 200


def test_filters_reach_the_operation_as_they_were_meant(server, root):
    for name in ("Plus + Sons", "50% & more", "Ärger=gut", "a/b", "quote\"s'"):
        made = root.chime.create_account(Name=name)["Account"]
        assert made["Name"] == name
        found = root.chime.list_accounts(Name=name)["Accounts"]
        assert [one["AccountId"] for one in found] == [made["AccountId"]]


# Signatures in the query.

def identity_url(credentials=ROOT, **options):
    return Signed(
        credentials, "GET", "/?Action=GetCallerIdentity&Version=2011-06-15", "sts", **options)


def test_a_presigned_identity_is_answered(server, root):
    url = root.sts.generate_presigned_url("get_caller_identity", HttpMethod="GET")
    with urllib.request.urlopen(url, timeout=10) as answer:
        assert f"<Arn>arn:aws:iam::{ACCOUNT_ID}:root</Arn>".encode() in answer.read()
    # And one made by hand.
    assert send(server, "GET", identity_url().presigned(server)).status == 200


def test_a_presigned_request_ends(server):
    request = identity_url(moment=now() - datetime.timedelta(minutes=5))
    assert send(server, "GET", request.presigned(server, expires=600)).status == 200
    answer = send(server, "GET", request.presigned(server, expires=60))
    assert (answer.status, answer.code) == (400, "RequestExpired"), answer.body


@pytest.mark.parametrize("expires", ["0", "-1", "604801", "soon", ""])
def test_a_presigned_request_lives_a_second_to_a_week(server, expires):
    answer = send(server, "GET", identity_url().presigned(server, expires=expires))
    assert 400 <= answer.status <= 403, answer.body


def test_a_presigned_request_that_was_changed(server):
    path = identity_url().presigned(server)
    for changed in (path.replace("Version=2011-06-15", "Version=2011-06-15&More=1"),
                    path.replace("Expires=900", "Expires=901"), path[:-1] + ("0" if path[-1] != "0" else "1")):
        answer = send(server, "GET", changed)
        assert (answer.status, answer.code) == (403, "SignatureDoesNotMatch"), answer.body


def test_two_signatures_are_one_too_many(server):
    path = identity_url().presigned(server)
    headers = identity_url().signed_headers(server)
    answer = send(server, "GET", path, headers)
    assert 400 <= answer.status <= 403, answer.body


def test_a_presigned_request_of_chime(server):
    path = list_accounts().presigned(server)
    assert send(server, "GET", path).status == 200
    answer = send(server, "GET", path + "0")
    assert (answer.status, answer.code) == (403, "InvalidSignatureException")


# Keys and tokens.

def test_an_inactive_key_is_an_unknown_key(server, root, user):
    ada = user(policy("chime:ListAccounts"))
    assert ada.chime.list_accounts()["Accounts"] is not None
    root.iam.update_access_key(UserName=ada.name, AccessKeyId=ada.credentials.key, Status="Inactive")
    with refused("UnrecognizedClientException", 403, INVALID_TOKEN):
        ada.chime.list_accounts()
    with refused("InvalidClientTokenId", 403, INVALID_TOKEN):
        ada.sts.get_caller_identity()
    root.iam.update_access_key(UserName=ada.name, AccessKeyId=ada.credentials.key, Status="Active")
    ada.chime.list_accounts()
    root.iam.delete_access_key(UserName=ada.name, AccessKeyId=ada.credentials.key)
    with refused("UnrecognizedClientException", 403, INVALID_TOKEN):
        ada.chime.list_accounts()


@pytest.fixture
def sessions(user, role):
    """Two sessions of one role."""
    ada = user(policy("sts:AssumeRole"))
    arn = role(policy("chime:ListAccounts"))
    return ada.assume(arn, "one"), ada.assume(arn, "two")


def with_token(session, token):
    return Principal(session.server, Credentials(session.credentials.key, session.credentials.secret, token))


def test_a_temporary_key_needs_its_token(server, sessions):
    one, two = sessions
    assert one.credentials.key.startswith("ASIA")
    one.chime.list_accounts()
    one.sts.get_caller_identity()
    token = one.credentials.token
    middle = len(token) // 2
    damaged = token[:middle] + ("A" if token[middle] != "A" else "B") + token[middle + 1:]
    for wrong in (None, two.credentials.token, damaged, token[:-8], token + "AAAA", "nonsense", "x" * 5000):
        impostor = with_token(one, wrong)
        with refused("UnrecognizedClientException", 403, INVALID_TOKEN):
            impostor.chime.list_accounts()
        with refused("InvalidClientTokenId", 403, INVALID_TOKEN):
            impostor.sts.get_caller_identity()


def test_a_long_term_key_has_no_token(server, root, sessions):
    one, _ = sessions
    impostor = with_token(root, one.credentials.token)
    with refused("UnrecognizedClientException", 403, INVALID_TOKEN):
        impostor.chime.list_accounts()


def test_a_presigned_request_with_a_token(server, sessions):
    one, _ = sessions
    answer = send(server, "GET", identity_url(one.credentials).presigned(server))
    assert answer.status == 200, answer.body
    assert answer.xml_text("Arn") == one.arn


# Form of the Query protocol.

def test_a_query_request_by_get(server):
    answer = Signed(ROOT, "GET", "/?Action=ListUsers&Version=2010-05-08", "iam").to(server)
    assert answer.status == 200, answer.body


@pytest.mark.parametrize("method, path", [("PUT", "/"), ("DELETE", "/"), ("PATCH", "/"), ("POST", "/elsewhere"), ("POST", "/accounts")])
def test_a_query_request_is_a_post_or_a_get_of_one_address(server, method, path):
    request = list_users()
    request.method, request.path = method, path
    answer = request.to(server)
    assert 400 <= answer.status < 500 and answer.xml_text("Code"), (answer.status, answer.body)


def test_a_query_answer_says_its_namespace(server):
    assert b"<ListUsersResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">" in list_users().to(server).body
    body = caller().to(server).body
    assert b"<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">" in body


@pytest.mark.parametrize("service, version", [("iam", "2010-05-08"), ("sts", "2011-06-15")])
def test_actions_nobody_has(server, service, version):
    answer = query_request(ROOT, "FlyToTheMoon", service).to(server)
    assert (answer.status, answer.code) == (400, "InvalidAction")
    assert answer.message == f"Could not find operation FlyToTheMoon for version {version}"
    answer = Signed(
        ROOT, "POST", "/", service, body=f"Version={version}".encode(), headers={"Content-Type": FORM}).to(server)
    assert (answer.status, answer.code) == (400, "MissingAction")


def test_the_console_prefix_of_older_scripts(server):
    answer = chime_request(ROOT, "GET", "/console/accounts").to(server)
    assert answer.status == 200, answer.body
