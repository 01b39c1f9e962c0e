import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import ContentLayout from "@cloudscape-design/components/content-layout";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator, { type StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import Textarea from "@cloudscape-design/components/textarea";
import { type FormEvent, useState } from "react";

import { call } from "../../api/client";
import type { IamEvaluationResult } from "../../api/operations";
import { CopyAs } from "../../common/copy-as";
import { ErrorAlert } from "../../common/error-alert";
import { usePermissions } from "../../permissions";

const DECISIONS: Record<IamEvaluationResult["EvalDecision"], [StatusIndicatorProps.Type, string]> = {
  allowed: ["success", "allowed"],
  explicitDeny: ["error", "denied by a statement"],
  implicitDeny: ["stopped", "not allowed by any statement"],
};

const words = (text: string) => text.split(/[\s,]+/).filter(Boolean);

export default function Simulate() {
  const { principal } = usePermissions();
  const [source, setSource] = useState(principal.includes(":user/") ? principal : "");
  const [actions, setActions] = useState("chime:ListUsers\nchime:InviteUsers");
  const [resources, setResources] = useState("");
  const [results, setResults] = useState<IamEvaluationResult[]>();
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const input = {
    PolicySourceArn: source.trim(),
    ActionNames: words(actions),
    ResourceArns: words(resources).length ? words(resources) : undefined,
    MaxItems: 1000,
  };

  async function submit(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      setResults((await call("iam", "SimulatePrincipalPolicy", input)).EvaluationResults);
    } catch (error) {
      setError(error);
    } finally {
      setBusy(false);
    }
  }

  return (
    <ContentLayout
      header={
        <Header variant="h1" description="Whether somebody would be allowed, without doing it.">
          Simulate
        </Header>
      }
    >
      <SpaceBetween size="l">
        <form onSubmit={(event) => void submit(event)}>
          <Container>
            <SpaceBetween size="m">
              {error !== undefined && <ErrorAlert error={error} />}
              <FormField label="Who" description="ARN of a user, group or role.">
                <Input value={source} onChange={({ detail }) => setSource(detail.value)} />
              </FormField>
              <FormField label="Actions" description="One a line.">
                <Textarea value={actions} onChange={({ detail }) => setActions(detail.value)} />
              </FormField>
              <FormField label="Resources" description="ARNs, one a line; all of them, if empty.">
                <Textarea value={resources} rows={2} onChange={({ detail }) => setResources(detail.value)} />
              </FormField>
              <Button
                formAction="submit"
                variant="primary"
                loading={busy}
                disabled={source.trim() === "" || words(actions).length === 0}
              >
                Simulate
              </Button>
              <CopyAs service="iam" operation="SimulatePrincipalPolicy" input={input} />
            </SpaceBetween>
          </Container>
        </form>
        {results && (
          <Table
            items={results}
            trackBy={(one) => `${one.EvalActionName} ${one.EvalResourceName}`}
            ariaLabels={{ tableLabel: "Results" }}
            header={<Header variant="h2">Results</Header>}
            wrapLines
            columnDefinitions={[
              { id: "action", header: "Action", cell: (one) => one.EvalActionName, isRowHeader: true },
              { id: "resource", header: "Resource", cell: (one) => one.EvalResourceName },
              {
                id: "decision",
                header: "Decision",
                cell: (one) => {
                  const [type, text] = DECISIONS[one.EvalDecision];
                  return <StatusIndicator type={type}>{text}</StatusIndicator>;
                },
              },
              {
                id: "statements",
                header: "Statements",
                cell: (one) =>
                  one.MatchedStatements.map(
                    (match) => `${match.SourcePolicyId} ${match.StartPosition?.Line}:${match.StartPosition?.Column}`,
                  ).join(", ") || "–",
              },
              { id: "missing", header: "Missing context", cell: (one) => one.MissingContextValues.join(", ") || "–" },
            ]}
          />
        )}
      </SpaceBetween>
    </ContentLayout>
  );
}
