import FileInput from "@cloudscape-design/components/file-input";
import FormField from "@cloudscape-design/components/form-field";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Textarea from "@cloudscape-design/components/textarea";
import { useMemo, useState } from "react";

import { call } from "../../api/client";
import { CopyAs } from "../../common/copy-as";
import { addressesIn } from "./addresses";
import { BATCH, InBatches } from "./batches";
import type { Closing } from "./user-batch";

/** Invites people, as many as a file has, and tells of each row what came of it. */
export function Invite({ accountId: AccountId, onClose, onDone }: Closing & { accountId: string }) {
  const [text, setText] = useState("");
  const { addresses, others } = useMemo(() => addressesIn(text), [text]);
  return (
    <InBatches
      title="Invite users"
      verb="Invite"
      width="large"
      items={addresses}
      size={BATCH}
      known={others.map(({ line, text }) => ({ who: `Line ${line}: ${text}`, ok: false, text: "There is no address in it." }))}
      nameOf={(address) => address}
      run={async (UserEmailList) => {
        const { Invites } = await call("chime", "InviteUsers", { AccountId, UserEmailList });
        return Invites.map((invite, index) => ({
          who: invite.EmailAddress ?? UserEmailList[index] ?? "",
          ok: invite.Status !== "Failed" && invite.EmailStatus !== "Failed",
          text:
            invite.Status === "Accepted"
              ? "Is a member already"
              : invite.Status === "Failed"
                ? "Cannot be invited: belongs to another account"
                : `${invite.Status}, mail ${invite.EmailStatus === "Sent" ? "on its way" : "not sent"}`,
        }));
      }}
      onClose={onClose}
      onDone={onDone}
    >
      <SpaceBetween size="m">
        <FormField
          label="E-mail addresses"
          description="One a line or with commas between them, or the content of a CSV file."
          constraintText={`${counted(addresses.length, "address", "addresses")}${
            others.length ? `, and ${counted(others.length, "line", "lines")} without one` : ""
          }`}
          stretch
        >
          <Textarea value={text} rows={6} onChange={({ detail }) => setText(detail.value)} autoFocus />
        </FormField>
        <FormField label="From a CSV file">
          <FileInput
            value={[]}
            accept=".csv,.txt,text/csv,text/plain"
            ariaLabel="CSV file with addresses"
            onChange={({ detail }) => void detail.value[0]?.text().then(setText)}
          >
            Choose file
          </FileInput>
        </FormField>
        <CopyAs
          service="chime"
          operation="InviteUsers"
          input={{ AccountId, UserEmailList: addresses.slice(0, BATCH) }}
        />
      </SpaceBetween>
    </InBatches>
  );
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
