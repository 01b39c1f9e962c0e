import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";

import { call } from "../../api/client";
import type { IamGroup } from "../../api/operations";
import { ActionButton } from "../../common/action-button";
import { Confirm } from "../../common/confirm";
import { FormDialog } from "../../common/form-dialog";
import { ListTable } from "../../common/list-table";
import { useNotifications } from "../../common/notifications";
import { usePagesOf } from "../../common/pages-of";
import { RouteLink } from "../../common/route-link";
import { Time } from "../../common/time";

export default function Groups() {
  const [selected, setSelected] = useState<IamGroup[]>([]);
  const [dialog, setDialog] = useState<"create" | "delete">();
  const [name, setName] = useState("");
  const { tell } = useNotifications();
  const list = usePagesOf(["iam-groups"], async (Marker) => {
    const answer = await call("iam", "ListGroups", { Marker, MaxItems: 100 });
    return { items: answer.Groups, next: answer.Marker };
  });
  const close = () => setDialog(undefined);
  const chosen = selected[0]?.GroupName;
  return (
    <>
      <ListTable
        title="Groups"
        description="What is allowed to a group is allowed to everybody in it."
        list={list}
        trackBy="GroupId"
        nameOf={(group) => group.GroupName}
        selected={selected}
        onSelect={setSelected}
        selectionType="single"
        columns={[
          {
            id: "name",
            header: "Name",
            isRowHeader: true,
            cell: (group) => <RouteLink to={`/iam/groups/${group.GroupName}`}>{group.GroupName}</RouteLink>,
          },
          { id: "path", header: "Path", cell: (group) => group.Path },
          { id: "created", header: "Created", cell: (group) => <Time at={group.CreateDate} /> },
          { id: "arn", header: "ARN", cell: (group) => group.Arn },
        ]}
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <ActionButton service="iam" operation="DeleteGroup" disabled={!chosen} onClick={() => setDialog("delete")}>
              Delete
            </ActionButton>
            <ActionButton service="iam" operation="CreateGroup" variant="primary" onClick={() => setDialog("create")}>
              Create group
            </ActionButton>
          </SpaceBetween>
        }
      />
      {dialog === "create" && (
        <FormDialog
          title="Create group"
          verb="Create group"
          service="iam"
          operation="CreateGroup"
          input={{ GroupName: name }}
          ready={name !== ""}
          onClose={close}
          onDone={({ Group }) => {
            tell(`The group ${Group.GroupName} was created.`);
            setName("");
            list.refresh();
          }}
        >
          <FormField label="Name">
            <Input value={name} onChange={({ detail }) => setName(detail.value)} autoFocus />
          </FormField>
        </FormDialog>
      )}
      {dialog === "delete" && chosen && (
        <Confirm
          title={`Delete the group ${chosen}?`}
          verb="Delete group"
          typed={chosen}
          onClose={close}
          onConfirm={async () => {
            await call("iam", "DeleteGroup", { GroupName: chosen });
            tell(`The group ${chosen} was deleted.`);
            setSelected([]);
            list.refresh();
          }}
        >
          It must have no members and no policies.
        </Confirm>
      )}
    </>
  );
}
