"""When services and actions were last accessed, as AWS's own clients ask for it."""

import datetime

from harness.aws import policy, refused


def report(principal, arn, granularity="SERVICE_LEVEL"):
    job = principal.iam.generate_service_last_accessed_details(Arn=arn, Granularity=granularity)["JobId"]
    assert len(job) == 36
    return job, principal.iam.get_service_last_accessed_details(JobId=job)


def services(answer):
    return {one["ServiceNamespace"]: one for one in answer["ServicesLastAccessed"]}


def recent(time):
    return abs((datetime.datetime.now(datetime.UTC) - time).total_seconds()) < 120


def test_services_and_actions(root, user):
    ada = user(policy("iam:List*", "chime:ListAccounts"))
    ada.iam.list_users()
    _, answer = report(root, ada.arn, "ACTION_LEVEL")
    assert (answer["JobStatus"], answer["JobType"], answer["IsTruncated"]) == ("COMPLETED", "ACTION_LEVEL", False)
    found = services(answer)
    assert sorted(found) == ["chime", "iam"]
    assert "LastAuthenticated" not in found["chime"] and found["chime"]["TotalAuthenticatedEntities"] == 0
    iam = found["iam"]
    assert recent(iam["LastAuthenticated"]) and iam["LastAuthenticatedEntity"] == ada.arn
    assert iam["LastAuthenticatedRegion"] == "us-east-1"
    used = [one for one in iam["TrackedActionsLastAccessed"] if "LastAccessedTime" in one]
    assert [(one["ActionName"], one["LastAccessedEntity"]) for one in used] == [("ListUsers", ada.arn)]


def test_those_who_could_have(root, user, group, managed):
    arn = managed(policy("chime:*"))
    staff = group(arn)
    ada, bob = user(groups=[staff]), user(attached=[arn])
    bob.chime.list_accounts()
    job, answer = report(root, arn)
    assert services(answer)["chime"]["LastAuthenticatedEntity"] == bob.arn
    details = root.iam.get_service_last_accessed_details_with_entities(JobId=job, ServiceNamespace="chime")
    listed = [(one["EntityInfo"]["Arn"], one["EntityInfo"]["Id"], "LastAuthenticated" in one)
              for one in details["EntityDetailsList"]]
    assert listed == [(bob.arn, bob.id, True), (ada.arn, ada.id, False)]
    one = root.iam.get_service_last_accessed_details_with_entities(JobId=job, ServiceNamespace="chime", MaxItems=1)
    assert one["IsTruncated"] and one["EntityDetailsList"][0]["EntityInfo"]["Name"] == bob.name
    rest = root.iam.get_service_last_accessed_details_with_entities(
        JobId=job, ServiceNamespace="chime", MaxItems=1, Marker=one["Marker"])
    assert [one["EntityInfo"]["Name"] for one in rest["EntityDetailsList"]] == [ada.name]


def test_reports_are_for_who_asked(root, user):
    ada = user(policy("iam:*"))
    job, _ = report(root, ada.arn)
    with refused("NoSuchEntity"):
        ada.iam.get_service_last_accessed_details(JobId=job)
    with refused("NoSuchEntity"):
        root.iam.generate_service_last_accessed_details(Arn=ada.arn + "x")
    with refused("AccessDenied"):
        user().iam.generate_service_last_accessed_details(Arn=ada.arn)


def test_policies_that_grant_a_service(root, user, group, managed):
    arn = managed(policy("chime:List*"))
    staff = group(arn)
    ada = user(policy("chime:GetUser"), groups=[staff])
    answer = root.iam.list_policies_granting_service_access(Arn=ada.arn, ServiceNamespaces=["chime", "iam"])
    chime, iam = answer["PoliciesGrantingServiceAccess"]
    assert chime["Policies"] == [
        {"PolicyName": "inline-1", "PolicyType": "INLINE", "EntityType": "USER", "EntityName": ada.name},
        {"PolicyName": arn.rsplit("/")[-1], "PolicyType": "MANAGED", "PolicyArn": arn},
    ]
    assert (iam["ServiceNamespace"], iam["Policies"]) == ("iam", [])


def test_the_cli(root, user):
    ada = user(policy("iam:ListUsers"))
    job = root.cli("iam", "generate-service-last-accessed-details", "--arn", ada.arn)["JobId"]
    answer = root.cli("iam", "get-service-last-accessed-details", "--job-id", job)
    assert [one["ServiceNamespace"] for one in answer["ServicesLastAccessed"]] == ["iam"]
