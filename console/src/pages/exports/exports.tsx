import Alert from "@cloudscape-design/components/alert";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator, { type StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";
import { useEffect, useState } from "react";
import { useParams } from "react-router-dom";

import { call } from "../../api/client";
import type { ChimeDataExport } from "../../api/operations";
import { ActionButton } from "../../common/action-button";
import { Confirm } from "../../common/confirm";
import { ListTable } from "../../common/list-table";
import { useNotifications } from "../../common/notifications";
import { usePagesOf } from "../../common/pages-of";
import { Time } from "../../common/time";

const STATUS: Record<string, StatusIndicatorProps.Type> = {
  InProgress: "in-progress",
  Succeeded: "success",
  Failed: "error",
  Expired: "stopped",
};

/** How often a page looks how far an export has come. */
const LOOK_AGAIN = 2_000;

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];

function size(bytes: number): string {
  const power = Math.min(bytes > 0 ? Math.floor(Math.log10(bytes) / 3) : 0, UNITS.length - 1);
  const form = new Intl.NumberFormat(undefined, { style: "unit", unit: UNITS[power], maximumFractionDigits: 1 });
  return form.format(bytes / 1_000 ** power);
}

export default function Exports() {
  const { accountId: AccountId = "" } = useParams();
  const [isStarting, setStarting] = useState(false);
  const { tell, fail } = useNotifications();
  const list = usePagesOf(["exports", AccountId], async (NextToken) => {
    const answer = await call("chime", "ListDataExports", { AccountId, NextToken, MaxResults: 50 });
    return { items: answer.DataExports, next: answer.NextToken };
  });
  const isRunning = list.items.some((one) => one.Status === "InProgress");
  const { refresh } = list;
  const next = list.items.map((one) => one.NextRequestTimestamp ?? "").sort().at(-1);
  const mustWait = next !== undefined && Date.parse(next) > Date.now();

  useEffect(() => {
    if (!isRunning) return;
    const timer = setInterval(() => void refresh(), LOOK_AGAIN);
    return () => clearInterval(timer);
  }, [isRunning, refresh]);

  async function fetch(one: ChimeDataExport) {
    try {
      const answer = await call("chime", "RetrieveDataExport", { AccountId, DataExportId: one.DataExportId });
      if (answer.DataExport.FileUrl) window.location.assign(answer.DataExport.FileUrl);
    } catch (error) {
      fail(error);
    }
  }

  return (
    <SpaceBetween size="m">
      <Alert type="warning">
        Whoever has an export file has the attachments: its links work for six days, for anybody. Every download is in
        the audit trail.
      </Alert>
      <ListTable
        title="Attachment exports"
        description="A file with a link to everything that the people of this account uploaded. One every seven days."
        list={list}
        trackBy="DataExportId"
        columns={[
          {
            id: "requested",
            header: "Requested",
            isRowHeader: true,
            cell: (one) => <Time at={one.RequestedTimestamp} />,
          },
          {
            id: "status",
            header: "Status",
            cell: (one) => (
              <StatusIndicator type={STATUS[one.Status] ?? "info"}>
                {one.Status === "InProgress" ? "In progress" : one.Status}
              </StatusIndicator>
            ),
          },
          {
            id: "count",
            header: "Attachments",
            cell: (one) =>
              one.MissingCount
                ? `${one.AttachmentCount ?? 0} (${one.MissingCount} left out: not in the store any more)`
                : (one.AttachmentCount ?? 0),
          },
          { id: "size", header: "Size", cell: (one) => size(one.TotalBytes ?? 0) },
          { id: "by", header: "By", cell: (one) => one.RequestedBy },
          { id: "until", header: "Until", cell: (one) => <Time at={one.ExpirationTimestamp} /> },
          {
            id: "fetch",
            header: "File",
            cell: (one) =>
              one.Status === "Succeeded" ? (
                <ActionButton
                  service="chime"
                  operation="RetrieveDataExport"
                  variant="inline-link"
                  onClick={() => void fetch(one)}
                >
                  Download
                </ActionButton>
              ) : (
                (one.FailureReason ?? "–")
              ),
          },
        ]}
        actions={
          <ActionButton
            service="chime"
            operation="StartDataExport"
            variant="primary"
            disabled={isRunning || mustWait}
            disabledReason={
              isRunning
                ? "One is being made."
                : `The next one can be requested on ${new Date(next ?? 0).toLocaleString()}.`
            }
            onClick={() => setStarting(true)}
          >
            Request an export
          </ActionButton>
        }
        empty="No exports yet"
      />
      {isStarting && (
        <Confirm
          title="Request an export of all attachments?"
          verb="Request export"
          onClose={() => setStarting(false)}
          onConfirm={async () => {
            await call("chime", "StartDataExport", { AccountId });
            tell("The export has begun. This page shows how far it is.");
            refresh();
          }}
        >
          The next one can be requested in seven days.
        </Confirm>
      )}
    </SpaceBetween>
  );
}
