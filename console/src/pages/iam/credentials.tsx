// What else a user has to prove who it is: keys, certificates, devices. Of each kind a table of the same form.

import Box from "@cloudscape-design/components/box";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table, { type TableProps } from "@cloudscape-design/components/table";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";

import type { Operation } from "../../api/client";
import { ActionButton } from "../../common/action-button";
import { Confirm } from "../../common/confirm";
import { Denied } from "../../common/denied";
import { ErrorAlert } from "../../common/error-alert";
import { useNotifications } from "../../common/notifications";
import { Time } from "../../common/time";
import { useMay } from "../../permissions";

type Status = "Active" | "Inactive" | "Expired";

export interface Credential {
  id: string;
  status?: Status;
  created?: string;
}

interface Props<T extends Credential> {
  userName: string;
  /** In the plural: `Access keys`. */
  title: string;
  /** One of them: `access key`. */
  one: string;
  list: { operation: Operation<"iam">; run: () => Promise<T[]> };
  /** What stands in the first column. */
  idHeader: string;
  columns?: TableProps.ColumnDefinition<T>[];
  create?: {
    operation: Operation<"iam">;
    verb: string;
    form: (close: () => void, done: () => void) => ReactNode;
  };
  update?: { operation: Operation<"iam">; run: (id: string, status: "Active" | "Inactive") => Promise<unknown> };
  /** What else is done with one. */
  more?: (item: T, changed: () => void) => ReactNode;
  remove: { operation: Operation<"iam">; verb?: string; note: string; run: (id: string) => Promise<unknown> };
}

export function Credentials<T extends Credential>({ userName, title, one, list, create, update, remove, ...props }: Props<T>) {
  const [isCreating, setCreating] = useState(false);
  const [removed, setRemoved] = useState<string>();
  const may = useMay("iam", list.operation);
  const { tell, fail } = useNotifications();
  const query = useQuery({ queryKey: ["credentials", title, userName], enabled: may, queryFn: list.run });
  const changed = () => void query.refetch();
  const verb = remove.verb ?? "Delete";

  async function turn({ id, status }: T) {
    const next = status === "Active" ? "Inactive" : "Active";
    try {
      await update?.run(id, next);
      tell(`${id} is ${next.toLowerCase()}.`);
      changed();
    } catch (error) {
      fail(error);
    }
  }

  const columns: TableProps.ColumnDefinition<T>[] = [
    { id: "id", header: props.idHeader, cell: ({ id }) => id, isRowHeader: true },
    ...(props.columns ?? []),
    ...(update
      ? [
          {
            id: "status",
            header: "Status",
            cell: ({ status }: T) => (
              <StatusIndicator type={status === "Active" ? "success" : "stopped"}>{status}</StatusIndicator>
            ),
          },
        ]
      : []),
    { id: "created", header: "Since", cell: ({ created }) => <Time at={created} /> },
    {
      id: "actions",
      header: "Actions",
      cell: (item) => (
        <SpaceBetween direction="horizontal" size="xs">
          {update && item.status !== "Expired" && (
            <ActionButton
              service="iam"
              operation={update.operation}
              variant="inline-link"
              ariaLabel={`${item.status === "Active" ? "Deactivate" : "Activate"} ${item.id}`}
              onClick={() => void turn(item)}
            >
              {item.status === "Active" ? "Deactivate" : "Activate"}
            </ActionButton>
          )}
          {props.more?.(item, changed)}
          <ActionButton
            service="iam"
            operation={remove.operation}
            variant="inline-link"
            ariaLabel={`${verb} ${item.id}`}
            onClick={() => setRemoved(item.id)}
          >
            {verb}
          </ActionButton>
        </SpaceBetween>
      ),
    },
  ];

  return (
    <>
      {query.isError && <ErrorAlert error={query.error} onRetry={changed} />}
      <Table
        items={query.data ?? []}
        loading={query.isLoading}
        loadingText={`Loading ${title}`}
        trackBy="id"
        wrapLines
        ariaLabels={{ tableLabel: title }}
        columnDefinitions={columns}
        header={
          <Header
            variant="h2"
            actions={
              create && (
                <ActionButton service="iam" operation={create.operation} onClick={() => setCreating(true)}>
                  {create.verb}
                </ActionButton>
              )
            }
          >
            {title}
          </Header>
        }
        empty={
          <Box textAlign="center">
            {may ? `No ${one}` : <Denied service="iam" operation={list.operation} so="none are shown" />}
          </Box>
        }
      />
      {isCreating && create?.form(() => setCreating(false), changed)}
      {removed !== undefined && (
        <Confirm
          title={`${verb} the ${one} ${removed}?`}
          verb={verb}
          typed={removed}
          onClose={() => setRemoved(undefined)}
          onConfirm={async () => {
            await remove.run(removed);
            tell(`${removed}: done.`);
            changed();
          }}
        >
          {remove.note}
        </Confirm>
      )}
    </>
  );
}
