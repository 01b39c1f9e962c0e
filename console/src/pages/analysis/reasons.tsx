import StatusIndicator, { type StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";

import type { AccessAnalyzerAccessReason, AccessAnalyzerEffectiveAccess } from "../../api/operations";

const EXTENTS: Record<AccessAnalyzerEffectiveAccess["extent"], [StatusIndicatorProps.Type, string]> = {
  ALWAYS: ["success", "always"],
  SOMETIMES: ["info", "sometimes"],
  UNDECIDED: ["warning", "undecided"],
  OBTAINABLE: ["warning", "could get it"],
};

export function Extent({ of }: { of: AccessAnalyzerEffectiveAccess }) {
  const [type, text] = EXTENTS[of.extent];
  return <StatusIndicator type={type}>{text}</StatusIndicator>;
}

/** The statements that give or take a permission. */
export function Reasons({ of }: { of: AccessAnalyzerEffectiveAccess }) {
  return (
    <>
      {of.allowedBy.map((reason, index) => (
        <div key={index}>
          allowed by {statement(reason)}
          {limits(reason)}
        </div>
      ))}
      {of.deniedBy.map((reason, index) => (
        <div key={index}>
          denied by {statement(reason)}
          {limits(reason)}
        </div>
      ))}
      {of.limitedBy && <div>limited by the boundary {of.limitedBy}</div>}
      {of.undecidedBecause && <div>undecided: {of.undecidedBecause}</div>}
    </>
  );
}

function statement(reason: AccessAnalyzerAccessReason): string {
  const name = reason.statementId ?? `statement ${reason.statementIndex + 1}`;
  return `${name} of ${reason.policyName}${reason.attachedTo ? ` (${reason.attachedTo.split("/").pop()})` : ""}`;
}

function limits(reason: AccessAnalyzerAccessReason): string {
  const on = reason.resources.filter((resource) => resource !== "*");
  return [on.length ? ` on ${on.join(", ")}` : "", ...reason.conditions.map((condition) => `, if ${condition}`)].join("");
}
