"""A browser at the web console, as far as its server side goes: a cookie, and JSON."""

import http.cookies
import json
import urllib.error
import urllib.request


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.json = json.loads(body) if body and "json" in headers.get("Content-Type", "") else None
        self.body = body

    @property
    def code(self):
        """The name of the error."""
        return (self.json or {}).get("__type", "").rpartition("#")[2]

    def __repr__(self):
        return f"<{self.status} {self.body[:300]}>"


class Console:
    """One browser of somebody who administers."""

    def __init__(self, server):
        self.server = server
        self.cookie = None
        self.csrf = None

    def send(self, method, path, body=None, **headers):
        """Sends what a page of the console would; `headers` replaces its headers, and `None` leaves one out."""
        sent = {
            "User-Agent": "Mozilla/5.0 (test)", "Origin": self.server.endpoint, "Sec-Fetch-Site": "same-origin",
            "Content-Type": "application/json", "Cookie": self.cookie, "X-Carillon-Csrf": self.csrf,
        } | {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(
            self.server.endpoint + path, method=method,
            data=None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode(),
            headers={name: value for name, value in sent.items() if value is not None})
        try:
            answer = urllib.request.urlopen(request, timeout=20)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            answered = Answer(answer.status, answer.headers, answer.read().decode())
        if cookie := answered.headers.get("Set-Cookie"):
            parsed = http.cookies.SimpleCookie(cookie)
            (name, morsel), = parsed.items()
            self.cookie = f"{name}={morsel.value}" if morsel.value else None
        if answered.json and "csrf" in answered.json:
            self.csrf = answered.json["csrf"]
        return answered

    def sign_in(self, account, user, password, code=None):
        form = {"account": account, "userName": user, "password": password, "code": code}
        return self.send("POST", "/console/session", {key: value for key, value in form.items() if value is not None})

    def call(self, service, operation, **members):
        return self.send("POST", f"/console/api/{service}/{operation}", members)
