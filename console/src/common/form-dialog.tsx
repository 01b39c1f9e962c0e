// A form for one operation: what it takes, what came of it, and the same as a command.

import Button from "@cloudscape-design/components/button";
import Form from "@cloudscape-design/components/form";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type FormEvent, type ReactNode, useState } from "react";

import { type Input, type Operation, type Output, type Service, call } from "../api/client";
import { CopyAs } from "./copy-as";
import { ErrorAlert } from "./error-alert";

interface Props<S extends Service, O extends Operation<S>> {
  title: string;
  verb: string;
  service: S;
  operation: O;
  input: Input<S, O>;
  /** Whether it is worth sending. */
  ready: boolean;
  children: ReactNode;
  onDone: (output: Output<S, O>) => void | Promise<unknown>;
  onClose: () => void;
}

export function FormDialog<S extends Service, O extends Operation<S>>(props: Props<S, O>) {
  const { service, operation, input, onClose, onDone } = props;
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (!props.ready || busy) return;
    setBusy(true);
    setError(undefined);
    try {
      const output = await call(service, operation, input);
      await onDone(output);
      onClose();
    } catch (error) {
      setError(error);
      setBusy(false);
    }
  }

  return (
    <Modal visible header={props.title} onDismiss={onClose} size="medium">
      <form onSubmit={(event) => void submit(event)}>
        <Form
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              <Button variant="link" formAction="none" onClick={onClose}>
                Cancel
              </Button>
              <Button variant="primary" formAction="submit" loading={busy} disabled={!props.ready}>
                {props.verb}
              </Button>
            </SpaceBetween>
          }
        >
          <SpaceBetween size="m">
            {error !== undefined && <ErrorAlert error={error} />}
            {props.children}
            <CopyAs service={service} operation={operation} input={input} />
          </SpaceBetween>
        </Form>
      </form>
    </Modal>
  );
}
