"""SSH public keys, signing and server certificates and service-specific credentials, with AWS's own clients."""

import base64
import datetime
import hashlib
import re

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from harness.aws import document, refused
from harness.server import ACCOUNT_ID

DAY = datetime.timedelta(days=1)
NOW = datetime.datetime.now(datetime.timezone.utc)


def pem_of_key(key):
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()


def certificate(name, key, issuer=None, issuer_key=None, until=NOW + DAY):
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    built = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(NOW - 2 * DAY).not_valid_after(until).sign(issuer_key or key, hashes.SHA256()))
    return built, built.public_bytes(serialization.Encoding.PEM).decode()


def own(*actions):
    return document({"Effect": "Allow", "Action": list(actions), "Resource": "arn:aws:iam::*:user/${aws:username}"})


def test_an_ssh_key_in_both_forms(root, user, unique):
    ada = user(own("iam:*SSHPublicKey*"))
    key = rsa.generate_private_key(65537, 3072).public_key()
    line = key.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()
    pem = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    made = ada.iam.upload_ssh_public_key(UserName=ada.name, SSHPublicKeyBody=f"{line} ada@example")["SSHPublicKey"]
    assert re.fullmatch(r"APKA[A-Z2-7]{17}", made["SSHPublicKeyId"]) and made["Status"] == "Active"
    blob = base64.b64decode(line.split()[1])
    digest = hashlib.md5(blob, usedforsecurity=False).hexdigest()
    assert made["Fingerprint"].replace(":", "") == digest
    of = {"UserName": ada.name, "SSHPublicKeyId": made["SSHPublicKeyId"]}
    for encoding, body in (("SSH", line), ("PEM", pem)):
        assert ada.iam.get_ssh_public_key(**of, Encoding=encoding)["SSHPublicKey"]["SSHPublicKeyBody"] == body
    with refused("DuplicateSSHPublicKey", 400, re.compile("already")):
        ada.iam.upload_ssh_public_key(UserName=ada.name, SSHPublicKeyBody=pem)
    weak = rsa.generate_private_key(65537, 1024).public_key().public_bytes(
        serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()
    with refused("InvalidPublicKey", 400, re.compile("2048 bits")):
        ada.iam.upload_ssh_public_key(UserName=ada.name, SSHPublicKeyBody=weak)
    ada.iam.update_ssh_public_key(**of, Status="Inactive")
    (listed,) = ada.iam.list_ssh_public_keys()["SSHPublicKeys"]
    assert listed["Status"] == "Inactive"
    bob = user()
    with refused("AccessDenied", 403, re.compile("iam:UploadSSHPublicKey")):
        ada.iam.upload_ssh_public_key(UserName=bob.name, SSHPublicKeyBody=line)
    with refused("NoSuchEntity", 404, f"The SSH Public Key with id {made['SSHPublicKeyId']} cannot be found."):
        root.iam.delete_ssh_public_key(UserName=bob.name, SSHPublicKeyId=made["SSHPublicKeyId"])
    ada.iam.delete_ssh_public_key(**of)
    assert ada.iam.list_ssh_public_keys()["SSHPublicKeys"] == []


def test_signing_certificates(root, user):
    ada = user(own("iam:*SigningCertificate*"))
    _, body = certificate(ada.name, rsa.generate_private_key(65537, 2048))
    made = ada.iam.upload_signing_certificate(CertificateBody=body)["Certificate"]
    assert made["CertificateBody"] == body and made["UserName"] == ada.name
    with refused("DuplicateCertificate", 409, re.compile("already")):
        root.iam.upload_signing_certificate(UserName=ada.name, CertificateBody=body)
    _, old = certificate(ada.name, ec.generate_private_key(ec.SECP256R1()), until=NOW - DAY)
    with refused("InvalidCertificate", 400, re.compile("valid no longer")):
        ada.iam.upload_signing_certificate(CertificateBody=old)
    with refused("MalformedCertificate", 400, re.compile("PEM format")):
        ada.iam.upload_signing_certificate(CertificateBody="certificate")
    ada.iam.update_signing_certificate(CertificateId=made["CertificateId"], Status="Inactive")
    assert [one["Status"] for one in ada.iam.list_signing_certificates()["Certificates"]] == ["Inactive"]
    with refused("DeleteConflict", 409, re.compile("access keys|signing certificates|policies")):
        root.iam.delete_user(UserName=ada.name)
    ada.iam.delete_signing_certificate(CertificateId=made["CertificateId"])


def test_a_server_certificate(root, user, unique, tmp_path):
    top, middle, leaf = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
    authority, top_pem = certificate("authority", top)
    between, middle_pem = certificate("between", middle, authority, top)
    _, body = certificate("chime.example.com", leaf, between, middle)
    name = unique("Certificate")
    given = {"ServerCertificateName": name, "CertificateBody": body, "PrivateKey": pem_of_key(leaf)}
    with refused("MalformedCertificate", 400, re.compile("certificate is: -1")):
        root.iam.upload_server_certificate(**given, CertificateChain=top_pem)
    with refused("KeyPairMismatch", 400, re.compile("belong together")):
        root.iam.upload_server_certificate(**{**given, "PrivateKey": pem_of_key(top)})
    paths = []
    for flag, text in (("body", body), ("key", given["PrivateKey"]), ("chain", middle_pem)):
        paths.append(tmp_path / flag)
        paths[-1].write_text(text)
    made = root.cli(
        "iam", "upload-server-certificate", "--server-certificate-name", name, "--path", "/web/",
        "--certificate-body", f"file://{paths[0]}", "--private-key", f"file://{paths[1]}",
        "--certificate-chain", f"file://{paths[2]}", "--tags", "Key=a,Value=b")
    arn = f"arn:aws:iam::{ACCOUNT_ID}:server-certificate/web/{name}"
    assert made["ServerCertificateMetadata"]["Arn"] == arn
    got = root.iam.get_server_certificate(ServerCertificateName=name)["ServerCertificate"]
    assert (got["CertificateBody"], got["CertificateChain"]) == (body.strip(), middle_pem.strip())
    assert "PrivateKey" not in got
    tagged = document({
        "Effect": "Allow", "Action": "iam:GetServerCertificate", "Resource": "*",
        "Condition": {"StringEquals": {"aws:ResourceTag/a": "b"}}})
    ada = user(tagged)
    ada.iam.get_server_certificate(ServerCertificateName=name)
    root.iam.untag_server_certificate(ServerCertificateName=name, TagKeys=["a"])
    with refused("AccessDenied", 403, re.compile(re.escape(arn))):
        ada.iam.get_server_certificate(ServerCertificateName=name)
    listed = root.iam.get_paginator("list_server_certificates").paginate(PathPrefix="/web/")
    assert name in [one["ServerCertificateName"] for page in listed for one in page["ServerCertificateMetadataList"]]
    root.iam.update_server_certificate(ServerCertificateName=name, NewServerCertificateName=f"{name}-2")
    root.iam.delete_server_certificate(ServerCertificateName=f"{name}-2")
    with refused("NoSuchEntity", 404, re.compile("cannot be found")):
        root.iam.get_server_certificate(ServerCertificateName=name)


def test_a_service_specific_credential(root, user):
    ada = user(own("iam:*ServiceSpecificCredential*"))
    given = {"UserName": ada.name, "ServiceName": "codecommit.amazonaws.com"}
    made = ada.iam.create_service_specific_credential(**given)["ServiceSpecificCredential"]
    assert made["ServiceUserName"] == f"{ada.name}-at-{ACCOUNT_ID}" and len(made["ServicePassword"]) == 44
    id_ = {"ServiceSpecificCredentialId": made["ServiceSpecificCredentialId"]}
    again = ada.iam.reset_service_specific_credential(**id_)["ServiceSpecificCredential"]
    assert again["ServicePassword"] != made["ServicePassword"]
    ada.iam.update_service_specific_credential(**id_, Status="Inactive")
    (listed,) = ada.iam.list_service_specific_credentials()["ServiceSpecificCredentials"]
    assert listed["Status"] == "Inactive" and "ServicePassword" not in listed
    with refused("AccessDenied", 403, re.compile("iam:ListServiceSpecificCredentials")):
        ada.iam.list_service_specific_credentials(AllUsers=True)
    with refused("NotSupportedService", 404, re.compile("chime.amazonaws.com")):
        ada.iam.create_service_specific_credential(**{**given, "ServiceName": "chime.amazonaws.com"})
    with refused("NoSuchEntity", 404, re.compile("cannot be found")):
        root.iam.delete_service_specific_credential(UserName=user().name, **id_)
    ada.iam.delete_service_specific_credential(**id_)
