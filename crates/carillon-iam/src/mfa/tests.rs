use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use carillon_aws::time::Clock;
use carillon_store::bind;
use data_encoding::BASE32;

use super::*;
use crate::testing::{ACCOUNT, Answer, TestClient, TestServer, engines};
use crate::{IAM, STS};

const ALL: &str = r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
/// Everything, but only to who showed a second factor in the last minute.
const FRESH: &str = r#"{"Statement":{"Effect":"Allow","Action":"iam:*","Resource":"*","Condition":{
    "Bool":{"aws:MultiFactorAuthPresent":"true"},"NumericLessThan":{"aws:MultiFactorAuthAge":"60"}}}}"#;

/// An authenticator app.
pub(crate) struct Device {
    serial_number: String,
    seed: Vec<u8>,
}

impl Device {
    pub async fn make(client: &TestClient<'_>, name: &str) -> Self {
        let made = client
            .iam("CreateVirtualMFADevice", &[("VirtualMFADeviceName", name)])
            .await;
        let device = &made.ok()["VirtualMFADevice"];
        let blob = |member: &str| STANDARD.decode(device[member].as_str().unwrap()).unwrap();
        assert!(blob("QRCodePNG").starts_with(b"\x89PNG"));
        Self {
            serial_number: device["SerialNumber"].as_str().unwrap().to_owned(),
            seed: BASE32.decode(&blob("Base32StringSeed")).unwrap(),
        }
    }

    /// What it shows in so many steps.
    pub fn code(&self, server: &TestServer, steps: i64) -> String {
        let now = server.clock().now();
        totp::shown(
            &self.seed,
            carillon_aws::time::Timestamp::from_seconds(now.as_seconds() + 30 * steps),
        )
    }

    async fn with_codes(
        &self,
        client: &TestClient<'_>,
        action: &str,
        user: &str,
        codes: [&str; 2],
    ) -> Answer {
        let members = [
            ("UserName", user),
            ("SerialNumber", self.serial_number.as_str()),
            ("AuthenticationCode1", codes[0]),
            ("AuthenticationCode2", codes[1]),
        ];
        client.iam(action, &members).await
    }

    /// Enables it with the codes of the last step and this one, and waits for the next.
    pub async fn enable(&self, server: &TestServer, user: &str) {
        let codes = [self.code(server, -1), self.code(server, 0)];
        let codes = codes.each_ref().map(String::as_str);
        self.with_codes(&server.as_root(), "EnableMFADevice", user, codes)
            .await
            .ok();
        server.clock().advance(Duration::from_secs(30));
    }

    pub async fn session(&self, client: &TestClient<'_>, code: &str) -> Answer {
        let members = [("SerialNumber", self.serial_number.as_str()), ("TokenCode", code)];
        client.query("sts", "GetSessionToken", &members).await
    }
}

fn client_of<'a>(server: &'a TestServer, answer: &Answer) -> TestClient<'a> {
    let member = |name: &str| answer.ok()["Credentials"][name].as_str().unwrap().to_owned();
    server.as_session(
        &member("AccessKeyId"),
        &member("SecretAccessKey"),
        &member("SessionToken"),
    )
}

#[tokio::test]
async fn a_device_is_made_enabled_put_right_and_removed() {
    for engine in engines().await {
        let server = TestServer::start_on(engine, &[&IAM]).await;
        let root = server.as_root();
        server.as_user("ada", &[]).await;
        let device = Device::make(&root, "phone").await;
        let serial = ("SerialNumber", device.serial_number.as_str());
        assert_eq!(serial.1, format!("arn:aws:iam::{ACCOUNT}:mfa/phone"));
        let again = [("VirtualMFADeviceName", "phone")];
        assert_eq!(
            root.iam("CreateVirtualMFADevice", &again).await.refusal(),
            (
                409,
                "EntityAlreadyExists",
                "MFADevice entity at the same path and name already exists."
            )
        );

        let [before, now, next] = [-1, 0, 1].map(|steps| device.code(&server, steps));
        for wrong in [[&*now, &*now], [&now, &before], ["000000", "000001"]] {
            let refused = device.with_codes(&root, "EnableMFADevice", "ada", wrong).await;
            assert_eq!(
                refused.refusal(),
                (
                    403,
                    "InvalidAuthenticationCode",
                    "Authentication code for device is not valid."
                )
            );
        }
        device
            .with_codes(&root, "EnableMFADevice", "Ada", [&before, &now])
            .await
            .ok();
        let in_use = device
            .with_codes(&root, "EnableMFADevice", "ada", [&now, &next])
            .await;
        assert_eq!(in_use.code(), "EntityAlreadyExists");

        let listed = root.iam("ListMFADevices", &[("UserName", "ada")]).await;
        assert_eq!(
            listed.ok()["MFADevices"],
            serde_json::json!([{
                "UserName": "ada", "SerialNumber": serial.1, "EnableDate": "2026-03-01T12:00:00Z"
            }])
        );
        let got = root.iam("GetMFADevice", &[("UserName", "ada"), serial]).await;
        assert_eq!(got.ok()["EnableDate"], "2026-03-01T12:00:00Z");
        assert_eq!(root.iam("ListMFADevices", &[]).await.ok()["MFADevices"], "");

        // Both codes were used when it was enabled.
        let used = device
            .with_codes(&root, "ResyncMFADevice", "ada", [&before, &now])
            .await;
        assert_eq!(used.code(), "InvalidAuthenticationCode");
        let fast = [10, 11].map(|steps| device.code(&server, steps));
        let fast = fast.each_ref().map(String::as_str);
        device
            .with_codes(&root, "ResyncMFADevice", "ada", fast)
            .await
            .ok();

        assert_eq!(
            root.iam("DeleteVirtualMFADevice", &[serial]).await.refusal(),
            (
                409,
                "DeleteConflict",
                "MFA VirtualDevice in use. Must deactivate first."
            )
        );
        server.as_user("bob", &[]).await;
        let of_bob = [("UserName", "bob"), serial];
        assert_eq!(
            root.iam("DeactivateMFADevice", &of_bob).await.refusal(),
            (404, "NoSuchEntity", "MFA Device invalid for user.")
        );
        root.iam("DeactivateMFADevice", &[("UserName", "ada"), serial])
            .await
            .ok();
        root.iam("DeleteVirtualMFADevice", &[serial]).await.ok();
        assert_eq!(
            root.iam("DeleteVirtualMFADevice", &[serial]).await.refusal(),
            (
                404,
                "NoSuchEntity",
                format!("VirtualMFADevice with serial number {} does not exist.", serial.1).as_str()
            )
        );
    }
}

#[tokio::test]
async fn the_list_of_all_devices_says_who_has_them() {
    for engine in engines().await {
        let server = TestServer::start_on(engine, &[&IAM]).await;
        let root = server.as_root();
        server.as_user("ada", &[]).await;
        for (name, user) in [("b", Some("ada")), ("a", None), ("c", Some(ACCOUNT))] {
            let device = Device::make(&root, name).await;
            if let Some(user) = user {
                device.enable(&server, user).await;
            }
        }
        let list = async |members: &[(&str, &str)]| {
            let listed = root.iam("ListVirtualMFADevices", members).await;
            let devices = listed.ok()["VirtualMFADevices"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            let names: Vec<String> = devices
                .iter()
                .map(|device| {
                    assert_eq!(device["Base32StringSeed"], serde_json::Value::Null);
                    let name = device["SerialNumber"].as_str().unwrap().rsplit('/').next();
                    let holder = device["User"]["Arn"].as_str().unwrap_or("nobody");
                    format!("{} {}", name.unwrap(), holder.rsplit(':').next().unwrap())
                })
                .collect();
            (names, listed.body["Marker"].as_str().map(str::to_owned))
        };
        let all = ["a nobody", "b user/ada", "c root"];
        assert_eq!(list(&[]).await.0, all);
        assert_eq!(list(&[("AssignmentStatus", "Assigned")]).await.0, all[1..]);
        assert_eq!(list(&[("AssignmentStatus", "Unassigned")]).await.0, all[..1]);
        let (first, marker) = list(&[("MaxItems", "2")]).await;
        assert_eq!(first, all[..2]);
        assert_eq!(list(&[("Marker", &marker.unwrap())]).await.0, all[2..]);
        let other = server.as_root_of_another_account().await;
        let none = other.iam("ListVirtualMFADevices", &[]).await;
        assert_eq!(none.ok()["VirtualMFADevices"], "");
        let theirs = format!("arn:aws:iam::{ACCOUNT}:mfa/a");
        let theirs = [("SerialNumber", theirs.as_str())];
        assert_eq!(
            other.iam("DeleteVirtualMFADevice", &theirs).await.code(),
            "NoSuchEntity"
        );
    }
}

#[tokio::test]
async fn a_code_makes_a_session_with_a_second_factor_once() {
    for engine in engines().await {
        let server = TestServer::start_on(engine, &[&IAM, &STS]).await;
        let ada = server.as_user("ada", &[FRESH]).await;
        let device = Device::make(&server.as_root(), "ada").await;
        let code = device.code(&server, 0);
        let not_hers = "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA \
                        serial number is valid and associated with this user.";
        let wrong = "MultiFactorAuthentication failed with invalid MFA one time pass code.";
        assert_eq!(
            device.session(&ada, &code).await.refusal(),
            (403, "AccessDenied", not_hers)
        );
        device.enable(&server, "ada").await;
        let bob = server.as_user("bob", &[]).await;
        let code = device.code(&server, 0);
        assert_eq!(device.session(&bob, &code).await.message(), not_hers);
        let lone = ada
            .query("sts", "GetSessionToken", &[("TokenCode", code.as_str())])
            .await;
        assert_eq!(
            lone.message(),
            "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code."
        );

        assert_eq!(
            ada.iam("ListUsers", &[]).await.code(),
            "AccessDenied",
            "a long-term key has no second factor"
        );
        let made = device.session(&ada, &code).await;
        let session = client_of(&server, &made);
        session.iam("ListUsers", &[]).await.ok();
        let again = device.session(&ada, &code).await;
        assert_eq!(
            again.refusal(),
            (403, "AccessDenied", wrong),
            "a code is good once"
        );
        assert!(!server.last_event().to_string().contains(&code));

        server.clock().advance(Duration::from_secs(60));
        assert_eq!(
            session.iam("ListUsers", &[]).await.code(),
            "AccessDenied",
            "the second factor was shown too long ago"
        );
        let without = client_of(&server, &ada.query("sts", "GetSessionToken", &[]).await);
        assert_eq!(without.iam("ListUsers", &[]).await.code(), "InvalidClientTokenId");
        let old = device.code(&server, -2);
        assert_eq!(device.session(&ada, &old).await.message(), wrong);
        device.session(&ada, &device.code(&server, 0)).await.ok();
    }
}

#[tokio::test]
async fn the_trail_of_a_device_says_who_got_it_and_that_it_was_taken_away() {
    for engine in engines().await {
        let server = TestServer::start_on(engine, &[&IAM]).await;
        let root = server.as_root();
        server.as_user("ada", &[]).await;
        let device = Device::make(&root, "phone").await;
        device.enable(&server, "ada").await;
        let codes = [0, 1].map(|steps| device.code(&server, steps));
        let codes = codes.each_ref().map(String::as_str);
        device
            .with_codes(&root, "ResyncMFADevice", "ada", codes)
            .await
            .ok();
        let serial = ("SerialNumber", device.serial_number.as_str());
        root.iam("DeactivateMFADevice", &[("UserName", "ada"), serial])
            .await
            .ok();
        root.iam("DeleteVirtualMFADevice", &[serial]).await.ok();
        let mut tx = server.store().read().await.unwrap();
        let events: Vec<(String, String)> = tx
            .fetch_all(
                "SELECT event_name, record FROM audit_event WHERE resource_type = $1 AND resource_name = $2
                  ORDER BY event_at, event_name",
                bind![RESOURCE_TYPE, serial.1],
            )
            .await
            .unwrap();
        let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            names,
            [
                "CreateVirtualMFADevice",
                "EnableMFADevice",
                "DeactivateMFADevice",
                "DeleteVirtualMFADevice",
                "ResyncMFADevice"
            ]
        );
        let enabled: serde_json::Value = serde_json::from_str(&events[1].1).unwrap();
        assert_eq!(enabled["requestParameters"]["userName"], "ada");
    }
}

#[tokio::test]
async fn guessing_gets_slow() {
    let server = TestServer::start(&[&IAM, &STS]).await;
    let ada = server.as_user("ada", &[]).await;
    let device = Device::make(&server.as_root(), "ada").await;
    device.enable(&server, "ada").await;
    for _ in 0..5 {
        let refused = device.session(&ada, "000000").await;
        assert!(refused.message().contains("invalid MFA"), "{}", refused.message());
    }
    let right = device.code(&server, 0);
    assert_eq!(
        device.session(&ada, &right).await.message(),
        "MultiFactorAuthentication failed, too many wrong codes. Try again in 1 seconds."
    );
    server.clock().advance(Duration::from_secs(1));
    device.session(&ada, &right).await.ok();
}

#[tokio::test]
async fn a_right_code_that_loses_a_race_is_no_wrong_try() {
    for engine in engines().await {
        let server = TestServer::start_on(engine, &[&IAM]).await;
        // In SQLite those who write come one after the other.
        if server.engine() != "postgres" {
            continue;
        }
        server.as_user("ada", &[]).await;
        let device = Device::make(&server.as_root(), "ada").await;
        device.enable(&server, "ada").await;
        let mut tx = server.store().read().await.unwrap();
        let ada = entity::find(&mut tx, server.account_id(), EntityKind::User, "ada").await;
        let ada = ada.unwrap().unwrap().id;
        drop(tx);
        let code = Secret::new(device.code(&server, 0));
        let now = server.clock().now();
        let mut transactions = Vec::new();
        for _ in 0..8 {
            let mut tx = server.store().write().await.unwrap();
            assert_eq!(rows::count_of_owner(&mut tx, &ada).await.unwrap(), 1);
            transactions.push(tx);
        }
        let environment = server.environment();
        let mut winner = transactions.pop().unwrap();
        let tried = use_up_any(&mut winner, environment, &ada, &code, now).await;
        assert!(matches!(tried, Ok(Tried::Right(_))), "{tried:?}");
        winner.commit().await.unwrap();
        for mut loser in transactions {
            let tried = use_up_any(&mut loser, environment, &ada, &code, now).await;
            assert!(matches!(tried, Err(Fault::Contended)), "{tried:?}");
        }
    }
}

#[tokio::test]
async fn a_role_can_want_a_second_factor() {
    for engine in engines().await {
        let server = TestServer::start_on(engine, &[&IAM, &STS]).await;
        let root = server.as_root();
        let ada = server.as_user("ada", &[ALL]).await;
        let trust = format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{{"AWS":"{ACCOUNT}"}},
                "Action":"sts:AssumeRole","Condition":{{"Bool":{{"aws:MultiFactorAuthPresent":"true"}},
                "NumericLessThan":{{"aws:MultiFactorAuthAge":"300"}}}}}}}}"#
        );
        root.iam(
            "CreateRole",
            &[("RoleName", "desk"), ("AssumeRolePolicyDocument", &trust)],
        )
        .await
        .ok();
        let policy = [
            ("RoleName", "desk"),
            ("PolicyName", "p"),
            ("PolicyDocument", FRESH),
        ];
        root.iam("PutRolePolicy", &policy).await.ok();
        let device = Device::make(&root, "ada").await;
        device.enable(&server, "ada").await;
        let arn = format!("arn:aws:iam::{ACCOUNT}:role/desk");
        let role = [("RoleArn", arn.as_str()), ("RoleSessionName", "ada")];
        let assume = async |client: &TestClient<'_>, code: Option<&str>| {
            let mut members = role.to_vec();
            if let Some(code) = code {
                members.extend([
                    ("SerialNumber", device.serial_number.as_str()),
                    ("TokenCode", code),
                ]);
            }
            client.query("sts", "AssumeRole", &members).await
        };
        assert_eq!(assume(&ada, None).await.code(), "AccessDenied");
        assert_eq!(assume(&ada, Some("000000")).await.code(), "AccessDenied");
        let code = device.code(&server, 0);
        let session = client_of(&server, &assume(&ada, Some(&code)).await);
        assert_eq!(
            assume(&ada, Some(&code)).await.code(),
            "AccessDenied",
            "a code is good once"
        );
        // As AWS has it, what a role may do cannot depend on the second factor of who assumed it.
        assert_eq!(session.iam("ListUsers", &[]).await.code(), "AccessDenied");

        // A session with a second factor needs no other code.
        server.clock().advance(Duration::from_secs(30));
        let own = client_of(&server, &device.session(&ada, &device.code(&server, 0)).await);
        assume(&own, None).await.ok();
    }
}

#[tokio::test]
async fn root_has_devices_of_its_own() {
    for engine in engines().await {
        let server = TestServer::start_on(engine, &[&IAM, &STS]).await;
        let root = server.as_root();
        let device = Device::make(&root, "root-account-mfa-device").await;
        let admin = server.as_user("admin", &[ALL]).await;
        let codes = [-1, 0].map(|steps| device.code(&server, steps));
        let codes = codes.each_ref().map(String::as_str);
        let refused = device.with_codes(&admin, "EnableMFADevice", ACCOUNT, codes).await;
        assert_eq!(
            refused.code(),
            "NoSuchEntity",
            "root is nobody's to name but its own"
        );
        device.enable(&server, ACCOUNT).await;
        let listed = root.iam("ListMFADevices", &[]).await;
        assert_eq!(
            listed.ok()["MFADevices"][0]["SerialNumber"],
            device.serial_number.as_str()
        );
        device.session(&root, &device.code(&server, 0)).await.ok();
        let serial = [("SerialNumber", device.serial_number.as_str())];
        assert_eq!(
            admin.iam("DeactivateMFADevice", &serial).await.code(),
            "NoSuchEntity"
        );
        root.iam("DeactivateMFADevice", &serial).await.ok();
    }
}

#[tokio::test]
async fn eight_devices_are_enough_for_a_user_who_stays_while_it_has_one() {
    let server = TestServer::start(&[&IAM]).await;
    let root = server.as_root();
    root.iam("CreateUser", &[("UserName", "ada")]).await.ok();
    for number in 0..9 {
        let device = Device::make(&root, &format!("phone-{number}")).await;
        if number < 8 {
            device.enable(&server, "ada").await;
            continue;
        }
        let codes = [-1, 0].map(|steps| device.code(&server, steps));
        let codes = codes.each_ref().map(String::as_str);
        assert_eq!(
            device
                .with_codes(&root, "EnableMFADevice", "ada", codes)
                .await
                .refusal(),
            (
                409,
                "LimitExceeded",
                "Cannot exceed quota for MFADevicesPerUser: 8"
            )
        );
    }
    assert_eq!(
        root.iam("DeleteUser", &[("UserName", "ada")]).await.refusal(),
        (
            409,
            "DeleteConflict",
            "Cannot delete entity, must delete MFA device first."
        )
    );
    let page = root
        .iam("ListMFADevices", &[("UserName", "ada"), ("MaxItems", "5")])
        .await;
    let marker = page.ok()["Marker"].as_str().unwrap();
    let rest = root
        .iam("ListMFADevices", &[("UserName", "ada"), ("Marker", marker)])
        .await;
    assert_eq!(rest.ok()["MFADevices"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_seed_is_shown_once_and_kept_sealed() {
    for engine in engines().await {
        let server = TestServer::start_on(engine, &[&IAM]).await;
        let device = Device::make(&server.as_root(), "ada").await;
        let event = server.last_event();
        assert_eq!(
            event["responseElements"]["virtualMFADevice"]["serialNumber"],
            device.serial_number.as_str()
        );
        let base32 = BASE32.encode(&device.seed);
        let event = event.to_string();
        assert!(
            !event.contains(&STANDARD.encode(&base32)) && !event.contains("iVBORw0KGgo"),
            "{event}"
        );
        let mut tx = server.store().read().await.unwrap();
        let kept: Option<(String,)> = tx
            .fetch_optional("SELECT sealed_seed FROM iam_mfa_device", bind![])
            .await
            .unwrap();
        let kept = kept.unwrap().0;
        assert!(!kept.contains(&base32) && kept.len() > base32.len());
    }
}

#[tokio::test]
async fn tags_of_devices_count_in_decisions() {
    for engine in engines().await {
        let server = TestServer::start_on(engine, &[&IAM]).await;
        let root = server.as_root();
        let clerk = server
            .as_user(
                "clerk",
                &[
                    r#"{"Statement":{"Effect":"Allow","Action":"iam:DeleteVirtualMFADevice","Resource":"*",
                     "Condition":{"StringEquals":{"aws:ResourceTag/Team":"red"}}}}"#,
                ],
            )
            .await;
        let device = Device::make(&root, "ada").await;
        let serial = ("SerialNumber", device.serial_number.as_str());
        assert_eq!(
            clerk.iam("DeleteVirtualMFADevice", &[serial]).await.code(),
            "AccessDenied"
        );
        let tags = [
            serial,
            ("Tags.member.1.Key", "team"),
            ("Tags.member.1.Value", "red"),
        ];
        root.iam("TagMFADevice", &tags).await.ok();
        root.iam(
            "TagMFADevice",
            &[serial, ("Tags.member.1.Key", "x"), ("Tags.member.1.Value", "y")],
        )
        .await
        .ok();
        root.iam("UntagMFADevice", &[serial, ("TagKeys.member.1", "X")])
            .await
            .ok();
        let listed = root.iam("ListMFADeviceTags", &[serial]).await;
        assert_eq!(
            listed.ok()["Tags"],
            serde_json::json!([{ "Key": "team", "Value": "red" }])
        );
        clerk.iam("DeleteVirtualMFADevice", &[serial]).await.ok();
        assert_eq!(
            root.iam("ListMFADeviceTags", &[serial]).await.code(),
            "NoSuchEntity"
        );
    }
}
