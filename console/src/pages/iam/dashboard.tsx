// IAM at a glance: what there is, what the AWS account is called, and what passwords must be.

import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";

import { call } from "../../api/client";
import { ActionButton } from "../../common/action-button";
import { Confirm } from "../../common/confirm";
import { download } from "../../common/csv";
import { useNotifications } from "../../common/notifications";
import { RouteLink } from "../../common/route-link";
import { Section, useRead } from "../../common/section";
import { useMay } from "../../permissions";
import { NameForm } from "./name-form";
import { PasswordPolicy } from "./password-policy";

export default function Dashboard() {
  return (
    <ContentLayout header={<Header variant="h1">Access at a glance</Header>}>
      <SpaceBetween size="l">
        <Summary />
        <Alias />
        <PasswordPolicy />
        <Report />
      </SpaceBetween>
    </ContentLayout>
  );
}

/** What is counted, with its quota if it has one, and where it is listed. */
const COUNTS: { count: string; quota?: string; label: string; to?: string }[] = [
  { count: "Users", quota: "UsersQuota", label: "Users", to: "/iam/users" },
  { count: "Groups", quota: "GroupsQuota", label: "Groups", to: "/iam/groups" },
  { count: "Roles", quota: "RolesQuota", label: "Roles", to: "/iam/roles" },
  { count: "Policies", quota: "PoliciesQuota", label: "Policies of your own", to: "/iam/policies" },
  { count: "InstanceProfiles", quota: "InstanceProfilesQuota", label: "Instance profiles", to: "/iam/instance-profiles" },
  {
    count: "ServerCertificates",
    quota: "ServerCertificatesQuota",
    label: "Server certificates",
    to: "/iam/server-certificates",
  },
  { count: "Providers", label: "Identity providers" },
  { count: "MFADevices", label: "MFA devices" },
  { count: "MFADevicesInUse", label: "MFA devices in use" },
];

function Summary() {
  const read = useRead("iam", "GetAccountSummary", "nothing is counted", ["account-summary"], async () => {
    return (await call("iam", "GetAccountSummary", {})).SummaryMap;
  });
  return (
    <Section title="What there is" read={read}>
      {(counted) => (
        <SpaceBetween size="m">
          <KeyValuePairs
            columns={3}
            items={COUNTS.filter(({ count }) => counted[count] !== undefined).map(({ count, quota, label, to }) => ({
              label,
              value: (
                <>
                  {to ? <RouteLink to={to}>{String(counted[count])}</RouteLink> : counted[count]}
                  {quota && counted[quota] !== undefined && ` of ${counted[quota]}`}
                </>
              ),
            }))}
          />
          <KeyValuePairs
            columns={2}
            items={[
              { label: "Root has an MFA device", value: counted.AccountMFAEnabled ? "yes" : "no" },
              { label: "Root has access keys", value: counted.AccountAccessKeysPresent ? "yes" : "no" },
            ]}
          />
        </SpaceBetween>
      )}
    </Section>
  );
}

function Alias() {
  const [dialog, setDialog] = useState<"set" | "remove">();
  const { tell } = useNotifications();
  const read = useRead("iam", "ListAccountAliases", "it is not shown", ["account-alias"], async () => {
    return (await call("iam", "ListAccountAliases", {})).AccountAliases[0] ?? "";
  });
  const close = () => setDialog(undefined);
  return (
    <>
      <Section
        title="Alias of the AWS account"
        description="Whoever signs in can give it instead of the account ID."
        read={read}
        actions={
          <>
            <ActionButton
              service="iam"
              operation="DeleteAccountAlias"
              disabled={!read.data}
              onClick={() => setDialog("remove")}
            >
              Remove alias
            </ActionButton>
            <ActionButton service="iam" operation="CreateAccountAlias" onClick={() => setDialog("set")}>
              Set alias
            </ActionButton>
          </>
        }
      >
        {(alias) => (alias ? <Box variant="code">{alias}</Box> : "None")}
      </Section>
      {dialog === "set" && (
        <NameForm
          title="Set alias"
          operation="CreateAccountAlias"
          label="Alias"
          constraint="3 to 63 small letters, digits and hyphens."
          input={(AccountAlias) => ({ AccountAlias })}
          onClose={close}
          onDone={(name) => {
            tell(`The AWS account is called ${name}.`);
            void read.refetch();
          }}
        />
      )}
      {dialog === "remove" && read.data && (
        <Confirm
          title={`Remove the alias ${read.data}?`}
          verb="Remove"
          onClose={close}
          onConfirm={async () => {
            await call("iam", "DeleteAccountAlias", { AccountAlias: read.data ?? "" });
            tell("The alias is removed.");
            await read.refetch();
          }}
        >
          Addresses that have it, /{read.data}/console among them, stop working. Others may take it.
        </Confirm>
      )}
    </>
  );
}

/** How long to wait for a report, and between looks. */
const PATIENCE = 60;
const PAUSE = 500;

function Report() {
  const [busy, setBusy] = useState(false);
  const { fail } = useNotifications();

  async function fetch() {
    setBusy(true);
    try {
      for (let look = 0; (await call("iam", "GenerateCredentialReport", {})).State !== "COMPLETE"; look++) {
        if (look >= PATIENCE) throw new Error("The report is not ready yet. Try again in a minute.");
        await new Promise((resolve) => setTimeout(resolve, PAUSE));
      }
      const { Content } = await call("iam", "GetCredentialReport", {});
      const bytes = Uint8Array.from(atob(Content), (letter) => letter.charCodeAt(0));
      download("credential-report.csv", new TextDecoder().decode(bytes));
    } catch (error) {
      fail(error);
    } finally {
      setBusy(false);
    }
  }

  const may = useMay("iam", "GetCredentialReport");
  return (
    <Container
      header={
        <Header
          variant="h2"
          description="Every user with the age and last use of password, keys, certificates and devices."
          actions={
            <ActionButton
              service="iam"
              operation={may ? "GenerateCredentialReport" : "GetCredentialReport"}
              iconName="download"
              loading={busy}
              onClick={() => void fetch()}
            >
              Download as CSV
            </ActionButton>
          }
        >
          Credential report
        </Header>
      }
    />
  );
}
