//! Operations of AWS's that this server does not have.

use carillon_iam::testing::TestServer;
use carillon_iam::{IAM, STS};

#[tokio::test]
async fn what_is_not_built_is_no_action() {
    let server = TestServer::start(&[&IAM, &STS]).await;
    let root = server.as_root();
    for (service, actions) in [
        (
            "iam",
            "AcceptDelegationRequest AssociateDelegationRequest CreateDelegationRequest GetDelegationRequest
             GetHumanReadableSummary ListDelegationRequests RejectDelegationRequest SendDelegationToken
             UpdateDelegationRequest EnableOrganizationsRootCredentialsManagement
             DisableOrganizationsRootCredentialsManagement EnableOrganizationsRootSessions
             DisableOrganizationsRootSessions ListOrganizationsFeatures EnableOutboundWebIdentityFederation
             DisableOutboundWebIdentityFederation GetOutboundWebIdentityFederationInfo
             GenerateOrganizationsAccessReport GetOrganizationsAccessReport",
        ),
        ("sts", "AssumeRoot GetDelegatedAccessToken GetWebIdentityToken"),
    ] {
        for action in actions.split_whitespace() {
            let refused = root.query(service, action, &[]).await;
            assert_eq!(
                (refused.status, refused.code()),
                (400, "InvalidAction"),
                "{action}"
            );
            let message = format!("Could not find operation {action} for version");
            assert!(refused.message().starts_with(&message), "{}", refused.message());
        }
    }
}
