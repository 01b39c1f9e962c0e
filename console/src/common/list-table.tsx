// A table of things that the server lists: its states, its pages, and what can be done with what is chosen.

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import CollectionPreferences from "@cloudscape-design/components/collection-preferences";
import Header from "@cloudscape-design/components/header";
import Pagination from "@cloudscape-design/components/pagination";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table, { type TableProps } from "@cloudscape-design/components/table";
import type { ReactNode } from "react";

import { useColumnDisplay } from "./column-display";
import { ErrorAlert } from "./error-alert";

interface Listed<T> {
  items: T[];
  before: number;
  page: number;
  pages: number;
  hasMore: boolean;
  isLoading: boolean;
  isReading: boolean;
  error: unknown;
  go: (page: number) => Promise<void>;
  refresh: () => Promise<void>;
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
  /** One of several things on its page. */
  isPart?: boolean;
}

export function ListTable<T>(props: Props<T>) {
  const { list, title, nameOf } = props;
  const lower = title.replace(/^[A-Z](?=[a-z]+\b)/, (first) => first.toLowerCase());
  const [display, setDisplay] = useColumnDisplay(title, props.columns);
  const until = list.before + list.items.length;
  const range = list.before > 0 ? `${list.before + 1}–${until}` : `${until}`;
  const table = (
    <Table
      variant="container"
      items={list.items}
      columnDefinitions={props.columns}
      columnDisplay={display}
      preferences={
        <CollectionPreferences
          title={`Columns of ${lower}`}
          confirmLabel="Confirm"
          cancelLabel="Cancel"
          preferences={{ contentDisplay: display }}
          onConfirm={({ detail }) => setDisplay([...(detail.contentDisplay ?? display)])}
          contentDisplayPreference={{
            title: "Columns",
            description: "Which are shown, and in which order. This browser remembers it.",
            options: props.columns.map(({ id = "", header, isRowHeader }) => ({
              id,
              label: typeof header === "string" ? header : id,
              // Without it nobody knows what a row is about.
              alwaysVisible: isRowHeader,
            })),
          }}
        />
      }
      trackBy={props.trackBy}
      loading={list.isLoading}
      loadingText={`Loading ${lower}`}
      wrapLines
      stickyHeader
      selectionType={props.onSelect && (props.selectionType ?? "multi")}
      selectedItems={props.selected ?? []}
      onSelectionChange={({ detail }) => props.onSelect?.(detail.selectedItems)}
      ariaLabels={{
        tableLabel: title,
        selectionGroupLabel: `Choose ${lower}`,
        allItemsSelectionLabel: () => `All ${lower} shown`,
        itemSelectionLabel: (_, item) => nameOf?.(item) ?? String(item[props.trackBy as keyof T]),
      }}
      filter={props.filter}
      pagination={
        (list.pages > 1 || list.hasMore) && (
          <Pagination
            currentPageIndex={list.page}
            pagesCount={list.pages}
            openEnd={list.hasMore}
            disabled={list.isReading}
            onChange={({ detail }) => void list.go(detail.currentPageIndex)}
            onNextPageClick={({ detail }) => {
              if (!detail.requestedPageAvailable) void list.go(detail.requestedPageIndex);
            }}
            ariaLabels={{
              paginationLabel: `Pages of ${lower}`,
              nextPageLabel: "Next page",
              previousPageLabel: "Previous page",
              pageLabel: (page) => `Page ${page}`,
            }}
          />
        )
      }
      header={
        <Header
          variant={props.isPart ? "h2" : "h1"}
          counter={list.isLoading ? undefined : `(${range}${list.hasMore ? "+" : ""})`}
          description={props.description}
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              <Button iconName="refresh" ariaLabel={`Read the ${lower} again`} onClick={() => void list.refresh()} />
              {props.actions}
            </SpaceBetween>
          }
        >
          {title}
        </Header>
      }
      empty={
        <Box textAlign="center" padding="l">
          {props.empty ?? `No ${lower}`}
        </Box>
      }
    />
  );
  if (!list.error) return table;
  return (
    <SpaceBetween size="m">
      <ErrorAlert error={list.error} onRetry={() => void list.refresh()} />
      {table}
    </SpaceBetween>
  );
}
