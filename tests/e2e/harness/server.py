"""Starts and stops the server under test."""

import contextlib
import datetime
import json
import os
import pathlib
import re
import signal
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request

from .aws import Credentials, Principal

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
BINARY = pathlib.Path(os.environ.get("CARILLON_BIN", REPOSITORY / "target/debug/carillon")).resolve()

ACCOUNT_ID = "111122223333"
ROOT = Credentials("AKIAROOTOFTHETESTS01", "the+secret/of+the+root+user/in+all+tests1")
ROOT_EMAIL = "root@carillon.example"
ROOT_PASSWORD = "Correct-Horse-Battery-7"

# Long enough for a busy machine; a server that needs it has failed the test of its start-up time already.
START_SECONDS = 30
STOP_SECONDS = 20


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def clean_environment(**extra):
    """An environment without anything of the person who runs the tests."""
    keep = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    return keep | {name: value for name, value in extra.items() if value is not None}


def carillon(*arguments, stdin=None, env=None, check=True, timeout=60):
    """Runs one command of the binary to its end."""
    done = subprocess.run(
        [str(BINARY), *map(str, arguments)],
        input=stdin, capture_output=True, text=True, timeout=timeout,
        env=clean_environment(**(env or {})),
    )
    if check and done.returncode != 0:
        raise AssertionError(f"carillon {arguments} ended with {done.returncode}: {done.stderr}")
    return done


class Server:
    """One server: its folder, its database, and the process that serves them."""

    def __init__(self, folder, database=None, env=None, pinned=True, arguments=(), authority=None):
        self.folder = pathlib.Path(folder)
        self.data = self.folder / "data"
        self.database = database or f"sqlite:{self.data}/carillon.db"
        self.port = free_port()
        self.authority = authority  # the certificate to trust, for a server that speaks TLS
        self.arguments = list(arguments)
        self.audit_log = self.folder / "audit.jsonl"
        self.env = {
            "HOME": str(self.folder),
            "CARILLON_AUDIT_LOG": str(self.audit_log),
            "CARILLON_PUBLIC_URL": self.endpoint,
            # Tests ask as fast as they can.
            "CARILLON_RATE_LIMIT": "0",
        }
        if pinned:
            self.env |= {
                "CARILLON_ACCOUNT_ID": ACCOUNT_ID,
                "CARILLON_ROOT_ACCESS_KEY_ID": ROOT.key,
                "CARILLON_ROOT_SECRET_ACCESS_KEY": ROOT.secret,
                "CARILLON_ROOT_PASSWORD": ROOT_PASSWORD,
                "CARILLON_ROOT_EMAIL": ROOT_EMAIL,
            }
        self.env |= env or {}
        self.process = None
        self.starts = 0
        self.folder.mkdir(parents=True, exist_ok=True)

    @property
    def endpoint(self):
        return f"{'https' if self.authority else 'http'}://127.0.0.1:{self.port}"

    def path(self, kind):
        return self.folder / f"{kind}.{self.starts}.log"

    @property
    def stdout(self):
        """What the present process has printed."""
        return self.path("stdout").read_text(errors="replace")

    @property
    def log(self):
        return self.path("stderr").read_text(errors="replace")

    def everything_printed(self):
        """What every process on this folder has ever printed or logged, as bytes."""
        return b"".join(path.read_bytes() for path in sorted(self.folder.glob("*.log")))

    def storage(self):
        """Where an operator's command finds the data."""
        return ["--data", self.data, "--database", self.database]

    def command(self):
        return [
            str(BINARY), "serve",
            "--data", str(self.data),
            "--listen", f"127.0.0.1:{self.port}",
            "--database", self.database,
            *self.arguments,
        ]

    def spawn(self):
        assert BINARY.exists(), f"{BINARY} is not built"
        self.starts += 1
        with open(self.path("stdout"), "wb") as out, open(self.path("stderr"), "wb") as err:
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                env=clean_environment(**self.env), cwd=self.folder,
            )

    def start(self):
        """Starts the server and answers how long it took to be ready, in seconds."""
        began = time.monotonic()
        self.spawn()
        deadline = began + START_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended with {self.process.returncode}:\n{self.stdout}\n{self.log}")
            if self.is_ready():
                return time.monotonic() - began
            time.sleep(0.005)
        self.kill()
        raise AssertionError(f"not ready within {START_SECONDS} s:\n{self.stdout}\n{self.log}")

    def is_ready(self):
        try:
            return self.get("/readyz")[0] == 200
        except OSError:
            return False

    def get(self, path, headers=None):
        """A plain GET, not signed: status, headers, body."""
        context = ssl.create_default_context(cafile=self.authority) if self.authority else None
        request = urllib.request.Request(self.endpoint + path, headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=10, context=context) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.headers, answer.read()

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def stop(self):
        """Asks the server to end, as an init system does, and answers its exit status."""
        if not self.is_running():
            return self.process.returncode if self.process else None
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"did not end within {STOP_SECONDS} s of SIGTERM:\n{self.log}") from None

    def kill(self):
        if self.is_running():
            self.process.kill()
        if self.process:
            self.process.wait()

    def restart(self):
        assert self.stop() == 0, self.log
        return self.start()

    def restart_later(self, **delta):
        """Restarts with a clock that is ahead, as if that much time had passed."""
        assert self.stop() == 0, self.log
        (library,) = pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")
        seconds = int(datetime.timedelta(**delta).total_seconds())
        self.env |= {"LD_PRELOAD": str(library), "FAKETIME": f"+{seconds}s", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        self.start()

    def assert_healthy(self):
        """Still serving, and nothing in the log that must never be there."""
        assert self.is_running(), f"the server ended with {self.process.returncode}:\n{self.log[-4000:]}"
        assert self.get("/healthz")[0] == 200
        self.assert_never_panicked()

    def assert_never_panicked(self):
        log = self.everything_printed().decode(errors="replace")
        assert "panicked" not in log, re.search(r".{0,400}panicked.{0,800}", log, re.S)[0]

    @property
    def root(self):
        return Principal(self, ROOT, name="root", arn=f"arn:aws:iam::{ACCOUNT_ID}:root")

    def audit_records(self):
        """The CloudTrail records in the JSON Lines file."""
        with contextlib.suppress(FileNotFoundError):
            return [json.loads(line) for line in self.audit_log.read_text().splitlines()]
        return []
