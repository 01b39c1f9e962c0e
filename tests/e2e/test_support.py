"""Requests for help: by real mail to the operator, and in a list."""

import pytest

from harness.aws import policy, refused
from harness.mail import text_of
from harness.server import ACCOUNT_ID

OPERATOR = "support@operator.example"


@pytest.fixture(scope="module")
def server(make_server):
    one = make_server("support", env={"CARILLON_SUPPORT_ADDRESS": OPERATOR})
    one.start()
    yield one
    one.assert_healthy()
    assert one.stop() == 0, one.log
    one.assert_never_panicked()


def submit(who, contact, **options):
    members = {"Subject": "Meetings do not start", "Description": "Since nine.", "ContactEmail": contact} | options
    return who.chime.submit_support_request(**members)["SupportRequest"]


def test_a_request_arrives_with_the_facts(root, mail, user, account, unique, wait_until):
    ada = user(policy("chime:*"))
    mine = account("Pies & <Sons>")
    contact = f"{unique('contact')}@example.com"
    before = len(mail.to(OPERATOR))
    hostile = "Grüße =?utf-8?q?=0D=0ABcc:_eve@example.com?= <script>"
    made = submit(
        ada, contact, Subject=hostile, Severity="Urgent", AccountId=mine["AccountId"], ClientVersion="4.39",
        Description="a\r\n.\r\nSubject: other\r\nBcc: eve@example.com\r\n<script>alert(1)</script>")
    message = mail.wait_for(OPERATOR, before + 1)[-1]
    # What looks like an encoded word is text: decoded, it would be two lines.
    assert message["Subject"] == "[Support, Urgent] " + hostile.replace("=?", "= ?")
    assert message["Reply-To"] == contact and message["Bcc"] is None
    assert [name.lower() for name in message.keys()].count("subject") == 1
    text, marked_up = text_of(message), text_of(message, "html")
    for part in (ada.arn, ACCOUNT_ID, mine["AccountId"], "Pies & <Sons>", "Account type: Team", "Users: 0",
                 "Client version: 4.39", "<script>alert(1)</script>"):
        assert part in text, part
    assert "<script>" not in marked_up
    (copy,) = mail.wait_for(contact)
    assert copy["Reply-To"] is None and ada.arn not in text_of(copy)
    request = made["SupportRequestId"]
    shown = lambda: ada.chime.get_support_request(SupportRequestId=request)["SupportRequest"]
    wait_until(lambda: shown()["Status"] == "Sent")
    assert shown()["SubmittedBy"] == ada.arn
    assert request in [one["SupportRequestId"] for one in ada.chime.list_support_requests()["SupportRequests"]]
    assert "<script>" not in root.server.audit_log.read_text()


def test_who_may_ask(user, unique):
    manager = user(attached=["arn:aws:iam::aws:policy/AmazonChimeUserManagement"])
    reader = user(attached=["arn:aws:iam::aws:policy/AmazonChimeReadOnly"])
    request = submit(manager, f"{unique('contact')}@example.com")["SupportRequestId"]
    manager.chime.get_support_request(SupportRequestId=request)
    for call in (
        lambda: submit(reader, "it@example.com"),
        lambda: reader.chime.list_support_requests(),
        lambda: reader.chime.get_support_request(SupportRequestId=request),
    ):
        with refused("AccessDeniedException", 403):
            call()
    with refused("NotFoundException", 404):
        submit(manager, "it@example.com", AccountId="00000000-0000-4000-8000-000000000000")


def test_the_twenty_first_of_a_day_is_refused(root, unique):
    left = 20 - len(root.chime.list_support_requests(MaxResults=99)["SupportRequests"])
    for _ in range(left):
        submit(root, f"{unique('contact')}@example.com")
    with refused("ResourceLimitExceededException", 400, shape="ResourceLimitExceededException"):
        submit(root, "it@example.com")


def test_without_an_address_there_is_no_support(new_server):
    server = new_server()
    server.start()
    with refused("ServiceUnavailableException", 503, shape="ServiceUnavailableException"):
        submit(server.root, "it@example.com")
