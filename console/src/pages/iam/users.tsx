import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import { useState } from "react";

import { call } from "../../api/client";
import type { IamUser } from "../../api/operations";
import { ActionButton } from "../../common/action-button";
import { Confirm } from "../../common/confirm";
import { FormDialog } from "../../common/form-dialog";
import { ListTable } from "../../common/list-table";
import { useNotifications } from "../../common/notifications";
import { usePagesOf } from "../../common/pages-of";
import { RouteLink } from "../../common/route-link";
import { Time } from "../../common/time";

export default function IamUsers() {
  const [selected, setSelected] = useState<IamUser[]>([]);
  const [dialog, setDialog] = useState<"create" | "delete">();
  const { tell } = useNotifications();
  const list = usePagesOf(["iam-users"], async (Marker) => {
    const answer = await call("iam", "ListUsers", { Marker, MaxItems: 100 });
    return { items: answer.Users, next: answer.Marker };
  });
  const close = () => setDialog(undefined);
  const chosen = selected[0]?.UserName;
  return (
    <>
      <ListTable
        title="IAM users"
        description="Those who administer, with the console or with access keys."
        list={list}
        trackBy="UserId"
        nameOf={(user) => user.UserName ?? user.UserId}
        selected={selected}
        onSelect={setSelected}
        selectionType="single"
        columns={[
          {
            id: "name",
            header: "Name",
            isRowHeader: true,
            cell: (user) => <RouteLink to={`/iam/users/${user.UserName}`}>{user.UserName}</RouteLink>,
          },
          { id: "path", header: "Path", cell: (user) => user.Path },
          { id: "used", header: "Password last used", cell: (user) => <Time at={user.PasswordLastUsed} /> },
          { id: "created", header: "Created", cell: (user) => <Time at={user.CreateDate} /> },
          { id: "arn", header: "ARN", cell: (user) => user.Arn },
        ]}
        actions={
          <>
            <ActionButton service="iam" operation="DeleteUser" disabled={!chosen} onClick={() => setDialog("delete")}>
              Delete
            </ActionButton>{" "}
            <ActionButton service="iam" operation="CreateUser" variant="primary" onClick={() => setDialog("create")}>
              Create IAM user
            </ActionButton>
          </>
        }
      />
      {dialog === "create" && <Create onClose={close} onCreated={() => void list.refresh()} />}
      {dialog === "delete" && chosen && (
        <Confirm
          title={`Delete the IAM user ${chosen}?`}
          verb="Delete user"
          typed={chosen}
          onClose={close}
          onConfirm={async () => {
            await call("iam", "DeleteUser", { UserName: chosen });
            tell(`The IAM user ${chosen} was deleted.`);
            setSelected([]);
            list.refresh();
          }}
        >
          Its keys, password, groups and policies must be gone before.
        </Confirm>
      )}
    </>
  );
}

function Create({ onClose, onCreated }: { onClose: () => void; onCreated: () => void }) {
  const [name, setName] = useState("");
  const { tell } = useNotifications();
  return (
    <FormDialog
      title="Create IAM user"
      verb="Create user"
      service="iam"
      operation="CreateUser"
      input={{ UserName: name }}
      ready={name !== ""}
      onClose={onClose}
      onDone={({ User }) => {
        tell(`The IAM user ${User.UserName} was created. It has no permissions yet.`);
        onCreated();
      }}
    >
      <FormField label="User name" constraintText="1 to 64 letters, digits and + = , . @ _ -">
        <Input value={name} onChange={({ detail }) => setName(detail.value)} autoFocus />
      </FormField>
    </FormDialog>
  );
}
