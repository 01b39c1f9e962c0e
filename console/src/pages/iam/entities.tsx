// A list of one kind of thing that IAM keeps: what there is, one more of it, one less.

import type { TableProps } from "@cloudscape-design/components/table";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type ReactNode, useState } from "react";

import type { Operation } from "../../api/client";
import { ActionButton } from "../../common/action-button";
import { Confirm } from "../../common/confirm";
import { ListTable } from "../../common/list-table";
import { useNotifications } from "../../common/notifications";
import { type Fetch, usePagesOf } from "../../common/pages-of";

interface Props<T> {
  /** In the plural: `Roles`. */
  title: string;
  /** One of them: `role`. */
  one: string;
  description: string;
  trackBy: keyof T & string;
  nameOf: (item: T) => string;
  columns: TableProps.ColumnDefinition<T>[];
  fetch: Fetch<T>;
  filter?: ReactNode;
  create: {
    operation: Operation<"iam">;
    verb: string;
    form: (close: () => void, created: (told: ReactNode) => void) => ReactNode;
  };
  remove: {
    operation: Operation<"iam">;
    note: ReactNode;
    run: (item: T) => Promise<unknown>;
  };
  /** More that is done with the one that is chosen. */
  actions?: (chosen: T | undefined, changed: () => void) => ReactNode;
}

export function Entities<T>({ title, one, create, remove, nameOf, fetch, actions, ...table }: Props<T>) {
  const [selected, setSelected] = useState<T[]>([]);
  const [dialog, setDialog] = useState<"create" | "delete">();
  const { tell } = useNotifications();
  const list = usePagesOf(["iam", title], fetch);
  const close = () => setDialog(undefined);
  const chosen = selected[0];
  const changed = () => {
    setSelected([]);
    void list.refresh();
  };
  return (
    <>
      <ListTable
        {...table}
        title={title}
        list={list}
        nameOf={nameOf}
        selected={selected}
        onSelect={setSelected}
        selectionType="single"
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <ActionButton service="iam" operation={remove.operation} disabled={!chosen} onClick={() => setDialog("delete")}>
              Delete
            </ActionButton>
            {actions?.(chosen, changed)}
            <ActionButton service="iam" operation={create.operation} variant="primary" onClick={() => setDialog("create")}>
              {create.verb}
            </ActionButton>
          </SpaceBetween>
        }
      />
      {dialog === "create" &&
        create.form(close, (told) => {
          tell(told);
          void list.refresh();
        })}
      {dialog === "delete" && chosen && (
        <Confirm
          title={`Delete the ${one} ${nameOf(chosen)}?`}
          verb={`Delete ${one.replace("IAM ", "")}`}
          typed={nameOf(chosen)}
          onClose={close}
          onConfirm={async () => {
            await remove.run(chosen);
            tell(`The ${one} ${nameOf(chosen)} was deleted.`);
            changed();
          }}
        >
          {remove.note}
        </Confirm>
      )}
    </>
  );
}
