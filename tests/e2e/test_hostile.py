"""Hostile input: an error of AWS's in the protocol of the service, within bounded time and memory, and nothing else."""

import json
import pathlib
import socket
import struct
import time

import pytest

from harness.aws import policy
from harness.raw import FORM, Signed, chime_request, query_request
from harness.server import ROOT

MIB = 1024 * 1024


@pytest.fixture(autouse=True)
def still_healthy(server):
    """Whatever a test of this module does, the server goes on."""
    yield
    server.assert_healthy()


def iam_form(body):
    return Signed(ROOT, "POST", "/", "iam", body=body, headers={"Content-Type": FORM})


def memory_of(server):
    """Resident memory in MiB."""
    status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


def raw(server, data, seconds=20):
    """Sends bytes and reads until the server closes or says nothing more for a while."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=seconds) as line:
        answer = b""
        try:
            line.sendall(data)
            line.settimeout(2)
            while chunk := line.recv(65536):
                answer += chunk
                line.settimeout(0.3)
        except (ConnectionError, TimeoutError):
            pass
        return answer


# Bodies.

@pytest.mark.parametrize("body", [
    b"{", b"[]", b'"text"', b"7", b"null", b"true", b"nonsense", b'{"Name": }', b'{"Name": "x"', b'{"Name": "x"} extra',
    b'{"Name": "\xff\xfe"}', b"\xff\xfe", b'{"Name": "\\ud800"}', b'{"Name": "x", "Name": 7}', b"\x00", b'{"Name": "a\x00b"}',
    b'{Name: "x"}', b"{'Name': 'x'}", b'\xef\xbb\xbf{"Name": 7}', b'{"Name": 1e999}', b'{"Name": NaN}', b"<xml/>", b"a=b&c=d",
])
def test_json_that_is_none(server, body):
    answer = chime_request(ROOT, "POST", "/accounts", body).to(server)
    assert (answer.status, answer.code) == (400, "BadRequestException"), (answer.status, answer.body)
    assert answer.json["Code"] == "BadRequest" and answer.json["Message"]
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("opening, closing", [(b"[", b"]"), (b'{"a":', b"}")])
@pytest.mark.parametrize("depth", [200, 5000, 100_000])
def test_json_that_is_deep(server, opening, closing, depth):
    deep = opening * depth + b"1" + closing * depth
    answer = chime_request(ROOT, "POST", "/accounts", deep).to(server)
    assert (answer.status, answer.code) == (400, "BadRequestException")
    answer = chime_request(ROOT, "POST", "/accounts", b'{"Ignored": ' + deep + b', "Name": 7}').to(server)
    assert (answer.status, answer.code) == (400, "BadRequestException")


@pytest.mark.parametrize("value", [
    [], {}, None, "text", 7, [7], [None], [[]], [{"a": 1}], {"0": "a@example.com"}, True])
def test_lists_of_the_wrong_type(server, account, value):
    mine = account()["AccountId"]
    answer = chime_request(ROOT, "POST", f"/accounts/{mine}/users?operation=add", {"UserEmailList": value}).to(server)
    assert (answer.status, answer.code) == (400, "BadRequestException"), (value, answer.body)


@pytest.mark.parametrize("body, status", [
    (b"", 400), (b"nonsense", 400), (b"%", 400), (b"Action=%ff%fe&Version=2010-05-08", 400), (b"Action=ListUsers&&&=&=x", 200),
    (b"Action=ListUsers&Action=CreateUser&Version=2010-05-08", None), (b"\xff\xfe\x00", 400), (b"<xml/>", 400),
    (b"Action=CreateUser&UserName=%00&Version=2010-05-08", 400), (b"Action=CreateUser&UserName=%ff&Version=2010-05-08", 400),
    (b"Action=CreateUser&UserName.member.1=x&Version=2010-05-08", 400),
    (b"Action=CreateUser&UserName=x&Tags.member.99999999999999999999.Key=k&Version=2010-05-08", 400),
    (b"Action=CreateUser&UserName=x&Tags.member.2.Key=k&Tags.member.2.Value=v&Version=2010-05-08", 400),
    (b"Action=ListUsers&MaxItems=ten&Version=2010-05-08", 400), (b"Action=ListUsers&Version=1999-01-01", None),
    (b"Action=CreateUser&" + b"&".join(b"Tags.member.%d.Key=k%d" % (n, n) for n in range(1, 20000)), 400),
    (b"Action=CreateUser&UserName=" + b"." * 100_000, 400), (b"Action=" + b"A" * 100_000, 400),
    (b"Action=CreateUser&" + b"A.member.1." * 20_000 + b"=x", 400),
])
def test_forms_that_are_odd(server, body, status):
    answer = iam_form(body).to(server)
    # AWS answers a form that cannot be read with 404, of all things.
    malformed = (answer.status, answer.status != 200 and answer.code) == (404, "MalformedQueryString")
    if status and not malformed:
        assert answer.status == status, answer.body[:500]
    assert answer.status in (200, 400) or malformed, answer.body[:500]
    assert answer.headers["content-type"].startswith("text/xml")
    if answer.status != 200:
        assert answer.code and answer.message is not None
        assert len(answer.body) < 16_384, "an error does not carry the whole request back"


def test_markup_in_a_value_stays_text(server):
    arn = "arn:aws:iam::aws:policy/<x>&amp;\"'"
    answer = query_request(ROOT, "GetPolicy", PolicyArn=arn).to(server)
    assert answer.status in (400, 404)
    assert arn in answer.message


@pytest.mark.parametrize("path", [
    "/accounts", "/accounts/nothing/users?operation=add", "/", "/nowhere",
])
def test_a_body_has_a_limit(server, path):
    before = memory_of(server)
    body = b'{"Name": "' + b"x" * (MIB + 100) + b'"}'
    request = Signed(ROOT, "POST", path, "iam" if path == "/" else "chime", body=body,
                     headers={"Content-Type": FORM if path == "/" else "application/json"})
    try:
        answer = request.to(server)
    except (BrokenPipeError, ConnectionResetError):
        return  # closed before all was said, which is a refusal too
    assert 400 <= answer.status < 500, answer.body[:300]
    assert answer.code and answer.message
    assert memory_of(server) - before < 40


def test_a_megabyte_is_let_in(server):
    body = b'{"Name": "Large", "Ignored": "' + b"x" * (MIB - 100) + b'"}'
    assert len(body) <= MIB
    assert chime_request(ROOT, "POST", "/accounts", body).to(server).status == 201


def test_a_length_that_is_a_lie(server):
    before = memory_of(server)
    head = b"POST /accounts HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
    for length in (10**9, 10**18, 10**30):
        answer = raw(server, head % length + b"{}")
        assert not answer or b" 4" in answer.split(b"\r\n")[0], answer[:200]
    assert b" 400 " in raw(server, head.replace(b"%d", b"-1")).split(b"\r\n")[0]
    assert b" 400 " in raw(server, head.replace(b"%d", b"ten")).split(b"\r\n")[0]
    assert memory_of(server) - before < 40


def test_a_body_in_endless_pieces(server):
    piece = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    answer = raw(server, b"POST /accounts HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + piece * 40)
    assert not answer or b" 4" in answer.split(b"\r\n")[0]


def test_two_lengths_are_refused(server):
    """One request must not be two for somebody in between."""
    for head in (
        b"Content-Length: 2\r\nContent-Length: 3\r\n", b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked, identity\r\n",
    ):
        answer = raw(server, b"POST /accounts HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n{}0\r\n\r\n")
        assert answer.count(b"HTTP/1.1 2") == 0, answer


# Heads.

@pytest.mark.parametrize("make", [
    lambda: chime_request(ROOT, "GET", "/accounts"), lambda: query_request(ROOT, "ListUsers")], ids=["chime", "iam"])
def test_many_headers(server, make):
    answer = make().to(server, headers={f"X-Header-{number}": "value" for number in range(200)})
    assert answer.status == 200 or 400 <= answer.status < 500


def test_a_large_header(server):
    for size in (64 * 1024, MIB):
        answer = raw(server, b"GET /accounts HTTP/1.1\r\nHost: x\r\nX-Large: " + b"x" * size + b"\r\n\r\n")
        assert not answer or b" 4" in answer.split(b"\r\n")[0], answer[:200]


@pytest.mark.parametrize("make, code", [
    (lambda: chime_request(ROOT, "GET", "/accounts"), "BadRequestException"),
    (lambda: query_request(ROOT, "ListUsers"), "RequestHeaderSectionTooLarge")], ids=["chime", "iam"])
def test_a_head_over_the_limit_is_refused_as_aws_does(server, make, code):
    answer = make().to(server, headers={"X-Large": "x" * 31 * 1024})
    assert answer.status == 200, answer.body
    answer = make().to(server, headers={"X-Large": "x" * 33 * 1024})
    assert answer.status == 431
    assert code in (answer.error_type or answer.body.decode())


def test_a_large_address(server):
    for path in ("/" + "x" * 60_000, "/accounts?name=" + "x" * 60_000, "/accounts?" + "a=b&" * 15_000,
                 "/accounts/" + "%2F" * 20_000, "/" + "../" * 20_000):
        answer = raw(server, f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert not answer or b" 4" in answer.split(b"\r\n")[0], answer[:200]


@pytest.mark.parametrize("authorization", [
    "", " ", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 ,,,", "AWS4-HMAC-SHA256 Credential=,SignedHeaders=,Signature=",
    "AWS4-HMAC-SHA256 Credential=////,SignedHeaders=host,Signature=0", "AWS4-HMAC-SHA256 " + "Credential=a/b/c/d/e," * 1000,
    "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/chime/aws4_request, SignedHeaders=" + ";".join(["host"] * 2000) + ", Signature=" + "0" * 64,
    "AWS4-HMAC-SHA256 Credential=" + "a" * 5000 + "/20260101/us-east-1/chime/aws4_request, SignedHeaders=host, Signature=" + "é",
    "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/iam/aws4_request, SignedHeaders=host;x-amz-date, Signature=" + "g" * 64,
], ids=range(10))
def test_authorization_that_is_odd(server, authorization):
    for request in (chime_request(ROOT, "GET", "/accounts"), query_request(ROOT, "ListUsers")):
        answer = request.to(server, headers={"Authorization": authorization.encode("latin-1")})
        assert answer.status in (400, 403, 431), (answer.status, answer.body)


@pytest.mark.parametrize("data", [
    b"nonsense\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 64,
    b"\x00" * 1000, b"GET /accounts HTTP/1.1\r\n\r\n", b"GET /accounts HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"GET /acc\xffounts HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /%ff%fe HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /accounts HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n", b"GET /accounts HTTP/1.1\r\nHost : x\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 100, b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    b"CONNECT example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n", b"GET http://other.example/accounts HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /accounts/%00 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /accounts HTTP/1.1\r\nHost: x\r\nX-Amz-Date: \xff\xff\r\nAuthorization: \xff\r\n\r\n",
], ids=range(18))
def test_requests_that_are_none(server, data):
    answer = raw(server, data)
    assert not answer or answer[9:10] == b"4" or answer.startswith(b"\x00\x00"), answer[:200]


@pytest.mark.parametrize("method", ["PATCH", "HEAD", "TRACE", "OPTIONS", "PROPFIND", "G\xe9T", "X" * 1000])
def test_methods_nobody_has(server, method):
    if method.isascii() and len(method) < 20:
        answer = Signed(ROOT, method, "/accounts").to(server)
        assert 400 <= answer.status < 500, answer.status
    else:
        answer = raw(server, f"{method} /accounts HTTP/1.1\r\nHost: x\r\n\r\n".encode("latin-1"))
        assert not answer or answer[9:10] == b"4"


@pytest.mark.parametrize("path", [
    "/nowhere", "/accounts/x/y/z", "/ACCOUNTS", "/accounts/%00", "/accounts/%ff", "/..%2f..%2fetc%2fpasswd",
    "/console/nowhere", "/accounts%2Fx", "/accounts/" + "x" * 5000,
])
def test_paths_nobody_has(server, path):
    answer = chime_request(ROOT, "GET", path).to(server)
    assert (answer.status, answer.code) in ((404, "NotFoundException"), (400, "BadRequestException")), answer.body


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "", "application/json; charset=utf-16", "é", "x" * 3000])
def test_content_types_that_are_odd(server, content_type):
    request = chime_request(ROOT, "POST", "/accounts", {"Name": "Typed"})
    answer = request.to(server, headers={"Content-Type": content_type.encode("latin-1")})
    assert answer.status in (201, 400, 403, 415, 431), answer.body
    form = query_request(ROOT, "ListUsers")
    answer = form.to(server, headers={"Content-Type": content_type.encode("latin-1")})
    assert answer.status in (200, 400, 403, 415, 431), answer.body


# Time.

def closed_within(lines, seconds):
    """Are all these connections closed by the other side within that time?"""
    deadline = time.monotonic() + seconds
    left = list(lines)
    while left and time.monotonic() < deadline:
        for line in list(left):
            line.settimeout(0.01)
            try:
                if line.recv(65536) == b"":
                    left.remove(line)
            except TimeoutError:
                pass
            except OSError:
                left.remove(line)
        time.sleep(0.2)
    return not left


@pytest.mark.slow
def test_slow_clients_are_closed(server):
    """Three kinds at once: a head a byte a second, a body a byte a second, and silence behind a head."""
    heads = [socket.create_connection(("127.0.0.1", server.port), timeout=5) for _ in range(20)]
    bodies = [socket.create_connection(("127.0.0.1", server.port), timeout=5) for _ in range(20)]
    silent = [socket.create_connection(("127.0.0.1", server.port), timeout=5) for _ in range(20)]
    head = b"POST /accounts HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n"
    for line in bodies + silent:
        line.sendall(head)
    began = time.monotonic()
    open_lines = set(heads + bodies + silent)
    sent = 0
    while open_lines and time.monotonic() - began < 75:
        for line in list(open_lines):
            try:
                if line in heads:
                    line.sendall(head[sent % len(head):][:1])
                elif line in bodies:
                    line.sendall(b" ")
                line.settimeout(0.001)
                # An answer (408) may come before the end.
                while line.recv(65536):
                    pass
                open_lines.discard(line)
            except TimeoutError:
                pass
            except OSError:
                open_lines.discard(line)
        sent += 1
        # Others are served meanwhile.
        assert chime_request(ROOT, "GET", "/accounts?max-results=1").to(server).status == 200
        time.sleep(1)
    assert not open_lines, f"{len(open_lines)} slow connections are still open after 75 s"


def test_many_connections_do_not_shut_others_out(server):
    idle = [socket.create_connection(("127.0.0.1", server.port), timeout=5) for _ in range(300)]
    try:
        assert chime_request(ROOT, "GET", "/accounts?max-results=1").to(server).status == 200
    finally:
        for line in idle:
            # A reset rather than a goodbye, as a client that dies.
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            line.close()


def test_clients_that_leave_before_the_answer(server, account):
    request = chime_request(ROOT, "POST", "/accounts", {"Name": "Nobody waits"})
    head = request.signed_headers(server) | {"Content-Length": str(len(request.body))}
    data = b"POST /accounts HTTP/1.1\r\n" + "".join(f"{n}: {v}\r\n" for n, v in head.items()).encode() + b"\r\n" + request.body
    for _ in range(30):
        line = socket.create_connection(("127.0.0.1", server.port), timeout=5)
        line.sendall(data)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        line.close()
    assert account()["AccountId"]


def test_many_requests_in_one_packet(server):
    one = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    answer = raw(server, one * 50 + b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert answer.count(b"HTTP/1.1 200") == 51


# Policies that are hard to read or to decide.

def test_a_pattern_that_is_exponential_elsewhere(root, user):
    stars = "chime:" + "*a" * 400 + "*b"
    ada = user(policy(stars, "chime:ListAccounts"))
    began = time.monotonic()
    for _ in range(20):
        ada.chime.list_accounts()
    assert time.monotonic() - began < 3
    bob = user(policy("chime:ListAccounts", condition={"StringNotLike": {"aws:UserAgent": "*a" * 400 + "*b"}}))
    agent = "a" * 4000
    answer = chime_request(bob.credentials, "GET", "/accounts")
    answer.headers = {"User-Agent": agent}
    began = time.monotonic()
    assert answer.to(root.server).status == 200
    assert time.monotonic() - began < 1


@pytest.mark.parametrize("text", [
    "[" * 100_000, '{"Statement":' * 20_000, '{"Version":"2012-10-17","Statement":[' + '{"Effect":"Allow","Action":"a:b","Resource":"*"},' * 2000,
    '"' + "\\u0000" * 20_000 + '"', '{"a":' + "9" * 100_000 + "}",
])
def test_documents_that_are_hostile(server, text):
    began = time.monotonic()
    answer = query_request(ROOT, "CreatePolicy", PolicyName="hostile", PolicyDocument=text).to(server)
    assert answer.status == 400 and answer.code in ("MalformedPolicyDocument", "ValidationError"), answer.body[:300]
    assert time.monotonic() - began < 5


def test_many_statements_are_decided_quickly(root, user):
    statements = [
        {"Effect": "Allow", "Action": f"x:{number}", "Resource": "*"} for number in range(90)]
    ada = user(json.dumps({"Version": "2012-10-17", "Statement": statements[:30]}), policy("chime:ListAccounts"))
    began = time.monotonic()
    for _ in range(50):
        ada.chime.list_accounts()
    assert time.monotonic() - began < 5
