import Alert from "@cloudscape-design/components/alert";
import Container from "@cloudscape-design/components/container";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import Table from "@cloudscape-design/components/table";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";

import { changePassword, endSession, listSessions } from "../api/client";
import { ActionButton } from "../common/action-button";
import { ErrorAlert } from "../common/error-alert";
import { useNotifications } from "../common/notifications";
import { Time } from "../common/time";
import { useSession } from "../common/use-session";
import { AccessKeys } from "./security/access-keys";
import { MfaDevices } from "./security/mfa-devices";

export default function Security() {
  const session = useSession();
  const name = session.userName ?? "root";
  return (
    <ContentLayout
      header={
        <Header variant="h1" description={`Of ${name} in the AWS account ${session.accountId}.`}>
          My security credentials
        </Header>
      }
    >
      <SpaceBetween size="l">
        {session.role ? (
          <Alert type="info" header="You act as a role">
            Roles have no password, access keys or MFA devices. Go back to {name} to change those.
          </Alert>
        ) : (
          <SpaceBetween size="l">
            {session.userName !== null && <Password />}
            <MfaDevices />
            <AccessKeys />
          </SpaceBetween>
        )}
        <Sessions />
      </SpaceBetween>
    </ContentLayout>
  );
}

function Sessions() {
  const query = useQuery({ queryKey: ["sessions"], queryFn: listSessions });
  const { tell, fail } = useNotifications();
  if (query.isError) return <ErrorAlert error={query.error} onRetry={() => void query.refetch()} />;
  if (query.isPending) return <Spinner />;

  async function end(id: string) {
    try {
      await endSession(id);
      tell("The session has ended.");
      await query.refetch();
    } catch (error) {
      fail(error);
    }
  }

  return (
    <Table
      header={
        <Header variant="h2" description="Browsers in which you are signed in to this console.">
          Sessions
        </Header>
      }
      trackBy="id"
      wrapLines
      items={query.data}
      ariaLabels={{ tableLabel: "Sessions" }}
      columnDefinitions={[
        { id: "agent", header: "Browser", cell: (one) => one.userAgent || "unknown", isRowHeader: true },
        { id: "ip", header: "Address", cell: (one) => one.sourceIp },
        { id: "since", header: "Since", cell: (one) => <Time at={one.createdAt} /> },
        { id: "seen", header: "Last seen", cell: (one) => <Time at={one.seenAt} /> },
        {
          id: "end",
          header: "End",
          cell: (one) =>
            one.isThis ? (
              "This one"
            ) : (
              <Button ariaLabel={`End the session in ${one.userAgent}`} onClick={() => void end(one.id)}>
                End
              </Button>
            ),
        },
      ]}
    />
  );
}

function Password() {
  const [old, setOld] = useState("");
  const [chosen, setChosen] = useState("");
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const { tell } = useNotifications();

  async function submit(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      await changePassword(old, chosen);
      setOld("");
      setChosen("");
      tell("Your password is changed. Your other sessions have ended.");
    } catch (error) {
      setError(error);
    } finally {
      setBusy(false);
    }
  }

  return (
    <form onSubmit={(event) => void submit(event)}>
      <Container header={<Header variant="h2">Password</Header>}>
        <SpaceBetween size="m">
          {error !== undefined && <ErrorAlert error={error} />}
          <FormField label="Present password">
            <Input type="password" autoComplete="current-password" value={old} onChange={({ detail }) => setOld(detail.value)} />
          </FormField>
          <FormField label="New password">
            <Input type="password" autoComplete="new-password" value={chosen} onChange={({ detail }) => setChosen(detail.value)} />
          </FormField>
          <ActionButton
            service="iam"
            operation="ChangePassword"
            formAction="submit"
            loading={busy}
            disabled={old === "" || chosen === ""}
          >
            Change password
          </ActionButton>
        </SpaceBetween>
      </Container>
    </form>
  );
}
