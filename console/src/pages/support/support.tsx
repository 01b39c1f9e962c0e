import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Select from "@cloudscape-design/components/select";
import StatusIndicator, { type StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";
import Textarea from "@cloudscape-design/components/textarea";
import { useState } from "react";

import { type Input as OperationInput, call } from "../../api/client";
import { ActionButton } from "../../common/action-button";
import { Denied } from "../../common/denied";
import { FormDialog } from "../../common/form-dialog";
import { ListTable } from "../../common/list-table";
import { useNotifications } from "../../common/notifications";
import { usePagesOf } from "../../common/pages-of";
import { Time } from "../../common/time";
import { useMay } from "../../permissions";

type Request = OperationInput<"chime", "SubmitSupportRequest">;
type Severity = NonNullable<Request["Severity"]>;

const STATUS: Record<string, StatusIndicatorProps.Type> = { Submitted: "pending", Sent: "success", Failed: "error" };
const SEVERITIES: Severity[] = ["Low", "Normal", "High", "Urgent"];

export default function Support() {
  const [isWriting, setWriting] = useState(false);
  const may = useMay("chime", "ListSupportRequests");
  const list = usePagesOf(
    ["support-requests"],
    async (NextToken) => {
      const answer = await call("chime", "ListSupportRequests", { NextToken, MaxResults: 50 });
      return { items: answer.SupportRequests, next: answer.NextToken };
    },
    may,
  );
  return (
    <>
      <ListTable
        title="Support requests"
        description="They go to whoever runs this server, by mail."
        list={list}
        trackBy="SupportRequestId"
        columns={[
          { id: "subject", header: "Subject", cell: (request) => request.Subject ?? "–", isRowHeader: true },
          {
            id: "status",
            header: "Status",
            cell: (request) => (
              <StatusIndicator type={STATUS[request.Status] ?? "info"}>{request.Status}</StatusIndicator>
            ),
          },
          { id: "severity", header: "Severity", cell: (request) => request.Severity },
          { id: "time", header: "Submitted", cell: (request) => <Time at={request.SubmittedTimestamp} /> },
          { id: "by", header: "By", cell: (request) => request.SubmittedBy },
        ]}
        actions={
          <ActionButton
            service="chime"
            operation="SubmitSupportRequest"
            variant="primary"
            onClick={() => setWriting(true)}
          >
            Write a request
          </ActionButton>
        }
        empty={
          may ? "No requests yet" : <Denied service="chime" operation="ListSupportRequests" so="none are shown" />
        }
      />
      {isWriting && <Write onClose={() => setWriting(false)} onSent={() => list.refresh()} />}
    </>
  );
}

function Write({ onClose, onSent }: { onClose: () => void; onSent: () => void }) {
  const [request, setRequest] = useState<Request>({
    Subject: "",
    Description: "",
    ContactEmail: "",
    Severity: "Normal",
  });
  const [occurred, setOccurred] = useState("");
  const { tell } = useNotifications();
  const set = (members: Partial<Request>) => setRequest({ ...request, ...members });
  const input = {
    ...request,
    AccountId: request.AccountId || undefined,
    MeetingId: request.MeetingId || undefined,
    ClientVersion: request.ClientVersion || undefined,
    LogReferenceId: request.LogReferenceId || undefined,
    OccurredAt: occurred ? new Date(occurred).toISOString() : undefined,
  };
  return (
    <FormDialog
      title="Write a support request"
      verb="Send"
      service="chime"
      operation="SubmitSupportRequest"
      input={input}
      ready={request.Subject !== "" && request.Description !== "" && request.ContactEmail.includes("@")}
      onClose={onClose}
      onDone={() => {
        tell("Your request is on its way.");
        onSent();
      }}
    >
      <FormField label="Subject">
        <Input value={request.Subject} onChange={({ detail }) => set({ Subject: detail.value })} autoFocus />
      </FormField>
      <FormField label="What happened">
        <Textarea value={request.Description} rows={5} onChange={({ detail }) => set({ Description: detail.value })} />
      </FormField>
      <FormField label="Your e-mail address" description="The answer goes there.">
        <Input value={request.ContactEmail} onChange={({ detail }) => set({ ContactEmail: detail.value })} />
      </FormField>
      <FormField label="Severity">
        <Select
          selectedOption={{ value: request.Severity, label: request.Severity }}
          options={SEVERITIES.map((value) => ({ value, label: value }))}
          onChange={({ detail }) => set({ Severity: detail.selectedOption.value as Severity })}
        />
      </FormField>
      <FormField label="When it happened" description="Date and time in your zone. Optional.">
        <input
          type="datetime-local"
          aria-label="When it happened"
          value={occurred}
          onChange={(event) => setOccurred(event.target.value)}
        />
      </FormField>
      <FormField label="Meeting ID" description="Optional.">
        <Input value={request.MeetingId ?? ""} onChange={({ detail }) => set({ MeetingId: detail.value })} />
      </FormField>
      <FormField label="Client version" description="Optional.">
        <Input value={request.ClientVersion ?? ""} onChange={({ detail }) => set({ ClientVersion: detail.value })} />
      </FormField>
      <FormField label="Log reference" description="Optional.">
        <Input value={request.LogReferenceId ?? ""} onChange={({ detail }) => set({ LogReferenceId: detail.value })} />
      </FormField>
    </FormDialog>
  );
}
