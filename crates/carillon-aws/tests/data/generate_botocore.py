"""Signs requests with botocore and prints them, for `tests/it/sigv4_botocore.rs`.

Run with botocore installed: python3 generate_botocore.py > sigv4-botocore.json
"""

import datetime
import json

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

NOW = datetime.datetime(2026, 3, 1, 12, 0, 0)
botocore.auth.get_current_datetime = lambda remove_tzinfo=True: NOW

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
TOKEN = "IQoJ/token+with=signs"
FORM = "application/x-www-form-urlencoded; charset=utf-8"

# Service, method, path and query as sent, headers, body.
REQUESTS = [
    ("chime", "DELETE", "/phone-numbers/%2B12065550100", {}, ""),
    ("chime", "GET", "/accounts/9a40/users?user-email=a%40b.c&max-results=2", {}, ""),
    ("chime", "GET", "/accounts/a%40b.c/users/d%2Fe%20f", {}, ""),
    ("chime", "GET", "/accounts/caf%C3%A9%20%E2%82%AC/users", {}, ""),
    ("chime", "GET", "/accounts/%25%3A%3F%23%5B%5D%21%24%26%27%28%29%2A%2C%3B%3D/x", {}, ""),
    ("chime", "POST", "/accounts/9a40/users?operation=add", {"Content-Type": "application/json"},
     '{"UserEmailList":["a@b.c","é@d.e"]}'),
    ("chime", "POST", "/accounts/9a40?operation=disassociate-phone-number", {}, ""),
    ("chime", "GET", "/search?type=phone-numbers&area-code=206&toll-free-prefix=", {}, ""),
    ("chime", "GET", "/accounts?name=two%20words%2Bplus&next-token=%3D%3D%2F", {}, ""),
    ("chime", "GET", "/voice-connectors/a1/../a2/./b//c/", {}, ""),
    ("chime", "PUT", "/settings", {"Content-Type": "application/json", "X-Custom": "  two   words "}, "{}"),
    ("sts", "POST", "/", {"Content-Type": FORM}, "Action=GetCallerIdentity&Version=2011-06-15"),
    ("iam", "POST", "/", {"Content-Type": FORM},
     "Action=CreateUser&Version=2010-05-08&UserName=a%2Bb%40c&Path=%2Fx+y%2F"),
    ("cloudtrail", "POST", "/", {"Content-Type": "application/x-amz-json-1.1",
     "X-Amz-Target": "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents"}, "{}"),
]


def sent(request, url):
    headers = dict(request.headers.items())
    headers["Host"] = "localhost:8080"
    return {
        "method": request.method,
        "path_and_query": url.removeprefix("http://localhost:8080"),
        "headers": sorted(headers.items()),
        "body": request.data.decode() if isinstance(request.data, bytes) else request.data,
    }


def sign(auth, service, method, path, headers, body):
    request = AWSRequest(method=method, url="http://localhost:8080" + path, headers=headers, data=body.encode())
    auth.add_auth(request)
    return {"service": service, **sent(request, request.url)}


out = []
for token in (None, TOKEN):
    credentials = Credentials("AKIDEXAMPLE", SECRET, token)
    for service, method, path, headers, body in REQUESTS:
        auth = botocore.auth.SigV4Auth(credentials, service, "us-east-1")
        out.append(sign(auth, service, method, path, headers, body))
    for service, path in [
        ("sts", "/?Action=GetCallerIdentity&Version=2011-06-15"),
        ("chime", "/phone-numbers/%2B12065550100?x=a%40b.c%20d"),
        ("chime", "/accounts/caf%C3%A9"),
    ]:
        auth = botocore.auth.SigV4QueryAuth(credentials, service, "us-east-1", expires=60)
        out.append(sign(auth, service, "GET", path, {}, ""))
print("[\n" + ",\n".join(json.dumps(request, ensure_ascii=False) for request in out) + "\n]")
