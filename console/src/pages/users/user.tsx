import Container from "@cloudscape-design/components/container";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useParams } from "react-router-dom";

import { call } from "../../api/client";
import { ActionButton } from "../../common/action-button";
import { Confirm } from "../../common/confirm";
import { Denied } from "../../common/denied";
import { ErrorAlert } from "../../common/error-alert";
import { useNotifications } from "../../common/notifications";
import { Time } from "../../common/time";
import { useMay } from "../../permissions";
import { RangePicker, useRange } from "../reports/range";
import { USER_TYPES } from "./edit";
import { REGISTRATION } from "./users";

export default function UserPage() {
  const { accountId: AccountId = "", userId: UserId = "" } = useParams();
  const [dialog, setDialog] = useState<"logout" | "pin">();
  const { tell } = useNotifications();
  const query = useQuery({
    queryKey: ["user", AccountId, UserId],
    queryFn: () => call("chime", "GetUser", { AccountId, UserId }),
  });
  if (query.isPending) return <Spinner size="large" />;
  if (query.isError) return <ErrorAlert error={query.error} onRetry={() => void query.refetch()} />;
  const user = query.data.User;
  const name = user.DisplayName ?? user.PrimaryEmail ?? UserId;
  return (
    <ContentLayout
      header={
        <Header
          variant="h1"
          description={user.PrimaryEmail}
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              <ActionButton service="chime" operation="ResetPersonalPIN" onClick={() => setDialog("pin")}>
                Reset personal PIN
              </ActionButton>
              <ActionButton service="chime" operation="LogoutUser" onClick={() => setDialog("logout")}>
                Sign out everywhere
              </ActionButton>
            </SpaceBetween>
          }
        >
          {name}
        </Header>
      }
    >
      <SpaceBetween size="l">
        <Container header={<Header variant="h2">Details</Header>}>
          <KeyValuePairs
            columns={3}
            items={[
              {
                label: "Status",
                value: (
                  <StatusIndicator type={REGISTRATION[user.UserRegistrationStatus] ?? "info"}>
                    {user.UserRegistrationStatus}
                  </StatusIndicator>
                ),
              },
              { label: "Licence", value: user.LicenseType ?? "none" },
              { label: "Type", value: USER_TYPES[user.UserType] },
              { label: "Personal PIN", value: user.PersonalPIN ?? "–" },
              { label: "Invitation", value: user.UserInvitationStatus ?? "–" },
              { label: "Invited", value: <Time at={user.InvitedOn} /> },
              { label: "Registered", value: <Time at={user.RegisteredOn} /> },
              { label: "User ID", value: user.UserId },
            ]}
          />
        </Container>
        <Activity accountId={AccountId} userId={UserId} />
      </SpaceBetween>
      {dialog === "logout" && (
        <Confirm
          title={`Sign ${name} out everywhere?`}
          verb="Sign out"
          onClose={() => setDialog(undefined)}
          onConfirm={async () => {
            await call("chime", "LogoutUser", { AccountId, UserId });
            tell(`${name} is signed out on every device.`);
          }}
        >
          Every session on every device ends at once. {name} can sign in again.
        </Confirm>
      )}
      {dialog === "pin" && (
        <Confirm
          title={`Reset the personal PIN of ${name}?`}
          verb="Reset PIN"
          onClose={() => setDialog(undefined)}
          onConfirm={async () => {
            const answer = await call("chime", "ResetPersonalPIN", { AccountId, UserId });
            tell(`The new personal PIN of ${name} is ${answer.User.PersonalPIN}.`);
            await query.refetch();
          }}
        >
          The present PIN stops working at once. Meetings scheduled with it must be updated.
        </Confirm>
      )}
    </ContentLayout>
  );
}

/** What the person did in some days. */
function Activity({ accountId: AccountId, userId: UserId }: { accountId: string; userId: string }) {
  const may = useMay("chime", "GetUserActivityReportData");
  const [range, setRange] = useRange();
  const query = useQuery({
    queryKey: ["activity", AccountId, UserId, range],
    enabled: may,
    queryFn: async () =>
      (await call("chime", "GetUserActivityReportData", { AccountId, UserId, ...range })).UserActivityReport,
  });
  const report = query.data;
  return (
    <Container
      header={
        <Header variant="h2" actions={may && <RangePicker range={range} onChange={setRange} />}>
          Activity
        </Header>
      }
    >
      {!may && <Denied service="chime" operation="GetUserActivityReportData" so="it is not shown" />}
      {query.isLoading && <Spinner />}
      {query.isError && <ErrorAlert error={query.error} />}
      {report && (
        <KeyValuePairs
          columns={3}
          items={[
            { label: "Meetings attended", value: report.MeetingsAttended ?? 0 },
            { label: "Meetings organized", value: report.MeetingsOrganized ?? 0 },
            { label: "Chat messages sent", value: report.ChatMessagesSent ?? 0 },
            { label: "Last active", value: report.LastActiveDate ?? "never" },
            {
              label: "Satisfaction with their meetings",
              value: report.MeetingSatisfaction === undefined ? "no answers" : `${report.MeetingSatisfaction} %`,
            },
          ]}
        />
      )}
    </Container>
  );
}
