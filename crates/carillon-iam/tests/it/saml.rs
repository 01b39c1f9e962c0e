//! Sessions of roles for those whom an identity provider vouches for by SAML.
//!
//! How responses are proven, and what attackers make of them, is tested in `carillon-saml`. The provider here writes
//! what it signs canonically by itself.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use carillon_aws::time::{Clock as _, Timestamp};
use carillon_iam::testing::{ACCOUNT, Answer, TestServer};
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};

use crate::sts::session;
use crate::{allow, document, given_role, servers, text};

const ISSUER: &str = "https://idp.example.com/saml";
const SIGN_IN: &str = "https://signin.aws.amazon.com/saml";
const ATTRIBUTES: &str = "https://aws.amazon.com/SAML/Attributes/";

pub fn arn() -> String {
    format!("arn:aws:iam::{ACCOUNT}:saml-provider/Corp")
}

fn role_arn() -> String {
    format!("arn:aws:iam::{ACCOUNT}:role/Web")
}

/// An identity provider: its key and certificate.
pub struct Provider {
    key: RsaKeyPair,
    certificate: String,
}

/// What a response says.
struct Said<'a> {
    now: Timestamp,
    attributes: Vec<(String, Vec<String>)>,
    subject: &'a str,
    audience: &'a str,
    recipient: &'a str,
    status: &'a str,
    /// Seconds since it was made, until it is over and until the provider's session is.
    age: i64,
    lasts: i64,
    session_lasts: i64,
}

impl<'a> Said<'a> {
    fn at(server: &TestServer) -> Self {
        Self {
            now: server.clock().now(),
            attributes: Vec::new(),
            subject: "ben",
            audience: "urn:amazon:webservices",
            recipient: SIGN_IN,
            status: "Success",
            age: 0,
            lasts: 300,
            session_lasts: 28_800,
        }
        .with("RoleSessionName", &["browser"])
        .with("Role", &[&format!("{},{}", role_arn(), arn())])
    }

    /// With other values of an attribute for AWS; none leaves it out.
    fn with(self, name: &str, values: &[&str]) -> Self {
        self.and(&format!("{ATTRIBUTES}{name}"), values)
    }

    fn and(mut self, name: &str, values: &[&str]) -> Self {
        self.attributes.retain(|(known, _)| known != name);
        if !values.is_empty() {
            let values = values.iter().map(ToString::to_string).collect();
            self.attributes.push((name.to_owned(), values));
        }
        self
    }
}

impl Provider {
    pub fn new() -> Self {
        let body = |pem: &str| -> String { pem.lines().filter(|line| !line.starts_with("-----")).collect() };
        let key = BASE64_STANDARD
            .decode(body(include_str!("certificates/rsa.key")))
            .expect("a key in PEM");
        Self {
            key: RsaKeyPair::from_der(&key).expect("a key"),
            certificate: body(include_str!("certificates/rsa.pem")),
        }
    }

    pub fn metadata(&self) -> String {
        format!(
            "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"{ISSUER}\">\
             <md:IDPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">\
             <md:KeyDescriptor><ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:X509Data>\
             <ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>\
             </md:IDPSSODescriptor></md:EntityDescriptor>",
            self.certificate
        )
    }

    /// A response with a signed assertion, in base64.
    fn response(&self, said: &Said<'_>) -> String {
        let at = |seconds| {
            Timestamp::from_seconds(said.now.as_seconds() + seconds)
                .iso_seconds()
                .to_string()
        };
        let attributes: String = said
            .attributes
            .iter()
            .map(|(name, values)| {
                let values: String = values
                    .iter()
                    .map(|value| format!("<saml:AttributeValue>{value}</saml:AttributeValue>"))
                    .collect();
                format!("<saml:Attribute Name=\"{name}\">{values}</saml:Attribute>")
            })
            .collect();
        let Said {
            subject,
            audience,
            recipient,
            status,
            ..
        } = said;
        let head = format!(
            "<saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_a\" IssueInstant=\"{}\" \
             Version=\"2.0\"><saml:Issuer>{ISSUER}</saml:Issuer>",
            at(-said.age)
        );
        let rest = format!(
            "<saml:Subject><saml:NameID Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\">{subject}\
             </saml:NameID><saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\">\
             <saml:SubjectConfirmationData NotOnOrAfter=\"{}\" Recipient=\"{recipient}\"></saml:SubjectConfirmationData>\
             </saml:SubjectConfirmation></saml:Subject><saml:Conditions><saml:AudienceRestriction><saml:Audience>\
             {audience}</saml:Audience></saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement \
             AuthnInstant=\"{}\" SessionNotOnOrAfter=\"{}\"></saml:AuthnStatement><saml:AttributeStatement>{attributes}\
             </saml:AttributeStatement></saml:Assertion>",
            at(said.lasts),
            at(0),
            at(said.session_lasts),
        );
        let signature = self.signature(&format!("{head}{rest}"));
        BASE64_STANDARD.encode(format!(
            "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"_r\" Version=\"2.0\">\
             <samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:{status}\"/></samlp:Status>\
             {head}{signature}{rest}</samlp:Response>"
        ))
    }

    fn signature(&self, canonical: &str) -> String {
        const DS: &str = "xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"";
        let info = |declared: &str| {
            format!(
                "<ds:SignedInfo{declared}><ds:CanonicalizationMethod \
                 Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"></ds:CanonicalizationMethod><ds:SignatureMethod \
                 Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256\"></ds:SignatureMethod><ds:Reference \
                 URI=\"#_a\"><ds:Transforms><ds:Transform \
                 Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"></ds:Transform><ds:Transform \
                 Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"></ds:Transform></ds:Transforms><ds:DigestMethod \
                 Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"></ds:DigestMethod><ds:DigestValue>{}\
                 </ds:DigestValue></ds:Reference></ds:SignedInfo>",
                BASE64_STANDARD.encode(digest(&SHA256, canonical.as_bytes()))
            )
        };
        let mut value = vec![0; self.key.public().modulus_len()];
        let signed = info(&format!(" {DS}"));
        self.key
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                signed.as_bytes(),
                &mut value,
            )
            .expect("a key that signs");
        format!(
            "<ds:Signature {DS}>{}<ds:SignatureValue>{}</ds:SignatureValue></ds:Signature>",
            info(""),
            BASE64_STANDARD.encode(value)
        )
    }
}

fn saml_trust(action: &Value, conditions: &Value) -> String {
    document(&json!({
        "Effect": "Allow", "Principal": { "Federated": arn() }, "Action": action, "Condition": conditions,
    }))
}

/// Servers that know the provider, and a role that trusts it.
async fn trusting(conditions: &Value) -> Vec<(TestServer, Provider)> {
    let mut found = Vec::new();
    for server in servers().await {
        let provider = Provider::new();
        let root = server.as_root();
        let metadata = provider.metadata();
        let made = [("Name", "Corp"), ("SAMLMetadataDocument", &*metadata)];
        root.iam("CreateSAMLProvider", &made).await.ok();
        given_role(
            &root,
            "Web",
            &saml_trust(&json!("sts:AssumeRoleWithSAML"), conditions),
        )
        .await;
        let allowed = [
            ("RoleName", "Web"),
            ("PolicyName", "p"),
            ("PolicyDocument", &*allow("iam:ListUsers")),
        ];
        root.iam("PutRolePolicy", &allowed).await.ok();
        found.push((server, provider));
    }
    found
}

async fn assume(server: &TestServer, response: &str, more: &[(&str, &str)]) -> Answer {
    let (role, provider) = (role_arn(), arn());
    let mut members = vec![
        ("RoleArn", &*role),
        ("PrincipalArn", &provider),
        ("SAMLAssertion", response),
    ];
    members.retain(|(name, _)| more.iter().all(|(other, _)| other != name));
    members.extend_from_slice(more);
    server
        .as_nobody()
        .query("sts", "AssumeRoleWithSAML", &members)
        .await
}

const REFUSED: (u16, &str, &str) = (
    403,
    "AccessDenied",
    "Not authorized to perform sts:AssumeRoleWithSAML",
);

async fn set_trust(server: &TestServer, trust: &str) {
    let members = [("RoleName", "Web"), ("PolicyDocument", trust)];
    server
        .as_root()
        .iam("UpdateAssumeRolePolicy", &members)
        .await
        .ok();
}

#[tokio::test]
async fn an_assertion_opens_a_session_of_the_role() {
    let conditions = json!({ "StringEquals": {
        "SAML:aud": SIGN_IN, "SAML:iss": ISSUER, "SAML:sub": "ben", "saml:sub_type": "persistent",
        "saml:doc": format!("{ACCOUNT}/Corp"),
    } });
    for (server, provider) in trusting(&conditions).await {
        let response = provider.response(&Said::at(&server));
        let answer = assume(&server, &response, &[("DurationSeconds", "900")]).await;
        let session_arn = format!("arn:aws:sts::{ACCOUNT}:assumed-role/Web/browser");
        assert_eq!(answer.ok()["AssumedRoleUser"]["Arn"], session_arn);
        assert_eq!(answer.body["Subject"], "ben");
        assert_eq!(answer.body["SubjectType"], "persistent");
        assert_eq!(answer.body["Issuer"], ISSUER);
        assert_eq!(answer.body["Audience"], SIGN_IN);
        assert_eq!(answer.body["Credentials"]["Expiration"], "2026-03-01T12:15:00Z");
        let qualifier = text(&answer.body["NameQualifier"]);
        assert_eq!(BASE64_STANDARD.decode(&qualifier).unwrap().len(), 20);

        let event = server.last_event();
        assert_eq!(event["eventName"], "AssumeRoleWithSAML");
        assert_eq!(
            event["userIdentity"],
            json!({
                "type": "SAMLUser", "principalId": format!("{qualifier}:ben"), "userName": "ben",
                "identityProvider": qualifier,
            })
        );
        assert_eq!(
            event["requestParameters"],
            json!({
                "roleArn": role_arn(), "principalArn": arn(), "durationSeconds": 900, "sAMLAssertionID": "_a",
                "roleSessionName": "browser",
            })
        );
        assert_eq!(event["responseElements"]["subjectType"], "persistent");
        assert_eq!(
            event["resources"],
            json!([
                { "type": "AWS::IAM::Role", "ARN": role_arn(), "accountId": ACCOUNT },
                { "type": "AWS::IAM::SAMLProvider", "ARN": arn(), "accountId": ACCOUNT },
            ])
        );
        assert!(!event.to_string().contains(&response));

        let browser = session(&server, &answer);
        browser.iam("ListUsers", &[]).await.ok();
        assert_eq!(browser.iam("ListRoles", &[]).await.code(), "AccessDenied");
        let used = server.as_root().iam("GetRole", &[("RoleName", "Web")]).await;
        assert_eq!(
            used.ok()["Role"]["RoleLastUsed"]["LastUsedDate"],
            "2026-03-01T12:00:00Z"
        );
        // As long as it holds it opens further sessions, as with AWS.
        assume(&server, &response, &[]).await.ok();
        let eve = provider.response(&Said {
            subject: "eve",
            ..Said::at(&server)
        });
        assert_eq!(assume(&server, &eve, &[]).await.refusal(), REFUSED);
        let event = server.last_event();
        assert_eq!(event["errorCode"], "AccessDenied");
        assert_eq!(event["userIdentity"]["userName"], "eve");
        // The session outlives the assertion.
        server.clock().advance(Duration::from_secs(600));
        assert_eq!(
            assume(&server, &response, &[]).await.code(),
            "ExpiredTokenException"
        );
        browser.iam("ListUsers", &[]).await.ok();
        server.clock().advance(Duration::from_secs(300));
        assert_eq!(browser.iam("ListUsers", &[]).await.code(), "ExpiredToken");
    }
}

#[tokio::test]
async fn what_is_not_proven_is_refused() {
    for (server, provider) in trusting(&json!({})).await {
        let said = || Said::at(&server);
        let expired = "Token must be redeemed within 5 minutes of issuance";
        let not_yet = "The assertion is not valid yet";
        let name = "RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}";
        let source = "Source Identity must match [a-zA-Z_0-9+=,.@-]{2,64} and not begin with \"aws:\"";
        let duration = "SessionDuration in AuthnResponse must be a number from 900 to 43200";
        let invalid = "InvalidIdentityToken";
        for (said, status, code, message) in [
            (
                Said {
                    audience: "https://other.example.com",
                    ..said()
                },
                400,
                invalid,
                "Response does not contain the required audience.",
            ),
            (
                Said {
                    recipient: "https://signin.aws.amazon.com/saml/",
                    ..said()
                },
                400,
                invalid,
                "Response does not contain the required recipient.",
            ),
            (Said { age: 300, ..said() }, 400, "ExpiredTokenException", expired),
            (Said { lasts: 0, ..said() }, 400, "ExpiredTokenException", expired),
            (
                Said {
                    session_lasts: 0,
                    ..said()
                },
                400,
                "ExpiredTokenException",
                expired,
            ),
            (Said { age: -301, ..said() }, 400, invalid, not_yet),
            (
                Said {
                    status: "Responder",
                    ..said()
                },
                403,
                "IDPRejectedClaim",
                "The identity provider did not authenticate the user: urn:oasis:names:tc:SAML:2.0:status:Responder",
            ),
            (
                said().with("RoleSessionName", &[]),
                400,
                invalid,
                "RoleSessionName is required in AuthnResponse",
            ),
            (said().with("RoleSessionName", &["John Doe"]), 400, invalid, name),
            (
                said().with("RoleSessionName", &["john", "jane"]),
                400,
                invalid,
                name,
            ),
            (
                said().with("Role", &[]),
                400,
                invalid,
                "Role is required in AuthnResponse",
            ),
            (said().with("SourceIdentity", &["John Doe"]), 400, invalid, source),
            (said().with("SessionDuration", &["60"]), 400, invalid, duration),
            (said().with("SessionDuration", &["long"]), 400, invalid, duration),
            (
                said().with("SessionDuration", &["900", "901"]),
                400,
                invalid,
                duration,
            ),
        ] {
            let refused = assume(&server, &provider.response(&said), &[]).await;
            assert_eq!(refused.refusal(), (status, code, message));
            assert_eq!(server.last_event()["errorCode"], code);
            assert_eq!(server.last_event()["userIdentity"], json!({}));
        }
        let good = provider.response(&said());
        let plain = String::from_utf8(BASE64_STANDARD.decode(&good).unwrap()).unwrap();
        let changed = BASE64_STANDARD.encode(plain.replace(">ben<", ">eve<"));
        let refused = assume(&server, &changed, &[]).await;
        assert_eq!(refused.refusal(), (400, invalid, "Response signature invalid"));
        let long = "x".repeat(513);
        let nameless =
            [("", said()), (long.as_str(), said())].map(|(subject, said)| Said { subject, ..said });
        for said in nameless {
            let refused = assume(&server, &provider.response(&said), &[]).await;
            assert!(refused.message().starts_with("Invalid SAML response: the NameID"));
        }
        for odd in ["%%%%", "YQ==", &*BASE64_STANDARD.encode("<a/>")] {
            let refused = assume(&server, odd, &[]).await;
            assert!(refused.message().starts_with("Invalid SAML response: "), "{odd}");
        }
        let refused = assume(&server, "abc", &[]).await;
        assert_eq!(refused.code(), "ValidationError");
        assert!(!refused.message().contains("abc"));
        // Own address, and the other audiences that AWS takes.
        for (audience, recipient) in [
            (SIGN_IN, SIGN_IN),
            ("https://chime.example.com/saml", "https://chime.example.com/saml"),
            (
                "urn:amazon:webservices",
                "https://us-east-1.signin.aws.amazon.com/saml",
            ),
        ] {
            let said = Said {
                audience,
                recipient,
                ..said()
            };
            let answer = assume(&server, &provider.response(&said), &[]).await;
            assert_eq!(answer.ok()["Audience"], recipient);
        }
    }
}

#[tokio::test]
async fn a_session_lasts_as_long_as_all_let_it() {
    for (server, provider) in trusting(&json!({})).await {
        let said = || Said::at(&server);
        let hour = "2026-03-01T13:00:00Z";
        for (said, wanted, end) in [
            (said(), None, hour),
            (said().with("SessionDuration", &["43200"]), None, hour),
            (
                said().with("SessionDuration", &["1800"]),
                None,
                "2026-03-01T12:30:00Z",
            ),
            (
                Said {
                    session_lasts: 60,
                    ..said()
                }
                .with("SessionDuration", &["1800"]),
                Some("3600"),
                "2026-03-01T12:01:00Z",
            ),
            (said(), Some("1200"), "2026-03-01T12:20:00Z"),
        ] {
            let wanted: Vec<(&str, &str)> = wanted
                .map(|wanted| ("DurationSeconds", wanted))
                .into_iter()
                .collect();
            let answer = assume(&server, &provider.response(&said), &wanted).await;
            assert_eq!(answer.ok()["Credentials"]["Expiration"], end);
        }
        let longer = [("DurationSeconds", "7200")];
        let refused = assume(&server, &provider.response(&said()), &longer).await;
        assert_eq!(
            refused.refusal(),
            (
                400,
                "ValidationError",
                "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
            )
        );
    }
}

#[tokio::test]
async fn attributes_are_condition_keys() {
    let conditions = json!({
        "StringEquals": {
            "saml:edupersonprincipalname": "ben@example.com", "saml:mail": "ben@example.com", "saml:uid": "7",
            "saml:commonName": "Ben", "saml:givenName": "Ben", "saml:primaryGroupSID": "S-1",
        },
        "ForAnyValue:StringEquals": { "saml:edupersonaffiliation": "staff", "saml:cn": "Ben B" },
        "ForAllValues:StringLike": { "saml:eduorglegalname": "Example*" },
        "Null": { "saml:surname": "true" },
    });
    for (server, provider) in trusting(&conditions).await {
        let claims = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims";
        let said = || {
            Said::at(&server)
                .and(
                    "urn:oid:1.3.6.1.4.1.5923.1.1.1.6",
                    &["ben@example.com", "eve@example.com"],
                )
                .and("urn:oid:1.3.6.1.4.1.5923.1.1.1.1", &["member", "staff"])
                .and(
                    "urn:oid:1.3.6.1.4.1.5923.1.2.1.4",
                    &["Example Ltd", "Example Inc"],
                )
                .and("urn:oid:2.5.4.3", &["Ben B"])
                .and("2.5.4.3", &["Ben"])
                .and(&format!("{claims}/emailaddress"), &["ben@example.com"])
                .and(&format!("{claims}/givenname"), &["Ben"])
                .and(
                    "http://schemas.microsoft.com/ws/2008/06/identity/claims/primarygroupsid",
                    &["S-1"],
                )
                .and("0.9.2342.19200300.100.1.1", &["7"])
        };
        assume(&server, &provider.response(&said()), &[]).await.ok();
        for (name, values) in [
            ("urn:oid:1.3.6.1.4.1.5923.1.1.1.1", &["member"][..]),
            ("urn:oid:1.3.6.1.4.1.5923.1.2.1.4", &["Example Ltd", "Other"]),
            (
                "urn:oid:1.3.6.1.4.1.5923.1.1.1.6",
                &["eve@example.com", "ben@example.com"],
            ),
            ("0.9.2342.19200300.100.1.1", &[]),
            ("2.5.4.4", &["B"]),
        ] {
            let said = said().and(name, values);
            let refused = assume(&server, &provider.response(&said), &[]).await;
            assert_eq!(refused.refusal(), REFUSED, "{name}");
        }
    }
}

#[tokio::test]
async fn tags_and_source_of_an_assertion_need_the_roles_consent() {
    for (server, provider) in trusting(&json!({})).await {
        let said = || {
            Said::at(&server)
                .with("PrincipalTag:team", &["web"])
                .with("PrincipalTag:desk", &["7"])
                .with("TransitiveTagKeys", &["team"])
                .with("SourceIdentity", &["ben"])
        };
        let response = provider.response(&said());
        let refused = assume(&server, &response, &[]).await;
        assert_eq!(
            refused.refusal(),
            (403, "AccessDenied", "Not authorized to perform sts:TagSession")
        );
        let actions = json!([
            "sts:AssumeRoleWithSAML",
            "sts:TagSession",
            "sts:SetSourceIdentity"
        ]);
        let conditions = json!({
            "StringEquals": { "aws:RequestTag/team": "web", "sts:SourceIdentity": "ben", "sts:RoleSessionName": "browser" },
            "ForAnyValue:StringEquals": { "sts:TransitiveTagKeys": "team" },
            "ForAllValues:StringEquals": { "aws:TagKeys": ["team", "desk"] },
        });
        set_trust(&server, &saml_trust(&actions, &conditions)).await;
        let allowed = document(&json!({
            "Effect": "Allow", "Action": "iam:ListUsers", "Resource": "*",
            "Condition": { "StringEquals": {
                "aws:PrincipalTag/desk": "7", "aws:SourceIdentity": "ben", "aws:FederatedProvider": arn(),
            } },
        }));
        let policy = [
            ("RoleName", "Web"),
            ("PolicyName", "p"),
            ("PolicyDocument", &*allowed),
        ];
        server.as_root().iam("PutRolePolicy", &policy).await.ok();
        let answer = assume(&server, &response, &[]).await;
        assert_eq!(answer.ok()["SourceIdentity"], "ben");
        assert!(answer.body["PackedPolicySize"].as_str().is_some());
        let parameters = &server.last_event()["requestParameters"];
        assert_eq!(parameters["principalTags"], json!({ "team": "web", "desk": "7" }));
        assert_eq!(parameters["transitiveTagKeys"], json!(["team"]));
        assert_eq!(parameters["sourceIdentity"], "ben");
        session(&server, &answer).iam("ListUsers", &[]).await.ok();

        set_trust(&server, &saml_trust(&actions, &json!({}))).await;
        for (said, code) in [
            (
                said().with("PrincipalTag:team", &["a", "b"]),
                "InvalidIdentityToken",
            ),
            (said().with("PrincipalTag:aws:x", &["a"]), "InvalidInput"),
            (said().with("PrincipalTag:a%", &["a"]), "IDPRejectedClaim"),
            (said().with("TransitiveTagKeys", &["other"]), "IDPRejectedClaim"),
        ] {
            let refused = assume(&server, &provider.response(&said), &[]).await;
            assert_eq!(refused.code(), code, "{}", refused.message());
        }
        let many = (0..51).fold(Said::at(&server), |said, number| {
            said.with(&format!("PrincipalTag:k{number}"), &["v"])
        });
        let refused = assume(&server, &provider.response(&many), &[]).await;
        assert_eq!(refused.code(), "IDPRejectedClaim");
    }
}

#[tokio::test]
async fn a_role_is_for_whom_provider_and_trust_policy_mean() {
    for (server, provider) in trusting(&json!({})).await {
        let root = server.as_root();
        let said = || Said::at(&server);
        let good = provider.response(&said());
        // Either order, among others, with spaces.
        for pair in [
            format!("{},{}", arn(), role_arn()),
            format!(" {} , {} ", role_arn(), arn()),
        ] {
            let said = said().with("Role", &["arn:x,arn:y", &pair]);
            assume(&server, &provider.response(&said), &[]).await.ok();
        }
        for pair in [
            format!("{},{}2", role_arn(), arn()),
            format!("{}2,{}", role_arn(), arn()),
            role_arn(),
            format!("{},{},{}", role_arn(), arn(), arn()),
        ] {
            let said = said().with("Role", &[&pair]);
            assert_eq!(
                assume(&server, &provider.response(&said), &[]).await.refusal(),
                REFUSED
            );
        }
        let nothing = format!("arn:aws:iam::{ACCOUNT}:role/nothing");
        let said_of_nothing = said().with("Role", &[&format!("{nothing},{}", arn())]);
        let response = provider.response(&said_of_nothing);
        assert_eq!(
            assume(&server, &response, &[("RoleArn", &nothing)])
                .await
                .refusal(),
            REFUSED
        );

        // Providers that do not exist, and one of another AWS account.
        let unknown = (400, "InvalidIdentityToken", "Specified provider doesn't exist.");
        let other = server.as_root_of_another_account().await;
        let me = other.query("sts", "GetCallerIdentity", &[]).await;
        let theirs = text(&me.ok()["Account"]);
        let metadata = provider.metadata();
        let made = [("Name", "Corp"), ("SAMLMetadataDocument", &*metadata)];
        other.iam("CreateSAMLProvider", &made).await.ok();
        for principal in [
            format!("{}2", arn()),
            format!("arn:aws:iam::{theirs}:saml-provider/Corp"),
            format!("arn:aws:iam::{ACCOUNT}:oidc-provider/Corp"),
            "arn:aws:iam::000000000000:saml-provider/Corp".to_owned(),
        ] {
            let pair = format!("{},{principal}", role_arn());
            let response = provider.response(&said().with("Role", &[&pair]));
            let refused = assume(&server, &response, &[("PrincipalArn", &principal)]).await;
            assert_eq!(refused.refusal(), unknown, "{principal}");
        }
        // Trust in the account, in everybody or for another way in is none in the provider.
        for trust in [
            crate::trust("*"),
            crate::trust(ACCOUNT),
            document(&json!({ "Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRoleWithSAML" })),
            saml_trust(&json!("sts:AssumeRoleWithWebIdentity"), &json!({})),
            document(&json!([
                { "Effect": "Allow", "Principal": { "Federated": arn() }, "Action": "sts:AssumeRoleWithSAML" },
                { "Effect": "Deny", "Principal": { "Federated": arn() }, "Action": "sts:AssumeRoleWithSAML" },
            ])),
        ] {
            set_trust(&server, &trust).await;
            assert_eq!(assume(&server, &good, &[]).await.refusal(), REFUSED, "{trust}");
        }
        set_trust(&server, &saml_trust(&json!("sts:AssumeRoleWithSAML"), &json!({}))).await;
        assume(&server, &good, &[]).await.ok();

        // Another key, metadata that has ended, and a provider that is gone.
        let arn = ("SAMLProviderArn", &*arn());
        let another = include_str!("../../../carillon-saml/tests/data/metadata-of-another.xml");
        root.iam("UpdateSAMLProvider", &[arn, ("SAMLMetadataDocument", another)])
            .await
            .ok();
        let refused = assume(&server, &good, &[]).await;
        assert_eq!(refused.message(), "Response signature invalid");
        let ending = metadata.replace("entityID=", "validUntil=\"2026-03-01T12:01:00Z\" entityID=");
        root.iam("UpdateSAMLProvider", &[arn, ("SAMLMetadataDocument", &ending)])
            .await
            .ok();
        assume(&server, &good, &[]).await.ok();
        server.clock().advance(Duration::from_secs(60));
        let refused = assume(&server, &good, &[]).await;
        assert_eq!(
            refused.message(),
            "The metadata of the specified provider has expired."
        );
        root.iam("DeleteSAMLProvider", &[arn]).await.ok();
        assert_eq!(assume(&server, &good, &[]).await.refusal(), unknown);
    }
}
