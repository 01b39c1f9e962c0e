"""An OpenID Connect provider: what one publishes, by HTTPS, and tokens that it signs. It has no pages to sign in at."""

import http.server
import json
import pathlib
import ssl
import threading
import time

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

ALGORITHMS = {"RS256": lambda name: RSAKey.generate_key(2048, {"kid": name, "use": "sig", "alg": "RS256"}),
              "ES256": lambda name: ECKey.generate_key("P-256", {"kid": name, "use": "sig", "alg": "ES256"})}


class Provider:
    """Serves on a port of its own until it is stopped."""

    def __init__(self, certificate, folder, host="127.0.0.1"):
        """`certificate`: of its authority, its own, and its key, as PEM files."""
        authority, own, key = certificate
        chain = pathlib.Path(folder) / "oidc-chain.pem"
        # The authority's too: a thumbprint is that of the last certificate shown.
        chain.write_text(own.read_text() + authority.read_text())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain, key)
        provider = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                provider.asked.append(self.path)
                status, document = provider.answer(self.path)
                body = document if isinstance(document, bytes) else json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                if status == 302:
                    self.send_header("Location", provider.issuer + "/keys")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.asked = []
        self.overrides = {}
        self.server = http.server.ThreadingHTTPServer((host, 0), Handler)
        self.server.daemon_threads = True
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.issuer = f"https://{host}:{self.server.server_port}"
        self.name = self.issuer.removeprefix("https://")
        self.keys = {algorithm: make(f"{algorithm}-1") for algorithm, make in ALGORITHMS.items()}
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def answer(self, path):
        if path in self.overrides:
            return self.overrides[path]
        if path == "/.well-known/openid-configuration":
            return 200, {"issuer": self.issuer, "jwks_uri": self.issuer + "/keys"}
        if path == "/keys":
            return 200, {"keys": [key.as_dict(private=False) for key in self.keys.values()]}
        return 404, {}

    def token(self, algorithm="RS256", key=None, **claims):
        """A token that holds; claims that are None are left out."""
        now = int(time.time())
        said = {"iss": self.issuer, "sub": "ben", "aud": "app", "iat": now, "exp": now + 600} | claims
        key = key or self.keys[algorithm]
        header = {"alg": algorithm, "kid": key.kid, "typ": "JWT"}
        return jwt.encode(header, {name: value for name, value in said.items() if value is not None}, key)

    def rotate(self, algorithm="RS256"):
        old = self.keys[algorithm]
        self.keys[algorithm] = ALGORITHMS[algorithm](old.kid + "-next")
        return old

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(5)
