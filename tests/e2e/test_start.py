"""Start, stop, and what an operator sees of a server."""

import json
import re
import socket
import sqlite3
import subprocess
import time

import pytest

from harness.aws import Credentials, Principal, refused
from harness.raw import chime_request
from harness.server import ACCOUNT_ID, BINARY, ROOT, ROOT_PASSWORD, carillon, free_port

# Promised are 300 ms. The machine of a test may be busy with other things.
READY_SECONDS = 1.0


def test_the_pinned_root_is_the_caller(server, root):
    identity = root.sts.get_caller_identity()
    assert identity["Account"] == ACCOUNT_ID
    assert identity["Arn"] == f"arn:aws:iam::{ACCOUNT_ID}:root"
    assert identity["UserId"] == ACCOUNT_ID


def test_health_needs_no_signature(server):
    assert server.get("/healthz")[0] == 200
    assert server.get("/readyz")[0] == 200


def test_metrics_count_what_was_asked(server, root, user):
    root.sts.get_caller_identity()
    root.chime.list_accounts()
    with refused("AccessDeniedException"):
        user().chime.list_accounts()
    status, headers, body = server.get("/metrics")
    assert status == 200
    assert headers["Content-Type"].startswith("text/plain")
    text = body.decode()
    requests = [line for line in text.splitlines() if "ListAccounts" in line and not line.startswith("#")]
    assert any(' 1' in line and "403" in line for line in requests), requests
    assert any("200" in line for line in requests), requests
    assert "GetCallerIdentity" in text
    assert re.search(r"^# TYPE \S+ histogram$", text, re.M), "latencies"


def test_a_first_start_prints_its_credentials_once(new_server):
    server = new_server(pinned=False)
    server.start()
    printed = server.stdout + server.log
    key = re.search(r"AKIA[A-Z2-7]{16}", printed)[0]
    secret = re.search(r"(?<![A-Za-z0-9/+])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])", printed)[0]
    account_id = re.search(r"\b\d{12}\b", printed)[0]
    assert server.endpoint in printed
    assert re.search(r"(?i)password", printed)
    assert f"{server.endpoint}/{account_id}/console" in printed or re.search(rf"{account_id}\S*console|console\S*{account_id}", printed)
    assert len(re.findall(r"\baws [a-z]+", printed)) >= 3, printed
    root = Principal(server, Credentials(key, secret))
    assert root.sts.get_caller_identity()["Account"] == account_id

    server.restart()
    again = server.stdout + server.log
    assert key not in again and secret not in again
    assert not re.search(r"AKIA[A-Z2-7]{16}", again)
    assert root.sts.get_caller_identity()["Account"] == account_id
    assert server.stop() == 0


def test_pinned_secrets_are_not_printed(new_server):
    server = new_server()
    server.start()
    assert server.stop() == 0
    printed = server.everything_printed().decode()
    assert ROOT.secret not in printed
    assert ROOT_PASSWORD not in printed


def test_pins_do_not_change_what_exists(new_server):
    server = new_server()
    server.start()
    server.stop()
    server.env |= {"CARILLON_ACCOUNT_ID": "999988887777", "CARILLON_ROOT_ACCESS_KEY_ID": "AKIAOTHEROTHEROTHER1"}
    server.start()
    assert server.root.sts.get_caller_identity()["Account"] == ACCOUNT_ID
    assert server.stop() == 0


@pytest.mark.parametrize("name, value", [
    ("CARILLON_ACCOUNT_ID", "12345"), ("CARILLON_ACCOUNT_ID", "1234567890ab"),
    ("CARILLON_ROOT_ACCESS_KEY_ID", "short"), ("CARILLON_ROOT_ACCESS_KEY_ID", "has spaces in it, no good"),
])
def test_a_pin_that_cannot_be_is_refused(new_server, name, value):
    server = new_server(env={name: value})
    server.spawn()
    assert server.process.wait(20) != 0
    assert name in server.log + server.stdout or value in server.log + server.stdout


def test_it_is_ready_at_once_on_an_existing_folder(new_server, capsys):
    server = new_server()
    server.start()
    server.root.iam.create_user(UserName="ada")
    times = []
    for _ in range(3):
        assert server.stop() == 0
        times.append(server.start())
    with capsys.disabled():
        print(f"\n  ready on an existing folder after {min(times) * 1000:.0f} ms", end=" ")
    assert min(times) < READY_SECONDS
    assert server.root.iam.get_user(UserName="ada")["User"]["UserName"] == "ada"


def test_sigterm_lets_a_request_in_progress_finish(new_server):
    server = new_server()
    server.start()
    request = chime_request(ROOT, "POST", "/accounts", {"Name": "Last words"})
    headers = request.signed_headers(server) | {"Content-Length": str(len(request.body))}
    head = "POST /accounts HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as line:
        line.sendall(head.encode() + request.body[:5])
        time.sleep(0.2)
        server.process.terminate()
        time.sleep(0.2)
        line.sendall(request.body[5:])
        answer = line.recv(65536)
    assert answer.startswith(b"HTTP/1.1 201"), answer
    assert server.process.wait(20) == 0
    server.start()
    assert [one["Name"] for one in server.root.chime.list_accounts()["Accounts"]] == ["Last words"]


def test_sigterm_does_not_wait_for_idle_connections(new_server):
    server = new_server()
    server.start()
    with socket.create_connection(("127.0.0.1", server.port), timeout=10):
        began = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - began < 10


def test_a_port_in_use_is_said(new_server, server):
    other = new_server()
    other.port = server.port
    other.spawn()
    assert other.process.wait(20) != 0
    assert str(server.port) in other.log + other.stdout
    server.assert_healthy()


def test_a_database_that_cannot_be_is_said(new_server):
    for url in ("mysql://localhost/x", "sqlite:/proc/nowhere/carillon.db", "postgres://nobody@127.0.0.1:1/none"):
        server = new_server()
        server.database = url
        server.spawn()
        assert server.process.wait(40) != 0
        assert "panicked" not in server.log
        assert server.log.strip() or server.stdout.strip()


def change_schema_version(server, engine):
    """Makes the schema one of a release to come, wherever its number is kept."""
    if engine == "sqlite":
        with sqlite3.connect(server.database.removeprefix("sqlite:")) as database:
            tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            run = lambda sql: database.execute(sql).fetchall()
            return bump(tables, run, lambda table: [row[1] for row in run(f"PRAGMA table_info({table})")])
    psql = lambda sql: [
        line.split("|") for line in subprocess.run(
            ["psql", "-qAtX", server.database, "-c", sql], check=True, capture_output=True, text=True,
        ).stdout.splitlines()]
    tables = [row[0] for row in psql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
    return bump(tables, psql, lambda table: [
        row[0] for row in psql(
            f"SELECT column_name FROM information_schema.columns WHERE table_name = '{table}' ORDER BY ordinal_position")])


def bump(tables, run, columns_of):
    (table,) = [name for name in tables if "migration" in name or "schema" in name]
    columns = columns_of(table)
    (version,) = [name for name in columns if name in ("version", "number", "id")]
    others = ", ".join(f"{name}" for name in columns if name != version)
    last = run(f"SELECT max({version}) FROM {table}")[0][0]
    run(f"INSERT INTO {table} ({version}{', ' + others if others else ''}) "
        f"SELECT {version} + 1000{', ' + others if others else ''} FROM {table} WHERE {version} = {last}")
    return int(last) + 1000


def test_a_schema_of_a_later_release_is_refused(new_server, engine):
    server = new_server()
    server.start()
    assert server.stop() == 0
    version = change_schema_version(server, engine)
    server.spawn()
    assert server.process.wait(20) != 0
    said = server.log + server.stdout
    assert str(version) in said and re.search(r"(?i)newer|later|schema", said), said
    assert "panicked" not in said


def test_a_database_with_another_collation_is_refused(new_server, engine):
    if engine != "postgres":
        pytest.skip("PostgreSQL alone has collations to choose")
    server = new_server()
    base, _, name = server.database.rpartition("/")
    subprocess.run(
        ["psql", "-qX", f"{base}/postgres", "-c",
         f"CREATE DATABASE {name}_icu TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US'"],
        check=True, capture_output=True)
    server.database = f"{server.database}_icu"
    server.spawn()
    assert server.process.wait(20) != 0
    said = server.log + server.stdout
    assert "CREATE DATABASE" in said or "createdb" in said, said


# More AWS accounts.

def make_account(server, *arguments):
    return carillon(
        "account", "create", "--data", server.data, "--database", server.database, *arguments, env=server.env)


def test_accounts_are_made_while_the_server_runs(new_server):
    server = new_server()
    server.start()
    root = server.root
    mine = root.chime.create_account(Name="Mine")["Account"]
    root.iam.create_user(UserName="mine")
    unpinned = {name: None for name in server.env if name.startswith("CARILLON_ROOT") or name == "CARILLON_ACCOUNT_ID"}
    server.env |= unpinned
    printed = make_account(server, "--name", "Second").stdout
    key = re.search(r"AKIA[A-Z2-7]{16}", printed)[0]
    secret = re.search(r"(?<![A-Za-z0-9/+])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])", printed)[0]
    (second,) = set(re.findall(r"\b\d{12}\b", printed)) - {ACCOUNT_ID}

    other = Principal(server, Credentials(key, secret))
    assert other.sts.get_caller_identity()["Arn"] == f"arn:aws:iam::{second}:root"
    assert other.iam.list_users()["Users"] == []
    assert other.chime.list_accounts()["Accounts"] == []
    for call in (
        lambda: other.chime.get_account(AccountId=mine["AccountId"]),
        lambda: other.chime.update_account(AccountId=mine["AccountId"], Name="Stolen"),
        lambda: other.chime.delete_account(AccountId=mine["AccountId"]),
        lambda: other.chime.list_users(AccountId=mine["AccountId"]),
        lambda: other.chime.invite_users(AccountId=mine["AccountId"], UserEmailList=["eve@example.com"]),
        lambda: other.chime.get_account_settings(AccountId=mine["AccountId"]),
        lambda: other.chime.update_account_settings(
            AccountId=mine["AccountId"], AccountSettings={"EnableDialOut": True}),
    ):
        with refused("NotFoundException", 404, shape="NotFoundException"):
            call()
    with refused("NoSuchEntity", 404):
        other.iam.get_user(UserName="mine")
    other.iam.create_user(UserName="mine")
    assert root.chime.get_account(AccountId=mine["AccountId"])["Account"]["Name"] == "Mine"

    listed = carillon("account", "list", "--data", server.data, "--database", server.database, env=server.env).stdout
    assert ACCOUNT_ID in listed and second in listed and "Second" in listed
    assert secret not in listed
    shown = carillon(
        "account", "show", second, "--data", server.data, "--database", server.database, env=server.env).stdout
    assert second in shown and "Second" in shown and secret not in shown
    unknown = carillon(
        "account", "show", "000000000000", "--data", server.data, "--database", server.database,
        env=server.env, check=False)
    assert unknown.returncode != 0 and "000000000000" in unknown.stderr
    server.restart()
    assert other.sts.get_caller_identity()["Account"] == second
    assert server.stop() == 0


# Options.

def test_help_names_every_option_and_its_variable():
    text = carillon("serve", "--help").stdout
    for option in ("--data", "--listen", "--database"):
        assert option in text
    for variable in (
        "CARILLON_ACCOUNT_ID", "CARILLON_ROOT_ACCESS_KEY_ID", "CARILLON_ROOT_SECRET_ACCESS_KEY",
        "CARILLON_ROOT_PASSWORD", "CARILLON_LISTEN", "CARILLON_DATABASE", "CARILLON_DATA",
        "CARILLON_SMTP_URL", "CARILLON_MAIL_FROM", "CARILLON_PUBLIC_URL", "CARILLON_AUDIT_LOG",
    ):
        assert variable in text, variable


def test_an_unknown_option_is_a_usage_error():
    assert carillon("serve", "--no-such-option", check=False).returncode == 2
    assert carillon("no-such-command", check=False).returncode == 2


def test_flag_before_environment_before_file(new_server):
    server = new_server()
    chosen, in_environment, in_file = free_port(), free_port(), free_port()
    config = server.folder / "carillon.toml"
    config.write_text(f'listen = "127.0.0.1:{in_file}"\nmail-from = "file@carillon.example"\n')
    base = [str(BINARY), "serve", "--config", str(config), "--data", str(server.data), "--database", server.database]

    def answers_on(port, arguments, env):
        server.command = lambda: arguments
        server.env |= env
        server.port = port
        server.start()
        assert server.stop() == 0

    answers_on(in_file, base, {})
    answers_on(in_environment, base, {"CARILLON_LISTEN": f"127.0.0.1:{in_environment}"})
    answers_on(chosen, [*base, "--listen", f"127.0.0.1:{chosen}"], {})


def test_a_file_with_an_unknown_key_is_refused(new_server):
    server = new_server()
    config = server.folder / "carillon.toml"
    config.write_text('lisen = "127.0.0.1:1"\n')
    server.arguments = ["--config", str(config)]
    server.spawn()
    assert server.process.wait(20) != 0
    assert "lisen" in server.log + server.stdout


def test_logs_are_json_where_no_person_reads_them(server, root):
    root.sts.get_caller_identity()
    lines = [line for line in server.log.splitlines() if line.strip()]
    for line in lines:
        json.loads(line)


# TLS.

def test_tls_with_certificate_files(new_server, certificate):
    authority, cert, key = certificate
    server = new_server(authority=authority, env={"CARILLON_TLS_CERTIFICATE": str(cert), "CARILLON_TLS_KEY": str(key)})
    server.start()
    assert server.root.sts.get_caller_identity()["Account"] == ACCOUNT_ID
    # Whoever speaks plainly to it is not answered, and does no harm.
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as line:
        line.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"200" not in line.recv(1000)
    assert server.get("/healthz")[0] == 200
    # Policies see it.
    ada = server.root.iam.create_user(UserName="ada")["User"]
    server.root.iam.put_user_policy(UserName="ada", PolicyName="tls", PolicyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": {
            "Effect": "Allow", "Action": "chime:ListAccounts", "Resource": "*",
            "Condition": {"Bool": {"aws:SecureTransport": "true"}}}}))
    made = Credentials.of(server.root.iam.create_access_key(UserName="ada")["AccessKey"])
    Principal(server, made, arn=ada["Arn"]).chime.list_accounts()
    assert server.stop() == 0


def test_tls_files_that_are_missing_are_said(new_server, certificate):
    _, cert, _ = certificate
    server = new_server(env={"CARILLON_TLS_CERTIFICATE": str(cert), "CARILLON_TLS_KEY": "/nonexistent.pem"})
    server.spawn()
    assert server.process.wait(20) != 0
    assert "/nonexistent.pem" in server.log + server.stdout
