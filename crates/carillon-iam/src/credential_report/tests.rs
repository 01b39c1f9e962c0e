use std::collections::HashMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use carillon_aws::time::Timestamp;
use carillon_operation::Outside;
use carillon_store::bind;

use super::{ReportRow, ReportState};
use crate::error::Error;
use crate::testing::{ACCOUNT, Answer, TestServer, engines};
use crate::{IAM, JOBS, STS};

#[test]
fn a_report_is_used_for_four_hours() {
    let at = Timestamp::from_seconds;
    let made = Some(ReportRow {
        generated_at: Some(at(0)),
    });
    let begun = Some(ReportRow { generated_at: None });
    assert_eq!(ReportRow::state(None, at(0)), ReportState::Started);
    assert_eq!(ReportRow::state(begun, at(0)), ReportState::InProgress);
    assert_eq!(ReportRow::state(made, at(14_399)), ReportState::Complete);
    assert_eq!(ReportRow::state(made, at(14_400)), ReportState::Started);
    assert!(matches!(
        ReportRow::generated_at(None, at(0)),
        Err(Error::ReportNotPresent)
    ));
    assert!(matches!(
        ReportRow::generated_at(begun, at(0)),
        Err(Error::ReportInProgress)
    ));
    assert!(ReportRow::generated_at(made, at(14_399)).is_ok());
    assert!(matches!(
        ReportRow::generated_at(made, at(14_400)),
        Err(Error::ReportExpired)
    ));
}

/// The rows by user, and the fields by the names of the header.
fn parse(report: &Answer) -> HashMap<String, HashMap<String, String>> {
    let text = STANDARD.decode(report.ok()["Content"].as_str().unwrap()).unwrap();
    csv::Reader::from_reader(text.as_slice())
        .deserialize()
        .map(|row: Result<HashMap<String, String>, csv::Error>| {
            let row = row.unwrap();
            (row["user"].clone(), row)
        })
        .collect()
}

#[tokio::test]
async fn a_report_is_begun_made_and_expires() {
    for engine in engines().await {
        let server = TestServer::start_on(engine, &[&IAM]).await;
        let root = server.as_root();
        let state = async || root.iam("GenerateCredentialReport", &[]).await.ok()["State"].clone();
        assert_eq!(
            root.iam("GetCredentialReport", &[]).await.refusal().1,
            "ReportNotPresent"
        );
        assert_eq!(state().await, "STARTED");
        assert_eq!(state().await, "INPROGRESS");
        let early = root.iam("GetCredentialReport", &[]).await;
        assert_eq!((early.status, early.code()), (404, "ReportInProgress"));
        assert_eq!(server.run_due_jobs(JOBS, Outside::default()).await, 1);
        assert_eq!(state().await, "COMPLETE");
        let report = root.iam("GetCredentialReport", &[]).await;
        assert_eq!(report.ok()["ReportFormat"], "text/csv");
        assert_eq!(report.body["GeneratedTime"], "2026-03-01T12:00:00Z");
        // Who came later is in the next one.
        root.iam("CreateUser", &[("UserName", "late")]).await.ok();
        assert_eq!(parse(&root.iam("GetCredentialReport", &[]).await).len(), 1);

        server.clock().advance(Duration::from_secs(4 * 60 * 60));
        let late = root.iam("GetCredentialReport", &[]).await;
        assert_eq!((late.status, late.code()), (410, "ReportExpired"));
        assert_eq!(state().await, "STARTED");
        server.run_due_jobs(JOBS, Outside::default()).await;
        assert_eq!(parse(&root.iam("GetCredentialReport", &[]).await).len(), 2);

        let clerk = server.as_user("clerk", &["AmazonChimeReadOnly"]).await;
        for action in ["GenerateCredentialReport", "GetCredentialReport"] {
            assert_eq!(clerk.iam(action, &[]).await.code(), "AccessDenied");
        }
    }
}

#[tokio::test]
async fn a_report_says_how_old_everything_is() {
    for engine in engines().await {
        let server = TestServer::start_on(engine, &[&IAM, &STS]).await;
        let root = server.as_root();
        let odd = "a,b=c";
        root.iam("CreateUser", &[("UserName", odd), ("Path", "/\"x,y\"/")])
            .await
            .ok();
        let ada = server.as_user("ada", &[]).await;
        server.clock().advance(Duration::from_secs(60));
        let key = root.iam("CreateAccessKey", &[("UserName", "ada")]).await;
        let key = key.ok()["AccessKey"]["AccessKeyId"].as_str().unwrap();
        let off = [("UserName", "ada"), ("AccessKeyId", key), ("Status", "Inactive")];
        root.iam("UpdateAccessKey", &off).await.ok();
        let profile = [("UserName", "ada"), ("Password", "Some-Pass-1")];
        root.iam("CreateLoginProfile", &profile).await.ok();
        root.iam("UpdateAccountPasswordPolicy", &[("MaxPasswordAge", "90")])
            .await
            .ok();
        ada.query("sts", "GetCallerIdentity", &[]).await.ok();
        let mut tx = server.store().write().await.unwrap();
        tx.execute(
            "INSERT INTO iam_mfa_device (serial_number, aws_account_id, sealed_seed, owner_id, enabled_at, drift,
                                         last_step, created_at)
             SELECT 'device', aws_account_id, '', user_id, 0, 0, 0, 0 FROM iam_user WHERE user_name = 'ada'",
            bind![],
        )
        .await
        .unwrap();
        tx.commit().await.unwrap();

        root.iam("GenerateCredentialReport", &[]).await.ok();
        server.run_due_jobs(JOBS, Outside::default()).await;
        let report = root.iam("GetCredentialReport", &[]).await;
        let rows = parse(&report);
        assert_eq!(rows.len(), 3);
        let fields = |user: &str, names: &[&str]| -> Vec<String> {
            names.iter().map(|name| rows[user][*name].clone()).collect()
        };
        let password = [
            "password_enabled",
            "password_last_used",
            "password_last_changed",
            "password_next_rotation",
            "mfa_active",
        ];
        assert_eq!(
            fields("<root_account>", &password),
            [
                "not_supported",
                "no_information",
                "not_supported",
                "not_supported",
                "false"
            ]
        );
        assert_eq!(
            fields("ada", &password),
            [
                "true",
                "no_information",
                "2026-03-01T12:01:00+00:00",
                "2026-05-30T12:01:00+00:00",
                "true"
            ]
        );
        assert_eq!(fields(odd, &password), ["false", "N/A", "N/A", "N/A", "false"]);
        assert_eq!(
            rows[odd]["arn"],
            format!("arn:aws:iam::{ACCOUNT}:user/\"x,y\"/{odd}")
        );
        let of_key = |number: u8| {
            [
                "active",
                "last_rotated",
                "last_used_date",
                "last_used_region",
                "last_used_service",
            ]
            .map(|name| rows["ada"][&format!("access_key_{number}_{name}")].clone())
        };
        assert_eq!(
            of_key(1),
            [
                "true",
                "2026-03-01T12:00:00+00:00",
                "2026-03-01T12:01:00+00:00",
                "us-east-1",
                "sts"
            ]
        );
        assert_eq!(
            of_key(2),
            ["false", "2026-03-01T12:01:00+00:00", "N/A", "N/A", "N/A"]
        );
        assert_eq!(
            fields(
                "ada",
                &[
                    "cert_1_active",
                    "cert_1_last_rotated",
                    "cert_2_active",
                    "cert_2_last_rotated"
                ]
            ),
            ["false", "N/A", "false", "N/A"]
        );
        // A report is not what the trail should keep.
        assert!(!server.last_event().to_string().contains("content"));
    }
}
