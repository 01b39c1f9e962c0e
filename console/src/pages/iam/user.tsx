import Box from "@cloudscape-design/components/box";
import Checkbox from "@cloudscape-design/components/checkbox";
import Container from "@cloudscape-design/components/container";
import ContentLayout from "@cloudscape-design/components/content-layout";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import Select, { type SelectProps } from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import Table from "@cloudscape-design/components/table";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useParams } from "react-router-dom";

import { call, unlessMissing } from "../../api/client";
import { ActionButton } from "../../common/action-button";
import { Confirm } from "../../common/confirm";
import { Denied } from "../../common/denied";
import { ErrorAlert } from "../../common/error-alert";
import { FormDialog } from "../../common/form-dialog";
import { useNotifications } from "../../common/notifications";
import { Section, useRead } from "../../common/section";
import { Time } from "../../common/time";
import { useMay } from "../../permissions";
import { PoliciesPanel } from "./policies-panel";
import { Tags } from "./tags";
import { UserCredentials } from "./user-credentials";

export default function IamUser() {
  const { userName: UserName = "" } = useParams();
  const query = useQuery({
    queryKey: ["iam-user", UserName],
    queryFn: async () => (await call("iam", "GetUser", { UserName })).User,
  });
  if (query.isPending) return <Spinner size="large" />;
  if (query.isError) return <ErrorAlert error={query.error} onRetry={() => void query.refetch()} />;
  const user = query.data;
  return (
    <ContentLayout header={<Header variant="h1">{UserName}</Header>}>
      <SpaceBetween size="l">
        <Container header={<Header variant="h2">Details</Header>}>
          <KeyValuePairs
            columns={2}
            items={[
              { label: "ARN", value: user.Arn },
              { label: "Identifier", value: user.UserId },
              { label: "Created", value: <Time at={user.CreateDate} /> },
              { label: "Password last used", value: <Time at={user.PasswordLastUsed} /> },
              { label: "Permissions boundary", value: user.PermissionsBoundary?.PermissionsBoundaryArn ?? "none" },
            ]}
          />
        </Container>
        <PoliciesPanel kind="User" name={UserName} />
        <Groups userName={UserName} />
        <Password userName={UserName} />
        <UserCredentials userName={UserName} />
        <Tags kind="User" of={UserName} />
      </SpaceBetween>
    </ContentLayout>
  );
}

function Groups({ userName: UserName }: { userName: string }) {
  const [isAdding, setAdding] = useState(false);
  const [chosen, setChosen] = useState<SelectProps.Option | null>(null);
  const may = useMay("iam", "ListGroupsForUser");
  const { tell, fail } = useNotifications();
  const query = useQuery({
    queryKey: ["groups-of", UserName],
    enabled: may,
    queryFn: async () => (await call("iam", "ListGroupsForUser", { UserName, MaxItems: 1000 })).Groups,
  });
  const groups = useQuery({
    queryKey: ["all-groups"],
    enabled: isAdding,
    queryFn: async () => (await call("iam", "ListGroups", { MaxItems: 1000 })).Groups,
  });

  async function leave(GroupName: string) {
    try {
      await call("iam", "RemoveUserFromGroup", { UserName, GroupName });
      tell(`${UserName} is no longer in ${GroupName}.`);
      await query.refetch();
    } catch (error) {
      fail(error);
    }
  }

  return (
    <>
      <Table
        items={query.data ?? []}
        loading={query.isLoading}
        trackBy="GroupId"
        ariaLabels={{ tableLabel: "Groups" }}
        header={
          <Header
            variant="h2"
            actions={
              <ActionButton service="iam" operation="AddUserToGroup" onClick={() => setAdding(true)}>
                Add to a group
              </ActionButton>
            }
          >
            Groups
          </Header>
        }
        empty={
          <Box textAlign="center">
            {may ? "In no group" : <Denied service="iam" operation="ListGroupsForUser" so="none are shown" />}
          </Box>
        }
        columnDefinitions={[
          { id: "name", header: "Group", cell: (group) => group.GroupName, isRowHeader: true },
          {
            id: "leave",
            header: "Remove",
            cell: (group) => (
              <ActionButton
                service="iam"
                operation="RemoveUserFromGroup"
                variant="inline-link"
                ariaLabel={`Remove from ${group.GroupName}`}
                onClick={() => void leave(group.GroupName)}
              >
                Remove
              </ActionButton>
            ),
          },
        ]}
      />
      {isAdding && (
        <Confirm
          title={`Add ${UserName} to a group`}
          verb="Add"
          onClose={() => setAdding(false)}
          onConfirm={async () => {
            if (!chosen?.value) throw new Error("Choose a group.");
            await call("iam", "AddUserToGroup", { UserName, GroupName: chosen.value });
            tell(`${UserName} is in ${chosen.value}.`);
            await query.refetch();
          }}
        >
          <FormField label="Group">
            <Select
              selectedOption={chosen}
              options={(groups.data ?? []).map((group) => ({ value: group.GroupName, label: group.GroupName }))}
              statusType={groups.isPending ? "loading" : "finished"}
              filteringType="auto"
              placeholder="Choose a group"
              onChange={({ detail }) => setChosen(detail.selectedOption)}
            />
          </FormField>
        </Confirm>
      )}
    </>
  );
}

function Password({ userName: UserName }: { userName: string }) {
  const [dialog, setDialog] = useState<"set" | "remove">();
  const { tell } = useNotifications();
  const read = useRead(
    "iam",
    "GetLoginProfile",
    "whether there is a password is not shown",
    ["login-profile", UserName],
    async () => (await unlessMissing(call("iam", "GetLoginProfile", { UserName })))?.LoginProfile ?? null,
  );
  const operation = read.data ? "UpdateLoginProfile" : "CreateLoginProfile";
  return (
    <>
      <Section
        title="Console sign-in"
        read={read}
        actions={
          <>
            <ActionButton
              service="iam"
              operation="DeleteLoginProfile"
              disabled={!read.data}
              onClick={() => setDialog("remove")}
            >
              Remove password
            </ActionButton>
            <ActionButton service="iam" operation={operation} onClick={() => setDialog("set")}>
              {read.data ? "Set another password" : "Give a password"}
            </ActionButton>
          </>
        }
      >
        {(profile) =>
          profile ? (
            <KeyValuePairs
              columns={2}
              items={[
                { label: "Password since", value: <Time at={profile.CreateDate} /> },
                { label: "Must be changed at the next sign-in", value: profile.PasswordResetRequired ? "yes" : "no" },
              ]}
            />
          ) : (
            "Has no password, so cannot sign in to the console."
          )
        }
      </Section>
      {dialog === "set" && (
        <SetPassword
          userName={UserName}
          operation={operation}
          onClose={() => setDialog(undefined)}
          onDone={() => {
            tell(`The password of ${UserName} is set.`);
            void read.refetch();
          }}
        />
      )}
      {dialog === "remove" && (
        <Confirm
          title={`Remove the password of ${UserName}?`}
          verb="Remove"
          onClose={() => setDialog(undefined)}
          onConfirm={async () => {
            await call("iam", "DeleteLoginProfile", { UserName });
            tell(`${UserName} can no longer sign in to the console.`);
            await read.refetch();
          }}
        >
          Sessions of the console end at once. Access keys stay.
        </Confirm>
      )}
    </>
  );
}

interface SetPasswordProps {
  userName: string;
  operation: "CreateLoginProfile" | "UpdateLoginProfile";
  onClose: () => void;
  onDone: () => void;
}

function SetPassword({ userName, operation, onClose, onDone }: SetPasswordProps) {
  const [password, setPassword] = useState("");
  const [mustChange, setMustChange] = useState(true);
  return (
    <FormDialog
      title={`Password of ${userName}`}
      verb="Set password"
      service="iam"
      operation={operation}
      input={{ UserName: userName, Password: password, PasswordResetRequired: mustChange }}
      ready={password !== ""}
      onClose={onClose}
      onDone={onDone}
    >
      <FormField label="Password">
        <Input
          type="password"
          autoComplete="new-password"
          value={password}
          onChange={({ detail }) => setPassword(detail.value)}
          autoFocus
        />
      </FormField>
      <Checkbox checked={mustChange} onChange={({ detail }) => setMustChange(detail.checked)}>
        Must be changed at the next sign-in
      </Checkbox>
    </FormDialog>
  );
}
