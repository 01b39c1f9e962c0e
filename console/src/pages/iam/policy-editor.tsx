// A policy document, as text or as forms, with what the linter says of it in place.

import Box from "@cloudscape-design/components/box";
import CodeEditor, { type CodeEditorProps } from "@cloudscape-design/components/code-editor";
import FormField from "@cloudscape-design/components/form-field";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import StatusIndicator, { type StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";
import { useQuery } from "@tanstack/react-query";
import { Suspense, lazy, useEffect, useMemo, useRef, useState } from "react";

import { call } from "../../api/client";
import type { AccessAnalyzerPolicyFinding } from "../../api/operations";
import { useDelayed } from "../../common/use-delayed";
import { useMay, usePermissions } from "../../permissions";
import { type Ace, type Completion, loadAce } from "./ace";
import { OPERATORS } from "./operators";
import { read } from "./visual/document";

const VisualEditor = lazy(() => import("./visual/visual-editor").then(({ VisualEditor }) => ({ default: VisualEditor })));

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

const ELEMENTS = [
  "Version",
  "Id",
  "Statement",
  "Sid",
  "Effect",
  "Allow",
  "Deny",
  "Principal",
  "NotPrincipal",
  "Action",
  "NotAction",
  "Resource",
  "NotResource",
  "Condition",
];

export function PolicyEditor({ value, onChange, kind = "identity", readOnly }: Props) {
  const [view, setView] = useState("json");
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

  return (
    <SpaceBetween size="s">
      <SegmentedControl
        label="How the policy is shown"
        selectedId={view}
        onChange={({ detail }) => setView(detail.selectedId)}
        options={[
          { id: "json", text: "JSON" },
          { id: "visual", text: "Visual" },
        ]}
      />
      {view === "json" ? (
        <JsonEditor value={value} onChange={onChange} findings={findings} readOnly={readOnly} />
      ) : (
        <Suspense fallback={<Spinner />}>
          <VisualEditor reading={read(value)} onChange={onChange} isTrust={kind === "trust"} readOnly={readOnly} />
        </Suspense>
      )}
      {may ? (
        <Findings findings={findings} />
      ) : (
        <Box color="text-status-inactive">You may not have policies checked (access-analyzer:ValidatePolicy).</Box>
      )}
    </SpaceBetween>
  );
}

interface JsonProps {
  value: string;
  onChange: (value: string) => void;
  findings: AccessAnalyzerPolicyFinding[];
  readOnly?: boolean;
}

function JsonEditor({ value, onChange, findings, readOnly }: JsonProps) {
  const [ace, setAce] = useState<Ace>();
  const [preferences, setPreferences] = useState<CodeEditorProps.Preferences>();
  const editor = useRef<HTMLDivElement>(null);
  const { of, conditionKeys } = usePermissions();
  const known = useMemo(() => {
    const all = (values: Iterable<string>, meta: Completion["meta"]) => [...values].map((value) => ({ value, meta }));
    return [
      ...all(new Set([...of.values()].map((permission) => permission.action)), "action"),
      ...all(conditionKeys.map((key) => key.name), "condition key"),
      ...all(OPERATORS, "operator"),
      ...all(ELEMENTS, "element"),
    ];
  }, [of, conditionKeys]);

  useEffect(() => {
    void loadAce(known).then(setAce);
  }, [known]);

  useEffect(() => {
    const container = editor.current?.querySelector<HTMLElement>(".ace_editor");
    if (ace && container) {
      const one = ace.edit(container);
      one.session.setAnnotations(findings.map(annotation));
      one.setReadOnly(readOnly ?? false);
    }
  }, [ace, findings, readOnly]);

  return (
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
