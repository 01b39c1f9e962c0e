import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import CopyToClipboard from "@cloudscape-design/components/copy-to-clipboard";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import StatusIndicator, { type StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useParams } from "react-router-dom";

import { call } from "../../api/client";
import type { ChimeDomain } from "../../api/operations";
import { ActionButton } from "../../common/action-button";
import { Confirm } from "../../common/confirm";
import { ErrorAlert } from "../../common/error-alert";
import { FormDialog } from "../../common/form-dialog";
import { ListTable } from "../../common/list-table";
import { useNotifications } from "../../common/notifications";
import { usePagesOf } from "../../common/pages-of";
import { Time } from "../../common/time";
import { useMay } from "../../permissions";

const STATUS: Record<ChimeDomain["Status"], [StatusIndicatorProps.Type, string]> = {
  PendingVerification: ["pending", "Pending verification"],
  Verified: ["success", "Verified"],
  VerificationFailed: ["error", "Verification failed"],
};

const RESULTS: Record<NonNullable<ChimeDomain["LastCheckResult"]>, string> = {
  RecordNotFound: "There is no such record yet.",
  ValueMismatch: "There is a record, but with another value.",
  DnsError: "The name server did not answer.",
  ClaimedByAnotherAccount: "Another account has proved this domain.",
  Found: "The record is there.",
};

/** How often a page looks whether a claim was proved meanwhile. */
const LOOK_AGAIN = 5_000;

export default function Domains() {
  const { accountId: AccountId = "" } = useParams();
  const [isAdding, setAdding] = useState(false);
  const [shown, setShown] = useState<string>();
  const [deleted, setDeleted] = useState<string>();
  const list = usePagesOf(["domains", AccountId], async (NextToken) => {
    const answer = await call("chime", "ListDomains", { AccountId, NextToken, MaxResults: 99 });
    return { items: answer.Domains, next: answer.NextToken };
  });
  const refresh = () => void list.refresh();
  return (
    <>
      <ListTable
        title="Domains"
        description="People with an address of a verified domain are managed by this account."
        list={list}
        trackBy="DomainName"
        columns={[
          {
            id: "name",
            header: "Domain",
            isRowHeader: true,
            cell: (domain) => (
              <ActionButton
                service="chime"
                operation="GetDomain"
                variant="inline-link"
                onClick={() => setShown(domain.DomainName)}
              >
                {domain.DomainName}
              </ActionButton>
            ),
          },
          { id: "status", header: "Status", cell: (domain) => <Status domain={domain} /> },
          { id: "checked", header: "Last looked up", cell: (domain) => <Time at={domain.LastCheckedTimestamp} /> },
          { id: "verified", header: "Verified", cell: (domain) => <Time at={domain.VerifiedTimestamp} /> },
          {
            id: "actions",
            header: "Actions",
            cell: (domain) => (
              <ActionButton
                service="chime"
                operation="DeleteDomain"
                variant="inline-link"
                ariaLabel={`Remove ${domain.DomainName}`}
                onClick={() => setDeleted(domain.DomainName)}
              >
                Remove
              </ActionButton>
            ),
          },
        ]}
        actions={
          <ActionButton service="chime" operation="AddDomain" variant="primary" onClick={() => setAdding(true)}>
            Claim a domain
          </ActionButton>
        }
        empty="No domains yet"
      />
      {isAdding && (
        <Add
          accountId={AccountId}
          onClose={() => setAdding(false)}
          onAdded={(domain) => {
            refresh();
            setShown(domain.DomainName);
          }}
        />
      )}
      {shown && <Details accountId={AccountId} name={shown} onClose={() => setShown(undefined)} onChange={refresh} />}
      {deleted && (
        <Remove accountId={AccountId} name={deleted} onClose={() => setDeleted(undefined)} onRemoved={refresh} />
      )}
    </>
  );
}

function Status({ domain }: { domain: ChimeDomain }) {
  const [type, text] = STATUS[domain.Status];
  return <StatusIndicator type={type}>{text}</StatusIndicator>;
}

interface AddProps {
  accountId: string;
  onClose: () => void;
  onAdded: (domain: ChimeDomain) => void;
}

function Add({ accountId, onClose, onAdded }: AddProps) {
  const [name, setName] = useState("");
  return (
    <FormDialog
      title="Claim a domain"
      verb="Claim"
      service="chime"
      operation="AddDomain"
      input={{ AccountId: accountId, DomainName: name.trim() }}
      ready={name.trim() !== ""}
      onClose={onClose}
      onDone={({ Domain }) => onAdded(Domain)}
    >
      <FormField
        label="Domain"
        description="What comes after the @ in the addresses of your people. Sub-domains are claimed one by one."
        constraintText="For example example.com. International names are fine."
      >
        <Input value={name} onChange={({ detail }) => setName(detail.value)} autoFocus spellcheck={false} />
      </FormField>
    </FormDialog>
  );
}

interface DetailsProps {
  accountId: string;
  name: string;
  onClose: () => void;
  onChange: () => void;
}

/** A domain with the record that proves it. It looks by itself whether the record was found. */
function Details({ accountId: AccountId, name: DomainName, onClose, onChange }: DetailsProps) {
  const { tell, fail } = useNotifications();
  const query = useQuery({
    queryKey: ["domain", AccountId, DomainName],
    queryFn: async () => (await call("chime", "GetDomain", { AccountId, DomainName })).Domain,
    refetchInterval: ({ state }) => (state.data?.Status === "PendingVerification" ? LOOK_AGAIN : false),
  });

  async function restart() {
    try {
      await call("chime", "AddDomain", { AccountId, DomainName });
      tell(`The claim of ${DomainName} begins again, with a new record.`);
      await query.refetch();
      onChange();
    } catch (error) {
      fail(error);
    }
  }

  const domain = query.data;
  return (
    <Modal
      visible
      size="large"
      header={DomainName}
      onDismiss={() => {
        onChange();
        onClose();
      }}
    >
      {query.isError && <ErrorAlert error={query.error} />}
      {query.isPending && <Spinner />}
      {domain && (
        <SpaceBetween size="l">
          <div role="status">
            <Status domain={domain} />
            {domain.LastCheckResult && domain.Status !== "Verified" && <Box>{RESULTS[domain.LastCheckResult]}</Box>}
          </div>
          {domain.Status === "VerificationFailed" && (
            <Alert
              type="warning"
              action={
                <ActionButton service="chime" operation="AddDomain" onClick={() => void restart()}>
                  Begin again
                </ActionButton>
              }
            >
              The record was not found in time. Beginning again gives another one.
            </Alert>
          )}
          {domain.VerificationRecord && (
            <>
              <Box>
                Put this record into the DNS of the domain. The server looks for it by itself, and this page shows when
                it was found. {domain.NextCheckTimestamp && <>It looks next at </>}
                {domain.NextCheckTimestamp && <Time at={domain.NextCheckTimestamp} />}
              </Box>
              <KeyValuePairs
                columns={1}
                items={[
                  { label: "Type", value: domain.VerificationRecord.Type },
                  { label: "Name", value: <Copyable text={domain.VerificationRecord.Name} what="the name" /> },
                  { label: "Value", value: <Copyable text={domain.VerificationRecord.Value} what="the value" /> },
                ]}
              />
              <Effects accountId={AccountId} name={DomainName} />
            </>
          )}
        </SpaceBetween>
      )}
    </Modal>
  );
}

function Copyable({ text, what }: { text: string; what: string }) {
  return (
    <SpaceBetween direction="horizontal" size="xs" alignItems="center">
      <Box variant="code">{text}</Box>
      <CopyToClipboard
        variant="icon"
        copyButtonAriaLabel={`Copy ${what}`}
        textToCopy={text}
        copySuccessText="Copied"
        copyErrorText="It could not be copied"
      />
    </SpaceBetween>
  );
}

/** What a claim or a release would do to people. */
function Effects({ accountId: AccountId, name: DomainName }: { accountId: string; name: string }) {
  const may = useMay("chime", "PreviewDomainChange");
  const query = useQuery({
    queryKey: ["domain-effects", AccountId, DomainName],
    enabled: may,
    retry: false,
    queryFn: async () => (await call("chime", "PreviewDomainChange", { AccountId, DomainName })).DomainEffects,
  });
  if (!query.data) return null;
  const { Claim, Release, IsTruncated } = query.data;
  const lines: [number, string][] = Claim
    ? [
        [Claim.TeamMembersJoining ?? 0, "members of your other Team accounts move into this one"],
        [Claim.OthersInvitationsEnding ?? 0, "invitations of your other accounts to addresses of the domain end"],
        [Claim.OwnInvitationsEnding, "invitations of this account to other addresses end"],
        [Claim.ForeignMembersStaying, "members with other addresses stay"],
      ]
    : Release
      ? [
          [Release.SignedOut, "people are signed out at once"],
          [Release.Released, "people are released, and their addresses are free again"],
          [Release.Deleted, "people are deleted"],
          [Release.StayingSuspended, "people stay suspended"],
          [Release.InvitationsEnding, "invitations end"],
        ]
      : [];
  const counted = lines.filter(([count]) => count > 0);
  return (
    <Alert type="info" header={Claim ? "When the claim is proved" : "When the domain is removed"}>
      {counted.length === 0 && (Claim ? "Nobody of yours is affected." : "Nobody is affected.")}
      {counted.map(([count, text]) => (
        <div key={text}>
          {IsTruncated && "At least "}
          {count} {text}.
        </div>
      ))}
      {Claim && (
        <div>
          Registered people of the domain who are in no account, or in Team accounts of others, join as well. They are
          not counted while the claim is not proved.
        </div>
      )}
    </Alert>
  );
}

interface RemoveProps {
  accountId: string;
  name: string;
  onClose: () => void;
  onRemoved: () => void;
}

function Remove({ accountId: AccountId, name: DomainName, onClose, onRemoved }: RemoveProps) {
  const { tell } = useNotifications();
  const queries = useQueryClient();
  return (
    <Confirm
      title={`Remove ${DomainName}?`}
      verb="Remove domain"
      typed={DomainName}
      onClose={onClose}
      onConfirm={async () => {
        await call("chime", "DeleteDomain", { AccountId, DomainName });
        tell(`${DomainName} is no longer a domain of this account.`);
        queries.removeQueries({ queryKey: ["domain", AccountId, DomainName] });
        onRemoved();
      }}
    >
      <Effects accountId={AccountId} name={DomainName} />
    </Confirm>
  );
}
