"""What was answered is kept, even if the process is killed while it writes."""

import itertools
import json
import threading

import pytest

from harness.aws import Credentials, Principal, policy
from harness.raw import chime_request, query_request
from harness.server import ROOT

ROUNDS = 10
WRITERS = 6
SECONDS_OF_LOAD = 0.4


class Writer(threading.Thread):
    """Makes accounts and IAM users until the server is gone, and remembers what was answered."""

    numbers = itertools.count()

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server = server
        self.accounts = set()
        self.users = set()
        self.unexpected = []

    def run(self):
        while True:
            number = next(self.numbers)
            try:
                if number % 3:
                    answer = chime_request(ROOT, "POST", "/accounts", {"Name": f"Load {number}"}).to(self.server)
                    if answer.status == 201:
                        self.accounts.add(answer.json["Account"]["AccountId"])
                else:
                    answer = query_request(ROOT, "CreateUser", UserName=f"load-{number}").to(self.server)
                    if answer.status == 200:
                        self.users.add(f"load-{number}")
            except Exception:
                return  # the connection broke: killed before the answer, so nothing was promised
            if answer.status not in (200, 201):
                self.unexpected.append((answer.status, answer.body))


def test_kill_under_load_loses_nothing_that_was_answered(new_server):
    server = new_server()
    server.start()
    accounts, users = set(), set()
    for round_number in range(ROUNDS):
        writers = [Writer(server) for _ in range(WRITERS)]
        for writer in writers:
            writer.start()
        threading.Event().wait(SECONDS_OF_LOAD)
        server.kill()
        for writer in writers:
            writer.join(20)
            assert not writer.is_alive()
            assert writer.unexpected == []
            accounts |= writer.accounts
            users |= writer.users
        server.start()
    assert len(accounts) > 5 * ROUNDS, "too little load to show anything"
    root = server.root
    kept = {
        one["AccountId"]
        for page in root.chime.get_paginator("list_accounts").paginate(PaginationConfig={"PageSize": 200})
        for one in page["Accounts"]
    }
    assert accounts - kept == set()
    kept = {
        one["UserName"]
        for page in root.iam.get_paginator("list_users").paginate(PaginationConfig={"PageSize": 1000})
        for one in page["Users"]
    }
    assert users - kept == set()
    # Each effect has its event, and each event of an effect its effect.
    made = [
        page_event["EventName"]
        for page in root.cloudtrail.get_paginator("lookup_events").paginate(
            LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "CreateUser"}],
            PaginationConfig={"PageSize": 50})
        for page_event in page["Events"] if "errorCode" not in page_event["CloudTrailEvent"]
    ]
    assert len(made) == len(kept)
    assert server.stop() == 0


def test_concurrent_writers_all_succeed(server, root):
    """Writes that race are run again by the server; the client sees no conflict that is none."""
    failures, names = [], []

    def work(worker):
        for number in range(15):
            answer = query_request(ROOT, "CreateUser", UserName=f"race-{worker}-{number}").to(server)
            (names if answer.status == 200 else failures).append((answer.status, answer.body))

    workers = [threading.Thread(target=work, args=(worker,)) for worker in range(8)]
    for one in workers:
        one.start()
    for one in workers:
        one.join(60)
    assert failures == []
    assert len(names) == 120


def test_one_name_is_given_once(server, root):
    """However many ask for it at the same moment."""
    for round_number in range(5):
        statuses = []
        barrier = threading.Barrier(8)

        def ask():
            barrier.wait(10)
            statuses.append(query_request(ROOT, "CreateUser", UserName=f"only-{round_number}").to(server).status)

        askers = [threading.Thread(target=ask) for _ in range(8)]
        for one in askers:
            one.start()
        for one in askers:
            one.join(60)
        assert sorted(statuses) == [200] + [409] * 7


def test_quotas_hold_under_concurrency(server, root, user):
    name = user(key=False).name
    statuses = []
    barrier = threading.Barrier(6)

    def ask():
        barrier.wait(10)
        statuses.append(query_request(ROOT, "CreateAccessKey", UserName=name).to(server).status)

    askers = [threading.Thread(target=ask) for _ in range(6)]
    for one in askers:
        one.start()
    for one in askers:
        one.join(60)
    assert sorted(statuses) == [200, 200, 409, 409, 409, 409]
    assert len(root.iam.list_access_keys(UserName=name)["AccessKeyMetadata"]) == 2


def test_reads_and_writes_together(server, root, account):
    """Pages stay whole while others write."""
    mine = {account("Steady")["AccountId"] for _ in range(20)}
    stop = threading.Event()

    def write():
        while not stop.is_set():
            chime_request(ROOT, "POST", "/accounts", {"Name": "Noise"}).to(server)

    writers = [threading.Thread(target=write, daemon=True) for _ in range(3)]
    for one in writers:
        one.start()
    try:
        for _ in range(10):
            pages = root.chime.get_paginator("list_accounts").paginate(
                Name="Steady", PaginationConfig={"PageSize": 3})
            assert {one["AccountId"] for page in pages for one in page["Accounts"]} == mine
    finally:
        stop.set()
        for one in writers:
            one.join(20)


@pytest.mark.parametrize("stop", ["kill", "stop"])
def test_credentials_and_policies_survive(new_server, stop):
    server = new_server()
    server.start()
    root = server.root
    arn = root.iam.create_user(UserName="ada")["User"]["Arn"]
    root.iam.put_user_policy(UserName="ada", PolicyName="p", PolicyDocument=policy("chime:ListAccounts"))
    key = root.iam.create_access_key(UserName="ada")["AccessKey"]
    token = root.sts.get_session_token()["Credentials"]
    getattr(server, stop)()
    server.start()
    Principal(server, Credentials.of(key), arn=arn).chime.list_accounts()
    Principal(server, Credentials.of(token)).chime.list_accounts()
    assert server.stop() == 0


class Reader(threading.Thread):
    """Asks for an account until the server is gone, and remembers the identifiers of the answers."""

    def __init__(self, server, account):
        super().__init__(daemon=True)
        self.request = chime_request(ROOT, "GET", f"/accounts/{account}")
        self.server = server
        self.answered = set()
        self.unexpected = []

    def run(self):
        while True:
            try:
                answer = self.request.to(self.server)
            except Exception:
                return
            if answer.status == 200:
                self.answered.add(answer.headers["x-amzn-requestid"])
            else:
                self.unexpected.append((answer.status, answer.body))


def test_kill_under_load_loses_no_event_of_what_was_read(new_server):
    server = new_server()
    server.start()
    account = server.root.chime.create_account(Name="Read")["Account"]["AccountId"]
    readers = [Reader(server, account) for _ in range(24)]
    for reader in readers:
        reader.start()
    threading.Event().wait(2 * SECONDS_OF_LOAD)
    server.kill()
    answered = set()
    for reader in readers:
        reader.join(20)
        assert not reader.is_alive()
        assert reader.unexpected == []
        answered |= reader.answered
    assert len(answered) > 24, "too little load to show anything"
    server.start()
    recorded = set()
    for attribute in (("Username", "root"), ("AccessKeyId", ROOT.key), ("ResourceName", account)):
        asked = [{"AttributeKey": attribute[0], "AttributeValue": attribute[1]}]
        pages = server.root.cloudtrail.get_paginator("lookup_events").paginate(LookupAttributes=asked)
        events = [json.loads(event["CloudTrailEvent"]) for page in pages for event in page["Events"]]
        reads = [event["requestID"] for event in events if event["eventName"] == "GetAccount"]
        assert len(reads) == len(set(reads)), "no event is found twice"
        assert answered - set(reads) == set(), attribute
        recorded |= set(reads)
    # What was answered has its event; who was not answered in time may have one too, once.
    assert len(recorded) <= len(answered) + len(readers)
