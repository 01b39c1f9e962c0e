// For what needs nothing but a name.

import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import { useState } from "react";

import type { Input as OperationInput, Operation } from "../../api/client";
import { FormDialog } from "../../common/form-dialog";

interface Props<O extends Operation<"iam">> {
  title: string;
  verb?: string;
  operation: O;
  label?: string;
  constraint?: string;
  input: (name: string) => OperationInput<"iam", O>;
  onDone: (name: string) => void;
  onClose: () => void;
}

export function NameForm<O extends Operation<"iam">>({ label = "Name", constraint, ...props }: Props<O>) {
  const [name, setName] = useState("");
  return (
    <FormDialog
      title={props.title}
      verb={props.verb ?? props.title}
      service="iam"
      operation={props.operation}
      input={props.input(name.trim())}
      ready={name.trim() !== ""}
      onClose={props.onClose}
      onDone={() => props.onDone(name.trim())}
    >
      <FormField label={label} constraintText={constraint}>
        <Input value={name} onChange={({ detail }) => setName(detail.value)} autoFocus autoComplete={false} />
      </FormField>
    </FormDialog>
  );
}
