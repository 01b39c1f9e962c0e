import Container from "@cloudscape-design/components/container";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "react-router-dom";

import { call } from "../../api/client";
import type { ChimeAttendee } from "../../api/operations";
import { Denied } from "../../common/denied";
import { ErrorAlert } from "../../common/error-alert";
import { ListTable } from "../../common/list-table";
import { usePagesOf } from "../../common/pages-of";
import { Time } from "../../common/time";
import { useMay } from "../../permissions";
import { duration } from "./meetings";

export default function Meeting() {
  const { accountId: AccountId = "", meetingId: MeetingId = "" } = useParams();
  const query = useQuery({
    queryKey: ["meeting", AccountId, MeetingId],
    queryFn: async () => (await call("chime", "GetMeetingDetail", { AccountId, MeetingId })).MeetingDetail,
  });
  if (query.isPending) return <Spinner size="large" />;
  if (query.isError) return <ErrorAlert error={query.error} onRetry={() => void query.refetch()} />;
  const meeting = query.data;
  return (
    <ContentLayout
      header={
        <Header variant="h1" description={meeting.OrganizerEmail}>
          {meeting.Title ?? "Meeting"}
        </Header>
      }
    >
      <SpaceBetween size="l">
        <Container header={<Header variant="h2">Details</Header>}>
          <KeyValuePairs
            columns={3}
            items={[
              { label: "Began", value: <Time at={meeting.StartTimestamp} /> },
              { label: "Ended", value: <Time at={meeting.EndTimestamp} /> },
              { label: "Length", value: duration(meeting.DurationSeconds) },
              { label: "Type", value: meeting.MeetingType ?? "–" },
              { label: "Conference ID", value: meeting.ConferenceId ?? "–" },
              { label: "Recorded", value: meeting.Recorded ? "yes" : "no" },
            ]}
          />
        </Container>
        <Container header={<Header variant="h2">Who was there, and when</Header>}>
          <Timeline from={meeting.StartTimestamp} to={meeting.EndTimestamp} attendees={meeting.Attendees} />
        </Container>
        <Events accountId={AccountId} meetingId={MeetingId} attendees={meeting.Attendees} />
      </SpaceBetween>
    </ContentLayout>
  );
}

function nameOf(attendee: ChimeAttendee): string {
  return attendee.DisplayName ?? attendee.Email ?? attendee.AttendeeId;
}

/** One line per attendee, with its connections where they were in the meeting. */
function Timeline({ from, to, attendees }: { from: string; to: string; attendees: ChimeAttendee[] }) {
  const [start, end] = [Date.parse(from), Date.parse(to)];
  const at = (time: string | undefined, otherwise: number) =>
    (100 * ((time ? Date.parse(time) : otherwise) - start)) / Math.max(end - start, 1);
  return (
    <ul className="timeline">
      {attendees.map((attendee) => (
        <li key={attendee.AttendeeId}>
          <span>
            {nameOf(attendee)}{" "}
            <small>
              {attendee.Role}, {attendee.Status}, {duration(attendee.DurationSeconds)}
              {attendee.ClientType && `, ${attendee.ClientType}`}
              {attendee.Feedback && `, ${attendee.Feedback.Rating?.toLowerCase()} feedback`}
            </small>
          </span>
          <svg viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
            <rect x="0" y="1" width="100" height="2" className="meeting" />
            {(attendee.Connections ?? []).map((connection, index) => {
              const left = at(connection.ConnectedTimestamp, start);
              const right = at(connection.DisconnectedTimestamp, end);
              return <rect key={index} x={left} y="0" width={Math.max(right - left, 0.5)} height="4" className="present" />;
            })}
          </svg>
        </li>
      ))}
    </ul>
  );
}

interface EventsProps {
  accountId: string;
  meetingId: string;
  attendees: ChimeAttendee[];
}

function Events({ accountId: AccountId, meetingId: MeetingId, attendees }: EventsProps) {
  const names = new Map(attendees.map((attendee) => [attendee.AttendeeId, nameOf(attendee)]));
  const may = useMay("chime", "ListMeetingEvents");
  const list = usePagesOf(
    ["meeting-events", AccountId, MeetingId],
    async (NextToken) => {
      const answer = await call("chime", "ListMeetingEvents", { AccountId, MeetingId, NextToken, MaxResults: 99 });
      return { items: answer.MeetingEvents, next: answer.NextToken };
    },
    may,
  );
  if (!may) {
    return (
      <Container header={<Header variant="h2">Events</Header>}>
        <Denied service="chime" operation="ListMeetingEvents" so="they are not shown" />
      </Container>
    );
  }
  return (
    <ListTable
      isPart
      title="Events"
      list={list}
      trackBy="EventId"
      columns={[
        { id: "time", header: "Time", cell: (event) => <Time at={event.Timestamp} seconds />, isRowHeader: true },
        { id: "type", header: "Event", cell: (event) => event.EventType },
        { id: "who", header: "Attendee", cell: (event) => (event.AttendeeId ? (names.get(event.AttendeeId) ?? event.AttendeeId) : "–") },
        {
          id: "details",
          header: "Details",
          cell: (event) =>
            Object.entries(event.Details ?? {})
              .map(([name, value]) => `${name}: ${value}`)
              .join(", ") || "–",
        },
      ]}
    />
  );
}
