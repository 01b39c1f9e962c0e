import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Modal from "@cloudscape-design/components/modal";
import ProgressBar from "@cloudscape-design/components/progress-bar";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator, { type StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import TextFilter from "@cloudscape-design/components/text-filter";
import Textarea from "@cloudscape-design/components/textarea";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useParams } from "react-router-dom";

import { call } from "../../api/client";
import type { ChimeAccount, ChimeUser, ChimeUserError } from "../../api/operations";
import { csv, download } from "../../common/csv";
import { ActionButton } from "../../common/action-button";
import { CopyAs } from "../../common/copy-as";
import { ErrorAlert } from "../../common/error-alert";
import { ListTable } from "../../common/list-table";
import { useNotifications } from "../../common/notifications";
import { usePagesOf } from "../../common/pages-of";
import { RouteLink } from "../../common/route-link";
import { Time } from "../../common/time";
import { useDelayed } from "../../common/use-delayed";
import { usePermissions } from "../../permissions";
import { addressesIn, portions } from "./addresses";

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

/** Users of one request. Source: Chime API, `BatchSuspendUser` and its kin. */
const BATCH = 50;

type Dialog = "invite" | "license" | "suspend" | "activate" | undefined;

export default function Users() {
  const { accountId = "" } = useParams();
  const [text, setText] = useState("");
  const [selected, setSelected] = useState<ChimeUser[]>([]);
  const [dialog, setDialog] = useState<Dialog>();
  const asked = useDelayed(text.trim());
  const account = useQuery({
    queryKey: ["account", accountId],
    queryFn: () => call("chime", "GetAccount", { AccountId: accountId }),
  });
  const list = usePagesOf(["users", accountId, asked], async (NextToken) => {
    const UserEmail = asked === "" ? undefined : asked;
    const answer = await call("chime", "ListUsers", { AccountId: accountId, UserEmail, NextToken, MaxResults: 100 });
    return { items: answer.Users, next: answer.NextToken };
  });
  const suspend = useEither("SuspendUsers", "BatchSuspendUser", account.data?.Account);
  const activate = useEither("ActivateUsers", "BatchUnsuspendUser", account.data?.Account);
  const close = () => setDialog(undefined);
  const done = () => {
    setSelected([]);
    void list.refresh();
  };
  const isTeam = account.data?.Account.AccountType === "Team";
  return (
    <>
      <ListTable
        title="Users"
        description={account.data?.Account.Name}
        list={list}
        trackBy="UserId"
        nameOf={(user) => user.PrimaryEmail ?? user.UserId}
        selected={selected}
        onSelect={setSelected}
        columns={[
          {
            id: "email",
            header: "E-mail address",
            isRowHeader: true,
            cell: (user) => (
              <RouteLink to={`/accounts/${accountId}/users/${user.UserId}`}>{user.PrimaryEmail ?? user.UserId}</RouteLink>
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
          <TextFilter
            filteringText={text}
            onChange={({ detail }) => setText(detail.filteringText)}
            filteringPlaceholder="E-mail address"
            filteringAriaLabel="Find a user by e-mail address"
          />
        }
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <Button
              iconName="download"
              disabled={list.items.length === 0}
              onClick={() => download(`users-${accountId}.csv`, csv(list.items, COLUMNS))}
            >
              Export as CSV
            </Button>
            <ActionButton
              service="chime"
              operation={activate}
              disabled={selected.length === 0}
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
              operation="UpdateUserLicenses"
              disabled={selected.length === 0}
              onClick={() => setDialog("license")}
            >
              Assign licence
            </ActionButton>
            <ActionButton service="chime" operation="InviteUsers" variant="primary" onClick={() => setDialog("invite")}>
              Invite users
            </ActionButton>
          </SpaceBetween>
        }
        empty={asked ? "Nobody here has this address" : "No users yet"}
      />
      {dialog === "invite" && <Invite accountId={accountId} onClose={close} onDone={done} />}
      {dialog === "license" && (
        <License account={account.data?.Account} users={selected} onClose={close} onDone={done} />
      )}
      {(dialog === "suspend" || dialog === "activate") && (
        <InBatches
          title={dialog === "activate" ? "Activate users" : isTeam ? "Remove users from the account" : "Suspend users"}
          verb={dialog === "activate" ? "Activate" : isTeam ? "Remove" : "Suspend"}
          users={selected}
          note={
            dialog === "activate"
              ? "They can sign in again."
              : isTeam
                ? "They leave the account and go on as free users. They come back by invitation only."
                : "They are signed out everywhere at once and cannot sign in until they are activated."
          }
          run={async (UserIdList) =>
            (await call("chime", dialog === "activate" ? activate : suspend, { AccountId: accountId, UserIdList }))
              .UserErrors
          }
          onClose={close}
          onDone={done}
        />
      )}
    </>
  );
}

/** Of the two actions that do the same, the one of the console if it is allowed and the account is of its kind. */
function useEither<A extends "SuspendUsers" | "ActivateUsers", B extends "BatchSuspendUser" | "BatchUnsuspendUser">(
  own: A,
  other: B,
  account: ChimeAccount | undefined,
): A | B {
  const { of } = usePermissions();
  const isTeam = account?.AccountType === "Team";
  return !isTeam && of.get(`chime/${own}`)?.extent !== "DENIED" ? own : other;
}

interface Closing {
  onClose: () => void;
  onDone: () => void;
}

interface Outcome {
  who: string;
  ok: boolean;
  text: string;
}

function Invite({ accountId, onClose, onDone }: Closing & { accountId: string }) {
  const [text, setText] = useState("");
  const [outcomes, setOutcomes] = useState<Outcome[]>([]);
  const [error, setError] = useState<unknown>();
  const [isRunning, setRunning] = useState(false);
  const addresses = addressesIn(text);

  async function run() {
    setRunning(true);
    setError(undefined);
    const all: Outcome[] = [];
    try {
      for (const UserEmailList of portions(addresses, BATCH)) {
        const { Invites } = await call("chime", "InviteUsers", { AccountId: accountId, UserEmailList });
        for (const invite of Invites) {
          const ok = invite.Status !== "Failed" && invite.EmailStatus !== "Failed";
          all.push({ who: invite.EmailAddress ?? "", ok, text: `${invite.Status}, mail ${invite.EmailStatus}` });
        }
        setOutcomes([...all]);
      }
      onDone();
    } catch (error) {
      setError(error);
    } finally {
      setRunning(false);
    }
  }

  return (
    <Modal
      visible
      header="Invite users"
      onDismiss={onClose}
      size="large"
      footer={
        <Buttons
          verb={`Invite ${addresses.length || ""}`}
          ready={addresses.length > 0 && outcomes.length === 0}
          isRunning={isRunning}
          isDone={outcomes.length > 0}
          onRun={() => void run()}
          onClose={onClose}
        />
      }
    >
      <SpaceBetween size="m">
        {error !== undefined && <ErrorAlert error={error} />}
        <FormField
          label="E-mail addresses"
          description="One a line or with commas between them, or the content of a CSV file."
          stretch
        >
          <Textarea value={text} rows={6} onChange={({ detail }) => setText(detail.value)} autoFocus />
        </FormField>
        <FormField label="From a CSV file">
          <input
            type="file"
            accept=".csv,.txt,text/csv,text/plain"
            aria-label="CSV file with addresses"
            onChange={(event) => {
              const file = event.target.files?.[0];
              if (file) void file.text().then(setText);
            }}
          />
        </FormField>
        <Outcomes done={outcomes} of={addresses.length} isRunning={isRunning} />
        <CopyAs
          service="chime"
          operation="InviteUsers"
          input={{ AccountId: accountId, UserEmailList: addresses.slice(0, BATCH) }}
        />
      </SpaceBetween>
    </Modal>
  );
}

function License({ account, users, onClose, onDone }: Closing & { account?: ChimeAccount; users: ChimeUser[] }) {
  const options = (account?.SupportedLicenses ?? []).map((value) => ({ value, label: value }));
  const [license, setLicense] = useState(account?.DefaultLicense ?? "Pro");
  return (
    <InBatches
      title="Assign a licence"
      verb="Assign"
      users={users}
      note={
        <FormField label="Licence">
          <Select
            selectedOption={{ value: license, label: license }}
            options={options}
            onChange={({ detail }) => setLicense(detail.selectedOption.value as typeof license)}
          />
        </FormField>
      }
      run={async (UserIdList) =>
        (
          await call("chime", "UpdateUserLicenses", {
            AccountId: account?.AccountId ?? "",
            UserIdList,
            LicenseType: license,
          })
        ).UserErrors
      }
      onClose={onClose}
      onDone={onDone}
    />
  );
}

interface BatchProps extends Closing {
  title: string;
  verb: string;
  note: React.ReactNode;
  users: ChimeUser[];
  run: (ids: string[]) => Promise<ChimeUserError[]>;
}

/** Does something with many users, as many at a time as the server takes, and tells what came of each. */
function InBatches({ title, verb, note, users, run, onClose, onDone }: BatchProps) {
  const [outcomes, setOutcomes] = useState<Outcome[]>([]);
  const [error, setError] = useState<unknown>();
  const [isRunning, setRunning] = useState(false);
  const { tell } = useNotifications();

  async function start() {
    setRunning(true);
    setError(undefined);
    const all: Outcome[] = [];
    try {
      for (const portion of portions(users, BATCH)) {
        const errors = new Map((await run(portion.map((user) => user.UserId))).map((error) => [error.UserId, error]));
        for (const user of portion) {
          const failed = errors.get(user.UserId);
          const text = failed ? `${failed.ErrorCode}: ${failed.ErrorMessage}` : "Done";
          all.push({ who: user.PrimaryEmail ?? user.UserId, ok: !failed, text });
        }
        setOutcomes([...all]);
      }
      onDone();
      if (all.every((outcome) => outcome.ok)) {
        tell(`${verb}: ${all.length} ${all.length === 1 ? "user" : "users"}, all done.`);
        onClose();
      }
    } catch (error) {
      setError(error);
    } finally {
      setRunning(false);
    }
  }

  return (
    <Modal
      visible
      header={title}
      onDismiss={onClose}
      footer={
        <Buttons
          verb={`${verb} ${users.length}`}
          ready={outcomes.length === 0}
          isRunning={isRunning}
          isDone={outcomes.length > 0}
          onRun={() => void start()}
          onClose={onClose}
        />
      }
    >
      <SpaceBetween size="m">
        {error !== undefined && <ErrorAlert error={error} />}
        <div>{note}</div>
        <Box>
          {users.length} {users.length === 1 ? "user" : "users"}: {users.slice(0, 5).map((user) => user.PrimaryEmail).join(", ")}
          {users.length > 5 && " …"}
        </Box>
        <Outcomes done={outcomes} of={users.length} isRunning={isRunning} />
      </SpaceBetween>
    </Modal>
  );
}

interface ButtonsProps {
  verb: string;
  ready: boolean;
  isRunning: boolean;
  isDone: boolean;
  onRun: () => void;
  onClose: () => void;
}

function Buttons({ verb, ready, isRunning, isDone, onRun, onClose }: ButtonsProps) {
  return (
    <Box float="right">
      <SpaceBetween direction="horizontal" size="xs">
        <Button variant="link" onClick={onClose}>
          {isDone ? "Close" : "Cancel"}
        </Button>
        <Button variant="primary" disabled={!ready} loading={isRunning} onClick={onRun}>
          {verb}
        </Button>
      </SpaceBetween>
    </Box>
  );
}

function Outcomes({ done, of, isRunning }: { done: Outcome[]; of: number; isRunning: boolean }) {
  if (!isRunning && done.length === 0) return null;
  const failed = done.filter((outcome) => !outcome.ok);
  return (
    <SpaceBetween size="s">
      <ProgressBar
        label="Progress"
        value={of ? (100 * done.length) / of : 100}
        additionalInfo={`${done.length} of ${of}`}
      />
      {!isRunning && failed.length > 0 && (
        <Alert type="warning">
          {failed.length} of {done.length} could not be done.
        </Alert>
      )}
      {!isRunning && (
        <Table
          variant="embedded"
          items={done}
          columnDefinitions={[
            { id: "who", header: "Who", cell: (outcome) => outcome.who },
            {
              id: "what",
              header: "Result",
              cell: (outcome) => (
                <StatusIndicator type={outcome.ok ? "success" : "error"}>{outcome.text}</StatusIndicator>
              ),
            },
          ]}
        />
      )}
    </SpaceBetween>
  );
}
