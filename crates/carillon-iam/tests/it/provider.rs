//! Identity providers as IAM keeps them.

use carillon_iam::testing::ACCOUNT;
use serde_json::json;

use crate::{column, document, given_role, servers};

const URL: &str = "https://login.example.com/realms/one";

fn arn() -> String {
    format!("arn:aws:iam::{ACCOUNT}:oidc-provider/login.example.com/realms/one")
}

#[tokio::test]
async fn a_provider_is_read_as_it_was_made_and_changed() {
    for server in servers().await {
        let root = server.as_root();
        let made = [
            ("Url", URL),
            ("ClientIDList.member.1", "app"),
            ("ClientIDList.member.2", "app"),
            (
                "ThumbprintList.member.1",
                "990f4193972f2becf12ddeda5237f9c952f20d9e",
            ),
            ("Tags.member.1.Key", "a"),
            ("Tags.member.1.Value", "b"),
        ];
        let made = root.iam("CreateOpenIDConnectProvider", &made).await;
        assert_eq!(made.ok()["OpenIDConnectProviderArn"], arn());
        let again = root.iam("CreateOpenIDConnectProvider", &[("Url", URL)]).await;
        let words = format!("Provider with url {URL} already exists.");
        assert_eq!(again.refusal(), (409, "EntityAlreadyExists", &*words));

        let (arn, provider) = (arn(), ("OpenIDConnectProviderArn", &*arn()));
        let add = [provider, ("ClientID", "web")];
        root.iam("AddClientIDToOpenIDConnectProvider", &add).await.ok();
        root.iam("AddClientIDToOpenIDConnectProvider", &add).await.ok();
        let remove = [provider, ("ClientID", "app")];
        root.iam("RemoveClientIDFromOpenIDConnectProvider", &remove)
            .await
            .ok();
        root.iam("RemoveClientIDFromOpenIDConnectProvider", &remove)
            .await
            .ok();
        let thumbprint = "0000000000000000000000000000000000000001";
        let update = [provider, ("ThumbprintList.member.1", thumbprint)];
        root.iam("UpdateOpenIDConnectProviderThumbprint", &update)
            .await
            .ok();
        let tag = [provider, ("Tags.member.1.Key", "c"), ("Tags.member.1.Value", "d")];
        root.iam("TagOpenIDConnectProvider", &tag).await.ok();
        root.iam(
            "UntagOpenIDConnectProvider",
            &[provider, ("TagKeys.member.1", "A")],
        )
        .await
        .ok();
        let got = root.iam("GetOpenIDConnectProvider", &[provider]).await;
        assert_eq!(
            *got.ok(),
            json!({
                "Url": "login.example.com/realms/one", "ClientIDList": ["web"], "ThumbprintList": [thumbprint],
                "CreateDate": "2026-03-01T12:00:00Z", "Tags": [{ "Key": "c", "Value": "d" }],
            })
        );
        let tags = root.iam("ListOpenIDConnectProviderTags", &[provider]).await;
        assert_eq!(column(&tags.ok()["Tags"], "Key"), ["c"]);
        let listed = root.iam("ListOpenIDConnectProviders", &[]).await;
        assert_eq!(column(&listed.ok()["OpenIDConnectProviderList"], "Arn"), [&*arn]);

        root.iam("DeleteOpenIDConnectProvider", &[provider]).await.ok();
        let words = format!("OpenIDConnect Provider not found for arn {arn}");
        assert_eq!(
            root.iam("GetOpenIDConnectProvider", &[provider]).await.refusal(),
            (404, "NoSuchEntity", &*words)
        );
        // A namesake begins without the tags of the one that is gone.
        root.iam("CreateOpenIDConnectProvider", &[("Url", URL)])
            .await
            .ok();
        let got = root.iam("GetOpenIDConnectProvider", &[provider]).await;
        assert_eq!(got.ok().get("Tags"), None);
    }
}

#[tokio::test]
async fn an_issuer_is_an_address_with_tls() {
    let server = &servers().await[0];
    let root = server.as_root();
    for url in [
        "http://login.example.com",
        "login.example.com",
        "https://a.b?c=d",
        "https://",
    ] {
        let refused = root.iam("CreateOpenIDConnectProvider", &[("Url", url)]).await;
        assert_eq!(
            refused.refusal(),
            (400, "ValidationError", "Invalid Open ID Connect Provider URL"),
            "{url}"
        );
    }
    let short = [("Url", URL), ("ThumbprintList.member.1", "abc")];
    let refused = root.iam("CreateOpenIDConnectProvider", &short).await;
    assert_eq!(refused.code(), "ValidationError");
}

#[tokio::test]
async fn providers_are_trusted_only_where_they_exist_and_by_those_who_may() {
    for server in servers().await {
        let root = server.as_root();
        let trust = |arn: &str| {
            document(&json!({
                "Effect": "Allow", "Principal": { "Federated": arn }, "Action": "sts:AssumeRoleWithWebIdentity",
            }))
        };
        let role = [("RoleName", "r"), ("AssumeRolePolicyDocument", &*trust(&arn()))];
        let refused = root.iam("CreateRole", &role).await;
        let words = format!("Invalid principal in policy: \"FEDERATED\":\"{}\"", arn());
        assert_eq!(refused.refusal(), (400, "MalformedPolicyDocument", &*words));
        root.iam("CreateOpenIDConnectProvider", &[("Url", URL)])
            .await
            .ok();
        given_role(&root, "r", &trust(&arn())).await;

        let provider = ("OpenIDConnectProviderArn", &*arn());
        let of_team = document(&json!({
            "Effect": "Allow", "Action": "iam:*", "Resource": arn(),
            "Condition": { "StringEquals": { "aws:ResourceTag/team": "web" } },
        }));
        let ada = server.as_user("ada", &[&of_team]).await;
        for (action, members) in [
            ("GetOpenIDConnectProvider", &[provider][..]),
            ("DeleteOpenIDConnectProvider", &[provider]),
            (
                "AddClientIDToOpenIDConnectProvider",
                &[provider, ("ClientID", "x")],
            ),
            ("ListOpenIDConnectProviders", &[]),
        ] {
            assert_eq!(ada.iam(action, members).await.code(), "AccessDenied", "{action}");
        }
        let tag = [
            provider,
            ("Tags.member.1.Key", "team"),
            ("Tags.member.1.Value", "web"),
        ];
        root.iam("TagOpenIDConnectProvider", &tag).await.ok();
        ada.iam("GetOpenIDConnectProvider", &[provider]).await.ok();
        // Another account's provider of this name is nobody's here.
        let other = server.as_root_of_another_account().await;
        let foreign = other.iam("GetOpenIDConnectProvider", &[provider]).await;
        assert_ne!(foreign.code(), "");
        // Nor may roles there trust it, or its account would decide who gets them.
        assert_eq!(
            other.iam("CreateRole", &role).await.refusal(),
            (400, "MalformedPolicyDocument", &*words)
        );
        given_role(&other, "s", &crate::trust("*")).await;
        let update = [("RoleName", "s"), ("PolicyDocument", &*trust(&arn()))];
        assert_eq!(
            other.iam("UpdateAssumeRolePolicy", &update).await.refusal(),
            (400, "MalformedPolicyDocument", &*words)
        );
    }
}
