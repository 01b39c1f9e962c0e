//! Identity providers that speak SAML, as IAM keeps them.

use carillon_iam::testing::ACCOUNT;
use serde_json::json;

use crate::saml::{Provider, arn};
use crate::{column, document, given_role, servers};

#[tokio::test]
async fn a_provider_is_read_as_it_was_made_and_changed() {
    for server in servers().await {
        let root = server.as_root();
        let metadata = Provider::new().metadata();
        let made = [
            ("Name", "Corp"),
            ("SAMLMetadataDocument", &*metadata),
            ("Tags.member.1.Key", "a"),
            ("Tags.member.1.Value", "b"),
        ];
        let answer = root.iam("CreateSAMLProvider", &made).await;
        assert_eq!(
            *answer.ok(),
            json!({ "SAMLProviderArn": arn(), "Tags": [{ "Key": "a", "Value": "b" }] })
        );
        let again = root.iam("CreateSAMLProvider", &made).await;
        let words = "Provider with name Corp already exists.";
        assert_eq!(again.refusal(), (409, "EntityAlreadyExists", words));

        let (arn, provider) = (arn(), ("SAMLProviderArn", &*arn()));
        let newer = metadata.replace("entityID=", "validUntil=\"2027-01-01T00:00:00Z\" entityID=");
        let update = [provider, ("SAMLMetadataDocument", &*newer)];
        let updated = root.iam("UpdateSAMLProvider", &update).await;
        assert_eq!(updated.ok()["SAMLProviderArn"], *arn);
        let tag = [provider, ("Tags.member.1.Key", "c"), ("Tags.member.1.Value", "d")];
        root.iam("TagSAMLProvider", &tag).await.ok();
        let untag = [provider, ("TagKeys.member.1", "A")];
        root.iam("UntagSAMLProvider", &untag).await.ok();
        let got = root.iam("GetSAMLProvider", &[provider]).await;
        let id = got.ok()["SAMLProviderUUID"].as_str().unwrap();
        assert!(
            id.len() == 24
                && id
                    .bytes()
                    .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        );
        assert_eq!(got.body["SAMLMetadataDocument"], newer.trim());
        assert_eq!(got.body["CreateDate"], "2026-03-01T12:00:00Z");
        assert_eq!(got.body["ValidUntil"], "2027-01-01T00:00:00Z");
        assert_eq!(got.body["Tags"], json!([{ "Key": "c", "Value": "d" }]));
        let tags = root.iam("ListSAMLProviderTags", &[provider]).await;
        assert_eq!(column(&tags.ok()["Tags"], "Key"), ["c"]);
        let listed = root.iam("ListSAMLProviders", &[]).await;
        let entry = json!([{ "Arn": arn, "ValidUntil": "2027-01-01T00:00:00Z", "CreateDate": "2026-03-01T12:00:00Z" }]);
        assert_eq!(listed.ok()["SAMLProviderList"], entry);
        let summary = root.iam("GetAccountSummary", &[]).await;
        let map = summary.ok()["SummaryMap"].as_array().unwrap();
        assert!(map.contains(&json!({ "key": "Providers", "value": "1" })));

        root.iam("DeleteSAMLProvider", &[provider]).await.ok();
        let words = format!("Manifest not found for arn {arn}");
        for (action, members) in [
            ("GetSAMLProvider", &[provider][..]),
            ("UpdateSAMLProvider", &update),
            ("DeleteSAMLProvider", &[provider]),
            ("TagSAMLProvider", &tag),
            ("UntagSAMLProvider", &untag),
            ("ListSAMLProviderTags", &[provider]),
        ] {
            assert_eq!(
                root.iam(action, members).await.refusal(),
                (404, "NoSuchEntity", &*words),
                "{action}"
            );
        }
        // A namesake begins without the tags of the one that is gone, and without metadata that ends it lasts long.
        root.iam("CreateSAMLProvider", &made[..2]).await.ok();
        let got = root.iam("GetSAMLProvider", &[provider]).await;
        assert_eq!(got.ok().get("Tags"), None);
        assert_eq!(got.body["ValidUntil"], "2126-02-05T12:00:00Z");
    }
}

#[tokio::test]
async fn metadata_that_is_of_no_use_is_refused() {
    for server in servers().await {
        let root = server.as_root();
        let good = Provider::new().metadata();
        let begins = "Could not parse metadata: ";
        for (from, to) in [
            ("IDPSSODescriptor", "SPSSODescriptor"),
            ("X509Certificate", "X509SKI"),
            ("</md:EntityDescriptor>", ""),
            ("entityID=", "validUntil=\"2026-03-01T12:00:00Z\" entityID="),
            (
                "<md:EntityDescriptor",
                "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><md:EntityDescriptor",
            ),
        ] {
            let metadata = good.replace(from, to);
            let members = [("Name", "Corp"), ("SAMLMetadataDocument", &*metadata)];
            let refused = root.iam("CreateSAMLProvider", &members).await;
            assert_eq!((refused.status, refused.code()), (400, "InvalidInput"), "{from}");
            assert!(refused.message().starts_with(begins), "{}", refused.message());
        }
        for (name, metadata) in [
            ("Corp", "<x/>"),
            ("a b", &*good),
            ("", &good),
            (&"a".repeat(129), &good),
        ] {
            let members = [("Name", name), ("SAMLMetadataDocument", metadata)];
            let refused = root.iam("CreateSAMLProvider", &members).await;
            assert_eq!(refused.code(), "ValidationError", "{name}");
        }
        let made = [("Name", "Corp"), ("SAMLMetadataDocument", &*good)];
        let encrypted = "Encrypted assertions are not supported: AssertionEncryptionMode, AddPrivateKey and \
                         RemovePrivateKey must not be given.";
        let key = "-----BEGIN PRIVATE KEY-----";
        for more in [("AssertionEncryptionMode", "Allowed"), ("AddPrivateKey", key)] {
            let refused = root.iam("CreateSAMLProvider", &[made[0], made[1], more]).await;
            assert_eq!(refused.refusal(), (400, "InvalidInput", encrypted));
            assert!(!server.last_event().to_string().contains(key));
        }
        root.iam("CreateSAMLProvider", &made).await.ok();
        let provider = ("SAMLProviderArn", &*arn());
        for more in [
            ("AssertionEncryptionMode", "Required"),
            ("AddPrivateKey", key),
            ("RemovePrivateKey", "ABCDEFGHIJKLMNOPQRSTUVWX"),
        ] {
            let refused = root.iam("UpdateSAMLProvider", &[provider, more]).await;
            assert_eq!(refused.refusal(), (400, "InvalidInput", encrypted));
        }
        let nothing = "Unable to update identity provider. No updates are defined for metadata or encryption assertion.";
        let refused = root.iam("UpdateSAMLProvider", &[provider]).await;
        assert_eq!(refused.refusal(), (400, "InvalidInput", nothing));
    }
}

#[tokio::test]
async fn an_account_has_a_hundred_providers() {
    let server = &servers().await[0];
    let root = server.as_root();
    let metadata = Provider::new().metadata();
    for number in 0..100 {
        let name = format!("p{number}");
        let members = [("Name", &*name), ("SAMLMetadataDocument", &*metadata)];
        root.iam("CreateSAMLProvider", &members).await.ok();
    }
    let members = [("Name", "more"), ("SAMLMetadataDocument", &*metadata)];
    let words = "Cannot exceed quota for SAMLProvidersPerAccount: 100";
    assert_eq!(
        root.iam("CreateSAMLProvider", &members).await.refusal(),
        (409, "LimitExceeded", words)
    );
    let listed = root.iam("ListSAMLProviders", &[]).await;
    assert_eq!(listed.ok()["SAMLProviderList"].as_array().unwrap().len(), 100);
}

#[tokio::test]
async fn providers_are_trusted_only_where_they_exist_and_by_those_who_may() {
    for server in servers().await {
        let root = server.as_root();
        let trust = |arn: &str| {
            document(&json!({
                "Effect": "Allow", "Principal": { "Federated": arn }, "Action": "sts:AssumeRoleWithSAML",
            }))
        };
        let role = [("RoleName", "r"), ("AssumeRolePolicyDocument", &*trust(&arn()))];
        let words = format!("Invalid principal in policy: \"FEDERATED\":\"{}\"", arn());
        assert_eq!(
            root.iam("CreateRole", &role).await.refusal(),
            (400, "MalformedPolicyDocument", &*words)
        );
        let metadata = Provider::new().metadata();
        let made = [("Name", "Corp"), ("SAMLMetadataDocument", &*metadata)];
        root.iam("CreateSAMLProvider", &made).await.ok();
        given_role(&root, "r", &trust(&arn())).await;

        let provider = ("SAMLProviderArn", &*arn());
        let of_team = document(&json!({
            "Effect": "Allow", "Action": "iam:*", "Resource": arn(),
            "Condition": { "StringEquals": { "aws:ResourceTag/team": "web" } },
        }));
        let ada = server.as_user("ada", &[&of_team]).await;
        let update = [provider, made[1]];
        for (action, members) in [
            ("GetSAMLProvider", &[provider][..]),
            ("DeleteSAMLProvider", &[provider]),
            ("UpdateSAMLProvider", &update),
            ("CreateSAMLProvider", &made),
            ("ListSAMLProviders", &[]),
            ("ListSAMLProviderTags", &[provider]),
        ] {
            assert_eq!(ada.iam(action, members).await.code(), "AccessDenied", "{action}");
        }
        let tag = [
            provider,
            ("Tags.member.1.Key", "team"),
            ("Tags.member.1.Value", "web"),
        ];
        root.iam("TagSAMLProvider", &tag).await.ok();
        ada.iam("GetSAMLProvider", &[provider]).await.ok();
        ada.iam("UpdateSAMLProvider", &update).await.ok();
        // Another account's provider is nobody's here, and no role there may trust it.
        let other = server.as_root_of_another_account().await;
        for (action, members) in [
            ("GetSAMLProvider", &[provider][..]),
            ("DeleteSAMLProvider", &[provider]),
        ] {
            assert_ne!(other.iam(action, members).await.code(), "", "{action}");
        }
        assert_eq!(
            other.iam("CreateRole", &role).await.refusal(),
            (400, "MalformedPolicyDocument", &*words)
        );
        let listed = other.iam("ListSAMLProviders", &[]).await;
        assert_eq!(column(&listed.ok()["SAMLProviderList"], "Arn"), [""; 0]);
        root.iam("GetSAMLProvider", &[provider]).await.ok();
    }
    assert_eq!(arn(), format!("arn:aws:iam::{ACCOUNT}:saml-provider/Corp"));
}
