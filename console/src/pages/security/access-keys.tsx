// One's own access keys.

import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import CopyToClipboard from "@cloudscape-design/components/copy-to-clipboard";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { call } from "../../api/client";
import type { IamAccessKey, IamAccessKeyMetadata } from "../../api/operations";
import { ActionButton } from "../../common/action-button";
import { Confirm } from "../../common/confirm";
import { ErrorAlert } from "../../common/error-alert";
import { useNotifications } from "../../common/notifications";
import { Time } from "../../common/time";
import { useSession } from "../../common/use-session";
import { useMay } from "../../permissions";

export function AccessKeys() {
  const [made, setMade] = useState<IamAccessKey>();
  const [removed, setRemoved] = useState<string>();
  const [busy, setBusy] = useState(false);
  const isRoot = useSession().userName === null;
  const may = useMay("iam", "ListAccessKeys");
  const { tell, fail } = useNotifications();
  // Whoever asks is meant where nobody is named.
  const query = useQuery({
    queryKey: ["own-access-keys"],
    enabled: may,
    queryFn: async () => (await call("iam", "ListAccessKeys", {})).AccessKeyMetadata,
  });

  async function attempt(step: () => Promise<void>) {
    setBusy(true);
    try {
      await step();
      if (may) await query.refetch();
    } catch (error) {
      fail(error);
    } finally {
      setBusy(false);
    }
  }

  const turn = ({ AccessKeyId, Status }: Pick<IamAccessKeyMetadata, "AccessKeyId" | "Status">): Promise<void> =>
    attempt(async () => {
      const next = Status === "Active" ? "Inactive" : "Active";
      await call("iam", "UpdateAccessKey", { AccessKeyId, Status: next });
      tell(`${AccessKeyId} is ${next.toLowerCase()}.`, () => turn({ AccessKeyId, Status: next }));
    });

  return (
    <>
      {query.isError && <ErrorAlert error={query.error} onRetry={() => void query.refetch()} />}
      <Table
        items={query.data ?? []}
        loading={query.isLoading}
        loadingText="Loading access keys"
        trackBy="AccessKeyId"
        ariaLabels={{ tableLabel: "Access keys" }}
        header={
          <Header
            variant="h2"
            description="For programs and the AWS CLI. Two at most."
            actions={
              <ActionButton
                service="iam"
                operation="CreateAccessKey"
                loading={busy}
                onClick={() =>
                  void attempt(async () => setMade((await call("iam", "CreateAccessKey", {})).AccessKey))
                }
              >
                Create access key
              </ActionButton>
            }
          >
            Access keys
          </Header>
        }
        empty={
          <Box textAlign="center">{may ? "No access keys" : "You may not see your access keys (iam:ListAccessKeys)."}</Box>
        }
        columnDefinitions={[
          { id: "id", header: "Access key ID", cell: (key) => key.AccessKeyId, isRowHeader: true },
          {
            id: "status",
            header: "Status",
            cell: (key) => (
              <StatusIndicator type={key.Status === "Active" ? "success" : "stopped"}>{key.Status}</StatusIndicator>
            ),
          },
          { id: "created", header: "Created", cell: (key) => <Time at={key.CreateDate} /> },
          {
            id: "actions",
            header: "Actions",
            cell: (key) => (
              <SpaceBetween direction="horizontal" size="xs">
                <ActionButton
                  service="iam"
                  operation="UpdateAccessKey"
                  variant="inline-link"
                  ariaLabel={`${key.Status === "Active" ? "Deactivate" : "Activate"} ${key.AccessKeyId}`}
                  onClick={() => void turn(key)}
                >
                  {key.Status === "Active" ? "Deactivate" : "Activate"}
                </ActionButton>
                <ActionButton
                  service="iam"
                  operation="DeleteAccessKey"
                  variant="inline-link"
                  ariaLabel={`Delete ${key.AccessKeyId}`}
                  onClick={() => setRemoved(key.AccessKeyId)}
                >
                  Delete
                </ActionButton>
              </SpaceBetween>
            ),
          },
        ]}
      />
      {made && <Made accessKey={made} isRoot={isRoot} onClose={() => setMade(undefined)} />}
      {removed && (
        <Confirm
          title={`Delete the access key ${removed}?`}
          verb="Delete"
          typed={removed}
          onClose={() => setRemoved(undefined)}
          onConfirm={async () => {
            await call("iam", "DeleteAccessKey", { AccessKeyId: removed });
            tell(`${removed} is deleted.`);
            if (may) await query.refetch();
          }}
        >
          Whatever signs with it is refused from the next request on. It cannot be brought back; deactivate it first if
          you are not sure.
        </Confirm>
      )}
    </>
  );
}

function Made({ accessKey, isRoot, onClose }: { accessKey: IamAccessKey; isRoot: boolean; onClose: () => void }) {
  return (
    <Modal
      visible
      header="Your new access key"
      onDismiss={onClose}
      footer={
        <Box float="right">
          <Button variant="primary" onClick={onClose}>
            I have kept it
          </Button>
        </Box>
      }
    >
      <SpaceBetween size="m">
        {isRoot && (
          <Alert type="warning">
            This key may do everything in the AWS account. A user with fewer permissions is safer.
          </Alert>
        )}
        <Box>The secret is shown once. Keep it now.</Box>
        <KeyValuePairs
          items={[
            { label: "Access key ID", value: accessKey.AccessKeyId },
            { label: "Secret access key", value: <Box variant="code">{accessKey.SecretAccessKey}</Box> },
          ]}
        />
        <CopyToClipboard
          copyButtonText="Copy the secret"
          textToCopy={accessKey.SecretAccessKey}
          copySuccessText="Copied"
          copyErrorText="It could not be copied"
        />
      </SpaceBetween>
    </Modal>
  );
}
