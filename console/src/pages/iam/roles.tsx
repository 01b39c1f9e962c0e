import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import { useState } from "react";

import { call } from "../../api/client";
import type { IamRole } from "../../api/operations";
import { FormDialog } from "../../common/form-dialog";
import { RouteLink } from "../../common/route-link";
import { Time } from "../../common/time";
import { usePermissions } from "../../permissions";
import { Entities } from "./entities";
import { PolicyEditor } from "./policy-editor";
import { Trusted, trustOfAccount, withStatement } from "./trusted";

export default function Roles() {
  return (
    <Entities<IamRole>
      title="Roles"
      one="role"
      description="What others may take on for a while: users, other AWS accounts, identity providers."
      trackBy="RoleId"
      nameOf={(role) => role.RoleName}
      fetch={async (Marker) => {
        const answer = await call("iam", "ListRoles", { Marker, MaxItems: 100 });
        return { items: answer.Roles, next: answer.Marker };
      }}
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
      create={{
        operation: "CreateRole",
        verb: "Create role",
        form: (close, created) => <Create onClose={close} onCreated={created} />,
      }}
      remove={{
        operation: "DeleteRole",
        note: "Sessions of the role are refused from the next request on.",
        run: ({ RoleName }) => call("iam", "DeleteRole", { RoleName }),
      }}
    />
  );
}

interface CreateProps {
  onClose: () => void;
  onCreated: (told: string) => void;
}

function Create({ onClose, onCreated }: CreateProps) {
  const account = usePermissions().principal.split(":")[4] ?? "";
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const [trust, setTrust] = useState(() => withStatement("", trustOfAccount(account)));
  return (
    <FormDialog
      title="Create role"
      verb="Create role"
      service="iam"
      operation="CreateRole"
      input={{ RoleName: name, AssumeRolePolicyDocument: trust, Description: description || undefined }}
      ready={name !== ""}
      onClose={onClose}
      onDone={({ Role }) => onCreated(`The role ${Role.RoleName} was created. It has no permissions yet.`)}
    >
      <FormField label="Name">
        <Input value={name} onChange={({ detail }) => setName(detail.value)} autoFocus />
      </FormField>
      <FormField label="Description" description="Optional.">
        <Input value={description} onChange={({ detail }) => setDescription(detail.value)} />
      </FormField>
      <Trusted label="Who may take it on" onChoose={(statement) => setTrust(withStatement("", statement))} />
      <PolicyEditor kind="trust" value={trust} onChange={setTrust} />
    </FormDialog>
  );
}
