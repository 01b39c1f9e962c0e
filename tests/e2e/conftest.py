"""Fixtures of the end-to-end tests.

    pytest tests/e2e --engine sqlite|postgres

Tests of a module share one server, started on first use and stopped, gracefully, after the last one. They do not
disturb each other because each makes its own users, groups, policies and Chime accounts, with names nobody else uses.
What belongs to the whole AWS account is only changed in modules that say so, or on a server from `new_server`.
"""

import functools
import itertools
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

import pytest

from harness.aws import Credentials, Principal, policy
from harness.mail import Sink
from harness.server import ACCOUNT_ID, REPOSITORY, Server, carillon

TEST_POSTGRES = REPOSITORY / "scripts/test-postgres"


def pytest_addoption(parser):
    parser.addoption("--engine", choices=["sqlite", "postgres"], default="sqlite", help="database of the servers")


def pytest_report_header(config):
    return f"engine: {config.getoption('--engine')}"


@pytest.fixture(scope="session")
def engine(request):
    return request.config.getoption("--engine")


@pytest.fixture(scope="session")
def folder():
    path = pathlib.Path(tempfile.mkdtemp(prefix="carillon-e2e-"))
    path.chmod(0o755)  # PostgreSQL runs as another user
    yield path
    if os.environ.get("CARILLON_KEEP_TEST_DATA"):
        print(f"kept: {path}")
    else:
        shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def databases(engine, folder):
    """Makes one fresh database after the other, as URLs; None stands for the file in the data folder."""
    if engine == "sqlite":
        yield lambda: None
        return
    cluster = os.environ.get("CARILLON_TEST_POSTGRES")
    own = folder / "postgres"
    if not cluster:
        cluster = subprocess.run(
            [TEST_POSTGRES, "start", own], check=True, capture_output=True, text=True).stdout.strip()
    numbers = itertools.count(1)

    def make():
        name = f"e2e_{os.getpid()}_{next(numbers)}"
        subprocess.run(
            ["psql", "-qX", cluster, "-c", f"CREATE DATABASE {name} TEMPLATE template0"],
            check=True, capture_output=True)
        return cluster.rpartition("/")[0] + "/" + name

    yield make
    if not os.environ.get("CARILLON_TEST_POSTGRES"):
        subprocess.run([TEST_POSTGRES, "stop", own], check=True)


@pytest.fixture(scope="session")
def mail():
    sink = Sink().start()
    yield sink
    sink.stop()


@pytest.fixture(scope="session")
def certificate(folder):
    """A certificate for this machine: that of its authority, its own, and its key, as PEM files."""
    ca, ca_key, request, cert, key = (folder / f"tls-{name}.pem" for name in ("ca", "ca-key", "request", "cert", "key"))
    extensions = folder / "tls-extensions"
    extensions.write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\nbasicConstraints=CA:FALSE\n")
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    for command in (
        ["req", "-x509", *new_key, "-keyout", ca_key, "-out", ca, "-days", "2", "-subj", "/CN=Authority of the tests"],
        ["req", *new_key, "-keyout", key, "-out", request, "-subj", "/CN=localhost"],
        ["x509", "-req", "-in", request, "-CA", ca, "-CAkey", ca_key, "-CAcreateserial", "-days", "2",
         "-extfile", extensions, "-out", cert],
    ):
        subprocess.run(["openssl", *map(str, command)], check=True, capture_output=True)
    return ca, cert, key


@pytest.fixture(scope="session")
def models(folder):
    """Answers where the service model is that the binary ships, laid out as `AWS_DATA_PATH` wants it."""

    @functools.cache
    def written():
        path = folder / "models"
        carillon("model", "--out", path)
        return str(path)

    return written


@pytest.fixture(scope="session")
def model_folder(models):
    return models()


@pytest.fixture(scope="session")
def make_server(folder, databases, mail, models):
    numbers = itertools.count(1)

    def make(name="server", env=None, with_mail=True, **options):
        settings = {}
        if with_mail:
            settings = {"CARILLON_SMTP_URL": mail.url, "CARILLON_MAIL_FROM": "chime@carillon.example"}
        made = Server(
            folder / f"{name}-{next(numbers)}", database=databases(), env=settings | (env or {}), **options)
        made.models = models
        return made

    return make


@pytest.fixture(scope="module")
def server(make_server, request):
    """The server that the tests of a module share."""
    shared = make_server(request.module.__name__)
    shared.start()
    yield shared
    shared.assert_healthy()
    assert shared.stop() == 0, shared.log
    shared.assert_never_panicked()


@pytest.fixture
def new_server(make_server, request):
    """Servers for one test alone. They are not started yet, and are ended whatever becomes of the test."""
    made = []

    def make(name=None, **options):
        made.append(make_server(name or request.node.name.split("[")[0], **options))
        return made[-1]

    yield make
    for one in made:
        one.kill()
        one.assert_never_panicked()


@pytest.fixture(scope="module")
def root(server):
    return server.root


@pytest.fixture(scope="session")
def unique():
    """Names that no other test uses."""
    numbers = itertools.count(1)
    return lambda prefix="name": f"{prefix}-{next(numbers)}"


@pytest.fixture
def user(root, unique):
    """Makes IAM users with an access key, and with what they may do as documents, managed policies or groups."""

    def make(*documents, name=None, attached=(), groups=(), key=True, **options):
        name = name or unique("user")
        made = root.iam.create_user(UserName=name, **options)["User"]
        for number, document in enumerate(documents, 1):
            root.iam.put_user_policy(UserName=name, PolicyName=f"inline-{number}", PolicyDocument=document)
        for arn in attached:
            root.iam.attach_user_policy(UserName=name, PolicyArn=arn)
        for group in groups:
            root.iam.add_user_to_group(UserName=name, GroupName=group)
        credentials = None
        if key:
            credentials = Credentials.of(root.iam.create_access_key(UserName=name)["AccessKey"])
        one = Principal(root.server, credentials, name=name, arn=made["Arn"])
        one.id = made["UserId"]
        return one

    return make


@pytest.fixture
def managed(root, unique):
    """Makes customer-managed policies and answers their ARN."""

    def make(document=None, **options):
        return root.iam.create_policy(
            PolicyName=options.pop("PolicyName", unique("policy")),
            PolicyDocument=document or policy("chime:ListAccounts"), **options)["Policy"]["Arn"]

    return make


@pytest.fixture
def group(root, unique):
    """Makes groups and answers their name."""

    def make(*attached, name=None, **options):
        name = name or unique("group")
        root.iam.create_group(GroupName=name, **options)
        for arn in attached:
            root.iam.attach_group_policy(GroupName=name, PolicyArn=arn)
        return name

    return make


@pytest.fixture
def role(root, unique):
    """Makes roles that the account's own principals may assume, and answers their ARN."""

    def make(*documents, trusted=None, attached=(), **options):
        name = options.pop("RoleName", None) or unique("role")
        trusted = trusted or json.dumps({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": ACCOUNT_ID},
            }],
        })
        made = root.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusted, **options)["Role"]
        for number, document in enumerate(documents, 1):
            root.iam.put_role_policy(RoleName=name, PolicyName=f"inline-{number}", PolicyDocument=document)
        for arn in attached:
            root.iam.attach_role_policy(RoleName=name, PolicyArn=arn)
        return made["Arn"]

    return make


@pytest.fixture
def account(root, unique):
    """Makes Chime accounts and answers them."""
    return lambda name=None: root.chime.create_account(Name=name or unique("Account"))["Account"]


def wait_until(condition, seconds=15, every=0.05, what="the condition"):
    """Waits, within bounds, for what happens after an answer (mail, jobs)."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"{what} did not come true within {seconds} s"
        time.sleep(every)


@pytest.fixture(scope="session", name="wait_until")
def wait_until_fixture():
    return wait_until
