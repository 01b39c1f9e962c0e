//! SSH public keys, signing certificates, service-specific credentials and server certificates.

use std::time::Duration;

use carillon_store::bind;

use super::*;

const SSH: &str = include_str!("../../src/credential/ssh_public_key/key.pub");
const SSH_PEM: &str = include_str!("../../src/credential/ssh_public_key/key.pem");
const SSH_MD5: &str = include_str!("../../src/credential/ssh_public_key/key.md5");
/// A chain, and certificates that sign themselves. Valid from 2026 to 2076, but for one.
const ROOT: &str = include_str!("certificates/root.pem");
const INTERMEDIATE: &str = include_str!("certificates/intermediate.pem");
const LEAF: &str = include_str!("certificates/leaf.pem");
const LEAF_KEY: &str = include_str!("certificates/leaf.key");
const LEAF_KEY_SEC1: &str = include_str!("certificates/leaf-sec1.key");
const RSA: &str = include_str!("certificates/rsa.pem");
const RSA_KEY: &str = include_str!("certificates/rsa.key");
const SECOND: &str = include_str!("certificates/second.pem");
const THIRD: &str = include_str!("certificates/third.pem");
const EXPIRED: &str = include_str!("certificates/expired.pem");

const ADA: (&str, &str) = ("UserName", "ada");
const COMMIT: (&str, &str) = ("ServiceName", "codecommit.amazonaws.com");
const BEDROCK: (&str, &str) = ("ServiceName", "bedrock.amazonaws.com");

async fn given_users(root: &TestClient<'_>, names: &[&str]) {
    for name in names {
        root.iam("CreateUser", &[("UserName", name)]).await.ok();
    }
}

#[tokio::test]
async fn a_user_has_ssh_keys_in_both_forms() {
    for server in servers().await {
        let root = server.as_root();
        given_users(&root, &["ada", "bob"]).await;
        let key = ("SSHPublicKeyBody", SSH);
        let made = root.iam("UploadSSHPublicKey", &[ADA, key]).await;
        let made = &made.ok()["SSHPublicKey"];
        let id = text(&made["SSHPublicKeyId"]);
        assert!(id.starts_with("APKA") && id.len() == 21, "{id}");
        assert_eq!(made["Fingerprint"], SSH_MD5.trim());
        assert_eq!(made["Status"], "Active");

        let own = ("SSHPublicKeyId", id.as_str());
        let line = SSH.rsplit_once(' ').unwrap().0;
        for (encoding, body) in [("SSH", line), ("PEM", SSH_PEM)] {
            let got = root
                .iam("GetSSHPublicKey", &[ADA, own, ("Encoding", encoding)])
                .await;
            assert_eq!(
                text(&got.ok()["SSHPublicKey"]["SSHPublicKeyBody"]).trim(),
                body.trim()
            );
        }
        let other = root
            .iam("GetSSHPublicKey", &[ADA, own, ("Encoding", "DER")])
            .await;
        assert_eq!(other.code(), "ValidationError");

        // The same key is the same in the other form, for this user.
        let again = root
            .iam("UploadSSHPublicKey", &[ADA, ("SSHPublicKeyBody", SSH_PEM)])
            .await;
        assert_eq!((again.status, again.code()), (400, "DuplicateSSHPublicKey"));
        root.iam("UploadSSHPublicKey", &[("UserName", "bob"), key])
            .await
            .ok();
        for (body, code) in [
            ("ssh-ed25519 AAAA", "UnrecognizedPublicKeyEncoding"),
            (ROOT, "UnrecognizedPublicKeyEncoding"),
        ] {
            let refused = root
                .iam("UploadSSHPublicKey", &[ADA, ("SSHPublicKeyBody", body)])
                .await;
            assert_eq!((refused.status, refused.code()), (400, code));
        }

        let off = [ADA, own, ("Status", "Inactive")];
        root.iam("UpdateSSHPublicKey", &off).await.ok();
        let expired = [ADA, own, ("Status", "Expired")];
        assert_eq!(
            root.iam("UpdateSSHPublicKey", &expired).await.code(),
            "InvalidInput"
        );
        let listed = root.iam("ListSSHPublicKeys", &[ADA]).await;
        assert_eq!(column(&listed.ok()["SSHPublicKeys"], "Status"), ["Inactive"]);

        // Nobody else's name opens it.
        let of_bob = [("UserName", "bob"), own];
        let message = format!("The SSH Public Key with id {id} cannot be found.");
        assert_eq!(
            root.iam("DeleteSSHPublicKey", &of_bob).await.refusal(),
            (404, "NoSuchEntity", message.as_str())
        );
        assert_eq!(
            root.iam("DeleteUser", &[ADA]).await.refusal(),
            (
                409,
                "DeleteConflict",
                "Cannot delete entity, must delete SSH public keys first."
            )
        );
        root.iam("DeleteSSHPublicKey", &[ADA, own]).await.ok();
        root.iam("DeleteUser", &[ADA]).await.ok();
        assert_eq!(root.iam("ListSSHPublicKeys", &[]).await.code(), "ValidationError");
    }
}

#[tokio::test]
async fn a_user_has_five_ssh_keys() {
    for server in servers().await {
        let root = server.as_root();
        given_users(&root, &["ada"]).await;
        let ada = text(&root.iam("GetUser", &[ADA]).await.ok()["User"]["UserId"]);
        let mut tx = server.store().write().await.expect("a transaction");
        tx.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5)
             INSERT INTO iam_credential (credential_id, aws_account_id, owner_id, kind, status, body, fingerprint,
                                         created_at)
             SELECT 'APKA' || i, $1, $2, 'ssh', 'Active', '', 'x' || i, 0 FROM n",
            bind![server.account_id(), ada],
        )
        .await
        .expect("five keys");
        tx.commit().await.expect("a commit");
        assert_eq!(
            root.iam("UploadSSHPublicKey", &[ADA, ("SSHPublicKeyBody", SSH)])
                .await
                .refusal(),
            (
                409,
                "LimitExceeded",
                "Cannot exceed quota for SSHPublicKeysPerUser: 5"
            )
        );
        let all = pages(
            &root,
            "ListSSHPublicKeys",
            &[ADA, ("MaxItems", "2")],
            "SSHPublicKeys",
        )
        .await;
        assert_eq!(all.len(), 5);
    }
}

#[tokio::test]
async fn a_user_and_root_have_signing_certificates() {
    for server in servers().await {
        let root = server.as_root();
        given_users(&root, &["ada", "bob"]).await;
        let upload = async |name: &str, body: &str| {
            let members = [("UserName", name), ("CertificateBody", body)];
            root.iam("UploadSigningCertificate", &members).await
        };
        let first = upload("ada", RSA).await;
        let id = text(&first.ok()["Certificate"]["CertificateId"]);
        assert_eq!(id.len(), 32);
        assert_eq!(first.body["Certificate"]["CertificateBody"], RSA);
        for (name, body, code, status) in [
            ("ada", RSA, "DuplicateCertificate", 409),
            ("bob", RSA, "DuplicateCertificate", 409),
            ("bob", EXPIRED, "InvalidCertificate", 400),
            ("bob", "certificate", "MalformedCertificate", 400),
            ("bob", &format!("{RSA}{SECOND}"), "MalformedCertificate", 400),
            ("bob", &format!("mine:\n{SECOND}"), "MalformedCertificate", 400),
            ("bob", &SECOND.replace("MII", "MIJ"), "MalformedCertificate", 400),
            ("bob", RSA_KEY, "MalformedCertificate", 400),
            ("eve", SECOND, "NoSuchEntity", 404),
        ] {
            let refused = upload(name, body).await;
            assert_eq!((refused.status, refused.code()), (status, code), "{body}");
        }
        server.clock().advance(Duration::from_secs(1));
        upload("ada", SECOND).await.ok();
        assert_eq!(
            upload("ada", THIRD).await.refusal(),
            (
                409,
                "LimitExceeded",
                "Cannot exceed quota for SigningCertificatesPerUser: 2"
            )
        );
        let own = ("CertificateId", id.as_str());
        let off = [ADA, own, ("Status", "Inactive")];
        root.iam("UpdateSigningCertificate", &off).await.ok();
        let all = pages(
            &root,
            "ListSigningCertificates",
            &[ADA, ("MaxItems", "1")],
            "Certificates",
        )
        .await;
        let states: Vec<_> = all.iter().map(|one| text(&one["Status"])).collect();
        assert_eq!(states, ["Inactive", "Active"]);

        // Root's own, which the account summary tells of.
        root.iam("UploadSigningCertificate", &[("CertificateBody", THIRD)])
            .await
            .ok();
        let summary = root.iam("GetAccountSummary", &[]).await;
        assert!(
            summary.ok()["SummaryMap"]
                .as_array()
                .unwrap()
                .contains(&json!({ "key": "AccountSigningCertificatesPresent", "value": "1" }))
        );
        let of_root = root.iam("ListSigningCertificates", &[]).await;
        assert_eq!(of_root.ok()["Certificates"].as_array().unwrap().len(), 1);

        root.iam("GenerateCredentialReport", &[]).await.ok();
        server
            .run_due_jobs(carillon_iam::JOBS, carillon_operation::Outside::default())
            .await;
        let report = root.iam("GetCredentialReport", &[]).await;
        let report = report_text(&report);
        let line = report.lines().find(|line| line.starts_with("ada,")).unwrap();
        assert!(
            line.ends_with(",false,2026-03-01T12:00:00+00:00,true,2026-03-01T12:00:01+00:00"),
            "{line}"
        );

        assert_eq!(
            root.iam("DeleteUser", &[ADA]).await.message(),
            "Cannot delete entity, must delete signing certificates first."
        );
        let of_bob = [("UserName", "bob"), own];
        assert_eq!(
            root.iam("DeleteSigningCertificate", &of_bob).await.code(),
            "NoSuchEntity"
        );
        root.iam("DeleteSigningCertificate", &[ADA, own]).await.ok();
        upload("bob", RSA).await.ok();
    }
}

fn report_text(answer: &Answer) -> String {
    use base64::Engine as _;
    let content = text(&answer.ok()["Content"]);
    let bytes = base64::engine::general_purpose::STANDARD.decode(content);
    String::from_utf8(bytes.expect("base64")).expect("a text")
}

#[tokio::test]
async fn secrets_of_services_are_shown_once() {
    for server in servers().await {
        let root = server.as_root();
        given_users(&root, &["ada", "ada+1"]).await;
        let made = root.iam("CreateServiceSpecificCredential", &[ADA, COMMIT]).await;
        let made = made.ok()["ServiceSpecificCredential"].clone();
        assert_eq!(made["ServiceUserName"], format!("ada-at-{ACCOUNT}"));
        let secret = text(&made["ServicePassword"]);
        assert_eq!(secret.len(), 44);
        let event = server.last_event().to_string();
        assert!(!event.contains(&secret), "{event}");
        let id = text(&made["ServiceSpecificCredentialId"]);
        assert!(id.starts_with("ACCA"), "{id}");

        // A name that another user has already is passed over.
        let other = [("UserName", "ada+1"), COMMIT];
        let other = root.iam("CreateServiceSpecificCredential", &other).await;
        assert_eq!(
            other.ok()["ServiceSpecificCredential"]["ServiceUserName"],
            format!("ada+1-at-{ACCOUNT}")
        );
        let second = root.iam("CreateServiceSpecificCredential", &[ADA, COMMIT]).await;
        assert_eq!(
            second.ok()["ServiceSpecificCredential"]["ServiceUserName"],
            format!("ada+2-at-{ACCOUNT}")
        );
        assert_eq!(
            root.iam("CreateServiceSpecificCredential", &[ADA, COMMIT])
                .await
                .refusal(),
            (
                409,
                "LimitExceeded",
                "Cannot exceed quota for ServiceSpecificCredentialsPerUser: 2"
            )
        );
        let days = ("CredentialAgeDays", "1");
        let key = root
            .iam("CreateServiceSpecificCredential", &[ADA, BEDROCK, days])
            .await;
        let key = &key.ok()["ServiceSpecificCredential"];
        assert!(text(&key["ServiceCredentialSecret"]).starts_with("ABSK"));
        assert_eq!(key["ExpirationDate"], "2026-03-02T12:00:00Z");
        assert_eq!(key["ServicePassword"], Value::Null);
        for (members, code, status) in [
            (&[ADA, COMMIT, days][..], "ValidationError", 400),
            (
                &[ADA, ("ServiceName", "chime.amazonaws.com")],
                "NotSupportedService",
                404,
            ),
            (&[("UserName", "eve"), COMMIT], "NoSuchEntity", 404),
        ] {
            let refused = root.iam("CreateServiceSpecificCredential", members).await;
            assert_eq!((refused.status, refused.code()), (status, code));
        }

        let own = ("ServiceSpecificCredentialId", id.as_str());
        let reset = root.iam("ResetServiceSpecificCredential", &[ADA, own]).await;
        assert_ne!(reset.ok()["ServiceSpecificCredential"]["ServicePassword"], secret);
        let off = [ADA, own, ("Status", "Inactive")];
        root.iam("UpdateServiceSpecificCredential", &off).await.ok();
        server.clock().advance(Duration::from_secs(24 * 60 * 60));
        let list = "ServiceSpecificCredentials";
        let all = pages(
            &root,
            "ListServiceSpecificCredentials",
            &[("AllUsers", "true"), ("MaxItems", "3")],
            list,
        )
        .await;
        let mut states: Vec<_> = all.iter().map(|one| text(&one["Status"])).collect();
        states.sort();
        assert_eq!(states, ["Active", "Active", "Expired", "Inactive"]);
        assert!(all.iter().all(|one| one.get("ServicePassword").is_none()));
        let of_service = root.iam("ListServiceSpecificCredentials", &[ADA, BEDROCK]).await;
        assert_eq!(column(&of_service.ok()[list], "Status"), ["Expired"]);
        let both = [ADA, ("AllUsers", "true")];
        assert_eq!(
            root.iam("ListServiceSpecificCredentials", &both).await.code(),
            "InvalidInput"
        );

        assert_eq!(
            root.iam("DeleteUser", &[ADA]).await.message(),
            "Cannot delete entity, must delete service specific credentials first."
        );
        root.iam("DeleteServiceSpecificCredential", &[ADA, own])
            .await
            .ok();
        assert_eq!(
            root.iam("ResetServiceSpecificCredential", &[ADA, own])
                .await
                .code(),
            "NoSuchEntity"
        );
    }
}

#[tokio::test]
async fn who_manages_own_credentials_manages_nobody_elses() {
    for server in servers().await {
        let root = server.as_root();
        given_users(&root, &["bob"]).await;
        let own = document(&json!({
            "Effect": "Allow",
            "Action": ["iam:*SSHPublicKey*", "iam:*SigningCertificate*", "iam:*ServiceSpecificCredential*"],
            "Resource": "arn:aws:iam::*:user/${aws:username}",
            "Condition": { "StringEqualsIfExists": {
                "iam:ServiceSpecificCredentialServiceName": "codecommit.amazonaws.com"
            }}
        }));
        let ada = server.as_user("ada", &[&own]).await;
        ada.iam("UploadSSHPublicKey", &[ADA, ("SSHPublicKeyBody", SSH)])
            .await
            .ok();
        ada.iam("UploadSigningCertificate", &[("CertificateBody", RSA)])
            .await
            .ok();
        ada.iam("CreateServiceSpecificCredential", &[ADA, COMMIT])
            .await
            .ok();
        ada.iam("ListServiceSpecificCredentials", &[]).await.ok();
        let bob = ("UserName", "bob");
        for (action, members) in [
            ("UploadSSHPublicKey", &[bob, ("SSHPublicKeyBody", SSH)][..]),
            ("ListSSHPublicKeys", &[bob]),
            ("UploadSigningCertificate", &[bob, ("CertificateBody", SECOND)]),
            ("CreateServiceSpecificCredential", &[bob, COMMIT]),
            ("CreateServiceSpecificCredential", &[ADA, BEDROCK]),
            ("ListServiceSpecificCredentials", &[("AllUsers", "true")]),
            ("ListServerCertificates", &[]),
        ] {
            let refused = ada.iam(action, members).await;
            assert_eq!(
                (refused.status, refused.code()),
                (403, "AccessDenied"),
                "{action}"
            );
        }
        // The root user of another AWS account sees nothing of this one.
        let other = server.as_root_of_another_account().await;
        assert_eq!(
            other.iam("ListSSHPublicKeys", &[ADA]).await.code(),
            "NoSuchEntity"
        );
        let all = [("AllUsers", "true")];
        let found = other.iam("ListServiceSpecificCredentials", &all).await;
        assert_eq!(found.ok()["ServiceSpecificCredentials"], "");
        other
            .iam("UploadSigningCertificate", &[("CertificateBody", RSA)])
            .await
            .ok();
    }
}

const NAME: (&str, &str) = ("ServerCertificateName", "Chime");

#[tokio::test]
async fn a_server_certificate_is_kept_with_a_key_that_nobody_sees() {
    for server in servers().await {
        let root = server.as_root();
        let chain = format!("{INTERMEDIATE}{ROOT}");
        let made = [
            NAME,
            ("Path", "/web/"),
            ("CertificateBody", LEAF),
            ("PrivateKey", LEAF_KEY),
            ("CertificateChain", &chain),
            ("Tags.member.1.Key", "a"),
            ("Tags.member.1.Value", "b"),
        ];
        let made = root.iam("UploadServerCertificate", &made).await;
        let metadata = made.ok()["ServerCertificateMetadata"].clone();
        let arn = format!("arn:aws:iam::{ACCOUNT}:server-certificate/web/Chime");
        assert_eq!(metadata["Arn"], arn);
        assert_eq!(metadata["Expiration"], "2076-01-01T00:00:00Z");
        assert!(text(&metadata["ServerCertificateId"]).starts_with("ASCA"));
        let event = server.last_event().to_string();
        assert!(!event.contains("PRIVATE KEY"), "{event}");
        let mut tx = server.store().read().await.expect("a transaction");
        let (sealed,): (String,) = tx
            .fetch_optional("SELECT sealed_private_key FROM iam_server_certificate", bind![])
            .await
            .unwrap()
            .unwrap();
        assert!(!sealed.contains("PRIVATE"));
        drop(tx);

        let got = root
            .iam("GetServerCertificate", &[("ServerCertificateName", "chime")])
            .await;
        let got = &got.ok()["ServerCertificate"];
        assert_eq!(got["CertificateBody"], LEAF.trim());
        assert_eq!(got["CertificateChain"], chain.trim());
        assert_eq!(got["Tags"], json!([{ "Key": "a", "Value": "b" }]));
        assert_eq!(got["ServerCertificateMetadata"], metadata);
        root.iam("UntagServerCertificate", &[NAME, ("TagKeys.member.1", "a")])
            .await
            .ok();
        let tags = root.iam("ListServerCertificateTags", &[NAME]).await;
        assert_eq!(tags.ok()["Tags"], "");

        let other = [
            ("ServerCertificateName", "other"),
            ("CertificateBody", RSA),
            ("PrivateKey", RSA_KEY),
        ];
        root.iam("UploadServerCertificate", &other).await.ok();
        let rename = [NAME, ("NewServerCertificateName", "OTHER")];
        assert_eq!(
            root.iam("UpdateServerCertificate", &rename).await.refusal(),
            (
                409,
                "EntityAlreadyExists",
                "The Server Certificate with name OTHER already exists."
            )
        );
        let rename = [NAME, ("NewServerCertificateName", "CHIME"), ("NewPath", "/")];
        root.iam("UpdateServerCertificate", &rename).await.ok();
        let all = pages(
            &root,
            "ListServerCertificates",
            &[("MaxItems", "1")],
            "ServerCertificateMetadataList",
        )
        .await;
        let names: Vec<_> = all
            .iter()
            .map(|one| text(&one["ServerCertificateName"]))
            .collect();
        assert_eq!(names, ["CHIME", "other"]);
        let summary = root.iam("GetAccountSummary", &[]).await;
        assert!(
            summary.ok()["SummaryMap"]
                .as_array()
                .unwrap()
                .contains(&json!({ "key": "ServerCertificates", "value": "2" }))
        );

        // Others are not told of it, and cannot take it away.
        let elsewhere = server.as_root_of_another_account().await;
        for action in ["GetServerCertificate", "DeleteServerCertificate"] {
            let refused = elsewhere.iam(action, &[NAME]).await;
            assert_eq!(
                refused.refusal(),
                (
                    404,
                    "NoSuchEntity",
                    "The Server Certificate with name Chime cannot be found."
                )
            );
        }
        root.iam("DeleteServerCertificate", &[NAME]).await.ok();
        assert_eq!(
            root.iam("GetServerCertificate", &[NAME]).await.code(),
            "NoSuchEntity"
        );
    }
}

#[tokio::test]
async fn certificate_key_and_chain_must_belong_together() {
    let server = TestServer::start(&[&IAM]).await;
    let root = server.as_root();
    let upload = async |body: &str, key: &str, chain: &str| {
        let mut members = vec![NAME, ("CertificateBody", body), ("PrivateKey", key)];
        if !chain.is_empty() {
            members.push(("CertificateChain", chain));
        }
        let answer = root.iam("UploadServerCertificate", &members).await;
        if answer.status == 200 {
            root.iam("DeleteServerCertificate", &[NAME]).await.ok();
            return "kept".to_owned();
        }
        assert_eq!(answer.status, 400);
        let index = answer
            .message()
            .rsplit_once("certificate is: ")
            .map(|(_, index)| index);
        format!("{}{}", answer.code(), index.unwrap_or_default())
    };
    let whole = format!("{INTERMEDIATE}\n{ROOT}");
    let turned = format!("{ROOT}{INTERMEDIATE}");
    let gap = format!("{INTERMEDIATE}{SECOND}");
    let text_before = format!("Issuer: somebody\n{INTERMEDIATE}");
    let two_keys = format!("{LEAF_KEY}{LEAF_KEY}");
    let forged = forged(LEAF);
    for (body, key, chain, expected) in [
        (LEAF, LEAF_KEY, "", "kept"),
        (LEAF, LEAF_KEY_SEC1, INTERMEDIATE, "kept"),
        (LEAF, LEAF_KEY, &whole, "kept"),
        (RSA, RSA_KEY, "", "kept"),
        (LEAF, RSA_KEY, "", "KeyPairMismatch"),
        (RSA, LEAF_KEY, "", "KeyPairMismatch"),
        (LEAF, LEAF, "", "MalformedCertificate"),
        (LEAF, &two_keys, "", "MalformedCertificate"),
        (LEAF, "key", "", "MalformedCertificate"),
        (LEAF_KEY, LEAF_KEY, "", "MalformedCertificate"),
        (EXPIRED, LEAF_KEY, "", "MalformedCertificate"),
        (LEAF, LEAF_KEY, ROOT, "MalformedCertificate-1"),
        (LEAF, LEAF_KEY, &turned, "MalformedCertificate-1"),
        (LEAF, LEAF_KEY, LEAF, "MalformedCertificate-1"),
        (LEAF, LEAF_KEY, &gap, "MalformedCertificate0"),
        (LEAF, LEAF_KEY, &text_before, "MalformedCertificate-1"),
        (&forged, LEAF_KEY, INTERMEDIATE, "MalformedCertificate-1"),
        (LEAF, LEAF_KEY, &INTERMEDIATE.repeat(21), "MalformedCertificate"),
    ] {
        assert_eq!(upload(body, key, chain).await, expected, "{body}{chain}");
    }
}

/// The certificate with another signature.
fn forged(pem: &str) -> String {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let text: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let mut bytes = STANDARD.decode(text).expect("base64");
    *bytes.last_mut().expect("bytes") ^= 1;
    format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        STANDARD.encode(bytes)
    )
}
