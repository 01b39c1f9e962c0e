import { call } from "../../api/client";
import type { IamUser } from "../../api/operations";
import { RouteLink } from "../../common/route-link";
import { Time } from "../../common/time";
import { Entities } from "./entities";
import { NameForm } from "./name-form";

export default function IamUsers() {
  return (
    <Entities<IamUser>
      title="IAM users"
      one="IAM user"
      description="Those who administer, with the console or with access keys."
      trackBy="UserId"
      nameOf={(user) => user.UserName ?? user.UserId}
      fetch={async (Marker) => {
        const answer = await call("iam", "ListUsers", { Marker, MaxItems: 100 });
        return { items: answer.Users, next: answer.Marker };
      }}
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
      create={{
        operation: "CreateUser",
        verb: "Create IAM user",
        form: (close, created) => (
          <NameForm
            title="Create IAM user"
            verb="Create user"
            operation="CreateUser"
            label="User name"
            constraint="1 to 64 letters, digits and + = , . @ _ -"
            input={(UserName) => ({ UserName })}
            onClose={close}
            onDone={(name) => created(`The IAM user ${name} was created. It has no permissions yet.`)}
          />
        ),
      }}
      remove={{
        operation: "DeleteUser",
        note: "Its keys, password, groups and policies must be gone before.",
        run: ({ UserName = "" }) => call("iam", "DeleteUser", { UserName }),
      }}
    />
  );
}
