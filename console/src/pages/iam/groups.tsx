import { call } from "../../api/client";
import type { IamGroup } from "../../api/operations";
import { RouteLink } from "../../common/route-link";
import { Time } from "../../common/time";
import { Entities } from "./entities";
import { NameForm } from "./name-form";

export default function Groups() {
  return (
    <Entities<IamGroup>
      title="Groups"
      one="group"
      description="What is allowed to a group is allowed to everybody in it."
      trackBy="GroupId"
      nameOf={(group) => group.GroupName}
      fetch={async (Marker) => {
        const answer = await call("iam", "ListGroups", { Marker, MaxItems: 100 });
        return { items: answer.Groups, next: answer.Marker };
      }}
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
      create={{
        operation: "CreateGroup",
        verb: "Create group",
        form: (close, created) => (
          <NameForm
            title="Create group"
            operation="CreateGroup"
            input={(GroupName) => ({ GroupName })}
            onClose={close}
            onDone={(name) => created(`The group ${name} was created.`)}
          />
        ),
      }}
      remove={{
        operation: "DeleteGroup",
        note: "It must have no members and no policies.",
        run: ({ GroupName }) => call("iam", "DeleteGroup", { GroupName }),
      }}
    />
  );
}
