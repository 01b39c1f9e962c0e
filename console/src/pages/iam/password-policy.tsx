import Checkbox from "@cloudscape-design/components/checkbox";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import { useState } from "react";

import { type Input as OperationInput, call, unlessMissing } from "../../api/client";
import type { IamPasswordPolicy } from "../../api/operations";
import { ActionButton } from "../../common/action-button";
import { Confirm } from "../../common/confirm";
import { FormDialog } from "../../common/form-dialog";
import { useNotifications } from "../../common/notifications";
import { Section, useRead } from "../../common/section";

type Rules = OperationInput<"iam", "UpdateAccountPasswordPolicy">;

const CHOICES: { name: keyof Rules & keyof IamPasswordPolicy; label: string }[] = [
  { name: "RequireUppercaseCharacters", label: "A capital letter" },
  { name: "RequireLowercaseCharacters", label: "A small letter" },
  { name: "RequireNumbers", label: "A digit" },
  { name: "RequireSymbols", label: "A symbol" },
  { name: "AllowUsersToChangePassword", label: "Users may change their own password" },
  { name: "HardExpiry", label: "Who let it expire needs an administrator" },
];

export function PasswordPolicy() {
  const [dialog, setDialog] = useState<"change" | "delete">();
  const { tell } = useNotifications();
  const read = useRead("iam", "GetAccountPasswordPolicy", "it is not shown", ["password-policy"], async () => {
    return (await unlessMissing(call("iam", "GetAccountPasswordPolicy", {})))?.PasswordPolicy ?? null;
  });
  const rules = read.data;
  const close = () => setDialog(undefined);
  return (
    <>
      <Section
        title="Password policy"
        description="Of the passwords of IAM users."
        read={read}
        actions={
          <>
            <ActionButton
              service="iam"
              operation="DeleteAccountPasswordPolicy"
              disabled={!rules}
              onClick={() => setDialog("delete")}
            >
              Delete policy
            </ActionButton>
            <ActionButton service="iam" operation="UpdateAccountPasswordPolicy" onClick={() => setDialog("change")}>
              Change policy
            </ActionButton>
          </>
        }
      >
        {(rules) =>
          rules ? (
            <KeyValuePairs
              columns={3}
              items={[
                { label: "Characters at least", value: rules.MinimumPasswordLength },
                { label: "Expires after", value: rules.MaxPasswordAge ? `${rules.MaxPasswordAge} days` : "never" },
                { label: "Old ones that are refused", value: rules.PasswordReusePrevention ?? 0 },
                ...CHOICES.map(({ name, label }) => ({ label, value: rules[name] ? "yes" : "no" })),
              ]}
            />
          ) : (
            "None: the defaults count."
          )
        }
      </Section>
      {dialog === "change" && (
        <Change
          rules={rules ?? undefined}
          onClose={close}
          onDone={() => {
            tell("The password policy is changed. It counts for passwords that are set from now on.");
            void read.refetch();
          }}
        />
      )}
      {dialog === "delete" && (
        <Confirm
          title="Delete the password policy?"
          verb="Delete policy"
          onClose={close}
          onConfirm={async () => {
            await call("iam", "DeleteAccountPasswordPolicy", {});
            tell("The password policy is deleted.");
            await read.refetch();
          }}
        >
          The defaults count again, and passwords no longer expire.
        </Confirm>
      )}
    </>
  );
}

interface ChangeProps {
  rules: IamPasswordPolicy | undefined;
  onClose: () => void;
  onDone: () => void;
}

function Change({ rules, onClose, onDone }: ChangeProps) {
  const [form, setForm] = useState<Rules>({
    MinimumPasswordLength: rules?.MinimumPasswordLength ?? 8,
    MaxPasswordAge: rules?.MaxPasswordAge,
    PasswordReusePrevention: rules?.PasswordReusePrevention,
    ...Object.fromEntries(CHOICES.map(({ name }) => [name, Boolean(rules?.[name])])),
  });
  const set = (members: Rules) => setForm({ ...form, ...members });
  const number = (text: string) => (text === "" ? undefined : Number(text));
  return (
    <FormDialog
      title="Change the password policy"
      verb="Change"
      service="iam"
      operation="UpdateAccountPasswordPolicy"
      input={form}
      ready={form.MinimumPasswordLength !== undefined}
      onClose={onClose}
      onDone={onDone}
    >
      <FormField label="Characters at least" constraintText="6 to 128.">
        <Input
          type="number"
          value={String(form.MinimumPasswordLength ?? "")}
          onChange={({ detail }) => set({ MinimumPasswordLength: number(detail.value) })}
        />
      </FormField>
      <FormField label="Days until it expires" description="Empty: never.">
        <Input
          type="number"
          value={String(form.MaxPasswordAge ?? "")}
          onChange={({ detail }) => set({ MaxPasswordAge: number(detail.value) })}
        />
      </FormField>
      <FormField label="Old ones that are refused" description="1 to 24. Empty: none.">
        <Input
          type="number"
          value={String(form.PasswordReusePrevention ?? "")}
          onChange={({ detail }) => set({ PasswordReusePrevention: number(detail.value) })}
        />
      </FormField>
      {CHOICES.map(({ name, label }) => (
        <Checkbox key={name} checked={Boolean(form[name])} onChange={({ detail }) => set({ [name]: detail.checked })}>
          {label}
        </Checkbox>
      ))}
    </FormDialog>
  );
}
