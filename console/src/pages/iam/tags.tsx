// The tags of what IAM keeps: shown, added, changed and removed in the same way whatever has them.

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { type FormEvent, useState } from "react";

import { call } from "../../api/client";
import { ActionButton } from "../../common/action-button";
import { CopyAs } from "../../common/copy-as";
import { useNotifications } from "../../common/notifications";
import { Section, useRead } from "../../common/section";

/** What has tags, and the member that names it in the operations. */
const MEMBERS = {
  User: "UserName",
  Role: "RoleName",
  Policy: "PolicyArn",
  MFADevice: "SerialNumber",
  OpenIDConnectProvider: "OpenIDConnectProviderArn",
  SAMLProvider: "SAMLProviderArn",
  InstanceProfile: "InstanceProfileName",
  ServerCertificate: "ServerCertificateName",
} as const;

type Kind = keyof typeof MEMBERS;

interface Props {
  kind: Kind;
  /** Its name or ARN. */
  of: string;
}

export function Tags({ kind, of }: Props) {
  const [added, setAdded] = useState({ Key: "", Value: "" });
  const [isBusy, setBusy] = useState(false);
  const { tell, fail } = useNotifications();
  // The operations of the kinds differ by their names alone, so those of one stand for all.
  const list = `List${kind}Tags` as "ListUserTags";
  const tag = `Tag${kind}` as "TagUser";
  const untag = `Untag${kind}` as "UntagUser";
  const named = { [MEMBERS[kind]]: of } as { UserName: string };
  const read = useRead("iam", list, "none are shown", ["tags", kind, of], async () => {
    return (await call("iam", list, { ...named, MaxItems: 100 })).Tags;
  });

  async function attempt(step: () => Promise<string>) {
    setBusy(true);
    try {
      tell(await step());
      await read.refetch();
    } catch (error) {
      fail(error);
    } finally {
      setBusy(false);
    }
  }

  function add(event: FormEvent) {
    event.preventDefault();
    if (added.Key === "" || isBusy) return;
    void attempt(async () => {
      await call("iam", tag, { ...named, Tags: [added] });
      setAdded({ Key: "", Value: "" });
      return `The tag ${added.Key} is set.`;
    });
  }

  return (
    <Section title="Tags" description="Policies can ask for them." read={read}>
      {(tags) => (
        <SpaceBetween size="m">
          <Table
            variant="borderless"
            items={tags}
            trackBy="Key"
            wrapLines
            ariaLabels={{ tableLabel: "Tags" }}
            empty={<Box textAlign="center">No tags</Box>}
            columnDefinitions={[
              { id: "key", header: "Key", cell: ({ Key }) => Key, isRowHeader: true },
              { id: "value", header: "Value", cell: ({ Value }) => Value || "–" },
              {
                id: "remove",
                header: "Remove",
                cell: ({ Key }) => (
                  <ActionButton
                    service="iam"
                    operation={untag}
                    variant="inline-link"
                    ariaLabel={`Remove the tag ${Key}`}
                    onClick={() =>
                      void attempt(async () => {
                        await call("iam", untag, { ...named, TagKeys: [Key] });
                        return `The tag ${Key} is removed.`;
                      })
                    }
                  >
                    Remove
                  </ActionButton>
                ),
              },
            ]}
          />
          <form onSubmit={add}>
            <SpaceBetween size="xs">
              <SpaceBetween direction="horizontal" size="xs" alignItems="end">
                <FormField label="Key">
                  <Input
                    value={added.Key}
                    autoComplete={false}
                    onChange={({ detail }) => setAdded({ ...added, Key: detail.value })}
                  />
                </FormField>
                <FormField label="Value">
                  <Input
                    value={added.Value}
                    autoComplete={false}
                    onChange={({ detail }) => setAdded({ ...added, Value: detail.value })}
                  />
                </FormField>
                <ActionButton
                  service="iam"
                  operation={tag}
                  formAction="submit"
                  loading={isBusy}
                  disabled={added.Key === ""}
                >
                  Set tag
                </ActionButton>
              </SpaceBetween>
              <Box variant="small">A key that is there gets the new value.</Box>
              {added.Key !== "" && <CopyAs service="iam" operation={tag} input={{ ...named, Tags: [added] }} />}
            </SpaceBetween>
          </form>
        </SpaceBetween>
      )}
    </Section>
  );
}

interface ButtonProps {
  kind: Kind;
  of: string | undefined;
  /** One of several in a row. */
  isInline?: boolean;
}

/** Opens the tags of what has no page of its own. */
export function TagsButton({ kind, of, isInline }: ButtonProps) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <ActionButton
        service="iam"
        operation={`List${kind}Tags`}
        variant={isInline ? "inline-link" : "normal"}
        ariaLabel={isInline ? `Tags of ${of}` : undefined}
        disabled={!of}
        onClick={() => setOpen(true)}
      >
        Tags
      </ActionButton>
      {isOpen && of && (
        <Modal
          visible
          size="large"
          header={of}
          onDismiss={() => setOpen(false)}
          footer={
            <Box float="right">
              <Button onClick={() => setOpen(false)}>Close</Button>
            </Box>
          }
        >
          <Tags kind={kind} of={of} />
        </Modal>
      )}
    </>
  );
}
