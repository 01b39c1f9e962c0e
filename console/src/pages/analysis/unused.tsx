import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import ContentLayout from "@cloudscape-design/components/content-layout";
import CopyToClipboard from "@cloudscape-design/components/copy-to-clipboard";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type FormEvent, useState } from "react";

import { type Output, call } from "../../api/client";
import { ActionButton } from "../../common/action-button";
import { ErrorAlert } from "../../common/error-alert";
import { Time } from "../../common/time";
import { usePermissions } from "../../permissions";

export default function Unused() {
  const { principal } = usePermissions();
  const [who, setWho] = useState(principal.includes(":user/") ? principal : "");
  const [days, setDays] = useState("90");
  const [unused, setUnused] = useState<Output<"access-analyzer", "ListUnusedPermissions">>();
  const [least, setLeast] = useState<Output<"access-analyzer", "GenerateLeastPrivilegePolicy">>();
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const input = { principalArn: who.trim(), days: Number(days) || undefined };

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
    setLeast(undefined);
    void attempt(async () => setUnused(await call("access-analyzer", "ListUnusedPermissions", input)));
  }

  return (
    <ContentLayout
      header={
        <Header variant="h1" description="What a user or role may do and never did, from the audit trail.">
          Unused permissions
        </Header>
      }
    >
      <SpaceBetween size="l">
        {error !== undefined && <ErrorAlert error={error} />}
        <form onSubmit={look}>
          <Container>
            <SpaceBetween size="m">
              <FormField label="User or role" description="Its ARN.">
                <Input value={who} onChange={({ detail }) => setWho(detail.value)} />
              </FormField>
              <FormField label="Days">
                <Input type="number" value={days} onChange={({ detail }) => setDays(detail.value)} />
              </FormField>
              <Button formAction="submit" variant="primary" loading={busy} disabled={who.trim() === ""}>
                Look
              </Button>
            </SpaceBetween>
          </Container>
        </form>
        {unused && (
          <Container
            header={
              <Header
                variant="h2"
                counter={`(${unused.unusedActions.length})`}
                description={
                  <>
                    {unused.examined} calls since <Time at={unused.examinedSince} /> were looked at.
                  </>
                }
                actions={
                  <ActionButton
                    service="access-analyzer"
                    operation="GenerateLeastPrivilegePolicy"
                    loading={busy}
                    onClick={() =>
                      void attempt(async () =>
                        setLeast(await call("access-analyzer", "GenerateLeastPrivilegePolicy", input)),
                      )
                    }
                  >
                    Write the least policy
                  </ActionButton>
                }
              >
                Actions that were never tried
              </Header>
            }
          >
            <Box>{unused.unusedActions.join(", ") || "None: everything allowed was used."}</Box>
          </Container>
        )}
        {least && (
          <Container header={<Header variant="h2">The least policy that would have done</Header>}>
            <SpaceBetween size="s">
              <Box variant="code">
                <pre className="record">{least.policyDocument}</pre>
              </Box>
              <CopyToClipboard
                copyButtonText="Copy"
                textToCopy={least.policyDocument}
                copySuccessText="Copied"
                copyErrorText="It could not be copied"
              />
            </SpaceBetween>
          </Container>
        )}
      </SpaceBetween>
    </ContentLayout>
  );
}
