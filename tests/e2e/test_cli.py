"""The AWS CLI, as it comes, against the server: the founding document's story told in commands."""

import json
import subprocess

import pytest

from harness.aws import AWS_CLI, Credentials, Principal, not_allowed, policy
from harness.server import ACCOUNT_ID, carillon

# What the CLI ends with when the service refuses: one number in its first version, another in its second.
REFUSED = (254, 255)
FULL = "arn:aws:iam::aws:policy/AmazonChimeFullAccess"


def test_the_story_of_the_guide(server, root, unique):
    """An administrator makes a user, a group with a managed policy, and puts one into the other."""
    name, team = unique("cli-user"), unique("cli-team")
    made = root.cli("iam", "create-user", "--user-name", name)["User"]
    key = root.cli("iam", "create-access-key", "--user-name", name)["AccessKey"]
    ada = Principal(server, Credentials.of(key), name=name, arn=made["Arn"])
    assert ada.cli("sts", "get-caller-identity")["Arn"] == made["Arn"]
    refusal = ada.cli("chime", "list-accounts", check=False)
    assert refusal.returncode in REFUSED
    assert refusal.stderr.strip().endswith(
        "An error occurred (AccessDeniedException) when calling the ListAccounts operation: "
        + not_allowed(made["Arn"], "chime:ListAccounts"))
    root.cli("iam", "create-group", "--group-name", team)
    root.cli("iam", "attach-group-policy", "--group-name", team, "--policy-arn", FULL)
    root.cli("iam", "add-user-to-group", "--group-name", team, "--user-name", name)
    mine = ada.cli("chime", "create-account", "--name", "CLI Corp")["Account"]
    assert mine["AwsAccountId"] == ACCOUNT_ID
    assert ada.cli("chime", "get-account", "--account-id", mine["AccountId"])["Account"] == mine
    root.cli("iam", "remove-user-from-group", "--group-name", team, "--user-name", name)
    assert ada.cli("chime", "list-accounts", check=False).returncode in REFUSED


def test_the_console_actions_with_the_shipped_model(server, root, model_folder, unique):
    mine = root.cli("chime", "create-account", "--name", "Model Corp")["Account"]["AccountId"]
    address = f"{unique('cli+tag')}@example.com"
    invites = root.cli("chime", "invite-users", "--account-id", mine, "--user-email-list", address)["Invites"]
    assert invites[0]["EmailAddress"] == address
    cli = lambda *words: root.cli("chime", *words, "--account-id", mine, model_folder=model_folder)
    user = cli("get-user-by-email", "--user-email", address)["User"]
    assert user["PrimaryEmail"] == address
    assert cli("update-user-licenses", "--user-id-list", user["UserId"], "--license-type", "Basic") == {"UserErrors": []}
    assert cli("rename-account", "--name", "Renamed Corp")["Account"]["Name"] == "Renamed Corp"
    # The published operations are all still there.
    assert cli("list-users")["Users"][0]["UserId"] == user["UserId"]
    done = root.cli("chime", "suspend-users", "--account-id", mine, "--user-id-list", user["UserId"],
                    model_folder=model_folder, check=False)
    assert done.returncode in REFUSED and "(BadRequestException)" in done.stderr


def test_a_policy_from_a_file(server, root, unique, tmp_path):
    path = tmp_path / "policy.json"
    path.write_text(policy("chime:List*"))
    name = unique("cli-policy")
    made = root.cli("iam", "create-policy", "--policy-name", name, "--policy-document", f"file://{path}")["Policy"]
    got = root.cli("iam", "get-policy-version", "--policy-arn", made["Arn"], "--version-id", "v1")["PolicyVersion"]
    assert got["Document"] == json.loads(path.read_text())
    path.write_text("{")
    done = root.cli("iam", "create-policy", "--policy-name", name, "--policy-document", f"file://{path}", check=False)
    assert "(MalformedPolicyDocument)" in done.stderr and "Syntax errors in policy." in done.stderr


def test_looking_up_events(server, root):
    root.cli("chime", "create-account", "--name", "Looked up by CLI")
    found = root.cli(
        "cloudtrail", "lookup-events", "--lookup-attributes", "AttributeKey=EventName,AttributeValue=CreateAccount",
        "--max-items", "1")
    assert json.loads(found["Events"][0]["CloudTrailEvent"])["requestParameters"] == {"name": "Looked up by CLI"}


def test_a_profile_that_assumes_a_role(server, root, role, user, tmp_path):
    """The CLI's own way to a role: a profile that names it."""
    ada = user(policy("sts:AssumeRole"))
    arn = role(policy("chime:ListAccounts"))
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws/config").write_text(
        f"[profile base]\naws_access_key_id = {ada.credentials.key}\naws_secret_access_key = {ada.credentials.secret}\n"
        f"[profile helpdesk]\nrole_arn = {arn}\nsource_profile = base\nrole_session_name = cli\n")
    done = subprocess.run(
        [AWS_CLI, "--profile", "helpdesk", "--endpoint-url", server.endpoint, "chime", "list-accounts"],
        capture_output=True, text=True, timeout=60,
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "AWS_ENDPOINT_URL_STS": server.endpoint,
             "AWS_DEFAULT_REGION": "us-east-1"})
    assert done.returncode == 0, done.stderr
    assert "Accounts" in json.loads(done.stdout)


def test_a_model_that_is_installed(server, root, tmp_path):
    """`aws configure add-model` takes what `carillon model` prints."""
    text = carillon("model").stdout
    assert json.loads(text)["metadata"]["signingName"] == "chime"
    (tmp_path / "model.json").write_text(text)
    env = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "AWS_DEFAULT_REGION": "us-east-1",
           "AWS_ACCESS_KEY_ID": root.credentials.key, "AWS_SECRET_ACCESS_KEY": root.credentials.secret,
           "AWS_ENDPOINT_URL": server.endpoint}
    run = lambda *words: subprocess.run(
        [AWS_CLI, *words], capture_output=True, text=True, timeout=60, env=env)
    done = run("configure", "add-model", "--service-name", "chime", "--service-model", f"file://{tmp_path}/model.json")
    assert done.returncode == 0, done.stderr
    done = run("chime", "get-user-by-email", "--account-id", "nothing", "--user-email", "a@example.com")
    assert "(NotFoundException)" in done.stderr, done.stderr


@pytest.mark.parametrize("words", [("get-telephony-limits",), ("list-directories",)])
def test_planned_actions_say_so(server, root, model_folder, words):
    done = root.cli("chime", *words, model_folder=model_folder, check=False)
    assert done.returncode in REFUSED and "An error occurred" in done.stderr
