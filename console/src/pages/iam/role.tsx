import Container from "@cloudscape-design/components/container";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useParams } from "react-router-dom";

import { call } from "../../api/client";
import type { IamRole } from "../../api/operations";
import { ActionButton } from "../../common/action-button";
import { ErrorAlert } from "../../common/error-alert";
import { useNotifications } from "../../common/notifications";
import { Time } from "../../common/time";
import { documentOf } from "./kinds";
import { PoliciesPanel } from "./policies-panel";
import { PolicyEditor } from "./policy-editor";
import { Tags } from "./tags";
import { type Statement, Trusted, withStatement } from "./trusted";

export default function RolePage() {
  const { roleName: RoleName = "" } = useParams();
  const query = useQuery({
    queryKey: ["iam-role", RoleName],
    queryFn: async () => (await call("iam", "GetRole", { RoleName })).Role,
  });
  if (query.isPending) return <Spinner size="large" />;
  if (query.isError) return <ErrorAlert error={query.error} onRetry={() => void query.refetch()} />;
  return <Shown role={query.data} onChange={() => void query.refetch()} />;
}

function Shown({ role, onChange }: { role: IamRole; onChange: () => void }) {
  const kept = documentOf(role.AssumeRolePolicyDocument);
  const [trust, setTrust] = useState(kept);
  const [busy, setBusy] = useState(false);
  const { tell, fail } = useNotifications();

  function add(statement: Statement) {
    try {
      setTrust(withStatement(trust, statement));
    } catch {
      fail(new Error("The trust policy is no JSON yet, so nothing can be added to it."));
    }
  }

  async function save() {
    setBusy(true);
    try {
      await call("iam", "UpdateAssumeRolePolicy", { RoleName: role.RoleName, PolicyDocument: trust });
      tell(`The trust policy of ${role.RoleName} is changed.`);
      onChange();
    } catch (error) {
      fail(error);
    } finally {
      setBusy(false);
    }
  }

  return (
    <ContentLayout header={<Header variant="h1" description={role.Description}>{role.RoleName}</Header>}>
      <SpaceBetween size="l">
        <Container header={<Header variant="h2">Details</Header>}>
          <KeyValuePairs
            columns={2}
            items={[
              { label: "ARN", value: role.Arn },
              { label: "Longest session", value: `${role.MaxSessionDuration / 3600} h` },
              { label: "Created", value: <Time at={role.CreateDate} /> },
              { label: "Last used", value: <Time at={role.RoleLastUsed?.LastUsedDate} /> },
              { label: "Permissions boundary", value: role.PermissionsBoundary?.PermissionsBoundaryArn ?? "none" },
            ]}
          />
        </Container>
        <Container
          header={
            <Header
              variant="h2"
              description="Who may take the role on."
              actions={
                <ActionButton
                  service="iam"
                  operation="UpdateAssumeRolePolicy"
                  loading={busy}
                  disabled={trust === kept}
                  onClick={() => void save()}
                >
                  Save the trust policy
                </ActionButton>
              }
            >
              Trust policy
            </Header>
          }
        >
          <SpaceBetween size="m">
            <Trusted label="Trust somebody else, too" onChoose={add} />
            <PolicyEditor kind="trust" value={trust} onChange={setTrust} />
          </SpaceBetween>
        </Container>
        <PoliciesPanel kind="Role" name={role.RoleName} />
        <Tags kind="Role" of={role.RoleName} />
      </SpaceBetween>
    </ContentLayout>
  );
}
