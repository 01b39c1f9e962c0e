"""Meetings, messages and the reports of them, told by the activity feed as a product tells it."""

import base64
import collections
import csv
import datetime
import hashlib
import hmac
import io
import json
import random
import time
import urllib.error
import urllib.request
import uuid

import pytest
import requests
from google.protobuf.json_format import MessageToJson
from livekit.api import AccessToken, TokenVerifier, WebhookReceiver
from livekit.protocol.models import ParticipantInfo, Room, TrackInfo, TrackSource, TrackType
from livekit.protocol.webhook import WebhookEvent

from harness.aws import not_allowed, policy, refused
from harness.raw import chime_request
from harness.server import carillon

EVENTS = 100_000
PEOPLE = 60
UTC = datetime.UTC


class Source:
    """A product that tells what people do in it."""

    def __init__(self, server, *arguments):
        self.server = server
        shown = carillon(
            "activity-source", "create", "Product", "--data", str(server.data), "--database", server.database,
            *arguments).stdout
        lines = dict(line.split(maxsplit=1) for line in shown.splitlines() if line.count("  ") and " " in line)
        self.id, self.key = lines["Source"], lines["Key"]

    def send(self, events, timestamp=None, signature=None, signed_body=None):
        body = json.dumps(events).encode()
        timestamp = str(int(time.time())) if timestamp is None else timestamp
        if signature is None:
            text = timestamp.encode() + b"." + (body if signed_body is None else signed_body)
            signature = hmac.new(self.key.encode(), text, hashlib.sha256).hexdigest()
        request = urllib.request.Request(
            self.server.endpoint + "/ingest/v1/events", data=body, headers={
                "Content-Type": "application/json", "X-Carillon-Source": self.id,
                "X-Carillon-Timestamp": timestamp, "X-Carillon-Signature": signature})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as answer:
            return answer.code, json.load(answer)

    def tell(self, events):
        """Tells all of them, in requests of 500, and answers how many were new."""
        new = 0
        for start in range(0, len(events), 500):
            status, answer = self.send(events[start:start + 500])
            assert status == 202, answer
            new += answer["NewEvents"]
        return new

    def meeting_id(self, name):
        return str(uuid.uuid5(uuid.UUID(self.id), name))


@pytest.fixture
def people(root, unique):
    """Invites people into an account and answers their users by address."""

    def make(account_id, count):
        addresses = [f"{unique('p')}@reports.example" for _ in range(count)]
        for start in range(0, count, 50):
            root.chime.invite_users(AccountId=account_id, UserEmailList=addresses[start:start + 50])
        pages = root.chime.get_paginator("list_users").paginate(AccountId=account_id)
        users = {one["PrimaryEmail"]: one["UserId"] for page in pages for one in page["Users"]}
        return {address: users[address] for address in addresses}

    return make


def iso(moment):
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


class Told:
    """Generated events, and what reports must say of them by a count of its own."""

    def __init__(self, addresses, days, count):
        draw = random.Random(20261125)
        self.events, self.by_day = [], collections.defaultdict(lambda: collections.Counter())
        self.active = collections.defaultdict(set)
        self.did = collections.defaultdict(collections.Counter)
        self.meetings = {}
        outsiders = [f"guest{n}@elsewhere.example" for n in range(10)]
        while len(self.events) < count:
            begin = draw.choice(days) + datetime.timedelta(seconds=draw.randrange(80_000))
            if draw.random() < 0.5:
                self.messages(draw, addresses, begin)
            else:
                self.meeting(draw, addresses, outsiders, begin)

    def add(self, kind, at, **facts):
        self.events.append({"EventId": str(len(self.events)), "EventType": kind, "Timestamp": iso(at)} | facts)

    def messages(self, draw, addresses, begin):
        who = draw.choice(addresses)
        for second in range(draw.randrange(1, 20)):
            self.add("chat.message-sent", begin + datetime.timedelta(seconds=second), Email=who)
            self.by_day[begin.date()]["messages"] += 1
            self.did[who]["messages"] += 1
        self.active[begin.date()].add(who)

    def meeting(self, draw, addresses, outsiders, begin):
        name = f"m{len(self.events)}"
        organizer = draw.choice(addresses)
        there = draw.sample(addresses, draw.randrange(1, 6)) + draw.sample(outsiders, draw.randrange(0, 2))
        end = begin + datetime.timedelta(seconds=draw.randrange(600, 7_000))
        day = end.date()
        self.add("meeting.started", begin, MeetingId=name, OrganizerEmail=organizer, Title=name)
        for number, who in enumerate(there):
            self.add("attendee.joined", begin + datetime.timedelta(seconds=number), MeetingId=name,
                     AttendeeId=f"a{number}", Email=who, ClientType="Web")
            if draw.random() < 0.5:
                self.add("attendee.left", end - datetime.timedelta(seconds=number), MeetingId=name,
                         AttendeeId=f"a{number}")
            if who in addresses:
                self.active[day].add(who)
                self.did[who]["attended"] += 1
        self.add("meeting.ended", end, MeetingId=name)
        answers = collections.Counter()
        if draw.random() < 0.3:
            rating = draw.choice(["Positive", "Positive", "Negative"])
            self.add("survey.submitted", end + datetime.timedelta(seconds=5), MeetingId=name, AttendeeId="a0",
                     Rating=rating)
            answers[rating] += 1
        self.by_day[day].update(answers)
        self.by_day[day]["meetings"] += 1
        self.did[organizer].update(answers)
        self.did[organizer]["organized"] += 1
        self.meetings[name] = (organizer, begin, end, len(there), answers)


def satisfaction(counter):
    answers = counter["Positive"] + counter["Negative"]
    return round(counter["Positive"] * 100 / answers + 1e-9, 1) if answers else None


def usage(root, account_id, start, end, period):
    answer = root.chime.list_account_usage_report_data(
        AccountId=account_id, StartDate=str(start), EndDate=str(end), Period=period, MaxResults=99)
    assert "NextToken" not in answer
    return answer["UsageReports"]


def test_a_hundred_thousand_events_are_counted_as_somebody_else_counts_them(server, root, account, people):
    mine = account()["AccountId"]
    users = people(mine, PEOPLE)
    today = datetime.datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    days = [today - datetime.timedelta(days=back) for back in range(2, 25)]
    told = Told(list(users), days, EVENTS)
    source = Source(server)
    events = told.events[:]
    random.Random(1).shuffle(events)
    assert source.tell(events) == len(events)
    # Replayed, and replayed again, the same events change nothing.
    assert source.tell(events[:20_000]) == 0
    assert source.tell(list(reversed(events[10_000:30_000]))) == 0

    first, last = min(days).date(), today.date()
    reports = usage(root, mine, first, last, "Day")
    assert [one["StartDate"] for one in reports] == [
        str(first + datetime.timedelta(days=n)) for n in range((last - first).days + 1)]
    for one in reports:
        day = datetime.date.fromisoformat(one["StartDate"])
        counted = told.by_day[day]
        assert one["ActiveUsers"] == len(told.active[day]), day
        assert one["MeetingsHeld"] == counted["meetings"], day
        assert one["ChatMessagesSent"] == counted["messages"], day
        assert one.get("MeetingSatisfaction") == satisfaction(counted), day
    sums = sum(one["ActiveUsers"] for one in reports)
    for period in ("Week", "Month", "Total"):
        for one in usage(root, mine, first, last, period):
            start, end = (datetime.date.fromisoformat(one[name]) for name in ("StartDate", "EndDate"))
            within = [day for day in told.active if start <= day <= end]
            people_there = set().union(*(told.active[day] for day in within))
            assert one["ActiveUsers"] == len(people_there), (period, start)
            assert one["MeetingsHeld"] == sum(told.by_day[day]["meetings"] for day in told.by_day if start <= day <= end)
            if len(within) > 1:
                assert one["ActiveUsers"] < sums
    for address, user_id in list(users.items())[:20]:
        report = root.chime.get_user_activity_report_data(
            AccountId=mine, UserId=user_id, StartDate=str(first), EndDate=str(last))["UserActivityReport"]
        did = told.did[address]
        assert (report["MeetingsAttended"], report["MeetingsOrganized"], report["ChatMessagesSent"]) == (
            did["attended"], did["organized"], did["messages"]), address
        assert report.get("MeetingSatisfaction") == satisfaction(did)

    rows, token = [], {}
    while True:
        page = root.chime.list_meeting_report_data(
            AccountId=mine, StartDate=str(first), EndDate=str(last), MaxResults=99, **token)
        rows += page["MeetingReports"]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    by_id = {source.meeting_id(name): facts for name, facts in told.meetings.items()}
    assert {row["MeetingId"] for row in rows} == set(by_id)
    for row in rows:
        organizer, begin, end, there, answers = by_id[row["MeetingId"]]
        assert (row["OrganizerUserId"], row["AttendeeCount"]) == (users[organizer], there)
        assert (row["StartTimestamp"], row["EndTimestamp"]) == (begin, end)
        assert (row["PositiveResponses"], row["NegativeResponses"]) == (answers["Positive"], answers["Negative"])
    ends = [row["EndTimestamp"] for row in rows]
    assert ends == sorted(ends, reverse=True)


def meeting(name, start, organizer, *there):
    moment = iter(iso(start + datetime.timedelta(seconds=10 * n)) for n in range(100))
    events = [{"EventType": "meeting.started", "OrganizerEmail": organizer, "Title": "=Budget"}]
    events += [{"EventType": "attendee.joined", "AttendeeId": f"a{n}", **one} for n, one in enumerate(there)]
    events += [{"EventType": "meeting.ended"}]
    return [
        {"EventId": f"{name}-{n}", "MeetingId": name, "Timestamp": next(moment)} | event
        for n, event in enumerate(events)
    ]


def test_a_late_event_corrects_yesterday(server, root, account, people):
    mine = account()["AccountId"]
    ada, eve = people(mine, 2)
    source = Source(server)
    noon = datetime.datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    yesterday = noon - datetime.timedelta(days=1)
    source.tell(meeting("late", yesterday, ada, {"Email": ada}))
    day = yesterday.date()
    assert [one["ActiveUsers"] for one in usage(root, mine, day, day, "Day")] == [1]
    source.tell([{"EventId": "later", "EventType": "attendee.joined", "MeetingId": "late", "AttendeeId": "b",
                  "Timestamp": iso(yesterday + datetime.timedelta(seconds=5)), "Email": eve}])
    assert [one["ActiveUsers"] for one in usage(root, mine, day, day, "Day")] == [2]
    detail = root.chime.get_meeting_detail(AccountId=mine, MeetingId=source.meeting_id("late"))["MeetingDetail"]
    assert detail["AttendeeCount"] == 2
    kinds = [one["EventType"] for one in root.chime.list_meeting_events(
        AccountId=mine, MeetingId=source.meeting_id("late"))["MeetingEvents"]]
    assert kinds == ["MeetingStarted", "AttendeeJoined", "AttendeeJoined", "MeetingEnded"]


def test_what_a_source_is_refused(server, root, account, people):
    mine = account()["AccountId"]
    (ada,) = people(mine, 1)
    source = Source(server, "--account", mine)
    now = datetime.datetime.now(UTC)
    good = {"EventId": "1", "EventType": "chat.message-sent", "Timestamp": iso(now), "Email": ada}
    assert source.send([good], signature="0" * 64)[0] == 401
    assert source.send([good], timestamp=str(int(time.time()) - 400))[0] == 401
    assert source.send([good], signed_body=b"[]")[0] == 401
    status, answer = source.send([good] * 501)
    assert (status, answer["Message"]) == (400, "a request has at most 500 events")
    old = good | {"EventId": "2", "Timestamp": iso(now - datetime.timedelta(days=31))}
    status, answer = source.send([good, old])
    assert (status, answer["Index"]) == (400, 1)
    assert source.send([good])[1] == {"NewEvents": 1, "RepeatedEvents": 0}, "the array was refused as a whole"
    command = ["--data", str(server.data), "--database", server.database]
    assert source.id in carillon("activity-source", "list", *command).stdout
    carillon("activity-source", "delete", source.id, *command)
    time.sleep(0.02)  # what another process changes is seen within a few milliseconds
    assert source.send([good])[0] == 401
    # The key is in no log and in no file but sealed.
    assert source.key.encode() not in server.everything_printed()


def test_who_may_read_reports(server, root, account, people, user):
    mine = account()["AccountId"]
    (ada,) = people(mine, 1)
    source = Source(server)
    start = datetime.datetime.now(UTC) - datetime.timedelta(hours=2)
    source.tell(meeting("secret", start, ada, {"Email": ada}, {"DisplayName": "Bob"}))
    meeting_id = source.meeting_id("secret")
    detail = root.chime.get_meeting_detail(AccountId=mine, MeetingId=meeting_id)["MeetingDetail"]
    assert [one.get("DisplayName") for one in detail["Attendees"]] == [None, "<Bob>"]

    reader = user(attached=["arn:aws:iam::aws:policy/AmazonChimeReadOnly"])
    reader.chime.list_account_usage_report_data(AccountId=mine)
    for action, call in [
        ("chime:ListMeetingReportData", lambda: reader.chime.list_meeting_report_data(AccountId=mine)),
        ("chime:GetMeetingDetail", lambda: reader.chime.get_meeting_detail(AccountId=mine, MeetingId=meeting_id)),
        ("chime:ListMeetingEvents", lambda: reader.chime.list_meeting_events(AccountId=mine, MeetingId=meeting_id)),
    ]:
        with refused("AccessDeniedException", 403, not_allowed(reader.arn, action)):
            call()
    spelled = user(policy("chime:ListMeetingsReportData"))
    assert spelled.chime.list_meeting_report_data(AccountId=mine)["MeetingReports"]
    others = account()["AccountId"]
    with refused("NotFoundException", 404):
        root.chime.get_meeting_detail(AccountId=others, MeetingId=meeting_id)


def test_reports_are_tables_too(server, root, account, people):
    mine = account()["AccountId"]
    (ada,) = people(mine, 1)
    source = Source(server)
    start = datetime.datetime.now(UTC) - datetime.timedelta(hours=2)
    source.tell(meeting("table", start, ada, {"Email": ada}))

    def table(path, principal=root):
        request = chime_request(principal.credentials, "GET", path)
        request.headers["Accept"] = "text/csv"
        return request.to(server)

    answer = table(f"/accounts/{mine}/reports/meetings")
    assert answer.status == 200 and answer.headers["content-type"] == "text/csv; charset=utf-8"
    (row,) = csv.DictReader(io.StringIO(answer.body.decode()))
    assert (row["MeetingId"], row["OrganizerEmail"]) == (source.meeting_id("table"), ada)
    rows = list(csv.DictReader(io.StringIO(table(f"/accounts/{mine}/reports/usage").body.decode())))
    assert len(rows) == 30
    paged = table(f"/accounts/{mine}/reports/usage?max-results=2")
    assert paged.body.count(b"\r\n") == 3 and paged.headers["x-carillon-next-token"]
    assert table(f"/accounts/{uuid.uuid4()}/reports/usage").status == 404


class LiveKit:
    """A server of LiveKit, as far as it tells what happens: signed by its own library, in its own messages."""

    def __init__(self, server, key, secret, tmp_path):
        (tmp_path / "secret").write_text(secret)
        shown = carillon(
            "activity-source", "create", "LiveKit", "--livekit-api-key", key, "--key-file", str(tmp_path / "secret"),
            *server.storage()).stdout
        (self.id,) = [line.split()[1] for line in shown.splitlines() if line.startswith("Source")]
        self.server, self.key, self.secret = server, key, secret

    def send(self, event, key=None, secret=None, body=None):
        told = MessageToJson(event).encode()
        digest = base64.b64encode(hashlib.sha256(told).digest()).decode()
        token = AccessToken(key or self.key, secret or self.secret).with_sha256(digest).to_jwt()
        # What LiveKit's own receiver takes, and nothing else, is what is sent here.
        if not (key or secret or body):
            WebhookReceiver(TokenVerifier(self.key, self.secret)).receive(told.decode(), token)
        answer = requests.post(
            f"{self.server.endpoint}/ingest/livekit/{self.id}", data=body or told, timeout=30,
            headers={"Authorization": token, "Content-Type": "application/webhook+json"})
        return answer.status_code


def test_livekit_tells_with_its_own_library(server, root, account, people, tmp_path):
    mine = account()["AccountId"]
    (ada, _), = people(mine, 1).items()
    livekit = LiveKit(server, "APIwebhooks", "a secret that is as long as LiveKit wants it", tmp_path)
    begin = int(time.time()) - 3_600
    room = Room(
        sid="RM_1", name="weekly", creation_time=begin,
        metadata=json.dumps({"organizerEmail": ada, "title": "Weekly", "scheduled": True}))
    who = ParticipantInfo(sid="PA_1", identity=ada, name="Ada", state=ParticipantInfo.State.ACTIVE)
    screen = TrackInfo(sid="TR_1", type=TrackType.VIDEO, source=TrackSource.SCREEN_SHARE)

    def event(kind, after, **more):
        return WebhookEvent(event=kind, id=f"EV_{kind}", created_at=begin + after, room=room, **more)

    first = event("room_started", 0)
    assert livekit.send(first, secret="another secret that is as long as the right one") == 401
    assert livekit.send(first, key="APIother") == 401
    assert livekit.send(first, body=b"{}") == 401
    told = [
        first,
        event("participant_joined", 1, participant=who),
        event("track_published", 5, participant=who, track=screen),
        event("track_unpublished", 65, participant=who, track=screen),
        event("participant_left", 89, participant=who),
        event("room_finished", 90),
    ]
    # Twice: LiveKit sends again what was not answered in time.
    for webhook in told + told:
        assert livekit.send(webhook) == 202
    (meeting,) = root.chime.list_meeting_report_data(AccountId=mine)["MeetingReports"]
    assert meeting["DurationSeconds"] == 90 and meeting["AttendeeCount"] == 1 and meeting["OrganizerEmail"] == ada
    events = root.chime.list_meeting_events(AccountId=mine, MeetingId=meeting["MeetingId"])["MeetingEvents"]
    assert {"ScreenShareStarted", "ScreenShareStopped"} <= {one["EventType"] for one in events}
