"""Sessions for those whom an identity provider vouches for by SAML: responses signed by signxml, taken by boto3 and the CLI."""

import datetime
import json
import xml.sax.saxutils

import boto3
import botocore
import pytest
from botocore.config import Config
from signxml import SignatureMethod

from harness.aws import CONFIG, Credentials, Principal, document, policy, refused
from harness.saml import AWS, SIGN_IN, Provider, encode
from harness.server import ACCOUNT_ID

NOT_AUTHORIZED = "Not authorized to perform sts:AssumeRoleWithSAML"
SIGNATURE = "Response signature invalid"
EXPIRED = "Token must be redeemed within 5 minutes of issuance"


@pytest.fixture(scope="module")
def server(make_server):
    shared = make_server("saml", arguments=["--public-url", "https://chime.example.com"])
    shared.start()
    yield shared
    shared.assert_healthy()
    assert shared.stop() == 0, shared.log
    shared.assert_never_panicked()


@pytest.fixture(params=["RSA", "P-256", "P-384"])
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def idp():
    return Provider()


@pytest.fixture
def known(root, idp, unique):
    """The provider as IAM knows it: its ARN."""
    return root.iam.create_saml_provider(Name=unique("idp"), SAMLMetadataDocument=idp.metadata())["SAMLProviderArn"]


def saml_trust(arn, *actions, **conditions):
    actions = ["sts:AssumeRoleWithSAML", *actions]
    return document({"Effect": "Allow", "Principal": {"Federated": arn}, "Action": actions, "Condition": conditions})


@pytest.fixture
def saml_role(role, known):
    def make(*documents, actions=(), **conditions):
        return role(*documents, trusted=saml_trust(known, *actions, **conditions))

    return make


def said(role, provider, **more):
    attributes = {"RoleSessionName": ["browser"], "Role": [f"{role},{provider}"]} | more
    return [(AWS + name.replace("__", ":"), values) for name, values in attributes.items() if values]


def unsigned(server):
    return boto3.Session(region_name="us-east-1").client(
        "sts", endpoint_url=server.endpoint, config=CONFIG.merge(Config(signature_version=botocore.UNSIGNED)))


def assume(server, role, provider, response, **options):
    return unsigned(server).assume_role_with_saml(
        RoleArn=role, PrincipalArn=provider, SAMLAssertion=response, **options)


@pytest.mark.parametrize("sign", [["assertion"], ["response"], ["assertion", "response"]], ids="+".join)
def test_a_response_opens_a_session(server, root, role, unique, kind, sign):
    idp = Provider(kind=kind)
    known = root.iam.create_saml_provider(Name=unique("idp"), SAMLMetadataDocument=idp.metadata())["SAMLProviderArn"]
    name = known.rpartition("/")[2]
    arn = role(policy("iam:ListUsers"), trusted=saml_trust(known, StringEquals={
        "SAML:aud": SIGN_IN, "SAML:sub": "ben", "SAML:sub_type": "persistent", "SAML:iss": idp.entity_id,
        "SAML:doc": f"{ACCOUNT_ID}/{name}"}))
    response = idp.response(said(arn, known), sign=sign)
    answer = assume(server, arn, known, response, DurationSeconds=900)
    assert {key: answer[key] for key in ("Subject", "SubjectType", "Issuer", "Audience")} == {
        "Subject": "ben", "SubjectType": "persistent", "Issuer": idp.entity_id, "Audience": SIGN_IN}
    left = answer["Credentials"]["Expiration"] - datetime.datetime.now(datetime.timezone.utc)
    assert datetime.timedelta(minutes=14) < left <= datetime.timedelta(minutes=15)
    browser = Principal(server, Credentials.of(answer["Credentials"]))
    session = f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/{arn.rpartition('/')[2]}/browser"
    assert browser.sts.get_caller_identity()["Arn"] == session == answer["AssumedRoleUser"]["Arn"]
    browser.iam.list_users(MaxItems=1)
    with refused("AccessDenied", 403):
        browser.iam.list_roles()
    with refused("AccessDenied", 403, NOT_AUTHORIZED):
        assume(server, arn, known, idp.response(said(arn, known), sign=sign, subject="eve"))
    # The response is nowhere: neither in the trail nor in the log.
    assert response.encode() not in server.everything_printed()
    assert response not in server.audit_log.read_text()
    events = [json.loads(line) for line in server.audit_log.read_text().splitlines()]
    (event,) = [event for event in events if event["eventName"] == "AssumeRoleWithSAML" and "errorCode" not in event
                and event["requestParameters"]["roleArn"] == arn]
    assert event["userIdentity"] == {
        "type": "SAMLUser", "principalId": f"{answer['NameQualifier']}:ben", "userName": "ben",
        "identityProvider": answer["NameQualifier"]}
    assert event["requestParameters"] == {
        "roleArn": arn, "principalArn": known, "durationSeconds": 900, "roleSessionName": "browser",
        "sAMLAssertionID": "_assertion"}
    assert [resource["ARN"] for resource in event["resources"]] == [arn, known]
    used = root.iam.get_role(RoleName=arn.rpartition("/")[2])["Role"]["RoleLastUsed"]
    assert used["Region"] == "us-east-1" and used["LastUsedDate"]


def test_the_command_line_takes_one(server, root, idp, tmp_path, unique, role):
    name = unique("idp")
    path = tmp_path / "metadata.xml"
    path.write_text(idp.metadata())
    known = root.cli("iam", "create-saml-provider", "--name", name, "--saml-metadata-document", f"file://{path}")
    known = known["SAMLProviderArn"]
    assert root.cli("iam", "get-saml-provider", "--saml-provider-arn", known)["SAMLMetadataDocument"] == idp.metadata()
    assert known in [entry["Arn"] for entry in root.cli("iam", "list-saml-providers")["SAMLProviderList"]]
    arn = role(policy("iam:ListUsers"), trusted=saml_trust(known))
    response = tmp_path / "response"
    response.write_text(idp.response(said(arn, known)))
    words = ["sts", "assume-role-with-saml", "--role-arn", arn, "--principal-arn", known,
             "--saml-assertion", f"file://{response}"]
    answer = root.cli(*words)
    browser = Principal(server, Credentials(
        answer["Credentials"]["AccessKeyId"], answer["Credentials"]["SecretAccessKey"], answer["Credentials"]["SessionToken"]))
    browser.cli("iam", "list-users", "--max-items", "1")
    root.cli("iam", "delete-saml-provider", "--saml-provider-arn", known)
    refusal = root.cli(*words, check=False)
    assert "InvalidIdentityToken" in refusal.stderr and "Specified provider doesn't exist." in refusal.stderr


def test_responses_that_prove_nothing(server, idp, known, saml_role):
    arn = saml_role()
    good = said(arn, known)
    other = Provider()
    xml = idp.xml(good)
    for response, code, message in [
        (idp.response(good, sign=[]), "InvalidIdentityToken", SIGNATURE),
        (other.response(good), "InvalidIdentityToken", SIGNATURE),
        (idp.response(good, signature=SignatureMethod.RSA_SHA1), "InvalidIdentityToken", SIGNATURE),
        (encode(xml.replace(">ben<", ">eve<")), "InvalidIdentityToken", SIGNATURE),
        (idp.response(good, issuer="https://other.example.com"), "InvalidIdentityToken",
         "Issuer not present in specified provider"),
        (idp.response(good, audience="https://other.example.com"), "InvalidIdentityToken",
         "Response does not contain the required audience."),
        (idp.response(good, audience=None), "InvalidIdentityToken", "Response does not contain the required audience."),
        (idp.response(good, recipient="https://other.example.com"), "InvalidIdentityToken",
         "Response does not contain the required recipient."),
        (idp.response(good, age=301), "ExpiredTokenException", EXPIRED),
        (idp.response(good, lasts=-1), "ExpiredTokenException", EXPIRED),
        (idp.response(good, session_lasts=-1), "ExpiredTokenException", EXPIRED),
        (idp.response(good, begins=3600), "InvalidIdentityToken", "The assertion is not valid yet"),
        (idp.response(said(arn, known, RoleSessionName=[])), "InvalidIdentityToken",
         "RoleSessionName is required in AuthnResponse"),
        (encode("<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>" + xml), "InvalidIdentityToken",
         "Invalid SAML response: it has a document type"),
        (encode(xml.replace("<samlp:Status>", xml[xml.index("<saml:Assertion"):xml.index("</samlp:Response>")] + "<samlp:Status>")),
         "InvalidIdentityToken", "Invalid SAML response: it has an identifier twice"),
    ]:
        with refused(code, 400, message):
            assume(server, arn, known, response)
    with refused("IDPRejectedClaim", 403):
        assume(server, arn, known, idp.response(good, sign=[], status="urn:oasis:names:tc:SAML:2.0:status:Responder"))
    # Nobody who is named before a comment is meant.
    commented = idp.xml(good, subject="admin.evil").replace("admin.evil", "admin<!---->.evil")
    assert assume(server, arn, known, encode(commented))["Subject"] == "admin.evil"
    assert assume(server, arn, known, encode(xml))["Subject"] == "ben"
    own = "https://chime.example.com/saml"
    assert assume(server, arn, known, idp.response(good, audience=own, recipient=own))["Audience"] == own


def test_roles_are_for_whom_they_trust(server, root, idp, known, unique, role, saml_role):
    arn = saml_role()
    assume(server, arn, known, idp.response(said(arn, known)))
    # The provider gives another role, or one by another provider.
    for pair in [said(arn + "2", known), said(arn, known + "2")]:
        with refused("AccessDenied", 403, NOT_AUTHORIZED):
            assume(server, arn, known, idp.response(pair))
    # The same key as another provider, whom the role does not trust.
    twin = root.iam.create_saml_provider(Name=unique("idp"), SAMLMetadataDocument=idp.metadata())["SAMLProviderArn"]
    with refused("AccessDenied", 403, NOT_AUTHORIZED):
        assume(server, arn, twin, idp.response(said(arn, twin)))
    elsewhere = known.replace(ACCOUNT_ID, "999999999999")
    with refused("InvalidIdentityToken", 400, "Specified provider doesn't exist."):
        assume(server, arn, elsewhere, idp.response(said(arn, elsewhere)))
    name = arn.rpartition("/")[2]
    root.iam.update_assume_role_policy(RoleName=name, PolicyDocument=document(
        {"Effect": "Deny", "Principal": {"Federated": known}, "Action": "sts:AssumeRoleWithSAML"}))
    with refused("AccessDenied", 403, NOT_AUTHORIZED):
        assume(server, arn, known, idp.response(said(arn, known)))


def test_keys_that_are_rotated(server, root, unique, role):
    idp = Provider()
    known = root.iam.create_saml_provider(Name=unique("idp"), SAMLMetadataDocument=idp.metadata())["SAMLProviderArn"]
    arn = role(trusted=saml_trust(known))
    old_key, old = idp.key, idp.certificate
    idp.rotate()
    new = idp.response(said(arn, known))
    with refused("InvalidIdentityToken", 400, SIGNATURE):
        assume(server, arn, known, new)
    both = idp.metadata(certificates=[old, idp.certificate])
    root.iam.update_saml_provider(SAMLProviderArn=known, SAMLMetadataDocument=both)
    assume(server, arn, known, new)
    assume(server, arn, known, idp.response(said(arn, known), key=old_key))
    root.iam.update_saml_provider(SAMLProviderArn=known, SAMLMetadataDocument=idp.metadata())
    assume(server, arn, known, new)
    with refused("InvalidIdentityToken", 400, SIGNATURE):
        assume(server, arn, known, idp.response(said(arn, known), key=old_key))


def test_tags_and_source_of_an_assertion(server, idp, known, saml_role):
    more = {"PrincipalTag__team": ["web"], "PrincipalTag__odd": [xml.sax.saxutils.escape("a+b =c")],
            "TransitiveTagKeys": ["team"], "SourceIdentity": ["ben"], "SessionDuration": ["1800"]}
    plain = saml_role()
    with refused("AccessDenied", 403, "Not authorized to perform sts:TagSession"):
        assume(server, plain, known, idp.response(said(plain, known, **more)))
    tagged = document({
        "Effect": "Allow", "Action": "iam:ListUsers", "Resource": "*",
        "Condition": {"StringEquals": {"aws:PrincipalTag/team": "web", "aws:PrincipalTag/odd": "a+b =c",
                                       "aws:FederatedProvider": known, "aws:SourceIdentity": "ben"}}})
    arn = saml_role(tagged, actions=("sts:TagSession", "sts:SetSourceIdentity"),
                    StringEquals={"aws:RequestTag/team": "web", "sts:SourceIdentity": "ben"})
    answer = assume(server, arn, known, idp.response(said(arn, known, **more)))
    assert answer["SourceIdentity"] == "ben" and answer["PackedPolicySize"] > 0
    left = answer["Credentials"]["Expiration"] - datetime.datetime.now(datetime.timezone.utc)
    assert datetime.timedelta(minutes=28) < left <= datetime.timedelta(minutes=30)
    Principal(server, Credentials.of(answer["Credentials"])).iam.list_users(MaxItems=1)


def test_attributes_are_condition_keys(server, idp, known, saml_role):
    arn = saml_role(**{"ForAnyValue:StringEquals": {"saml:edupersonaffiliation": "staff"},
                       "StringLike": {"saml:mail": "*@example.com"}})
    mail = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"

    def of(affiliations, address):
        return idp.response([*said(arn, known), ("urn:oid:1.3.6.1.4.1.5923.1.1.1.1", affiliations), (mail, [address])])

    assume(server, arn, known, of(["member", "staff"], "ben@example.com"))
    for response in [of(["member"], "ben@example.com"), of(["staff"], "ben@example.org")]:
        with refused("AccessDenied", 403, NOT_AUTHORIZED):
            assume(server, arn, known, response)


def test_providers_that_are_of_no_use(root, idp, unique):
    good = idp.metadata()
    for metadata in [good.replace("IDPSSODescriptor", "SPSSODescriptor"), good.replace("signing", "encryption"),
                     good[:-30], idp.metadata(valid_until="2020-01-01T00:00:00Z")]:
        with refused("InvalidInput", 400):
            root.iam.create_saml_provider(Name=unique("idp"), SAMLMetadataDocument=metadata)
    with refused("InvalidInput", 400):
        root.iam.create_saml_provider(Name=unique("idp"), SAMLMetadataDocument=good, AssertionEncryptionMode="Required")
    # Larger than any, but not than a request may be.
    large = good + "<!-- " + "x" * 400_000 + " -->"
    arn = root.iam.create_saml_provider(Name=unique("idp"), SAMLMetadataDocument=large)["SAMLProviderArn"]
    assert root.iam.get_saml_provider(SAMLProviderArn=arn)["SAMLMetadataDocument"] == large
    root.iam.delete_saml_provider(SAMLProviderArn=arn)
