import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import Table from "@cloudscape-design/components/table";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useNavigate, useSearchParams } from "react-router-dom";

import { call } from "../../api/client";
import { ActionButton } from "../../common/action-button";
import { Confirm } from "../../common/confirm";
import { ErrorAlert } from "../../common/error-alert";
import { useNotifications } from "../../common/notifications";
import { Time } from "../../common/time";
import { documentOf } from "./kinds";
import { PolicyEditor } from "./policy-editor";
import { Tags } from "./tags";

/** A managed policy. Its address has the ARN in the query, because an ARN has slashes. */
export default function PolicyPage() {
  const [parameters] = useSearchParams();
  const PolicyArn = parameters.get("arn") ?? "";
  const [text, setText] = useState<string>();
  const [isDeleting, setDeleting] = useState(false);
  const [busy, setBusy] = useState(false);
  const navigate = useNavigate();
  const { tell, fail } = useNotifications();
  const query = useQuery({
    queryKey: ["iam-policy", PolicyArn],
    queryFn: async () => {
      const { Policy } = await call("iam", "GetPolicy", { PolicyArn });
      const { PolicyVersion } = await call("iam", "GetPolicyVersion", {
        PolicyArn,
        VersionId: Policy.DefaultVersionId,
      });
      return { policy: Policy, document: documentOf(PolicyVersion.Document ?? "") };
    },
  });
  const versions = useQuery({
    queryKey: ["iam-policy-versions", PolicyArn],
    queryFn: async () => (await call("iam", "ListPolicyVersions", { PolicyArn })).Versions,
  });
  useEffect(() => setText(query.data?.document), [query.data?.document]);
  if (query.isPending) return <Spinner size="large" />;
  if (query.isError) return <ErrorAlert error={query.error} onRetry={() => void query.refetch()} />;
  const { policy, document } = query.data;
  const isAws = PolicyArn.startsWith("arn:aws:iam::aws:");

  async function attempt(step: () => Promise<void>) {
    setBusy(true);
    try {
      await step();
      await Promise.all([query.refetch(), versions.refetch()]);
    } catch (error) {
      fail(error);
    } finally {
      setBusy(false);
    }
  }

  return (
    <ContentLayout
      header={
        <Header
          variant="h1"
          description={policy.Description}
          actions={
            !isAws && (
              <SpaceBetween direction="horizontal" size="xs">
                <ActionButton service="iam" operation="DeletePolicy" onClick={() => setDeleting(true)}>
                  Delete
                </ActionButton>
                <ActionButton
                  service="iam"
                  operation="CreatePolicyVersion"
                  variant="primary"
                  loading={busy}
                  disabled={text === document || text === undefined}
                  onClick={() =>
                    void attempt(async () => {
                      const made = await call("iam", "CreatePolicyVersion", {
                        PolicyArn,
                        PolicyDocument: text ?? "",
                        SetAsDefault: true,
                      });
                      tell(`Version ${made.PolicyVersion.VersionId} counts from the next request on.`);
                    })
                  }
                >
                  Save as the version that counts
                </ActionButton>
              </SpaceBetween>
            )
          }
        >
          {policy.PolicyName}
        </Header>
      }
    >
      <SpaceBetween size="l">
        <Container header={<Header variant="h2">Details</Header>}>
          <KeyValuePairs
            columns={2}
            items={[
              { label: "ARN", value: policy.Arn },
              { label: "Attached to", value: policy.AttachmentCount },
              { label: "Created", value: <Time at={policy.CreateDate} /> },
              { label: "Changed", value: <Time at={policy.UpdateDate} /> },
            ]}
          />
        </Container>
        <Container header={<Header variant="h2">{`Version ${policy.DefaultVersionId}`}</Header>}>
          {text !== undefined && <PolicyEditor value={text} onChange={setText} readOnly={isAws} />}
        </Container>
        <Table
          items={versions.data ?? []}
          loading={versions.isLoading}
          trackBy="VersionId"
          ariaLabels={{ tableLabel: "Versions" }}
          header={<Header variant="h2">Versions</Header>}
          empty={<Box textAlign="center">No versions to show</Box>}
          columnDefinitions={[
            { id: "id", header: "Version", cell: (version) => version.VersionId, isRowHeader: true },
            { id: "created", header: "Created", cell: (version) => <Time at={version.CreateDate} /> },
            {
              id: "default",
              header: "Counts",
              cell: (version) =>
                version.IsDefaultVersion || isAws ? (
                  version.IsDefaultVersion ? "yes" : "no"
                ) : (
                  <ActionButton
                    service="iam"
                    operation="SetDefaultPolicyVersion"
                    variant="inline-link"
                    ariaLabel={`Let ${version.VersionId} count`}
                    onClick={() =>
                      void attempt(async () => {
                        await call("iam", "SetDefaultPolicyVersion", { PolicyArn, VersionId: version.VersionId });
                        tell(`Version ${version.VersionId} counts from the next request on.`);
                      })
                    }
                  >
                    Let it count
                  </ActionButton>
                ),
            },
            {
              id: "delete",
              header: "Delete",
              cell: (version) =>
                version.IsDefaultVersion || isAws ? (
                  "–"
                ) : (
                  <ActionButton
                    service="iam"
                    operation="DeletePolicyVersion"
                    variant="inline-link"
                    ariaLabel={`Delete ${version.VersionId}`}
                    onClick={() =>
                      void attempt(async () => {
                        await call("iam", "DeletePolicyVersion", { PolicyArn, VersionId: version.VersionId });
                        tell(`Version ${version.VersionId} is deleted.`);
                      })
                    }
                  >
                    Delete
                  </ActionButton>
                ),
            },
          ]}
        />
        {!isAws && <Tags kind="Policy" of={PolicyArn} />}
      </SpaceBetween>
      {isDeleting && (
        <Confirm
          title={`Delete the policy ${policy.PolicyName}?`}
          verb="Delete policy"
          typed={policy.PolicyName}
          onClose={() => setDeleting(false)}
          onConfirm={async () => {
            await call("iam", "DeletePolicy", { PolicyArn });
            tell(`The policy ${policy.PolicyName} was deleted.`);
            navigate("/iam/policies");
          }}
        >
          Nobody may have it any more, and it must have one version.
        </Confirm>
      )}
    </ContentLayout>
  );
}
