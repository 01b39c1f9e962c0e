import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { useParams } from "react-router-dom";

import { call } from "../../api/client";
import type { ChimeMeetingReport } from "../../api/operations";
import { ExportButton } from "../../common/export-button";
import { ListTable } from "../../common/list-table";
import { type Fetch, usePagesOf } from "../../common/pages-of";
import { RouteLink } from "../../common/route-link";
import { Time } from "../../common/time";
import { useDelayed } from "../../common/use-delayed";
import { RangePicker, useRange } from "./range";

const COLUMNS = [
  "MeetingId",
  "ConferenceId",
  "MeetingType",
  "OrganizerEmail",
  "StartTimestamp",
  "EndTimestamp",
  "DurationSeconds",
  "AttendeeCount",
  "PositiveResponses",
  "NegativeResponses",
] as const;

export function duration(seconds: number | undefined): string {
  if (seconds === undefined) return "–";
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export default function Meetings() {
  const { accountId: AccountId = "" } = useParams();
  const [range, setRange] = useRange();
  const [organizer, setOrganizer] = useState("");
  const asked = useDelayed(organizer.trim());
  const OrganizerEmail = asked.includes("@") ? asked : undefined;
  const fetch: Fetch<ChimeMeetingReport> = async (NextToken) => {
    const answer = await call("chime", "ListMeetingReportData", {
      AccountId,
      ...range,
      OrganizerEmail,
      NextToken,
      MaxResults: 50,
    });
    return { items: answer.MeetingReports, next: answer.NextToken };
  };
  const list = usePagesOf(["meetings", AccountId, range, OrganizerEmail], fetch);
  return (
    <ListTable
      title="Meetings"
      description="Those that have ended, the last one first."
      list={list}
      trackBy="MeetingId"
      columns={[
        {
          id: "ended",
          header: "Ended",
          isRowHeader: true,
          cell: (meeting) => (
            <RouteLink to={`/accounts/${AccountId}/meetings/${meeting.MeetingId}`}>
              <Time at={meeting.EndTimestamp} />
            </RouteLink>
          ),
        },
        { id: "organizer", header: "Organizer", cell: (meeting) => meeting.OrganizerEmail ?? "–" },
        { id: "conference", header: "Conference ID", cell: (meeting) => meeting.ConferenceId ?? "–" },
        { id: "type", header: "Type", cell: (meeting) => meeting.MeetingType ?? "–" },
        { id: "length", header: "Length", cell: (meeting) => duration(meeting.DurationSeconds) },
        { id: "attendees", header: "Attendees", cell: (meeting) => meeting.AttendeeCount ?? 0 },
        {
          id: "answers",
          header: "Feedback",
          cell: (meeting) => `${meeting.PositiveResponses ?? 0} good, ${meeting.NegativeResponses ?? 0} bad`,
        },
      ]}
      filter={
        <Input
          type="search"
          value={organizer}
          onChange={({ detail }) => setOrganizer(detail.value)}
          placeholder="E-mail address of the organizer"
          ariaLabel="Find meetings by their organizer"
        />
      }
      actions={
        <SpaceBetween direction="horizontal" size="xs">
          <RangePicker range={range} onChange={setRange} />
          <ExportButton
            name={`meetings-${AccountId}.csv`}
            columns={COLUMNS}
            fetch={fetch}
            disabled={list.items.length === 0}
          />
        </SpaceBetween>
      }
      empty="No meeting ended in these days"
    />
  );
}
