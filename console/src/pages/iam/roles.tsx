import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";

import { call } from "../../api/client";
import type { IamRole } from "../../api/operations";
import { ActionButton } from "../../common/action-button";
import { Confirm } from "../../common/confirm";
import { FormDialog } from "../../common/form-dialog";
import { ListTable } from "../../common/list-table";
import { useNotifications } from "../../common/notifications";
import { usePagesOf } from "../../common/pages-of";
import { RouteLink } from "../../common/route-link";
import { Time } from "../../common/time";
import { usePermissions } from "../../permissions";
import { PolicyEditor } from "./policy-editor";

export default function Roles() {
  const [selected, setSelected] = useState<IamRole[]>([]);
  const [dialog, setDialog] = useState<"create" | "delete">();
  const { tell } = useNotifications();
  const list = usePagesOf(["iam-roles"], async (Marker) => {
    const answer = await call("iam", "ListRoles", { Marker, MaxItems: 100 });
    return { items: answer.Roles, next: answer.Marker };
  });
  const close = () => setDialog(undefined);
  const chosen = selected[0]?.RoleName;
  return (
    <>
      <ListTable
        title="Roles"
        description="What others may take on for a while: users, other AWS accounts, identity providers."
        list={list}
        trackBy="RoleId"
        nameOf={(role) => role.RoleName}
        selected={selected}
        onSelect={setSelected}
        selectionType="single"
        columns={[
          {
            id: "name",
            header: "Name",
            isRowHeader: true,
            cell: (role) => <RouteLink to={`/iam/roles/${role.RoleName}`}>{role.RoleName}</RouteLink>,
          },
          { id: "description", header: "Description", cell: (role) => role.Description ?? "–" },
          { id: "created", header: "Created", cell: (role) => <Time at={role.CreateDate} /> },
          { id: "arn", header: "ARN", cell: (role) => role.Arn },
        ]}
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <ActionButton service="iam" operation="DeleteRole" disabled={!chosen} onClick={() => setDialog("delete")}>
              Delete
            </ActionButton>
            <ActionButton service="iam" operation="CreateRole" variant="primary" onClick={() => setDialog("create")}>
              Create role
            </ActionButton>
          </SpaceBetween>
        }
      />
      {dialog === "create" && <Create onClose={close} onCreated={() => list.refresh()} />}
      {dialog === "delete" && chosen && (
        <Confirm
          title={`Delete the role ${chosen}?`}
          verb="Delete role"
          typed={chosen}
          onClose={close}
          onConfirm={async () => {
            await call("iam", "DeleteRole", { RoleName: chosen });
            tell(`The role ${chosen} was deleted.`);
            setSelected([]);
            list.refresh();
          }}
        >
          Sessions of the role are refused from the next request on.
        </Confirm>
      )}
    </>
  );
}

function Create({ onClose, onCreated }: { onClose: () => void; onCreated: () => void }) {
  const { principal } = usePermissions();
  const account = principal.split(":")[4];
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const [trust, setTrust] = useState(
    JSON.stringify(
      {
        Version: "2012-10-17",
        Statement: [
          { Effect: "Allow", Principal: { AWS: `arn:aws:iam::${account}:root` }, Action: "sts:AssumeRole" },
        ],
      },
      null,
      2,
    ),
  );
  const { tell } = useNotifications();
  return (
    <FormDialog
      title="Create role"
      verb="Create role"
      service="iam"
      operation="CreateRole"
      input={{ RoleName: name, AssumeRolePolicyDocument: trust, Description: description || undefined }}
      ready={name !== ""}
      onClose={onClose}
      onDone={({ Role }) => {
        tell(`The role ${Role.RoleName} was created. It has no permissions yet.`);
        onCreated();
      }}
    >
      <FormField label="Name">
        <Input value={name} onChange={({ detail }) => setName(detail.value)} autoFocus />
      </FormField>
      <FormField label="Description" description="Optional.">
        <Input value={description} onChange={({ detail }) => setDescription(detail.value)} />
      </FormField>
      <PolicyEditor kind="trust" value={trust} onChange={setTrust} />
    </FormDialog>
  );
}
