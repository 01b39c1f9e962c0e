import BarChart from "@cloudscape-design/components/bar-chart";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useParams } from "react-router-dom";

import { call } from "../../api/client";
import type { ChimeUsageReport } from "../../api/operations";
import { csv, download } from "../../common/csv";
import { ErrorAlert } from "../../common/error-alert";
import { Time } from "../../common/time";
import { type Range, RangePicker, useRange } from "./range";

type Period = "Day" | "Week" | "Month";

const FIGURES: [keyof ChimeUsageReport & string, string][] = [
  ["ActiveUsers", "Active users"],
  ["ActiveProUsers", "Active Pro users"],
  ["MeetingsHeld", "Meetings held"],
  ["ChatMessagesSent", "Chat messages sent"],
];

async function reports(AccountId: string, range: Range, Period: Period | "Total") {
  const all: ChimeUsageReport[] = [];
  let NextToken: string | undefined;
  let through: string | undefined;
  do {
    const answer = await call("chime", "ListAccountUsageReportData", {
      AccountId,
      ...range,
      Period,
      NextToken,
      MaxResults: 99,
    });
    all.push(...answer.UsageReports);
    through = answer.DataThroughTimestamp;
    NextToken = answer.NextToken;
  } while (NextToken);
  return { all, through };
}

export default function Usage() {
  const { accountId = "" } = useParams();
  const [range, setRange] = useRange();
  const [period, setPeriod] = useState<Period>("Day");
  const [figure, setFigure] = useState("ActiveUsers");
  const total = useQuery({
    queryKey: ["usage", accountId, range, "Total"],
    queryFn: () => reports(accountId, range, "Total"),
  });
  const series = useQuery({
    queryKey: ["usage", accountId, range, period],
    queryFn: () => reports(accountId, range, period),
  });
  const error = total.error ?? series.error;
  const sum = total.data?.all[0];
  const rows = series.data?.all ?? [];
  const title = FIGURES.find(([name]) => name === figure)?.[1] ?? figure;
  return (
    <ContentLayout
      header={
        <Header
          variant="h1"
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              <RangePicker range={range} onChange={setRange} />
              <Button
                iconName="download"
                disabled={rows.length === 0}
                onClick={() => download(`usage-${accountId}.csv`, csv(rows, ["StartDate", "EndDate", "RegisteredUsers", ...FIGURES.map(([name]) => name), "MeetingSatisfaction"]))}
              >
                Export as CSV
              </Button>
            </SpaceBetween>
          }
        >
          Usage
        </Header>
      }
    >
      <SpaceBetween size="l">
        {error && <ErrorAlert error={error} />}
        <Container header={<Header variant="h2">The whole time</Header>}>
          {sum ? (
            <KeyValuePairs
              columns={3}
              items={[
                { label: "Registered users", value: sum.RegisteredUsers ?? 0 },
                ...FIGURES.map(([name, label]) => ({ label, value: sum[name] ?? 0 })),
                {
                  label: "Satisfaction with meetings",
                  value: sum.MeetingSatisfaction === undefined ? "no answers" : `${sum.MeetingSatisfaction} %`,
                },
                { label: "Counted until", value: <Time at={total.data?.through} /> },
              ]}
            />
          ) : (
            !error && <Spinner />
          )}
        </Container>
        <Container
          header={
            <Header
              variant="h2"
              actions={
                <SegmentedControl
                  label="Length of the bars"
                  selectedId={period}
                  onChange={({ detail }) => setPeriod(detail.selectedId as Period)}
                  options={(["Day", "Week", "Month"] as const).map((id) => ({ id, text: id }))}
                />
              }
            >
              {title}
            </Header>
          }
        >
          <SpaceBetween size="m">
            <SegmentedControl
              label="Figure"
              selectedId={figure}
              onChange={({ detail }) => setFigure(detail.selectedId)}
              options={FIGURES.map(([id, text]) => ({ id, text }))}
            />
            <BarChart
              ariaLabel={title}
              height={260}
              hideFilter
              hideLegend
              xScaleType="categorical"
              xTitle={period}
              yTitle={title}
              series={[
                {
                  title,
                  type: "bar",
                  data: rows.map((row) => ({ x: row.StartDate, y: Number(row[figure as keyof ChimeUsageReport] ?? 0) })),
                },
              ]}
              statusType={series.isPending ? "loading" : series.isError ? "error" : "finished"}
              empty={<Box textAlign="center">Nothing happened in these days</Box>}
            />
          </SpaceBetween>
        </Container>
      </SpaceBetween>
    </ContentLayout>
  );
}
