import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import TextFilter from "@cloudscape-design/components/text-filter";
import { useState } from "react";
import { useNavigate } from "react-router-dom";

import { call } from "../../api/client";
import { ActionButton } from "../../common/action-button";
import { FormDialog } from "../../common/form-dialog";
import { ListTable } from "../../common/list-table";
import { useNotifications } from "../../common/notifications";
import { usePagesOf } from "../../common/pages-of";
import { RouteLink } from "../../common/route-link";
import { Time } from "../../common/time";
import { useDelayed } from "../../common/use-delayed";

/** What the types are called in the console; the names on the wire are AWS's. */
export const ACCOUNT_TYPES: Record<string, string> = {
  Team: "Team",
  EnterpriseLWA: "Enterprise",
  EnterpriseDirectory: "Enterprise, Active Directory",
  EnterpriseOIDC: "Enterprise, Okta",
};

export default function Accounts() {
  const [text, setText] = useState("");
  const [isCreating, setCreating] = useState(false);
  const asked = useDelayed(text.trim());
  const list = usePagesOf(["accounts", asked], async (NextToken) => {
    // What has an @ is somebody's address, and everything else the beginning of a name.
    const filter = asked === "" ? {} : asked.includes("@") ? { UserEmail: asked } : { Name: asked };
    const answer = await call("chime", "ListAccounts", { ...filter, NextToken, MaxResults: 50 });
    return { items: answer.Accounts, next: answer.NextToken };
  });
  return (
    <>
      <ListTable
        title="Accounts"
        description="A Chime account has users, domains, an identity source and settings."
        list={list}
        trackBy="AccountId"
        columns={[
          {
            id: "name",
            header: "Name",
            cell: (account) => <RouteLink to={`/accounts/${account.AccountId}`}>{account.Name}</RouteLink>,
            isRowHeader: true,
          },
          { id: "type", header: "Type", cell: (account) => ACCOUNT_TYPES[account.AccountType] },
          {
            id: "status",
            header: "Status",
            cell: (account) => (
              <StatusIndicator type={account.AccountStatus === "Active" ? "success" : "stopped"}>
                {account.AccountStatus}
              </StatusIndicator>
            ),
          },
          { id: "license", header: "Default licence", cell: (account) => account.DefaultLicense },
          { id: "created", header: "Created", cell: (account) => <Time at={account.CreatedTimestamp} /> },
          { id: "id", header: "Account ID", cell: (account) => account.AccountId },
        ]}
        filter={
          <TextFilter
            filteringText={text}
            onChange={({ detail }) => setText(detail.filteringText)}
            filteringPlaceholder="Beginning of a name, or the e-mail address of a user"
            filteringAriaLabel="Find accounts"
          />
        }
        actions={
          <ActionButton service="chime" operation="CreateAccount" variant="primary" onClick={() => setCreating(true)}>
            Create account
          </ActionButton>
        }
        empty={asked ? "No account matches" : "No accounts yet"}
      />
      {isCreating && <Create onClose={() => setCreating(false)} onCreated={() => void list.refresh()} />}
    </>
  );
}

function Create({ onClose, onCreated }: { onClose: () => void; onCreated: () => void }) {
  const [name, setName] = useState("");
  const navigate = useNavigate();
  const { tell } = useNotifications();
  return (
    <FormDialog
      title="Create account"
      verb="Create account"
      service="chime"
      operation="CreateAccount"
      input={{ Name: name }}
      ready={name.trim() !== ""}
      onClose={onClose}
      onDone={({ Account }) => {
        tell(`The account ${Account.Name} was created.`);
        onCreated();
        navigate(`/accounts/${Account.AccountId}`);
      }}
    >
      <FormField label="Name" description="Shown in invitations." constraintText="1 to 100 characters.">
        <Input value={name} onChange={({ detail }) => setName(detail.value)} autoFocus />
      </FormField>
    </FormDialog>
  );
}
