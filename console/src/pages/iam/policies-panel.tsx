// The policies of a user, group or role: managed ones that are attached, and inline ones.

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import Modal from "@cloudscape-design/components/modal";
import Select, { type SelectProps } from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import Table from "@cloudscape-design/components/table";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { call } from "../../api/client";
import { ActionButton } from "../../common/action-button";
import { Confirm } from "../../common/confirm";
import { Denied } from "../../common/denied";
import { ErrorAlert } from "../../common/error-alert";
import { useNotifications } from "../../common/notifications";
import { useMay } from "../../permissions";
import { type Kind, POLICIES, documentOf } from "./kinds";
import { PolicyEditor } from "./policy-editor";

interface Entry {
  name: string;
  /** Of managed policies. */
  arn?: string;
}

const FIRST = `{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [],
      "Resource": "*"
    }
  ]
}
`;

async function all(kind: Kind, name: string, mayAttached: boolean, mayInline: boolean): Promise<Entry[]> {
  const entries: Entry[] = [];
  let Marker: string | undefined;
  if (mayAttached) {
    do {
      const page = await POLICIES[kind].attached(name, Marker);
      entries.push(...page.AttachedPolicies.map((one) => ({ name: one.PolicyName, arn: one.PolicyArn })));
      Marker = page.Marker;
    } while (Marker);
  }
  if (mayInline) {
    do {
      const page = await POLICIES[kind].inline(name, Marker);
      entries.push(...page.PolicyNames.map((name) => ({ name })));
      Marker = page.Marker;
    } while (Marker);
  }
  return entries;
}

export function PoliciesPanel({ kind, name }: { kind: Kind; name: string }) {
  const [dialog, setDialog] = useState<"attach" | "inline">();
  const [edited, setEdited] = useState<string>();
  const [removed, setRemoved] = useState<Entry>();
  const { tell } = useNotifications();
  const mayAttached = useMay("iam", `ListAttached${kind}Policies`);
  const mayInline = useMay("iam", `List${kind}Policies`);
  const query = useQuery({
    queryKey: ["policies-of", kind, name],
    queryFn: () => all(kind, name, mayAttached, mayInline),
  });
  const changed = (text: string, undo?: () => Promise<void>) => {
    tell(text, undo);
    void query.refetch();
  };
  return (
    <>
      {query.isError && <ErrorAlert error={query.error} onRetry={() => void query.refetch()} />}
      <Table
        items={query.data ?? []}
        loading={query.isPending}
        loadingText="Loading policies"
        trackBy={(entry) => entry.arn ?? entry.name}
        ariaLabels={{ tableLabel: "Policies" }}
        header={
          <Header
            variant="h2"
            counter={query.data && `(${query.data.length})`}
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                <ActionButton service="iam" operation={`Put${kind}Policy`} onClick={() => setDialog("inline")}>
                  Add inline policy
                </ActionButton>
                <ActionButton service="iam" operation={`Attach${kind}Policy`} onClick={() => setDialog("attach")}>
                  Attach policy
                </ActionButton>
              </SpaceBetween>
            }
          >
            Policies
          </Header>
        }
        empty={
          <Box textAlign="center">
            {mayAttached && mayInline && "No policies: nothing is allowed by its own policies."}
          </Box>
        }
        footer={
          !(mayAttached && mayInline) && (
            <SpaceBetween size="xxs">
              {!mayAttached && (
                <Denied service="iam" operation={`ListAttached${kind}Policies`} so="managed policies are not shown" />
              )}
              {!mayInline && (
                <Denied service="iam" operation={`List${kind}Policies`} so="inline policies are not shown" />
              )}
            </SpaceBetween>
          )
        }
        columnDefinitions={[
          {
            id: "name",
            header: "Policy",
            isRowHeader: true,
            cell: (entry) =>
              entry.arn ? (
                entry.name
              ) : (
                <Button variant="inline-link" onClick={() => setEdited(entry.name)}>
                  {entry.name}
                </Button>
              ),
          },
          { id: "kind", header: "Kind", cell: (entry) => (entry.arn ? "managed" : "inline") },
          { id: "arn", header: "ARN", cell: (entry) => entry.arn ?? "–" },
          {
            id: "remove",
            header: "Remove",
            cell: (entry) => (
              <ActionButton
                service="iam"
                operation={entry.arn ? `Detach${kind}Policy` : `Delete${kind}Policy`}
                variant="inline-link"
                ariaLabel={`Remove ${entry.name}`}
                onClick={() => setRemoved(entry)}
              >
                {entry.arn ? "Detach" : "Delete"}
              </ActionButton>
            ),
          },
        ]}
      />
      {dialog === "attach" && (
        <Attach kind={kind} name={name} onClose={() => setDialog(undefined)} onDone={(text) => changed(text)} />
      )}
      {dialog === "inline" && (
        <Inline kind={kind} name={name} onClose={() => setDialog(undefined)} onDone={(text) => changed(text)} />
      )}
      {edited && (
        <Inline
          kind={kind}
          name={name}
          edited={edited}
          onClose={() => setEdited(undefined)}
          onDone={(text) => changed(text)}
        />
      )}
      {removed && (
        <Confirm
          title={removed.arn ? `Detach ${removed.name}?` : `Delete the inline policy ${removed.name}?`}
          verb={removed.arn ? "Detach" : "Delete"}
          onClose={() => setRemoved(undefined)}
          onConfirm={async () => {
            const { arn } = removed;
            if (arn) await POLICIES[kind].detach(name, arn);
            else await POLICIES[kind].remove(name, removed.name);
            const undo = async (arn: string) => {
              await POLICIES[kind].attach(name, arn);
              changed(`${removed.name} counts for ${name} again.`);
            };
            changed(`${removed.name} no longer counts for ${name}.`, arn ? () => undo(arn) : undefined);
          }}
        >
          It counts from the next request on.
        </Confirm>
      )}
    </>
  );
}

interface DialogProps {
  kind: Kind;
  name: string;
  onClose: () => void;
  onDone: (text: string) => void;
}

function Attach({ kind, name, onClose, onDone }: DialogProps) {
  const [chosen, setChosen] = useState<SelectProps.Option | null>(null);
  const query = useQuery({
    queryKey: ["attachable-policies"],
    queryFn: async () => {
      const options: SelectProps.Option[] = [];
      let Marker: string | undefined;
      do {
        const page = await call("iam", "ListPolicies", { Marker, MaxItems: 1000 });
        options.push(
          ...page.Policies.map((one) => ({ value: one.Arn, label: one.PolicyName, description: one.Description })),
        );
        Marker = page.Marker;
      } while (Marker);
      return options;
    },
  });
  return (
    <Confirm
      title={`Attach a policy to ${name}`}
      verb="Attach"
      onClose={onClose}
      onConfirm={async () => {
        if (!chosen?.value) throw new Error("Choose a policy.");
        await POLICIES[kind].attach(name, chosen.value);
        onDone(`${chosen.label} counts for ${name}.`);
      }}
    >
      {query.isError && <ErrorAlert error={query.error} />}
      <FormField label="Policy">
        <Select
          selectedOption={chosen}
          options={query.data ?? []}
          statusType={query.isPending ? "loading" : "finished"}
          filteringType="auto"
          placeholder="Choose a policy"
          onChange={({ detail }) => setChosen(detail.selectedOption)}
        />
      </FormField>
    </Confirm>
  );
}

function Inline({ kind, name, edited, onClose, onDone }: DialogProps & { edited?: string }) {
  const query = useQuery({
    queryKey: ["inline-policy", kind, name, edited],
    enabled: edited !== undefined,
    queryFn: async () => documentOf((await POLICIES[kind].get(name, edited ?? "")).PolicyDocument),
  });
  if (edited && !query.data) {
    return (
      <Modal visible header={edited} onDismiss={onClose}>
        {query.isError ? <ErrorAlert error={query.error} /> : <Spinner />}
      </Modal>
    );
  }
  return (
    <InlineForm kind={kind} name={name} edited={edited} start={query.data ?? FIRST} onClose={onClose} onDone={onDone} />
  );
}

function InlineForm({ kind, name, edited, start, onClose, onDone }: DialogProps & { edited?: string; start: string }) {
  const [policyName, setPolicyName] = useState(edited ?? "");
  const [text, setText] = useState(start);
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);

  async function save() {
    setBusy(true);
    setError(undefined);
    try {
      await POLICIES[kind].put(name, policyName, text);
      onDone(`${policyName} counts for ${name}.`);
      onClose();
    } catch (error) {
      setError(error);
      setBusy(false);
    }
  }

  return (
    <Modal
      visible
      size="large"
      header={edited ?? "Add an inline policy"}
      onDismiss={onClose}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onClose}>
              Cancel
            </Button>
            <ActionButton
              service="iam"
              operation={`Put${kind}Policy`}
              variant="primary"
              loading={busy}
              disabled={policyName === ""}
              onClick={() => void save()}
            >
              Save
            </ActionButton>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        {error !== undefined && <ErrorAlert error={error} />}
        {!edited && (
          <FormField label="Name">
            <Input value={policyName} onChange={({ detail }) => setPolicyName(detail.value)} autoFocus />
          </FormField>
        )}
        <PolicyEditor value={text} onChange={setText} />
      </SpaceBetween>
    </Modal>
  );
}
