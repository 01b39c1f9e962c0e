"""Clients of AWS's own making for any credentials."""

import contextlib
import functools
import json
import os
import pathlib
import re
import subprocess
import sys
from dataclasses import dataclass

import boto3
import botocore.loaders
import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

REGION = "us-east-1"
AWS_CLI = pathlib.Path(sys.executable).parent / "aws"

# Retries would hide an answer that should not have been given.
CONFIG = Config(
    retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=60, max_pool_connections=32,
    parameter_validation=False,
)


@dataclass(frozen=True)
class Credentials:
    key: str
    secret: str
    token: str | None = None

    @classmethod
    def of(cls, answer):
        """From the `Credentials` of an STS answer or the `AccessKey` of an IAM one."""
        return cls(answer["AccessKeyId"], answer["SecretAccessKey"], answer.get("SessionToken"))


@functools.cache
def loader(model_folder):
    """Service models are large; all sessions share what one has read."""
    return botocore.loaders.Loader(extra_search_paths=[model_folder] if model_folder else None)


def session(credentials, model_folder=None):
    core = botocore.session.Session()
    core.register_component("data_loader", loader(model_folder))
    # Not the configuration and credentials of the person who runs the tests.
    core.set_config_variable("config_file", "/nonexistent")
    core.set_config_variable("credentials_file", "/nonexistent")
    return boto3.Session(
        aws_access_key_id=credentials.key,
        aws_secret_access_key=credentials.secret,
        aws_session_token=credentials.token,
        region_name=REGION,
        botocore_session=core,
    )


class Principal:
    """Somebody with credentials, and the clients that use them."""

    def __init__(self, server, credentials, name=None, arn=None):
        self.server = server
        self.credentials = credentials
        self.name = name
        self.arn = arn

    def __repr__(self):
        return f"<{self.arn or self.credentials.key}>"

    def client(self, service, model_folder=None, **config):
        return session(self.credentials, model_folder).client(
            service, endpoint_url=self.server.endpoint, verify=self.server.authority and str(self.server.authority),
            config=CONFIG.merge(Config(**config)),
        )

    @functools.cached_property
    def iam(self):
        return self.client("iam")

    @functools.cached_property
    def sts(self):
        return self.client("sts")

    @functools.cached_property
    def chime(self):
        """The `chime` client of the model that the server ships: the console's operations too."""
        return self.client("chime", model_folder=self.server.models())

    @functools.cached_property
    def public_chime(self):
        """The `chime` client as published, for what existing scripts do."""
        return self.client("chime")

    @functools.cached_property
    def cloudtrail(self):
        return self.client("cloudtrail")

    def assume(self, role_arn, session_name="session", **options):
        answer = self.sts.assume_role(RoleArn=role_arn, RoleSessionName=session_name, **options)
        return Principal(
            self.server, Credentials.of(answer["Credentials"]), name=session_name,
            arn=answer["AssumedRoleUser"]["Arn"],
        )

    def cli(self, *arguments, model_folder=None, check=True):
        """Runs the AWS CLI and answers its output, parsed if it is JSON."""
        home = self.server.folder / "home"
        home.mkdir(exist_ok=True)
        env = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "LC_ALL": "C.UTF-8",
            "AWS_ACCESS_KEY_ID": self.credentials.key,
            "AWS_SECRET_ACCESS_KEY": self.credentials.secret,
            "AWS_ENDPOINT_URL": self.server.endpoint,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_MAX_ATTEMPTS": "1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_PAGER": "",
        }
        if self.credentials.token:
            env["AWS_SESSION_TOKEN"] = self.credentials.token
        if model_folder:
            env["AWS_DATA_PATH"] = str(model_folder)
        done = subprocess.run(
            [str(AWS_CLI), *map(str, arguments)], capture_output=True, text=True, timeout=60, env=env,
        )
        if not check:
            return done
        assert done.returncode == 0, f"aws {arguments}: {done.stderr}"
        with contextlib.suppress(json.JSONDecodeError):
            return json.loads(done.stdout)
        return done.stdout


@contextlib.contextmanager
def refused(code, status=None, message=None, shape=None):
    """The block must be answered with this error: `message` is the whole text, or a compiled pattern for a part.

    `shape` is the name of boto3's typed exception, where it is not the code.
    """
    try:
        yield
    except ClientError as error:
        answer = error.response
        got = (answer["Error"]["Code"], answer["Error"].get("Message"), answer["ResponseMetadata"]["HTTPStatusCode"])
        assert got[0] == code, got
        if status is not None:
            assert got[2] == status, got
        if isinstance(message, re.Pattern):
            assert message.search(got[1] or ""), got
        elif message is not None:
            assert got[1] == message, got
        if shape is not None:
            assert type(error).__name__ == shape, (type(error).__name__, got)
    else:
        raise AssertionError(f"answered, but should have been refused with {code}")


def with_place(message):
    """AWS's sentence about a malformed document, and the place that stands behind it."""
    return re.compile("^" + re.escape(message) + r" \(line [1-9]\d*, column [1-9]\d*: [^\n]+\)$")


def not_allowed(principal_arn, action, resource=None):
    """The wording of a refusal for which no identity-based policy is to blame."""
    on = f" on resource: {resource}" if resource else ""
    return (
        f"User: {principal_arn} is not authorized to perform: {action}{on} "
        f"because no identity-based policy allows the {action} action"
    )


def policy(*actions, effect="Allow", resource="*", condition=None, **more):
    """A policy document of one statement, as text."""
    statement = {"Effect": effect, "Action": list(actions), "Resource": resource} | more
    if condition:
        statement["Condition"] = condition
    return document(statement)


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trust(principal, **more):
    """A role trust policy for one principal."""
    return document({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"} | more)
