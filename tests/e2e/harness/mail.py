"""An SMTP server that keeps what it receives, and refuses what it is told to refuse."""

import email
import email.policy
import re
import threading
import time

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from .server import free_port


def only(user, password):
    """Lets in who has this name and this password."""

    def check(_server, _session, _envelope, _mechanism, data):
        right = isinstance(data, LoginPassword) and (data.login, data.password) == (user.encode(), password.encode())
        return AuthResult(success=right, handled=right)

    return check


class Sink:
    """`options` go to aiosmtpd's controller: how it speaks TLS, whom it lets in."""

    def __init__(self, scheme="smtp", **options):
        self.scheme = scheme
        self.messages = []
        self.refusals = {}
        self.attempts = {}
        self.arrived = threading.Condition()
        self.port = free_port()
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port, **options)

    @property
    def url(self):
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def start(self):
        self.controller.start()
        return self

    def stop(self):
        self.controller.stop()

    def refuse(self, address, answer, times=None):
        """Answers this address so, for the first `times` attempts or for ever."""
        self.refusals[address.lower()] = (answer, times)

    async def handle_RCPT(self, _server, _session, envelope, address, _options):
        key = address.lower()
        self.attempts[key] = self.attempts.get(key, 0) + 1
        answer, times = self.refusals.get(key, (None, None))
        if answer and (times is None or self.attempts[key] <= times):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server, _session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        with self.arrived:
            self.messages.append((tuple(envelope.rcpt_tos), envelope.mail_from, message))
            self.arrived.notify_all()
        return "250 2.0.0 kept"

    def to(self, address):
        """The messages that address has, oldest first."""
        with self.arrived:
            return [message for to, _, message in self.messages if address.lower() in [a.lower() for a in to]]

    def wait_for(self, address, count=1, seconds=20):
        deadline = time.monotonic() + seconds
        while True:
            got = self.to(address)
            if len(got) >= count:
                return got
            with self.arrived:
                left = deadline - time.monotonic()
                assert left > 0, f"{len(got)} messages for {address} after {seconds} s"
                self.arrived.wait(min(left, 0.5))


def text_of(message, kind="plain"):
    return message.get_body(preferencelist=(kind,)).get_content()


def link_of(message):
    """The one link of an invitation, from its plain text."""
    links = set(re.findall(r"https?://\S+", text_of(message)))
    invitations = {link.rstrip(".,>)") for link in links if "/invitations/" in link}
    assert len(invitations) == 1, f"expected one invitation link, found {links}"
    return invitations.pop()
