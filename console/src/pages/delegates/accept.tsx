import Alert from "@cloudscape-design/components/alert";
import Container from "@cloudscape-design/components/container";
import ContentLayout from "@cloudscape-design/components/content-layout";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type FormEvent, useState } from "react";
import { useNavigate } from "react-router-dom";

import { type Output, call } from "../../api/client";
import { ActionButton } from "../../common/action-button";
import { Denied } from "../../common/denied";
import { ErrorAlert } from "../../common/error-alert";
import { useNotifications } from "../../common/notifications";
import { Time } from "../../common/time";
import { useMay } from "../../permissions";

/** For whoever is invited to manage the account of another AWS account: first what it is, then yes or no. */
export default function Accept() {
  const [token, setToken] = useState("");
  const [invitation, setInvitation] = useState<Output<"chime", "ValidateDelegate">>();
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const navigate = useNavigate();
  const may = useMay("chime", "AcceptDelegate");
  const { tell } = useNotifications();
  const InvitationToken = token.trim();

  async function attempt(step: () => Promise<void>) {
    setBusy(true);
    setError(undefined);
    try {
      await step();
    } catch (error) {
      setError(error);
    } finally {
      setBusy(false);
    }
  }

  function look(event: FormEvent) {
    event.preventDefault();
    void attempt(async () => setInvitation(await call("chime", "ValidateDelegate", { InvitationToken })));
  }

  function accept() {
    void attempt(async () => {
      const { Account } = await call("chime", "AcceptDelegate", { InvitationToken });
      tell(`You manage ${Account.Name} now.`);
      navigate(`/accounts/${Account.AccountId}`);
    });
  }

  return (
    <ContentLayout
      header={
        <Header variant="h1" description="Another AWS account shares the management of its Chime account with yours.">
          Accept a delegation
        </Header>
      }
    >
      <SpaceBetween size="l">
        {error !== undefined && <ErrorAlert error={error} />}
        {!may && <Denied service="chime" operation="AcceptDelegate" so="you can look at an invitation, and no more" />}
        <form onSubmit={look}>
          <Container>
            <SpaceBetween size="m">
              <FormField label="Invitation token" description="It is in the mail.">
                <Input
                  value={token}
                  onChange={({ detail }) => {
                    setToken(detail.value);
                    setInvitation(undefined);
                  }}
                  autoComplete={false}
                />
              </FormField>
              <ActionButton
                service="chime"
                operation="ValidateDelegate"
                formAction="submit"
                loading={busy && !invitation}
                disabled={InvitationToken === ""}
              >
                Show the invitation
              </ActionButton>
            </SpaceBetween>
          </Container>
        </form>
        {invitation && (
          <Container
            header={
              <Header
                variant="h2"
                actions={
                  <ActionButton service="chime" operation="AcceptDelegate" variant="primary" loading={busy} onClick={accept}>
                    Accept
                  </ActionButton>
                }
              >
                {invitation.AccountName}
              </Header>
            }
          >
            <SpaceBetween size="m">
              <KeyValuePairs
                columns={2}
                items={[
                  {
                    label: "Owner",
                    value: `${invitation.OwnerAwsAccountName} (${invitation.OwnerAwsAccountId})`,
                  },
                  { label: "Accept by", value: <Time at={invitation.ExpirationTimestamp} /> },
                  { label: "Reason", value: invitation.Reason ?? "–" },
                  { label: "Ends", value: <Time at={invitation.EndTimestamp} /> },
                ]}
              />
              {invitation.HasBoundaryPolicy && (
                <Alert type="info">The owner has set a boundary: some things may be refused to you.</Alert>
              )}
            </SpaceBetween>
          </Container>
        )}
      </SpaceBetween>
    </ContentLayout>
  );
}
