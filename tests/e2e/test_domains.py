"""Domains: claims that are proved by records of a real name server, and what becomes of people."""

import contextlib
import datetime
import re

import pytest

from harness.aws import Credentials, Principal, refused
from harness.dns import NameServer
from harness.mail import link_of
from harness.portal import Browser
from harness.raw import chime_request, now
from harness.server import ACCOUNT_ID, ROOT, carillon

PASSWORD = "correct horse battery 9"
NOWHERE = "00000000-0000-4000-8000-000000000000"
# The second look comes half a minute after the first.
SECOND_LOOK = 45


@pytest.fixture(scope="module")
def dns(folder):
    server = NameServer(folder / "knot")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def server(make_server, dns):
    """As the one that modules share, with a name server to ask."""
    shared = make_server("domains", env={"CARILLON_DNS_RESOLVER": dns.address})
    shared.start()
    yield shared
    shared.assert_healthy()
    assert shared.stop() == 0, shared.log
    shared.assert_never_panicked()


@pytest.fixture
def operate(server):
    """Runs one of the operator's commands on the data of the running server."""

    def run(*words, check=True, **env):
        return carillon(
            *words, "--data", server.data, "--database", server.database, env={"HOME": str(server.folder)} | env,
            check=check)

    return run


@pytest.fixture
def claim(root, account):
    """Claims a domain for a new account, and answers both."""

    def make(name, mine=None):
        mine = mine or account()["AccountId"]
        answer = root.chime.add_domain(AccountId=mine, DomainName=name)
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 201
        return mine, answer["Domain"]

    return make


def domain(root, mine, name):
    return root.chime.get_domain(AccountId=mine, DomainName=name)["Domain"]


def look(root, mine, name):
    """What the last look showed, with the status."""
    shown = domain(root, mine, name)
    return shown.get("LastCheckResult"), shown["Status"]


def status_of(root, mine, user):
    return root.chime.get_user(AccountId=mine, UserId=user["UserId"])["User"]["UserRegistrationStatus"]


def publish(dns, claimed, split=None, before=()):
    record = claimed["VerificationRecord"]
    value = record["Value"]
    strings = [value] if split is None else [value[:split], value[split:]]
    dns.set(record["Name"], *before, "TXT " + " ".join(f'"{text}"' for text in strings))


def test_records_that_prove_and_records_that_do_not(server, root, dns, claim, wait_until, unique):
    # All at once, so that the second look is waited for once.
    def label():
        return unique("proof") + ".example.com"

    cases = {kind: claim(name) for kind, name in {
        "plain": label(), "split": label(), "among others": label(), "long": label(), "alias": label(),
        "international": f"büro-{unique('x')}.Example.com", "absent": label(), "wrong": label(), "case": label(),
        "too much": label(), "too many aliases": label(), "servers fail": unique("x") + ".example.net",
        "other zone": unique("x") + ".example.edu",
    }.items()}
    ours, raced = claim(label())
    theirs, _ = claim(raced["DomainName"])
    names = {kind: (mine, one["DomainName"]) for kind, (mine, one) in cases.items()}
    assert re.fullmatch(r"xn--[a-z0-9-]+\.example\.com", names["international"][1])

    def first(kind):
        return look(root, *names[kind])

    # The first look comes at once, and finds nothing of theirs.
    for kind in names:
        expected = "DnsError" if kind in ("servers fail", "other zone") else "RecordNotFound"
        wait_until(lambda: first(kind)[0], 30, what=f"the first look at {kind}")
        assert first(kind) == (expected, "PendingVerification"), kind

    record = lambda kind: cases[kind][1]["VerificationRecord"]
    value = lambda kind: record(kind)["Value"]
    publish(dns, cases["plain"][1])
    publish(dns, cases["split"][1], split=17)
    publish(dns, cases["among others"][1], before=('TXT "v=spf1 -all"', 'TXT "carillon-domain-verification=old"'))
    # More than fits into a datagram: it is asked for again by TCP.
    publish(dns, cases["long"][1], before=[f'TXT "{number:0200}"' for number in range(20)])
    target = unique("target") + ".example.org"
    dns.set(record("alias")["Name"], f"CNAME {target}.")
    dns.set(target, f'TXT "{value("alias")}"')
    publish(dns, cases["international"][1])
    dns.set(record("wrong")["Name"], 'TXT "carillon-domain-verification=somebody-elses"')
    said, token = value("case").split("=")
    dns.set(record("case")["Name"], f'TXT "{said}={token.swapcase()}"')
    publish(dns, cases["too much"][1], before=[f'TXT "{number:0250}"' for number in range(80)])
    chain = [record("too many aliases")["Name"], *(f"{unique('alias')}.example.com" for _ in range(9))]
    for name, then in zip(chain, chain[1:]):
        dns.set(name, f"CNAME {then}.")
    dns.set(chain[-1], f'TXT "{value("too many aliases")}"')
    dns.mend()
    publish(dns, cases["servers fail"][1])
    publish(dns, raced)

    for kind in ("plain", "split", "among others", "long", "alias", "international", "servers fail"):
        wait_until(lambda: first(kind)[1] == "Verified", SECOND_LOOK, what=f"the proof of {kind}")
        shown = domain(root, *names[kind])
        assert shown["LastCheckResult"] == "Found" and "VerificationRecord" not in shown
        assert shown["VerifiedTimestamp"] == shown["LastCheckedTimestamp"]
        assert root.chime.get_account(AccountId=names[kind][0])["Account"]["AccountType"] == "EnterpriseLWA"
    wait_until(lambda: look(root, ours, raced["DomainName"]) == ("Found", "Verified"), SECOND_LOOK)
    wait_until(
        lambda: look(root, theirs, raced["DomainName"]) == ("ClaimedByAnotherAccount", "VerificationFailed"), SECOND_LOOK)
    for kind, expected in {
        "absent": "RecordNotFound", "wrong": "ValueMismatch", "case": "ValueMismatch", "too much": "DnsError",
        "too many aliases": "DnsError", "other zone": "DnsError",
    }.items():
        wait_until(
            lambda: domain(root, *names[kind])["LastCheckedTimestamp"] - cases[kind][1]["CreatedTimestamp"]
            > datetime.timedelta(seconds=25), SECOND_LOOK, what=f"the second look at {kind}")
        assert first(kind) == (expected, "PendingVerification"), kind
        assert root.chime.get_account(AccountId=names[kind][0])["Account"]["AccountType"] == "Team"

    # What is somebody's is not claimed.
    for mine, name in ((ours, raced["DomainName"]), (theirs, raced["DomainName"]), (names["absent"][0], names["plain"][1])):
        with refused("ConflictException", 409, shape="ConflictException"):
            root.chime.add_domain(AccountId=mine, DomainName=name)
    # In the path a domain is found by its name in its own script.
    mine, name = names["international"]
    spoken = name.encode().decode("idna")
    assert spoken.startswith("büro-")
    assert domain(root, mine, spoken)["DomainName"] == name
    (event,) = [
        one for one in server.audit_records()
        if one["eventName"] == "VerifyDomain" and one["serviceEventDetails"]["domainName"] == name]
    assert event["eventType"] == "AwsServiceEvent" and event["recipientAccountId"] == ACCOUNT_ID


@pytest.mark.parametrize("name", [
    "", "localhost", "127.0.0.1", "[::1]", "co.uk", "github.io", "gmail.com", "Hotmail.co.uk.", "a_b.example.com",
    "a b.com", "-a.com", "*.example.com", "ada@example.com", "https://example.com", "example.com/x", "xn--a.com",
    "x" * 64 + ".com", "x" * 254, ".".join(["x" * 60] * 4), "a\x00.com", "‮.com",
])
def test_names_that_cannot_be_claimed(root, account, name):
    mine = account()["AccountId"]
    with refused("BadRequestException", 400, shape="BadRequestException"):
        root.chime.add_domain(AccountId=mine, DomainName=name)
    assert root.chime.list_domains(AccountId=mine)["Domains"] == []


def test_an_operator_says_whose_addresses_are_everybodys(new_server, dns):
    server = new_server()
    names = server.folder / "providers.txt"
    names.write_text("# ours\nprovider.example.com\n")
    server.env |= {"CARILLON_DNS_RESOLVER": dns.address, "CARILLON_MAIL_PROVIDERS": str(names)}
    server.start()
    chime = server.root.chime
    mine = chime.create_account(Name="Mine")["Account"]["AccountId"]
    with refused("BadRequestException", 400):
        chime.add_domain(AccountId=mine, DomainName="provider.example.com")
    chime.add_domain(AccountId=mine, DomainName="gmail.com")


def test_a_claim_that_nobody_proves_is_given_up(new_server, dns, wait_until, unique):
    server = new_server(env={"CARILLON_DNS_RESOLVER": dns.address})
    server.start()
    chime = server.root.chime
    mine = chime.create_account(Name="Slow")["Account"]["AccountId"]
    name = unique("slow") + ".example.com"
    first = chime.add_domain(AccountId=mine, DomainName=name)["Domain"]
    wait_until(lambda: "LastCheckResult" in chime.get_domain(AccountId=mine, DomainName=name)["Domain"])

    def ask(method, path, hours, body=None):
        request = chime_request(ROOT, method, path, body)
        request.moment = now() + datetime.timedelta(hours=hours)
        return request.to(server)

    path = f"/accounts/{mine}/domains"
    status = lambda hours: ask("GET", f"{path}/{name}", hours).json["Domain"]["Status"]
    server.restart_later(hours=71)
    wait_until(lambda: ask("GET", f"{path}/{name}", 71).json["Domain"]["LastCheckedTimestamp"] > first["CreatedTimestamp"].isoformat()[:10])
    assert status(71) == "PendingVerification"
    server.restart_later(hours=73)
    wait_until(lambda: status(73) == "VerificationFailed", 30)
    again = ask("POST", path, 73, {"DomainName": name})
    assert again.status == 201
    second = again.json["Domain"]
    assert second["Status"] == "PendingVerification"
    assert second["VerificationRecord"]["Value"] != first["VerificationRecord"]["Value"]
    publish(dns, second)
    server.restart_later(hours=74)
    wait_until(lambda: status(74) == "Verified", 30)


def test_what_losing_a_domain_does(server, root, account, dns, claim, mail, wait_until, unique):
    mine, elsewhere = account()["AccountId"], account()["AccountId"]
    name = unique("corp") + ".example.com"

    def member(of, address):
        before = len(mail.to(address))
        root.chime.invite_users(AccountId=of, UserEmailList=[address])
        browser = Browser(server)
        invitation = wait_until(lambda: mail.to(address)[before:], what="the invitation")
        browser.register(link_of(invitation[0]), PASSWORD)
        browser.sign_in(address, PASSWORD)
        assert browser.is_signed_in()
        return root.chime.get_user_by_email(AccountId=of, UserEmail=address)["User"], browser

    ada, hers = member(mine, f"ada@{name}")
    bob, his = member(mine, f"bob@{name}")
    guest, guests = member(mine, f"guest@{unique('x')}.example.org")
    eve, _ = member(elsewhere, f"eve@{name}")
    root.chime.invite_users(AccountId=elsewhere, UserEmailList=[f"late@{name}"])
    _, claimed = claim(name, mine)

    effects = root.chime.preview_domain_change(AccountId=mine, DomainName=name)["DomainEffects"]
    assert (effects["Change"], effects["AccountType"], effects["IsTruncated"]) == ("Claim", "EnterpriseLWA", False)
    assert effects["Claim"] == {
        "TeamMembersJoining": 1, "OthersInvitationsEnding": 1, "OwnInvitationsEnding": 0, "ForeignMembersStaying": 1}
    publish(dns, claimed)
    wait_until(lambda: look(root, mine, name)[1] == "Verified", SECOND_LOOK)
    moved = lambda: root.chime.list_users(AccountId=mine, UserEmail=f"eve@{name}")["Users"]
    wait_until(moved, what="the move of a person of the domain")
    assert root.chime.list_users(AccountId=elsewhere, UserEmail=f"eve@{name}")["Users"] == []
    late = root.chime.get_user_by_email(AccountId=elsewhere, UserEmail=f"late@{name}")["User"]
    assert late["UserInvitationStatus"] == "Failed"

    root.chime.suspend_users(AccountId=mine, UserIdList=[bob["UserId"]])
    effects = root.chime.preview_domain_change(AccountId=mine, DomainName=name)["DomainEffects"]
    assert effects["Release"] == {
        "SignedOut": 1, "Released": 2, "Deleted": 0, "StayingSuspended": 1, "InvitationsEnding": 0}
    with refused("UnprocessableEntityException", 422):
        root.chime.delete_account(AccountId=mine)
    answer = root.chime.delete_domain(AccountId=mine, DomainName=name)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    with refused("NotFoundException", 404, shape="NotFoundException"):
        root.chime.get_domain(AccountId=mine, DomainName=name)
    assert status_of(root, mine, ada) == status_of(root, mine, eve) == "Released"
    assert status_of(root, mine, bob) == "Suspended"
    assert status_of(root, mine, guest) == "Registered"
    assert not hers.is_signed_in() and not his.is_signed_in() and guests.is_signed_in()
    hers.sign_in(ada["PrimaryEmail"], PASSWORD)
    assert not hers.is_signed_in()
    (error,) = root.chime.activate_users(AccountId=mine, UserIdList=[bob["UserId"]])["UserErrors"]
    assert error["ErrorCode"] == "Conflict"
    released = lambda: [
        one for one in server.audit_records()
        if one["eventName"] == "ReleaseUsers" and one["serviceEventDetails"]["domainName"] == name]
    (event,) = wait_until(released)
    assert set(event["serviceEventDetails"]["releasedUserIds"]) == {ada["UserId"], eve["UserId"]}
    # The address is free again.
    member(account()["AccountId"], ada["PrimaryEmail"])
    root.chime.delete_account(AccountId=mine)


@pytest.mark.parametrize("kind", ["EnterpriseDirectory", "EnterpriseOIDC"])
def test_what_a_directory_kept_is_deleted(server, root, account, operate, mail, unique, kind):
    # The operator gives the account its type and its domain: there is no directory here.
    mine, name = account()["AccountId"], unique("dir") + ".example.com"
    root.chime.invite_users(AccountId=mine, UserEmailList=[f"ada@{name}"])
    Browser(server).register(link_of(mail.wait_for(f"ada@{name}")[-1]), PASSWORD)
    ada = root.chime.get_user_by_email(AccountId=mine, UserEmail=f"ada@{name}")["User"]
    operate("chime-account", "claim-domain", mine, name)
    operate("chime-account", "set-type", mine, kind)
    effects = root.chime.preview_domain_change(AccountId=mine, DomainName=name)["DomainEffects"]
    assert (effects["Release"]["Deleted"], effects["Release"]["Released"]) == (1, 0)
    root.chime.delete_domain(AccountId=mine, DomainName=name)
    with refused("NotFoundException", 404):
        root.chime.get_user(AccountId=mine, UserId=ada["UserId"])


@pytest.fixture(scope="module")
def other(server):
    """The root of a second AWS account."""
    printed = carillon(
        "account", "create", "--data", server.data, "--database", server.database, "--name", "Other",
        env={"HOME": str(server.folder)}).stdout
    key = re.search(r"AKIA[A-Z2-7]{16}", printed)[0]
    secret = re.search(r"(?<![A-Za-z0-9/+])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])", printed)[0]
    return Principal(server, Credentials(key, secret))


def calls(chime, mine, name):
    return {
        "AddDomain": lambda: chime.add_domain(AccountId=mine, DomainName="new-" + name),
        "GetDomain": lambda: chime.get_domain(AccountId=mine, DomainName=name),
        "ListDomains": lambda: chime.list_domains(AccountId=mine),
        "PreviewDomainChange": lambda: chime.preview_domain_change(AccountId=mine, DomainName=name),
        "DeleteDomain": lambda: chime.delete_domain(AccountId=mine, DomainName=name),
    }


def test_a_domain_of_another_aws_account_is_not_there(root, other, claim, unique):
    name = unique("theirs") + ".example.com"
    mine, _ = claim(name)
    for call in calls(other.chime, mine, name).values():
        with refused("NotFoundException", 404, shape="NotFoundException"):
            call()
    # A claim that is not proved keeps nobody from making one of their own.
    theirs = other.chime.create_account(Name="Theirs")["Account"]["AccountId"]
    other.chime.add_domain(AccountId=theirs, DomainName=name)


@pytest.mark.parametrize("policy, allowed", [
    ("AmazonChimeReadOnly", {"GetDomain", "ListDomains"}),
    ("AmazonChimeUserManagement", {"GetDomain", "ListDomains"}),
    ("AmazonChimeFullAccess", {"AddDomain", "GetDomain", "ListDomains", "PreviewDomainChange", "DeleteDomain"}),
])
def test_what_the_managed_policies_allow(root, user, claim, unique, policy, allowed):
    name = unique("policy") + ".example.com"
    mine, _ = claim(name)
    one = user(attached=[f"arn:aws:iam::aws:policy/{policy}"])
    for action, call in calls(one.chime, mine, name).items():
        with contextlib.nullcontext() if action in allowed else refused(
                "AccessDeniedException", 403, re.compile(f"chime:{action}")):
            call()


def test_domains_are_listed_by_name(root, account):
    mine = account()["AccountId"]
    names = [f"list-{number:02}.example.com" for number in range(9)]
    for name in reversed(names):
        root.chime.add_domain(AccountId=mine, DomainName=name)
    seen, token = [], {}
    while True:
        page = root.chime.list_domains(AccountId=mine, MaxResults=2, **token)
        seen += [one["DomainName"] for one in page["Domains"]]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert seen == names
    for wrong in ({"MaxResults": 0}, {"MaxResults": 100}, {"NextToken": "nothing"}):
        with refused("BadRequestException", 400):
            root.chime.list_domains(AccountId=mine, **wrong)


def test_the_command_line_does_all_of_it(root, account, model_folder):
    mine = account()["AccountId"]
    name = "bücher.example.com"
    added = root.cli("chime", "add-domain", "--account-id", mine, "--domain-name", name, model_folder=model_folder)
    assert added["Domain"]["DomainName"] == "xn--bcher-kva.example.com"
    words = ("--account-id", mine, "--domain-name", name)
    shown = root.cli("chime", "get-domain", *words, model_folder=model_folder)
    assert shown["Domain"]["VerificationRecord"] == added["Domain"]["VerificationRecord"]
    effects = root.cli("chime", "preview-domain-change", *words, model_folder=model_folder)
    assert effects["DomainEffects"]["Change"] == "Claim"
    root.cli("chime", "delete-domain", *words, model_folder=model_folder)
    assert root.cli("chime", "list-domains", "--account-id", mine, model_folder=model_folder) == {"Domains": []}


def test_an_operator_asks_as_the_server_does(root, dns, claim, operate, unique):
    name = unique("check") + ".example.com"
    mine, claimed = claim(name)
    check = lambda what, resolver=dns.address, ok=True: operate(
        "dns", "check", what, check=ok, CARILLON_DNS_RESOLVER=resolver)
    printed = check(name).stdout
    assert f"_carillon-challenge.{name}" in printed and dns.address in printed
    assert "none" in printed and f"{mine}: PendingVerification, now RecordNotFound" in printed
    publish(dns, claimed, before=('TXT "\\027[2Jdangerous"',))
    printed = check(name.upper() + ".").stdout
    assert claimed["VerificationRecord"]["Value"] in printed and f"{mine}: PendingVerification, now Found" in printed
    assert "\x1b" not in printed and "\\x1b[2Jdangerous" in printed
    assert "none claims the domain" in check(unique("nobody") + ".example.com").stdout
    failed = check(name, "127.0.0.1:1", ok=False)
    assert failed.returncode == 1 and "no answer" in failed.stderr
    assert check("co.uk", ok=False).returncode == 1
    assert check(name, "not an address", ok=False).returncode == 2
