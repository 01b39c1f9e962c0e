"""A product that people sign in to through the portal: where they come back to, and where it hears that they left."""

import http.server
import os
import ssl
import threading
import time
import urllib.parse

# The servers under test are reached on loopback, without TLS.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

import requests
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.jwk import KeySet

from .server import carillon


class Listener:
    """Keeps what is sent to it. With a certificate it speaks TLS."""

    def __init__(self, certificate=None):
        listener = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self, body=b""):
                listener.heard.append((self.path, self.headers.get("Content-Type"), body))
                status = listener.statuses.pop(0) if listener.statuses else 200
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", listener.url + "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def do_GET(self):
                self.answer()

            def do_POST(self):
                self.answer(self.rfile.read(int(self.headers["Content-Length"])))

            def log_message(self, *_):
                pass

        self.heard = []
        self.statuses = []
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate[1], certificate[2])
            self.server.socket = context.wrap_socket(
                self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(5)


class Product:
    """A client of the provider, by a library that nobody here wrote."""

    def __init__(self, server, certificate, *options, public=False):
        self.server = server
        self.algorithm = "RS256" if "RS256" in options else "ES256"
        self.pages = Listener()
        self.back_channel = Listener(certificate)
        self.callback = self.pages.url + "/callback"
        self.signed_out = self.pages.url + "/bye"
        printed = carillon(
            "oidc-client", "create", "Wiki", "--redirect-uri", self.callback, "--post-logout-uri", self.signed_out,
            "--back-channel-logout-uri", self.back_channel.url + "/logout", *(["--public"] if public else []),
            *options, *server.storage()).stdout
        told = dict(line.split("  ", 1) for line in printed.splitlines() if "  " in line)
        self.client_id = told["Client ID"].strip()
        self.secret = told["Client secret"].strip() if not public else None
        self.known = requests.get(server.endpoint + "/.well-known/openid-configuration", timeout=10).json()
        self.method = "none" if public else "client_secret_basic"

    def session(self, scope="openid email profile", **options):
        options = {"token_endpoint_auth_method": self.method} | options
        return OAuth2Session(
            self.client_id, self.secret, scope=scope, redirect_uri=self.callback, code_challenge_method="S256",
            **options)

    def question(self, scope="openid email profile", **more):
        """Where to send a person, and what is needed when it comes back."""
        session = self.session(scope)
        verifier = generate_token(64)
        url, state = session.create_authorization_url(
            self.known["authorization_endpoint"], code_verifier=verifier, nonce=generate_token(), **more)
        return url, (session, verifier, state)

    def redeem(self, came_back, context):
        session, verifier, state = context
        return session.fetch_token(
            self.known["token_endpoint"], authorization_response=came_back, code_verifier=verifier, state=state)

    def sign_in(self, browser, **more):
        """Signs in whoever is signed in to the portal with this browser: the tokens."""
        url, context = self.question(**more)
        page = browser.open(url)
        assert page.url.startswith(self.callback + "?"), page
        return self.redeem(page.url, context)

    def refresh(self, tokens, **more):
        """The answer to a refresh, whatever it is."""
        return self.ask("token", grant_type="refresh_token", refresh_token=tokens["refresh_token"], **more)

    def ask(self, endpoint, **form):
        auth = (self.client_id, self.secret) if self.secret else None
        if not self.secret:
            form["client_id"] = self.client_id
        return requests.post(f"{self.server.endpoint}/oauth2/{endpoint}", data=form, auth=auth, timeout=20)

    def keys(self):
        return KeySet.import_key_set(requests.get(self.known["jwks_uri"], timeout=10).json())

    def read(self, token, kind="JWT"):
        decoded = jwt.decode(token, self.keys(), algorithms=[self.algorithm])
        assert decoded.header["typ"] == kind, decoded.header
        return decoded.claims

    def userinfo(self, token):
        return requests.get(
            self.known["userinfo_endpoint"], headers={"Authorization": f"Bearer {token}"}, timeout=10)

    def logouts(self, count=1, seconds=15):
        """The logout tokens that came."""
        deadline = time.monotonic() + seconds
        while True:
            heard = [body for path, _, body in self.back_channel.heard if path == "/logout"]
            if len(heard) >= count:
                break
            assert time.monotonic() < deadline, f"{len(heard)} logout tokens within {seconds} s"
            time.sleep(0.02)
        return [self.read(urllib.parse.parse_qs(body.decode())["logout_token"][0], "logout+jwt") for body in heard]

    def stop(self):
        self.pages.stop()
        self.back_channel.stop()
