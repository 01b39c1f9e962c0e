import Checkbox from "@cloudscape-design/components/checkbox";
import DatePicker from "@cloudscape-design/components/date-picker";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator, { type StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate, useParams } from "react-router-dom";

import { call } from "../../api/client";
import type { ChimeDelegate } from "../../api/operations";
import { ActionButton } from "../../common/action-button";
import { Confirm } from "../../common/confirm";
import { FormDialog } from "../../common/form-dialog";
import { ListTable } from "../../common/list-table";
import { useNotifications } from "../../common/notifications";
import { usePagesOf } from "../../common/pages-of";
import { Time } from "../../common/time";
import { usePermissions } from "../../permissions";
import { PolicyEditor } from "../iam/policy-editor";

const STATUS: Record<string, StatusIndicatorProps.Type> = { Pending: "pending", Active: "success", Expired: "stopped" };

const BOUNDARY = `{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": ["chime:Get*", "chime:List*"],
      "Resource": "*"
    }
  ]
}
`;

export default function Delegates() {
  const { accountId: AccountId = "" } = useParams();
  const [selected, setSelected] = useState<ChimeDelegate[]>([]);
  const [dialog, setDialog] = useState<"invite" | "end">();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const own = usePermissions().principal.split(":")[4];
  const { tell, fail } = useNotifications();
  const list = usePagesOf(["delegates", AccountId], async (NextToken) => {
    const answer = await call("chime", "ListDelegates", { AccountId, NextToken, MaxResults: 99 });
    return { items: answer.Delegates, next: answer.NextToken };
  });
  const close = () => setDialog(undefined);
  const chosen = selected[0];

  async function renew() {
    if (!chosen) return;
    try {
      await call("chime", "RenewDelegate", { AccountId, DelegateId: chosen.DelegateId });
      tell(`Another invitation is on its way to ${chosen.InvitedEmail}. The one before is void.`);
      void list.refresh();
    } catch (error) {
      fail(error);
    }
  }

  return (
    <>
      <ListTable
        title="Delegates"
        description="Other AWS accounts that manage this account, within the policies of their own users."
        list={list}
        trackBy="DelegateId"
        nameOf={(delegate) => delegate.InvitedEmail ?? delegate.DelegateId}
        selected={selected}
        onSelect={setSelected}
        selectionType="single"
        columns={[
          { id: "email", header: "Invited", cell: (delegate) => delegate.InvitedEmail ?? "–", isRowHeader: true },
          {
            id: "status",
            header: "Status",
            cell: (delegate) => (
              <StatusIndicator type={STATUS[delegate.Status] ?? "info"}>{delegate.Status}</StatusIndicator>
            ),
          },
          { id: "aws", header: "AWS account", cell: (delegate) => delegate.DelegateAwsAccountId ?? "–" },
          { id: "owner", header: "Owner", cell: (delegate) => delegate.OwnerAwsAccountId },
          { id: "boundary", header: "Boundary", cell: (delegate) => (delegate.HasBoundaryPolicy ? "yes" : "no") },
          { id: "accepted", header: "Accepted", cell: (delegate) => <Time at={delegate.AcceptedTimestamp} /> },
          {
            id: "ends",
            header: "Ends",
            cell: (delegate) => <Time at={delegate.EndTimestamp ?? delegate.ExpirationTimestamp} />,
          },
        ]}
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <ActionButton
              service="chime"
              operation="RenewDelegate"
              disabled={!chosen || chosen.Status === "Active"}
              onClick={() => void renew()}
            >
              Invite again
            </ActionButton>
            <ActionButton service="chime" operation="DeleteDelegate" disabled={!chosen} onClick={() => setDialog("end")}>
              End
            </ActionButton>
            <ActionButton service="chime" operation="InviteDelegate" variant="primary" onClick={() => setDialog("invite")}>
              Invite a delegate
            </ActionButton>
          </SpaceBetween>
        }
        empty="Nobody else manages this account"
      />
      {dialog === "invite" && <Invite accountId={AccountId} onClose={close} onInvited={() => void list.refresh()} />}
      {dialog === "end" && chosen && (
        <Confirm
          title="End this delegation?"
          verb="End"
          onClose={close}
          onConfirm={async () => {
            await call("chime", "DeleteDelegate", { AccountId, DelegateId: chosen.DelegateId });
            tell("The delegation has ended. It counts from the next request on.");
            // Whoever was lent the account has no more to look at here.
            if (chosen.OwnerAwsAccountId !== own) {
              await queries.invalidateQueries({ queryKey: ["accounts"] });
              navigate("/accounts");
              return;
            }
            setSelected([]);
            void list.refresh();
          }}
        >
          {chosen.Status === "Active"
            ? `AWS account ${chosen.DelegateAwsAccountId} can no longer manage this account.`
            : "The invitation is taken back."}
        </Confirm>
      )}
    </>
  );
}

interface InviteProps {
  accountId: string;
  onClose: () => void;
  onInvited: () => void;
}

function Invite({ accountId, onClose, onInvited }: InviteProps) {
  const [email, setEmail] = useState("");
  const [reason, setReason] = useState("");
  const [end, setEnd] = useState("");
  const [isBounded, setBounded] = useState(false);
  const [boundary, setBoundary] = useState(BOUNDARY);
  const { tell } = useNotifications();
  return (
    <FormDialog
      title="Invite a delegate"
      verb="Invite"
      service="chime"
      operation="InviteDelegate"
      input={{
        AccountId: accountId,
        Email: email.trim(),
        Reason: reason || undefined,
        EndTimestamp: end ? new Date(`${end}T23:59:59`).toISOString() : undefined,
        BoundaryPolicy: isBounded ? boundary : undefined,
      }}
      ready={email.includes("@")}
      onClose={onClose}
      onDone={() => {
        tell(`${email} gets a mail with what to do.`);
        onInvited();
      }}
    >
      <FormField label="E-mail address" description="Of whoever administers the other AWS account.">
        <Input value={email} onChange={({ detail }) => setEmail(detail.value)} autoFocus />
      </FormField>
      <FormField label="Reason" description="Shown to both sides. Optional.">
        <Input value={reason} onChange={({ detail }) => setReason(detail.value)} />
      </FormField>
      <FormField label="Last day" description="Optional; without one the delegation lasts until somebody ends it.">
        <DatePicker
          value={end}
          onChange={({ detail }) => setEnd(detail.value)}
          isDateEnabled={(date) => date > new Date()}
          placeholder="YYYY/MM/DD"
          openCalendarAriaLabel={(date) => (date ? `Choose a day, ${date} is chosen` : "Choose a day")}
        />
      </FormField>
      <Checkbox
        checked={isBounded}
        onChange={({ detail }) => setBounded(detail.checked)}
        description="What this policy does not allow, the delegate cannot do, whatever its own policies say."
      >
        Set a boundary
      </Checkbox>
      {isBounded && <PolicyEditor value={boundary} onChange={setBoundary} />}
    </FormDialog>
  );
}
