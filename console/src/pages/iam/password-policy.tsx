import Box from "@cloudscape-design/components/box";
import Checkbox from "@cloudscape-design/components/checkbox";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { type Input as OperationInput, call, unlessMissing } from "../../api/client";
import type { IamPasswordPolicy } from "../../api/operations";
import { ActionButton } from "../../common/action-button";
import { Confirm } from "../../common/confirm";
import { Denied } from "../../common/denied";
import { ErrorAlert } from "../../common/error-alert";
import { FormDialog } from "../../common/form-dialog";
import { useNotifications } from "../../common/notifications";
import { useMay } from "../../permissions";

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
  const may = useMay("iam", "GetAccountPasswordPolicy");
  const { tell } = useNotifications();
  const query = useQuery({
    queryKey: ["password-policy"],
    enabled: may,
    queryFn: async () => (await unlessMissing(call("iam", "GetAccountPasswordPolicy", {})))?.PasswordPolicy ?? null,
  });
  const rules = query.data;
  const close = () => setDialog(undefined);
  return (
    <Container
      header={
        <Header
          variant="h2"
          description="Of the passwords of IAM users."
          actions={
            <SpaceBetween direction="horizontal" size="xs">
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
            </SpaceBetween>
          }
        >
          Password policy
        </Header>
      }
    >
      {!may && <Denied service="iam" operation="GetAccountPasswordPolicy" so="it is not shown" />}
      {query.isLoading && <Spinner />}
      {query.isError && <ErrorAlert error={query.error} />}
      {rules === null && "None: the defaults count."}
      {rules && (
        <KeyValuePairs
          columns={3}
          items={[
            { label: "Characters at least", value: rules.MinimumPasswordLength },
            { label: "Expires after", value: rules.MaxPasswordAge ? `${rules.MaxPasswordAge} days` : "never" },
            { label: "Old ones that are refused", value: rules.PasswordReusePrevention ?? 0 },
            ...CHOICES.map(({ name, label }) => ({ label, value: rules[name] ? "yes" : "no" })),
          ]}
        />
      )}
      {dialog === "change" && (
        <Change
          rules={rules ?? undefined}
          onClose={close}
          onDone={() => {
            tell("The password policy is changed. It counts for passwords that are set from now on.");
            void query.refetch();
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
            await query.refetch();
          }}
        >
          <Box>The defaults count again, and passwords no longer expire.</Box>
        </Confirm>
      )}
    </Container>
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
