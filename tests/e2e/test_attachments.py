"""What people upload, and exports of it, with objects in a folder and in a bucket."""

import contextlib
import csv
import datetime
import hashlib
import io
import pathlib
import random
import re
import sqlite3
import subprocess
import urllib.error
import urllib.parse
import urllib.request
import uuid

import pytest

from harness.aws import Credentials, Principal, refused
from harness.mail import link_of, text_of
from harness.objects import Bucket, Folder
from harness.portal import Browser, Page
from harness.raw import chime_request, now
from harness.server import ROOT, carillon

PASSWORD = "correct horse battery 9"
NOWHERE = "00000000-0000-4000-8000-000000000000"
COLUMNS = ["url", "file_name", "content_type", "size_bytes", "sha256", "uploaded_by", "uploaded_at",
           "conversation_type", "conversation_id"]
SOURCE = "5eed0000-0000-4000-8000-000000000001"


@pytest.fixture(params=["folder", "bucket"])
def objects(request, tmp_path):
    place = {"folder": Folder, "bucket": Bucket}[request.param](tmp_path / "objects")
    place.start()
    yield place
    place.stop()


@pytest.fixture
def folder_only(tmp_path):
    return Folder(tmp_path / "objects")


class World:
    """A server with a place for objects, and an Enterprise account with people."""

    def __init__(self, server, mail, place):
        self.server, self.mail, self.place = server, mail, place
        self.root = server.root
        self.people = {}

    def operate(self, *words):
        return carillon(
            "chime-account", *words, "--data", self.server.data, "--database", self.server.database,
            env={"HOME": str(self.server.folder)})

    def company(self, domain, *names, enterprise=True):
        domain = f"{domain.partition('.')[0]}-{uuid.uuid4().hex[:8]}.example.com"  # mail is for all servers
        mine = self.root.chime.create_account(Name=domain)["Account"]["AccountId"]
        self.domain = domain
        for name in names:
            address = f"{name}@{domain}"
            self.root.chime.invite_users(AccountId=mine, UserEmailList=[address])
            browser = Browser(self.server)
            browser.register(link_of(self.mail.wait_for(address)[-1]), PASSWORD)
            browser.sign_in(address, PASSWORD)
            user = self.root.chime.get_user_by_email(AccountId=mine, UserEmail=address)["User"]
            self.people[name] = (user["UserId"], address, browser)
        if enterprise:
            self.operate("claim-domain", mine, domain)
            self.operate("set-type", mine, "EnterpriseLWA")
        return mine

    def rows(self, rows):
        """Attachments as the activity feed leaves them, written past the server."""
        names = ["attachment_id", "source_id", "object_key", "account_id", "uploader_id", "uploader_email",
                 "conversation_kind", "conversation_id", "is_exported", "file_name", "content_type", "size_bytes",
                 "sha256", "uploaded_at", "recorded_at"]
        columns = ", ".join(names)
        database = self.server.database
        if database.startswith("sqlite:"):
            with sqlite3.connect(database.removeprefix("sqlite:"), timeout=30) as store:
                marks = ", ".join("?" * len(names))
                store.executemany(
                    f"INSERT INTO chime_attachment ({columns}) VALUES ({marks})",
                    [[row[name] for name in names] for row in rows])
            store.close()
            return
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerows([row[name] for name in names] for row in rows)
        subprocess.run(
            ["psql", "-qX", "-v", "ON_ERROR_STOP=1", database, "-c",
             f"COPY chime_attachment ({columns}) FROM STDIN WITH (FORMAT csv)"],
            input=text.getvalue(), text=True, check=True, capture_output=True)

    def attachment(self, mine, person, number, content, kind="OneToOne", exported=True, name=None):
        """An object that a product put into its place, and its row."""
        key = f"{kind.lower()}/{number}"
        self.place.put(f"sources/{SOURCE}/{mine}/{key}", content)
        user_id, address, _ = self.people[person]
        at = 1_700_000_000_000_000 + number
        return {
            "attachment_id": str(uuid.UUID(int=random.getrandbits(128), version=4)), "source_id": SOURCE,
            "object_key": key, "account_id": mine, "uploader_id": user_id, "uploader_email": address,
            "conversation_kind": kind, "conversation_id": f"conversation-{number % 7}", "is_exported": exported,
            "file_name": name or f"file {number}.bin", "content_type": "application/octet-stream",
            "size_bytes": len(content), "sha256": hashlib.sha256(content).hexdigest(), "uploaded_at": at,
            "recorded_at": at,
        }

    def export(self, mine, wait_until, seconds=120):
        made = self.root.chime.start_data_export(AccountId=mine)["DataExport"]
        assert made["Status"] == "InProgress" and "FileUrl" not in made
        return self.finished(mine, made["DataExportId"], wait_until, seconds)

    def finished(self, mine, export_id, wait_until, seconds=120):
        def done():
            export = self.root.chime.retrieve_data_export(AccountId=mine, DataExportId=export_id)["DataExport"]
            return export if export["Status"] != "InProgress" else None

        return wait_until(done, seconds=seconds, every=0.2, what="the export")


@pytest.fixture
def make_world(new_server, mail):
    def make(place, **options):
        server = new_server(env=place.env | options.pop("env", {}), **options)
        server.start()
        return World(server, mail, place)

    return make


def upload(browser, name, content, kind="application/octet-stream", key=None, headers=None, fields=None):
    """Sends a file as a browser does, from the form of the page."""
    page = browser.open("/portal/files")
    form = next(form for form in page.forms if "file" in form.fields)
    if key is None:
        key = form.fields["form_key"][1]
    return send(browser, [("form_key", None, None, key.encode()), ("file", name, kind, content)], headers)


def send(browser, fields, headers=None):
    boundary = "----browser7MA4YWxk"
    body = b""
    for field, name, kind, content in fields:
        body += f"--{boundary}\r\nContent-Disposition: form-data; name=\"{field}\"".encode()
        if name is not None:
            body += f"; filename=\"{name}\"\r\nContent-Type: {kind}".encode()
        body += b"\r\n\r\n" + content + b"\r\n"
    body += f"--{boundary}--\r\n".encode()
    request = urllib.request.Request(
        browser.server.endpoint + "/portal/files", data=body, method="POST",
        headers={"Sec-Fetch-Site": "same-origin", "Content-Type": f"multipart/form-data; boundary={boundary}"}
        | (headers or {}))
    try:
        answer = browser.opener.open(request, timeout=60)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        return Page(answer.status, answer.url, answer.headers, answer.read().decode())


def curl(url, *more):
    """Status, headers and content of what an ordinary client gets."""
    done = subprocess.run(
        ["curl", "-sS", "-g", "--max-time", "60", "-D", "/dev/stderr", *more, url], capture_output=True, check=True)
    head = done.stderr.decode().replace("\r", "")
    status = int(head.split()[1])
    headers = dict(line.lower().split(": ", 1) for line in head.splitlines()[1:] if ": " in line)
    return status, headers, done.stdout


def table(content):
    lines = list(csv.DictReader(io.StringIO(content.decode("utf-8"))))
    assert content.decode("utf-8").splitlines()[0] == ",".join(COLUMNS)
    return lines


def test_a_file_goes_up_and_comes_back(make_world, objects, wait_until):
    world = make_world(objects)
    mine = world.company("up.example.com", "ada", "ben")
    _, _, ada = world.people["ada"]
    _, _, ben = world.people["ben"]
    content = random.Random(1).randbytes(6 << 20)  # more than one part of a bucket
    page = upload(ada, "Größe & <b>more.pdf", content, "application/pdf")
    assert page.status == 200 and "Größe & <b>more.pdf" in page.text and "6 MiB" in page.text, page
    (link,) = [link for link in page.links if re.fullmatch(r"/portal/files/[0-9a-f-]{36}", link)]

    with ada.opener.open(world.server.endpoint + link, timeout=60) as answer:
        assert answer.read() == content
        assert answer.headers["Content-Disposition"].startswith("attachment;")
        assert "Gr%C3%B6%C3%9Fe" in answer.headers["Content-Disposition"]
    # Nobody else's, whoever asks.
    assert ben.open(link).status == 404
    assert ben.open("/portal/files").text.count("Größe") == 0
    key = next(f for f in ben.open("/portal/files").forms if "file" in f.fields).fields["form_key"][1]
    assert ben.open(f"{link}/delete", {"form_key": key}).status == 404
    assert Browser(world.server).open(link).form_with("email"), "strangers are asked who they are"

    (stored,) = objects.keys()
    assert stored.startswith(f"uploads/{mine}/")
    page = ada.open("/portal/files")
    form = next(form for form in page.forms if form.action == f"{link}/delete")
    page = ada.submit(page, form)
    assert page.status == 200 and "Nothing yet" in page.text
    assert ada.open(link).status == 404
    wait_until(lambda: not objects.keys(), what="the object to go")


def test_hostile_uploads_are_refused_with_a_reason(make_world, folder_only):
    place = folder_only
    world = make_world(place, env={"CARILLON_UPLOAD_SIZE": "2", "CARILLON_UPLOAD_QUOTA": "3"})
    world.company("hostile.example.com", "ada")
    _, _, ada = world.people["ada"]
    mib = 1 << 20
    for name, content, status, words in [
        ("big.bin", bytes(2 * mib + 1), 413, "larger than 2 MiB"),
        ("bigger.bin", bytes(4 * mib), 413, "larger than 2 MiB"),
        ("setup.exe", b"hello", 400, "Programs"),
        ("SETUP.ExE.", b"hello", 400, "Programs"),
        ("innocent.txt", b"MZ\x90\x00 and so on", 400, "Programs"),
        ("innocent.pdf", b"\x7fELF\x02\x01", 400, "Programs"),
        ("innocent", b"#!/bin/sh\n", 400, "Programs"),
        ("../../etc/passwd", b"x", 400, "not a path"),
        ("C:\\\\temp\\\\x.txt", b"x", 400, "not a path"),
        ("x" * 256, b"x", 400, "255 characters"),
        ("photo\u202egpj.txt", b"x", 400, "control characters"),
        ("..", b"x", 400, "not a path"),
        ("", b"", 400, "Choose a file"),
    ]:
        page = upload(ada, name, content)
        assert page.status == status and words in page.text, (name, page.status, page.text)
        assert "The file was not uploaded" in page.text
    assert place.keys() == set()
    # Not by a form of somebody else, nor without the key, nor out of order.
    assert upload(ada, "a.txt", b"x", headers={"Sec-Fetch-Site": "cross-site"}).status == 403
    assert upload(ada, "a.txt", b"x", key="0" * 64).status == 403
    assert send(ada, [("file", "a.txt", "text/plain", b"x")]).status == 403
    assert send(Browser(world.server), [("file", "a.txt", "text/plain", b"x")]).form_with("email")
    key = next(f for f in ada.open("/portal/files").forms if "file" in f.fields).fields["form_key"][1]
    page = send(ada, [("form_key", None, None, key.encode()), ("other", None, None, bytes(mib))])
    assert page.status == 400, page
    page = send(ada, [("junk", None, None, bytes(2 * mib))])
    assert page.status in (400, 403), page
    assert place.keys() == set()
    # The quota.
    assert upload(ada, "one.bin", bytes(2 * mib)).status == 200
    page = upload(ada, "two.bin", bytes(2 * mib))
    assert page.status == 409 and "3 MiB together" in page.text, page
    assert upload(ada, "three.bin", bytes(mib)).status == 200
    page = upload(ada, "four.bin", b"x")
    assert page.status == 409, page
    # The bound of everything else is as it was.
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # refused before it was sent
        assert chime_request(ROOT, "POST", "/accounts", bytes(2 * mib)).to(world.server).status == 413
    listed = {link for link in ada.open("/portal/files").links if "/portal/files/" in link}
    assert len(listed) == len(place.keys()) == 2


def test_ten_thousand_attachments(make_world, objects, wait_until):
    world = make_world(objects)
    mine = world.company("many.example.com", "ada", "ben")
    other = world.company("other.example.com", "eve")
    rng = random.Random(7)
    contents = {}
    rows = []
    for number in range(10_000):
        content = rng.randbytes(rng.randrange(1, 200))
        kind = ["OneToOne", "Group", "Room"][number % 3]
        row = world.attachment(mine, ["ada", "ben"][number % 2], number, content, kind)
        contents[row["file_name"]] = (content, row)
        rows.append(row)
    formula = world.attachment(mine, "ada", 20_000, b"formula", name="=HYPERLINK(\"http://evil.example\",\"x\")")
    elsewhere = world.attachment(mine, "ada", 20_001, b"in a room of somebody else", "Room", exported=False)
    foreign = world.attachment(other, "eve", 20_002, b"of another account")
    gone = world.attachment(mine, "ben", 20_003, b"gone")
    world.rows([*rows, formula, elsewhere, foreign, gone])
    objects.delete(f"sources/{SOURCE}/{mine}/{gone['object_key']}")
    assert upload(world.people["ada"][2], "portal.txt", b"from the portal", "text/plain").status == 200

    export = world.export(mine, wait_until, seconds=300)
    assert export["Status"] == "Succeeded", export
    total = sum(len(content) for content, _ in contents.values())
    assert export["AttachmentCount"] == 10_002
    assert export["TotalBytes"] == total + len(b"formula") + len(b"from the portal")
    assert export["MissingCount"] == 1 and "FailureReason" not in export
    assert export["ExpirationTimestamp"] - export["CompletedTimestamp"] <= datetime.timedelta(days=6)
    assert export["ExpirationTimestamp"] - export["RequestedTimestamp"] >= datetime.timedelta(days=6)
    assert export["NextRequestTimestamp"] - export["RequestedTimestamp"] == datetime.timedelta(days=7)

    # The file is not to be read where it is kept.
    parts = [key for key in objects.keys() if key.startswith(f"exports/{mine}/")]
    assert len(parts) == 21
    for part in parts:
        kept = (objects.root / part).read_bytes()
        assert b"http://" not in kept and b"file " not in kept and b"ada@" not in kept

    status, headers, content = curl(export["FileUrl"])
    assert status == 200 and headers["content-type"] == "text/csv; charset=utf-8"
    assert headers["content-disposition"].startswith("attachment;")
    lines = table(content)
    assert len(lines) == 10_002
    names = [line["file_name"] for line in lines]
    assert set(names) == set(contents) | {"'" + formula["file_name"], "portal.txt"}
    for line in rng.sample(lines[:-2], 60) + lines[-2:]:
        status, headers, fetched = curl(line["url"])
        assert status == 200
        assert hashlib.sha256(fetched).hexdigest() == line["sha256"] and len(fetched) == int(line["size_bytes"])
        if line["file_name"] in contents:
            expected, row = contents[line["file_name"]]
            assert fetched == expected
            assert line["uploaded_by"] == row["uploader_email"]
            assert (line["conversation_type"], line["conversation_id"]) == (
                row["conversation_kind"], row["conversation_id"])
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(line["url"]).query)
        if isinstance(objects, Bucket):
            assert query["X-Amz-Expires"] == ["518400"] and query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
        else:
            assert headers["content-security-policy"].startswith("default-src 'none'; sandbox")
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["content-disposition"].startswith("attachment;")

    # Links are good as they are, and in no other way.
    url = lines[0]["url"]
    for altered in (
        re.sub(r"(ignature=.*)[0-9a-f]$", lambda m: m[1] + "0" if m[0][-1] != "0" else m[1] + "1", url),
        url.replace(f"/{mine}/", f"/{other}/"),
        re.sub(r"([Ee]xpires)=(\d+)", r"\1=\g<2>0", url),
        url.split("?")[0],
    ):
        assert altered != url
        status, _, fetched = curl(altered)
        assert status in (400, 403), (altered, status)
        assert fetched != contents[names[0]][0]
    assert curl(url, "-X", "DELETE")[0] in (403, 405)
    assert curl(export["FileUrl"] + "0")[0] == 403
    assert curl(re.sub(r"expires=\d+", "expires=99999999999", export["FileUrl"]))[0] == 403
    if not isinstance(objects, Bucket):
        status, headers, fetched = curl(url, "-r", "0-0")
        assert status == 206 and fetched == contents[names[0]][0][:1]

    # Again only in seven days, and that is said.
    with refused("ResourceLimitExceededException", 400, re.compile(export["NextRequestTimestamp"].strftime("%Y-%m-%dT%H:%M:%SZ"))):
        world.root.chime.start_data_export(AccountId=mine)
    listed = world.root.chime.list_data_exports(AccountId=mine)["DataExports"]
    assert [one["DataExportId"] for one in listed] == [export["DataExportId"]] and "FileUrl" not in listed[0]
    # Retrieving is audited, and the address is in no record and no log.
    events = [record for record in world.server.audit_records() if record["eventName"] == "RetrieveDataExport"]
    assert events and events[-1]["requestParameters"]["dataExportId"] == export["DataExportId"]
    signature = export["FileUrl"].rpartition("=")[2]
    assert signature not in world.server.audit_log.read_text()
    assert signature.encode() not in world.server.everything_printed()
    (completed,) = [r for r in world.server.audit_records() if r["eventName"] == "CompleteDataExport"]
    assert completed["serviceEventDetails"]["attachmentCount"] == 10_002


def test_links_end_after_six_days(make_world, objects, wait_until):
    world = make_world(objects)
    mine = world.company("late.example.com", "ada")
    assert upload(world.people["ada"][2], "a.txt", b"content of a", "text/plain").status == 200
    export = world.export(mine, wait_until)
    (line,) = table(curl(export["FileUrl"])[2])

    def later(**delta):
        world.server.restart_later(**delta)
        objects.stop()
        objects.start({name: world.server.env[name] for name in world.server.env if "FAKE" in name or "LD_" in name})

    def ask(path, **delta):
        request = chime_request(ROOT, "GET", f"/accounts/{mine}{path}")
        request.moment = now() + datetime.timedelta(**delta)
        return request.to(world.server)

    later(minutes=6)
    assert curl(export["FileUrl"])[0] == 403, "the address of the file is good for five minutes"
    assert curl(line["url"])[2] == b"content of a"
    fresh = ask(f"/data-exports/{export['DataExportId']}", minutes=6).json["DataExport"]["FileUrl"]
    assert table(curl(fresh)[2]) == [line]

    later(days=5, hours=23)
    assert curl(line["url"])[2] == b"content of a"

    later(days=6, minutes=1)
    status, _, content = curl(line["url"])
    assert status in (400, 403) and b"content of a" not in content
    answer = ask(f"/data-exports/{export['DataExportId']}", days=6, minutes=1).json["DataExport"]
    assert answer["Status"] == "Expired" and "FileUrl" not in answer
    wait_until(lambda: not [key for key in objects.keys() if key.startswith("exports/")], what="the file to go")
    assert [key for key in objects.keys() if key.startswith("uploads/")], "what was uploaded stays"
    request = chime_request(ROOT, "POST", f"/accounts/{mine}/data-exports")
    request.moment = now() + datetime.timedelta(days=6, minutes=1)
    assert request.to(world.server).error_type == "ResourceLimitExceededException"
    later(days=7, minutes=1)
    request = chime_request(ROOT, "POST", f"/accounts/{mine}/data-exports")
    request.moment = now() + datetime.timedelta(days=7, minutes=1)
    assert request.to(world.server).status == 201


def test_killed_at_any_point_an_export_is_whole(make_world, folder_only, wait_until):
    """Killed and started again, over and over, while it gathers: each attachment is in the file once."""
    place = folder_only
    world = make_world(place)
    mine = world.company("crash.example.com", "ada")
    count = 8_000
    world.rows([world.attachment(mine, "ada", number, b"%d" % number) for number in range(count)])
    export = world.root.chime.start_data_export(AccountId=mine)["DataExport"]
    rng = random.Random(11)
    progress = []
    ahead = 0

    def ask():
        request = chime_request(ROOT, "GET", f"/accounts/{mine}/data-exports/{export['DataExportId']}")
        request.moment = now() + datetime.timedelta(minutes=ahead)
        return request.to(world.server).json["DataExport"]

    kills = 0
    for _ in range(30):
        deadline = rng.uniform(0.02, 0.5)
        try:
            wait_until(lambda: ask()["Status"] != "InProgress", seconds=deadline, every=0.02)
            break
        except AssertionError:
            progress.append(ask()["AttachmentCount"])
        world.server.kill()
        kills += 1
        # What was being done is done again when its lease ends; that is two minutes.
        ahead += 3
        world.server.starts += 0
        world.server.env |= clock(ahead)
        world.server.start()
    assert kills >= 3, "it was never killed in the middle"
    assert progress == sorted(progress), "progress goes one way"
    done = wait_until(lambda: (one := ask())["Status"] != "InProgress" and one, seconds=240, what="the export")
    assert done["Status"] == "Succeeded" and done["AttachmentCount"] == count
    assert done["TotalBytes"] == sum(len(str(number)) for number in range(count))
    lines = table(curl(done["FileUrl"])[2])
    assert [line["file_name"] for line in lines] == [f"file {number}.bin" for number in range(count)]


def clock(minutes):
    (library,) = pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")
    return {"LD_PRELOAD": str(library), "FAKETIME": f"+{minutes * 60}s", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


def test_refusals(make_world, folder_only, wait_until):
    world = make_world(folder_only)
    root = world.root
    team = world.company("team.example.com", enterprise=False)
    mine = world.company("mine.example.com")
    for call in (
        lambda account: root.chime.start_data_export(AccountId=account),
        lambda account: root.chime.retrieve_data_export(AccountId=account, DataExportId=NOWHERE),
        lambda account: root.chime.list_data_exports(AccountId=account),
    ):
        with refused("BadRequestException", 400, re.compile("Team")):
            call(team)
        with refused("NotFoundException"):
            call(NOWHERE)
    with refused("NotFoundException"):
        root.chime.retrieve_data_export(AccountId=mine, DataExportId=NOWHERE)
    with refused("NotFoundException"):
        root.chime.retrieve_data_export(AccountId=mine, DataExportId="../../etc")
    with refused("BadRequestException"):
        root.chime.list_data_exports(AccountId=mine, MaxResults=100)
    with refused("BadRequestException"):
        root.chime.list_data_exports(AccountId=mine, NextToken="x")
    # Nothing to export is a file with a header alone.
    export = world.export(mine, wait_until)
    assert (export["AttachmentCount"], export["TotalBytes"]) == (0, 0)
    assert table(curl(export["FileUrl"])[2]) == []
    world.operate("set-status", mine, "Suspended")
    with refused("ForbiddenException"):
        root.chime.start_data_export(AccountId=mine)
    assert root.chime.retrieve_data_export(AccountId=mine, DataExportId=export["DataExportId"])
    world.operate("set-status", mine, "Disabled")
    assert curl(export["FileUrl"])[0] == 404, "nothing of a deleted account is given away"


def test_who_may(server, root, user, account):
    """FullAccess alone; the other managed policies have none of it."""
    mine = account()["AccountId"]
    calls = [
        lambda chime: chime.start_data_export(AccountId=mine),
        lambda chime: chime.retrieve_data_export(AccountId=mine, DataExportId=NOWHERE),
        lambda chime: chime.list_data_exports(AccountId=mine),
    ]
    for name in ("AmazonChimeUserManagement", "AmazonChimeReadOnly"):
        chime = user(attached=[f"arn:aws:iam::aws:policy/{name}"]).chime
        for call in calls:
            with refused("AccessDeniedException"):
                call(chime)
    chime = user(attached=["arn:aws:iam::aws:policy/AmazonChimeFullAccess"]).chime
    for call in calls:
        with refused("BadRequestException"):
            call(chime)


def test_another_aws_account_finds_nothing(make_world, folder_only, wait_until, unique):
    world = make_world(folder_only)
    mine = world.company("first.example.com")
    export = world.export(mine, wait_until)
    made = carillon(
        "account", "create", "--name", "Other", "--data", world.server.data, "--database", world.server.database,
        env={"HOME": str(world.server.folder)}).stdout
    key = re.search(r"\bAKIA[A-Z0-9]+", made)[0]
    secret = re.search(r"Secret access key\s+(\S+)", made)[1]
    other = Principal(world.server, Credentials(key, secret), name="other")
    for call in (
        lambda: other.chime.start_data_export(AccountId=mine),
        lambda: other.chime.retrieve_data_export(AccountId=mine, DataExportId=export["DataExportId"]),
        lambda: other.chime.list_data_exports(AccountId=mine),
    ):
        with refused("NotFoundException"):
            call()


def test_the_requester_is_told(make_world, folder_only, mail, wait_until):
    world = make_world(folder_only)
    mine = world.company("told.example.com", "ada")
    _, address, _ = world.people["ada"]
    world.root.iam.create_user(UserName=address)
    world.root.iam.attach_user_policy(UserName=address, PolicyArn="arn:aws:iam::aws:policy/AmazonChimeFullAccess")
    key = world.root.iam.create_access_key(UserName=address)["AccessKey"]
    ada = Principal(world.server, Credentials.of(key), name=address)
    made = ada.chime.start_data_export(AccountId=mine)["DataExport"]
    (*_, told) = mail.wait_for(address, 2)
    assert "export of attachments" in told["Subject"]
    assert made["DataExportId"] in text_of(told) and "http" not in text_of(told)


def test_files_go_with_the_account(make_world, objects, wait_until):
    world = make_world(objects)
    mine = world.company("gone.example.com", "ada")
    domain = world.domain
    stays = world.company("stays.example.com", "ben")
    for person in ("ada", "ben"):
        assert upload(world.people[person][2], "a.txt", b"content", "text/plain").status == 200
    world.rows([world.attachment(mine, "ada", number, b"x") for number in range(450)])
    world.export(mine, wait_until)
    world.operate("release-domain", mine, domain)
    world.root.chime.delete_account(AccountId=mine)
    assert len([key for key in objects.keys() if mine in key]) == 452
    world.server.restart_later(days=91)
    objects.stop()
    objects.start({name: world.server.env[name] for name in world.server.env if "FAKE" in name or "LD_" in name})
    wait_until(lambda: not [key for key in objects.keys() if mine in key], seconds=60, what="the objects to go")
    assert [key for key in objects.keys() if stays in key]


def test_the_check_command(new_server, objects, tmp_path):
    data = tmp_path / "data"
    done = carillon("objects", "check", "--data", data, env=objects.env | {"HOME": str(tmp_path)})
    assert "works" in done.stdout
    assert objects.keys() == set()
    if isinstance(objects, Bucket):
        wrong = objects.env | {"CARILLON_OBJECTS_SECRET_ACCESS_KEY": "wrong-secret", "HOME": str(tmp_path)}
        failed = carillon("objects", "check", "--data", data, env=wrong, check=False)
        assert failed.returncode != 0 and "wrong-secret" not in failed.stderr + failed.stdout
