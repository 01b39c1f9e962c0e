import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Modal from "@cloudscape-design/components/modal";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useState } from "react";

import { call } from "../../api/client";
import type { CloudtrailEvent, CloudtrailLookupAttribute } from "../../api/operations";
import { Explanation } from "../../common/explanation";
import { ListTable } from "../../common/list-table";
import { usePagesOf } from "../../common/pages-of";
import { Time } from "../../common/time";
import { useDelayed } from "../../common/use-delayed";

type Key = CloudtrailLookupAttribute["AttributeKey"];

const KEYS: { value: Key | "All"; label: string }[] = [
  { value: "All", label: "All events" },
  { value: "EventName", label: "Event name" },
  { value: "Username", label: "User name" },
  { value: "ResourceName", label: "Resource name" },
  { value: "ResourceType", label: "Resource type" },
  { value: "EventSource", label: "Event source" },
  { value: "ReadOnly", label: "Read only" },
  { value: "AccessKeyId", label: "Access key" },
  { value: "EventId", label: "Event ID" },
];

interface Record {
  errorCode?: string;
  errorMessage?: string;
  sourceIPAddress?: string;
  requestID?: string;
  additionalEventData?: { authorization?: unknown };
}

function recordOf(event: CloudtrailEvent): Record {
  try {
    return JSON.parse(event.CloudTrailEvent) as Record;
  } catch {
    return {};
  }
}

export default function Audit() {
  const [key, setKey] = useState<Key | "All">("All");
  const [value, setValue] = useState("");
  const [shown, setShown] = useState<CloudtrailEvent>();
  const asked = useDelayed(value.trim());
  const filter = key === "All" || asked === "" ? undefined : [{ AttributeKey: key, AttributeValue: asked }];
  const list = usePagesOf(["events", filter], async (NextToken) => {
    const answer = await call("cloudtrail", "LookupEvents", { LookupAttributes: filter, NextToken, MaxResults: 50 });
    return { items: answer.Events, next: answer.NextToken };
  });
  return (
    <>
      <ListTable
        title="Events"
        description="Every request, whether allowed or not, newest first."
        list={list}
        trackBy="EventId"
        columns={[
          { id: "time", header: "Time", cell: (event) => <Time at={event.EventTime} /> },
          {
            id: "name",
            header: "Event",
            isRowHeader: true,
            cell: (event) => (
              <Button variant="inline-link" onClick={() => setShown(event)}>
                {event.EventName}
              </Button>
            ),
          },
          { id: "user", header: "User", cell: (event) => event.Username || "–" },
          {
            id: "outcome",
            header: "Outcome",
            cell: (event) => {
              const { errorCode } = recordOf(event);
              return <StatusIndicator type={errorCode ? "error" : "success"}>{errorCode ?? "Done"}</StatusIndicator>;
            },
          },
          { id: "resource", header: "Resource", cell: (event) => event.Resources[0]?.ResourceName ?? "–" },
          { id: "source", header: "Source", cell: (event) => event.EventSource },
          { id: "address", header: "Address", cell: (event) => recordOf(event).sourceIPAddress ?? "–" },
        ]}
        filter={
          <SpaceBetween direction="horizontal" size="xs">
            <FormField label="Attribute">
              <Select
                selectedOption={KEYS.find((one) => one.value === key) ?? null}
                options={KEYS}
                onChange={({ detail }) => setKey(detail.selectedOption.value as Key | "All")}
              />
            </FormField>
            <FormField label="Value">
              <Input
                value={value}
                disabled={key === "All"}
                onChange={({ detail }) => setValue(detail.value)}
                placeholder={key === "ReadOnly" ? "true or false" : ""}
              />
            </FormField>
          </SpaceBetween>
        }
      />
      {shown && (
        <Modal visible size="large" header={shown.EventName} onDismiss={() => setShown(undefined)}>
          <SpaceBetween size="m">
            <Explanation requestId={recordOf(shown).requestID} />
            {recordOf(shown).additionalEventData?.authorization !== undefined && (
              <div>
                <Box variant="h4">The decision</Box>
                <Box variant="code">
                  <pre className="record">
                    {JSON.stringify(recordOf(shown).additionalEventData?.authorization, null, 2)}
                  </pre>
                </Box>
              </div>
            )}
            <div>
              <Box variant="h4">The record</Box>
              <Box variant="code">
                <pre className="record">{JSON.stringify(recordOf(shown), null, 2)}</pre>
              </Box>
            </div>
          </SpaceBetween>
        </Modal>
      )}
    </>
  );
}
