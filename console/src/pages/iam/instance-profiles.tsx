import { useState } from "react";

import { call } from "../../api/client";
import type { IamInstanceProfile } from "../../api/operations";
import { ActionButton } from "../../common/action-button";
import { Confirm } from "../../common/confirm";
import { RouteLink } from "../../common/route-link";
import { Time } from "../../common/time";
import { Entities } from "./entities";
import { NameForm } from "./name-form";
import { TagsButton } from "./tags";

/** Kept for tools that manage roles: this server starts no machines. */
export default function InstanceProfiles() {
  return (
    <Entities<IamInstanceProfile>
      title="Instance profiles"
      one="instance profile"
      description="Each holds one role for tools that expect it. This server starts no machines."
      trackBy="InstanceProfileId"
      nameOf={(profile) => profile.InstanceProfileName}
      fetch={async (Marker) => {
        const answer = await call("iam", "ListInstanceProfiles", { Marker, MaxItems: 100 });
        return { items: answer.InstanceProfiles, next: answer.Marker };
      }}
      columns={[
        { id: "name", header: "Name", cell: (profile) => profile.InstanceProfileName, isRowHeader: true },
        {
          id: "role",
          header: "Role",
          cell: ({ Roles: [role] }) =>
            role ? <RouteLink to={`/iam/roles/${role.RoleName}`}>{role.RoleName}</RouteLink> : "none",
        },
        { id: "created", header: "Created", cell: (profile) => <Time at={profile.CreateDate} /> },
        { id: "arn", header: "ARN", cell: (profile) => profile.Arn },
      ]}
      create={{
        operation: "CreateInstanceProfile",
        verb: "Create instance profile",
        form: (close, created) => (
          <NameForm
            title="Create instance profile"
            operation="CreateInstanceProfile"
            input={(InstanceProfileName) => ({ InstanceProfileName })}
            onClose={close}
            onDone={(name) => created(`The instance profile ${name} was created. It holds no role yet.`)}
          />
        ),
      }}
      remove={{
        operation: "DeleteInstanceProfile",
        note: "Its role must be taken out before.",
        run: ({ InstanceProfileName }) => call("iam", "DeleteInstanceProfile", { InstanceProfileName }),
      }}
      actions={(chosen, changed) => (
        <>
          <TagsButton kind="InstanceProfile" of={chosen?.InstanceProfileName} />
          <RoleOf profile={chosen} onChange={changed} />
        </>
      )}
    />
  );
}

/** Puts a role in where there is none, and takes out the one that is there. */
function RoleOf({ profile, onChange }: { profile: IamInstanceProfile | undefined; onChange: () => void }) {
  const [isOpen, setOpen] = useState(false);
  const name = profile?.InstanceProfileName ?? "";
  const role = profile?.Roles[0]?.RoleName;
  const close = () => setOpen(false);
  return (
    <>
      <ActionButton
        service="iam"
        operation={role ? "RemoveRoleFromInstanceProfile" : "AddRoleToInstanceProfile"}
        disabled={!profile}
        onClick={() => setOpen(true)}
      >
        {role ? "Take the role out" : "Put a role in"}
      </ActionButton>
      {isOpen && role && (
        <Confirm
          title={`Take ${role} out of ${name}?`}
          verb="Take out"
          onClose={close}
          onConfirm={async () => {
            await call("iam", "RemoveRoleFromInstanceProfile", { InstanceProfileName: name, RoleName: role });
            onChange();
          }}
        >
          The role itself stays.
        </Confirm>
      )}
      {isOpen && !role && (
        <NameForm
          title={`Put a role into ${name}`}
          verb="Put in"
          operation="AddRoleToInstanceProfile"
          label="Name of the role"
          constraint="You need iam:PassRole for it, too."
          input={(RoleName) => ({ InstanceProfileName: name, RoleName })}
          onClose={close}
          onDone={onChange}
        />
      )}
    </>
  );
}
