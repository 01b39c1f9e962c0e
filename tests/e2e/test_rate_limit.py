"""How many requests a principal may make a second, and what becomes of the others."""

import pytest
from botocore.exceptions import ClientError

from harness.aws import Credentials, Principal, policy
from harness.raw import chime_request, query_request
from harness.server import ROOT

# One a second, and two at once.
TIGHT = {"CARILLON_RATE_LIMIT": "1"}


@pytest.fixture
def tight(new_server):
    server = new_server(env=TIGHT)
    server.start()
    return server


def until_refused(request, server, most=20):
    """Sends a request again and again; the first answer that is not as before."""
    for _ in range(most):
        answer = request().to(server)
        if answer.status != 200:
            return answer
    raise AssertionError("every request was let through")


def test_the_refusal_in_each_protocol(tight):
    chime = until_refused(lambda: chime_request(ROOT, "GET", "/accounts"), tight)
    assert (chime.status, chime.error_type) == (429, "ThrottledClientException"), chime.body
    assert chime.json["Code"] == "Throttled"
    assert chime.headers["retry-after"] == "1"

    # The same bucket, whatever the service.
    for service in ("iam", "sts"):
        action = {"iam": "ListUsers", "sts": "GetCallerIdentity"}[service]
        answer = until_refused(lambda: query_request(ROOT, action, service), tight)
        assert (answer.status, answer.code) == (400, "Throttling"), answer.body
        assert answer.headers["retry-after"] == "1"
    tight.assert_healthy()


def test_clients_wait_and_get_through(tight):
    """What boto3 does by itself with its default settings: each call that is refused is repeated."""
    client = tight.root.client("iam", retries={"total_max_attempts": 10, "mode": "legacy"})
    attempts = [client.list_users()["ResponseMetadata"]["RetryAttempts"] for _ in range(4)]
    assert any(attempts), attempts
    chime = tight.root.client("chime", retries={"total_max_attempts": 10, "mode": "legacy"})
    attempts = [chime.list_accounts()["ResponseMetadata"]["RetryAttempts"] for _ in range(4)]
    assert any(attempts), attempts


def test_a_user_does_not_use_up_what_others_have(tight):
    iam = tight.root.client("iam", retries={"total_max_attempts": 10, "mode": "legacy"})
    iam.create_user(UserName="ada")
    iam.put_user_policy(UserName="ada", PolicyName="all", PolicyDocument=policy("*"))
    key = iam.create_access_key(UserName="ada")["AccessKey"]
    ada = Principal(tight, Credentials.of(key))
    until_refused(lambda: chime_request(ROOT, "GET", "/accounts"), tight)
    ada.chime.list_accounts()
    # A second key does not make a second principal.
    other = Principal(tight, Credentials.of(iam.create_access_key(UserName="ada")["AccessKey"]))
    with pytest.raises(ClientError, match="ThrottledClientException"):
        for _ in range(10):
            ada.chime.list_accounts()
            other.chime.list_accounts()


def test_the_trail_and_the_measurements_hear_of_it(tight):
    for _ in range(40):
        chime_request(ROOT, "GET", "/accounts").to(tight)
    metrics = tight.get("/metrics")[2].decode()
    throttled = [line for line in metrics.splitlines() if 'decision="throttled"' in line]
    assert throttled and sum(float(line.split()[-1]) for line in throttled) > 20, throttled
    assert tight.stop() == 0
    records = [one for one in tight.audit_records() if one.get("errorCode") == "ThrottledClientException"]
    assert len(records) == 1, records
    assert records[0]["eventName"] == "ListAccounts"
    assert records[0]["userIdentity"]["type"] == "Root"


def test_no_limit(new_server):
    server = new_server(env={"CARILLON_RATE_LIMIT": "0"})
    server.start()
    assert {chime_request(ROOT, "GET", "/accounts").to(server).status for _ in range(300)} == {200}
