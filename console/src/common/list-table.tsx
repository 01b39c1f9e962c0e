// A table of things that the server lists: its states, its pages, and what can be done with what is chosen.

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table, { type TableProps } from "@cloudscape-design/components/table";
import type { ReactNode } from "react";

import { ErrorAlert } from "./error-alert";

interface Listed<T> {
  items: T[];
  isLoading: boolean;
  isReading: boolean;
  error: unknown;
  hasMore: boolean;
  more: () => void;
  refresh: () => void;
}

interface Props<T> {
  list: Listed<T>;
  /** In the plural: `Users`. */
  title: string;
  description?: ReactNode;
  columns: TableProps.ColumnDefinition<T>[];
  trackBy: keyof T & string;
  actions?: ReactNode;
  filter?: ReactNode;
  empty?: ReactNode;
  selected?: T[];
  onSelect?: (items: T[]) => void;
  selectionType?: "single" | "multi";
  nameOf?: (item: T) => string;
}

export function ListTable<T>(props: Props<T>) {
  const { list, title, nameOf } = props;
  if (list.error) return <ErrorAlert error={list.error} onRetry={list.refresh} />;
  const count = list.hasMore ? `(${list.items.length}+)` : `(${list.items.length})`;
  return (
    <Table
      variant="container"
      items={list.items}
      columnDefinitions={props.columns}
      trackBy={props.trackBy}
      loading={list.isLoading}
      loadingText={`Loading ${title.toLowerCase()}`}
      resizableColumns
      wrapLines
      stickyHeader
      selectionType={props.onSelect && (props.selectionType ?? "multi")}
      selectedItems={props.selected ?? []}
      onSelectionChange={({ detail }) => props.onSelect?.(detail.selectedItems)}
      ariaLabels={{
        tableLabel: title,
        selectionGroupLabel: `Choose ${title.toLowerCase()}`,
        allItemsSelectionLabel: () => `All ${title.toLowerCase()} shown`,
        itemSelectionLabel: (_, item) => nameOf?.(item) ?? String(item[props.trackBy as keyof T]),
      }}
      filter={props.filter}
      header={
        <Header
          variant="h1"
          counter={list.isLoading ? undefined : count}
          description={props.description}
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              <Button iconName="refresh" ariaLabel={`Read the ${title.toLowerCase()} again`} onClick={list.refresh} />
              {props.actions}
            </SpaceBetween>
          }
        >
          {title}
        </Header>
      }
      empty={
        <Box textAlign="center" padding="l">
          {props.empty ?? `No ${title.toLowerCase()}`}
        </Box>
      }
      footer={
        list.hasMore && (
          <Box textAlign="center">
            <Button loading={list.isReading} onClick={list.more}>
              Show more
            </Button>
          </Box>
        )
      }
    />
  );
}
