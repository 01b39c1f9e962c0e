// A policy document as text, with what the linter says of it in place.

import Box from "@cloudscape-design/components/box";
import CodeEditor, { type CodeEditorProps } from "@cloudscape-design/components/code-editor";
import FormField from "@cloudscape-design/components/form-field";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator, { type StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";

import { call } from "../../api/client";
import type { AccessAnalyzerPolicyFinding } from "../../api/operations";
import { useDelayed } from "../../common/use-delayed";
import { useMay, usePermissions } from "../../permissions";
import { type Ace, loadAce } from "./ace";

interface Props {
  value: string;
  onChange: (value: string) => void;
  /** A trust policy is a policy of a resource, the role. */
  kind?: "identity" | "trust";
  readOnly?: boolean;
}

const TYPES = {
  identity: { policyType: "IDENTITY_POLICY" },
  trust: { policyType: "RESOURCE_POLICY", validatePolicyResourceType: "AWS::IAM::AssumeRolePolicyDocument" },
} as const;

const KINDS: Record<string, StatusIndicatorProps.Type> = {
  ERROR: "error",
  SECURITY_WARNING: "warning",
  WARNING: "warning",
  SUGGESTION: "info",
};

export function PolicyEditor({ value, onChange, kind = "identity", readOnly }: Props) {
  const [ace, setAce] = useState<Ace>();
  const [preferences, setPreferences] = useState<CodeEditorProps.Preferences>();
  const editor = useRef<HTMLDivElement>(null);
  const permissions = usePermissions();
  const may = useMay("access-analyzer", "ValidatePolicy");
  const asked = useDelayed(value, 400);
  const validation = useQuery({
    queryKey: ["validate-policy", kind, asked],
    enabled: may,
    queryFn: () =>
      call("access-analyzer", "ValidatePolicy", { policyDocument: asked, ...TYPES[kind], maxResults: 100 }),
    placeholderData: (before) => before,
  });
  const findings = validation.data?.findings ?? [];

  useEffect(() => {
    const actions = [...permissions.of.values()].map((permission) => permission.action);
    void loadAce(actions).then(setAce);
  }, [permissions]);

  useEffect(() => {
    const container = editor.current?.querySelector<HTMLElement>(".ace_editor");
    if (ace && container) {
      const one = ace.edit(container);
      one.session.setAnnotations(findings.map(annotation));
      one.setReadOnly(readOnly ?? false);
    }
  }, [ace, findings, readOnly]);

  return (
    <SpaceBetween size="s">
      <FormField label="Policy document" stretch>
        <div ref={editor}>
          <CodeEditor
            ace={ace}
            loading={!ace}
            language="json"
            themes={{ light: ["cloud_editor"], dark: ["cloud_editor_dark"] }}
            value={value}
            onDelayedChange={({ detail }) => onChange(detail.value)}
            preferences={preferences}
            onPreferencesChange={({ detail }) => setPreferences(detail)}
            editorContentHeight={320}
            ariaLabel="Policy document"
          />
        </div>
      </FormField>
      {may ? (
        <Findings findings={findings} />
      ) : (
        <Box color="text-status-inactive">You may not have policies checked (access-analyzer:ValidatePolicy).</Box>
      )}
    </SpaceBetween>
  );
}

function annotation(finding: AccessAnalyzerPolicyFinding) {
  const start = finding.locations[0]?.span.start;
  return {
    row: Math.max((start?.line ?? 1) - 1, 0),
    column: start?.column ?? 0,
    text: `${finding.issueCode}: ${finding.findingDetails}`,
    type: finding.findingType === "ERROR" ? "error" : finding.findingType === "SUGGESTION" ? "info" : "warning",
  };
}

function Findings({ findings }: { findings: AccessAnalyzerPolicyFinding[] }) {
  if (findings.length === 0) {
    return <StatusIndicator type="success">The linter has nothing to say.</StatusIndicator>;
  }
  return (
    <ul aria-label="Findings of the linter">
      {findings.map((finding, index) => {
        const start = finding.locations[0]?.span.start;
        return (
          <li key={index}>
            <StatusIndicator type={KINDS[finding.findingType] ?? "info"}>
              {start && `${start.line}:${start.column + 1} `}
              {finding.issueCode}
            </StatusIndicator>
            <Box>{finding.findingDetails}</Box>
          </li>
        );
      })}
    </ul>
  );
}
