import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator, { type StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useParams } from "react-router-dom";

import { ApiError, call } from "../../api/client";
import type { ChimeAccount, ChimeUser } from "../../api/operations";
import { ActionButton } from "../../common/action-button";
import { ExportButton } from "../../common/export-button";
import { ListTable } from "../../common/list-table";
import { type Fetch, usePagesOf } from "../../common/pages-of";
import { RouteLink } from "../../common/route-link";
import { Time } from "../../common/time";
import { useMay, usePermissions } from "../../permissions";
import { Edit } from "./edit";
import { Invite } from "./invite";
import { type Closing, UserBatch, nameOf } from "./user-batch";

export const REGISTRATION: Record<string, StatusIndicatorProps.Type> = {
  Registered: "success",
  Unregistered: "pending",
  Suspended: "stopped",
  Released: "info",
};

const COLUMNS = [
  "UserId",
  "PrimaryEmail",
  "DisplayName",
  "LicenseType",
  "UserType",
  "UserRegistrationStatus",
  "UserInvitationStatus",
  "RegisteredOn",
  "InvitedOn",
] as const;

type Dialog = "invite" | "edit" | "license" | "suspend" | "activate" | undefined;

export default function Users() {
  const { accountId = "" } = useParams();
  const [text, setText] = useState("");
  const [asked, setAsked] = useState("");
  const [selected, setSelected] = useState<ChimeUser[]>([]);
  const [dialog, setDialog] = useState<Dialog>();
  const mayFind = useMay("chime", "GetUserByEmail");
  const mayKnow = useMay("chime", "GetAccount");
  const account = useQuery({
    queryKey: ["account", accountId],
    enabled: mayKnow,
    queryFn: () => call("chime", "GetAccount", { AccountId: accountId }),
  });
  const all: Fetch<ChimeUser> = async (NextToken) => {
    const answer = await call("chime", "ListUsers", { AccountId: accountId, NextToken, MaxResults: 100 });
    return { items: answer.Users, next: answer.NextToken };
  };
  const list = usePagesOf(["users", accountId, asked], async (token) =>
    asked === "" ? all(token) : { items: await withAddress(accountId, asked, mayFind) },
  );
  const suspend = useEither("SuspendUsers", "BatchSuspendUser", account.data?.Account);
  const activate = useEither("ActivateUsers", "BatchUnsuspendUser", account.data?.Account);
  const close = () => setDialog(undefined);
  const done = () => {
    setSelected([]);
    void list.refresh();
  };
  // Not known to everybody, and then the server says what cannot be.
  const isTeam = account.data && account.data.Account.AccountType === "Team";
  return (
    <>
      <ListTable
        title="Users"
        description={account.data?.Account.Name}
        list={list}
        trackBy="UserId"
        nameOf={nameOf}
        selected={selected}
        onSelect={setSelected}
        columns={[
          {
            id: "email",
            header: "E-mail address",
            isRowHeader: true,
            cell: (user) => (
              <RouteLink to={`/accounts/${accountId}/users/${user.UserId}`}>{nameOf(user)}</RouteLink>
            ),
          },
          { id: "name", header: "Name", cell: (user) => user.DisplayName ?? "–" },
          {
            id: "status",
            header: "Status",
            cell: (user) => (
              <StatusIndicator type={REGISTRATION[user.UserRegistrationStatus] ?? "info"}>
                {user.UserRegistrationStatus}
              </StatusIndicator>
            ),
          },
          { id: "license", header: "Licence", cell: (user) => user.LicenseType ?? "none" },
          { id: "invitation", header: "Invitation", cell: (user) => user.UserInvitationStatus ?? "–" },
          { id: "registered", header: "Registered", cell: (user) => <Time at={user.RegisteredOn} /> },
        ]}
        filter={
          <form
            role="search"
            onSubmit={(event) => {
              event.preventDefault();
              setAsked(text.trim());
            }}
          >
            <SpaceBetween direction="horizontal" size="xs">
              <Input
                type="search"
                value={text}
                onChange={({ detail }) => {
                  setText(detail.value);
                  if (detail.value === "") setAsked("");
                }}
                placeholder="The whole e-mail address"
                ariaLabel="Find a user by e-mail address"
              />
              <ActionButton
                service="chime"
                operation={mayFind ? "GetUserByEmail" : "ListUsers"}
                formAction="submit"
                iconName="search"
              >
                Find
              </ActionButton>
            </SpaceBetween>
          </form>
        }
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <ExportButton name={`users-${accountId}.csv`} columns={COLUMNS} fetch={all} disabled={list.items.length === 0} />
            <ActionButton
              service="chime"
              operation={activate}
              disabled={selected.length === 0 || isTeam}
              disabledReason={isTeam ? "Who was removed from a Team account comes back by invitation." : undefined}
              onClick={() => setDialog("activate")}
            >
              Activate
            </ActionButton>
            <ActionButton
              service="chime"
              operation={suspend}
              disabled={selected.length === 0}
              onClick={() => setDialog("suspend")}
            >
              {isTeam ? "Remove" : "Suspend"}
            </ActionButton>
            <ActionButton
              service="chime"
              operation="BatchUpdateUser"
              disabled={selected.length === 0}
              onClick={() => setDialog("edit")}
            >
              Edit
            </ActionButton>
            <ActionButton
              service="chime"
              operation="UpdateUserLicenses"
              disabled={selected.length === 0}
              onClick={() => setDialog("license")}
            >
              Assign licence
            </ActionButton>
            <ActionButton
              service="chime"
              operation="InviteUsers"
              variant="primary"
              disabled={isTeam === false}
              disabledReason="People of an Enterprise account come with their domain, not by invitation."
              onClick={() => setDialog("invite")}
            >
              Invite users
            </ActionButton>
          </SpaceBetween>
        }
        empty={asked ? "Nobody here has this address" : "No users yet"}
      />
      {dialog === "invite" && <Invite accountId={accountId} onClose={close} onDone={done} />}
      {dialog === "edit" && <Edit account={account.data?.Account} users={selected} onClose={close} onDone={done} />}
      {dialog === "license" && (
        <License account={account.data?.Account} users={selected} onClose={close} onDone={done} />
      )}
      {(dialog === "suspend" || dialog === "activate") && (
        <UserBatch
          title={dialog === "activate" ? "Activate users" : isTeam ? "Remove users from the account" : "Suspend users"}
          verb={dialog === "activate" ? "Activate" : isTeam ? "Remove" : "Suspend"}
          users={selected}
          run={async (portion) =>
            (
              await call("chime", dialog === "activate" ? activate : suspend, {
                AccountId: accountId,
                UserIdList: portion.map((user) => user.UserId),
              })
            ).UserErrors
          }
          onClose={close}
          onDone={done}
        >
          {dialog === "activate"
            ? "They can sign in again."
            : isTeam
              ? "They leave the account and go on as free users. They come back by invitation only."
              : "They are signed out everywhere at once and cannot sign in until they are activated."}
        </UserBatch>
      )}
    </>
  );
}

/** Whoever has an address: nobody, or one. */
async function withAddress(AccountId: string, UserEmail: string, mayFind: boolean): Promise<ChimeUser[]> {
  if (!mayFind) return (await call("chime", "ListUsers", { AccountId, UserEmail })).Users;
  try {
    return [(await call("chime", "GetUserByEmail", { AccountId, UserEmail })).User];
  } catch (error) {
    if (error instanceof ApiError && error.code === "NotFoundException") return [];
    throw error;
  }
}

/** Of the two actions that do the same, the one of the console if it is allowed and the account is of its kind. */
function useEither<A extends "SuspendUsers" | "ActivateUsers", B extends "BatchSuspendUser" | "BatchUnsuspendUser">(
  own: A,
  other: B,
  account: ChimeAccount | undefined,
): A | B {
  const { of } = usePermissions();
  const isEnterprise = account !== undefined && account.AccountType !== "Team";
  return isEnterprise && of.get(`chime/${own}`)?.extent !== "DENIED" ? own : other;
}

interface LicenseProps extends Closing {
  account: ChimeAccount | undefined;
  users: ChimeUser[];
}

function License({ account, users, onClose, onDone }: LicenseProps) {
  const options = (account?.SupportedLicenses ?? []).map((value) => ({ value, label: value }));
  const [license, setLicense] = useState(account?.DefaultLicense ?? "Pro");
  return (
    <UserBatch
      title="Assign a licence"
      verb="Assign"
      users={users}
      run={async (portion) =>
        (
          await call("chime", "UpdateUserLicenses", {
            AccountId: account?.AccountId ?? "",
            UserIdList: portion.map((user) => user.UserId),
            LicenseType: license,
          })
        ).UserErrors
      }
      onClose={onClose}
      onDone={onDone}
    >
      <FormField label="Licence">
        <Select
          selectedOption={{ value: license, label: license }}
          options={options}
          onChange={({ detail }) => setLicense(detail.selectedOption.value as typeof license)}
        />
      </FormField>
    </UserBatch>
  );
}
