"""Requests made by hand, so that each part of them can be wrong on purpose.

The signature is worked out here and not by botocore: a second opinion, and one that can sign nonsense.
"""

import datetime
import hashlib
import hmac
import http.client
import json
import re
import ssl
import urllib.parse
import xml.etree.ElementTree
from dataclasses import dataclass, field

FORM = "application/x-www-form-urlencoded; charset=utf-8"


@dataclass
class Answer:
    status: int
    headers: dict
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def error_type(self):
        return self.headers.get("x-amzn-errortype")

    @property
    def message(self):
        """The message of an error in either protocol."""
        if self.body.lstrip().startswith(b"<"):
            return self.xml_text("Message")
        return self.json.get("Message", self.json.get("message"))

    @property
    def code(self):
        """The code of an error in either protocol."""
        if self.body.lstrip().startswith(b"<"):
            return self.xml_text("Code")
        return self.error_type

    def xml_text(self, name):
        for element in xml.etree.ElementTree.fromstring(self.body).iter():
            if element.tag.rsplit("}", 1)[-1] == name:
                return element.text
        return None


def connection(server, timeout=20):
    if server.authority:
        context = ssl.create_default_context(cafile=server.authority)
        return http.client.HTTPSConnection("127.0.0.1", server.port, timeout=timeout, context=context)
    return http.client.HTTPConnection("127.0.0.1", server.port, timeout=timeout)


def send(server, method, path, headers=None, body=b"", timeout=20):
    """Sends exactly this: no header is added but `Host` and `Content-Length` where they are missing."""
    line = connection(server, timeout)
    headers = dict(headers or {})
    names = {name.lower() for name in headers}
    line.putrequest(method, path, skip_host="host" in names, skip_accept_encoding=True)
    if body and not names & {"content-length", "transfer-encoding"}:
        headers["Content-Length"] = str(len(body))
    for name, value in headers.items():
        line.putheader(name, value)
    line.endheaders(body or None)
    answer = line.getresponse()
    result = Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
    line.close()
    return result


def now():
    return datetime.datetime.now(datetime.UTC)


def stamp(moment):
    return moment.strftime("%Y%m%dT%H%M%SZ")


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def quote(text):
    return urllib.parse.quote(text, safe="-._~")


def canonical_path(path):
    """Every byte but the unreserved ones encoded again; dots and empty segments resolved."""
    segments = []
    for segment in path.split("/"):
        if segment == "..":
            segments = segments[:-1]
        elif segment not in ("", "."):
            segments.append(segment)
    normal = "/" + "/".join(segments) + ("/" if segments and path.endswith("/") else "")
    return urllib.parse.quote(normal, safe="/-._~")


def canonical_query(query):
    pairs = []
    for part in query.split("&") if query else []:
        name, _, value = part.partition("=")
        pairs.append((quote(urllib.parse.unquote(name)), quote(urllib.parse.unquote(value))))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


@dataclass
class Signed:
    """A signed request, whose parts may be replaced before and after signing."""

    credentials: object
    method: str = "GET"
    path: str = "/accounts"
    service: str = "chime"
    region: str = "us-east-1"
    terminator: str = "aws4_request"
    body: bytes = b""
    headers: dict = field(default_factory=dict)
    moment: datetime.datetime | None = None
    date: str | None = None  # of the scope, where it is not the moment's
    payload_hash: str | None = None
    unsigned: tuple = ()  # names of headers to leave out of the signature

    def to(self, server, **after):
        """Signs and sends; `after` replaces parts that were signed, as somebody in between would."""
        headers = self.signed_headers(server) | after.pop("headers", {})
        headers = {name: value for name, value in headers.items() if value is not None}
        return send(
            server, after.pop("method", self.method), after.pop("path", self.path), headers,
            after.pop("body", self.body), **after)

    def signed_headers(self, server):
        moment = self.moment or now()
        headers = {"Host": f"127.0.0.1:{server.port}", "X-Amz-Date": stamp(moment)} | self.headers
        if self.credentials.token:
            headers.setdefault("X-Amz-Security-Token", self.credentials.token)
        signed = {
            name.lower(): re.sub(" +", " ", value.strip())
            for name, value in headers.items() if name.lower() not in self.unsigned
        }
        headers["Authorization"] = self.authorization(moment, signed)
        return headers

    def scope(self, moment):
        return "/".join([self.date or stamp(moment)[:8], self.region, self.service, self.terminator])

    def signature(self, moment, signed, query=None):
        path, _, own_query = self.path.partition("?")
        payload_hash = self.payload_hash or sha256(self.body)
        names = ";".join(sorted(signed))
        canonical = "\n".join([
            self.method, canonical_path(path), canonical_query(own_query if query is None else query),
            *(f"{name}:{signed[name]}" for name in sorted(signed)), "", names, payload_hash,
        ])
        text = "\n".join(["AWS4-HMAC-SHA256", stamp(moment), self.scope(moment), sha256(canonical.encode())])
        key = b"AWS4" + self.credentials.secret.encode()
        for part in self.scope(moment).split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        return hmac.digest(key, text.encode(), "sha256").hex()

    def authorization(self, moment, signed):
        return (
            f"AWS4-HMAC-SHA256 Credential={self.credentials.key}/{self.scope(moment)}, "
            f"SignedHeaders={';'.join(sorted(signed))}, Signature={self.signature(moment, signed)}"
        )

    def presigned(self, server, expires=900):
        """The path and query of the request with the signature in the query."""
        moment = self.moment or now()
        signed = {"host": f"127.0.0.1:{server.port}"}
        path, _, query = self.path.partition("?")
        more = {
            "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
            "X-Amz-Credential": f"{self.credentials.key}/{self.scope(moment)}",
            "X-Amz-Date": stamp(moment),
            "X-Amz-Expires": str(expires),
            "X-Amz-SignedHeaders": "host",
        }
        if self.credentials.token:
            more["X-Amz-Security-Token"] = self.credentials.token
        query = "&".join(filter(None, [query, *(f"{name}={quote(value)}" for name, value in more.items())]))
        return f"{path}?{query}&X-Amz-Signature={self.signature(moment, signed, query)}"


def query_request(credentials, action, service="iam", version=None, **parameters):
    """A signed request of the Query protocol."""
    version = version or {"iam": "2010-05-08", "sts": "2011-06-15"}[service]
    body = urllib.parse.urlencode({"Action": action, "Version": version} | parameters, quote_via=urllib.parse.quote)
    return Signed(
        credentials, "POST", "/", service, body=body.encode(), headers={"Content-Type": FORM})


def chime_request(credentials, method, path, body=None):
    """A signed request of the REST-JSON protocol; `body` is bytes, or something to send as JSON."""
    if body is None:
        return Signed(credentials, method, path)
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Signed(credentials, method, path, body=data, headers={"Content-Type": "application/json"})
