import Container from "@cloudscape-design/components/container";
import ContentLayout from "@cloudscape-design/components/content-layout";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import Toggle from "@cloudscape-design/components/toggle";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate, useParams } from "react-router-dom";

import { call } from "../../api/client";
import type { ChimeAccount, ChimeAccountSettings } from "../../api/operations";
import { ActionButton } from "../../common/action-button";
import { Confirm } from "../../common/confirm";
import { Denied } from "../../common/denied";
import { ErrorAlert } from "../../common/error-alert";
import { FormDialog } from "../../common/form-dialog";
import { useNotifications } from "../../common/notifications";
import { Time } from "../../common/time";
import { useMay } from "../../permissions";
import { ACCOUNT_TYPES } from "./accounts";

export default function AccountPage() {
  const { accountId = "" } = useParams();
  const query = useQuery({
    queryKey: ["account", accountId],
    queryFn: () => call("chime", "GetAccount", { AccountId: accountId }),
  });
  if (query.isPending) return <Spinner size="large" />;
  if (query.isError) return <ErrorAlert error={query.error} onRetry={() => void query.refetch()} />;
  return <Shown account={query.data.Account} />;
}

function Shown({ account }: { account: ChimeAccount }) {
  const [dialog, setDialog] = useState<"rename" | "delete">();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const { tell } = useNotifications();
  return (
    <ContentLayout
      header={
        <Header
          variant="h1"
          description={`${ACCOUNT_TYPES[account.AccountType]} account`}
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              <ActionButton service="chime" operation="DeleteAccount" onClick={() => setDialog("delete")}>
                Delete
              </ActionButton>
              <ActionButton service="chime" operation="RenameAccount" onClick={() => setDialog("rename")}>
                Rename
              </ActionButton>
            </SpaceBetween>
          }
        >
          {account.Name}
        </Header>
      }
    >
      <SpaceBetween size="l">
        <Container header={<Header variant="h2">Details</Header>}>
          <KeyValuePairs
            columns={3}
            items={[
              { label: "Account ID", value: account.AccountId },
              { label: "AWS account", value: account.AwsAccountId },
              { label: "Status", value: account.AccountStatus },
              { label: "Default licence", value: account.DefaultLicense },
              { label: "Licences", value: account.SupportedLicenses.join(", ") },
              { label: "Created", value: <Time at={account.CreatedTimestamp} /> },
            ]}
          />
        </Container>
        <Container header={<Header variant="h2">What is in it</Header>}>
          <SpaceBetween direction="horizontal" size="xs">
            <ActionButton
              service="chime"
              operation="ListUsers"
              onClick={() => navigate(`/accounts/${account.AccountId}/users`)}
            >
              Users
            </ActionButton>
            <ActionButton
              service="chime"
              operation="ListDomains"
              onClick={() => navigate(`/accounts/${account.AccountId}/domains`)}
            >
              Domains
            </ActionButton>
            <ActionButton
              service="chime"
              operation="ListDelegates"
              onClick={() => navigate(`/accounts/${account.AccountId}/delegates`)}
            >
              Delegates
            </ActionButton>
            {account.AccountType !== "Team" && (
              <ActionButton
                service="chime"
                operation="ListDataExports"
                onClick={() => navigate(`/accounts/${account.AccountId}/attachments`)}
              >
                Attachments
              </ActionButton>
            )}
            <ActionButton
              service="chime"
              operation="ListAccountUsageReportData"
              onClick={() => navigate(`/accounts/${account.AccountId}/usage`)}
            >
              Usage
            </ActionButton>
            <ActionButton
              service="chime"
              operation="ListMeetingReportData"
              onClick={() => navigate(`/accounts/${account.AccountId}/meetings`)}
            >
              Meetings
            </ActionButton>
          </SpaceBetween>
        </Container>
        <Settings accountId={account.AccountId} />
      </SpaceBetween>
      {dialog === "rename" && <Rename account={account} onClose={() => setDialog(undefined)} />}
      {dialog === "delete" && (
        <Confirm
          title={`Delete ${account.Name}?`}
          verb="Delete account"
          typed={account.Name}
          onClose={() => setDialog(undefined)}
          onConfirm={async () => {
            await call("chime", "DeleteAccount", { AccountId: account.AccountId });
            tell(`The account ${account.Name} was deleted.`);
            await queries.invalidateQueries({ queryKey: ["accounts"] });
            navigate("/accounts");
          }}
        >
          The account goes with its settings and content. The operator of this server can restore it for 90 days.
        </Confirm>
      )}
    </ContentLayout>
  );
}

function Rename({ account, onClose }: { account: ChimeAccount; onClose: () => void }) {
  const [name, setName] = useState(account.Name);
  const queries = useQueryClient();
  const { tell } = useNotifications();
  return (
    <FormDialog
      title={`Rename ${account.Name}`}
      verb="Rename"
      service="chime"
      operation="RenameAccount"
      input={{ AccountId: account.AccountId, Name: name }}
      ready={name.trim() !== "" && name !== account.Name}
      onClose={onClose}
      onDone={async ({ Account }) => {
        tell(`The account is called ${Account.Name} now.`);
        await queries.invalidateQueries({ queryKey: ["account", account.AccountId] });
        await queries.invalidateQueries({ queryKey: ["accounts"] });
      }}
    >
      <FormField label="Name" description="Invitations that are sent from now on carry it.">
        <Input value={name} onChange={({ detail }) => setName(detail.value)} autoFocus />
      </FormField>
    </FormDialog>
  );
}

function Settings({ accountId }: { accountId: string }) {
  const may = useMay("chime", "GetAccountSettings");
  const query = useQuery({
    queryKey: ["account-settings", accountId],
    enabled: may,
    queryFn: () => call("chime", "GetAccountSettings", { AccountId: accountId }),
  });
  const header = <Header variant="h2">Settings</Header>;
  if (!may) {
    return (
      <Container header={header}>
        <Denied service="chime" operation="GetAccountSettings" so="they are not shown" />
      </Container>
    );
  }
  if (query.isError) return <ErrorAlert error={query.error} />;
  if (query.isPending) return <Spinner />;
  return <SettingsForm accountId={accountId} settings={query.data.AccountSettings} />;
}

function SettingsForm({ accountId, settings }: { accountId: string; settings: ChimeAccountSettings }) {
  const [changed, setChanged] = useState<ChimeAccountSettings>({});
  const [busy, setBusy] = useState(false);
  const queries = useQueryClient();
  const may = useMay("chime", "UpdateAccountSettings");
  const { tell, fail } = useNotifications();
  const now = { ...settings, ...changed };

  const toggles = (
    <SpaceBetween size="s">
      <Toggle
        checked={!now.DisableRemoteControl}
        disabled={!may}
        onChange={({ detail }) => setChanged({ ...changed, DisableRemoteControl: !detail.checked })}
        description="People may hand over control of a screen they share."
      >
        Remote control of shared screens
      </Toggle>
      <Toggle
        checked={now.EnableDialOut ?? false}
        disabled={!may}
        onChange={({ detail }) => setChanged({ ...changed, EnableDialOut: detail.checked })}
        description="People may have a meeting call them when they join."
      >
        “Call me” on joining a meeting
      </Toggle>
    </SpaceBetween>
  );

  async function save() {
    setBusy(true);
    try {
      await call("chime", "UpdateAccountSettings", { AccountId: accountId, AccountSettings: changed });
      await queries.invalidateQueries({ queryKey: ["account-settings", accountId] });
      setChanged({});
      tell("The settings are saved. They count for meetings that start from now on.");
    } catch (error) {
      fail(error);
    } finally {
      setBusy(false);
    }
  }

  return (
    <Container
      header={
        <Header
          variant="h2"
          actions={
            may && (
              <ActionButton
                service="chime"
                operation="UpdateAccountSettings"
                loading={busy}
                disabled={Object.keys(changed).length === 0}
                onClick={() => void save()}
              >
                Save settings
              </ActionButton>
            )
          }
        >
          Settings
        </Header>
      }
    >
      {may ? (
        toggles
      ) : (
        <Denied service="chime" operation="UpdateAccountSettings" so="you cannot change them">
          {toggles}
        </Denied>
      )}
    </Container>
  );
}
