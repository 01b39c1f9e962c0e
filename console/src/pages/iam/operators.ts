// The operators of conditions. Source: IAM User Guide, "IAM JSON policy elements: Condition operators".

import type { ConditionKey } from "../../permissions";

const TEXT = [
  "StringEquals",
  "StringNotEquals",
  "StringEqualsIgnoreCase",
  "StringNotEqualsIgnoreCase",
  "StringLike",
  "StringNotLike",
];
const compared = (kind: string) =>
  ["Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"].map((how) => kind + how);

const BY_KIND: Record<ConditionKey["kind"], string[]> = {
  TEXT,
  ARN: ["ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike", ...TEXT],
  BOOL: ["Bool"],
  NUMBER: compared("Numeric"),
  DATE: compared("Date"),
  ADDRESS: ["IpAddress", "NotIpAddress"],
  BINARY: ["BinaryEquals"],
};

const withIfExists = (operators: string[]) => operators.flatMap((one) => [one, `${one}IfExists`]);

/** All, `Null` among them, which has no `IfExists`. */
export const OPERATORS = [...new Set(withIfExists(Object.values(BY_KIND).flat())), "Null"];

/** Those that make sense for a key. Of several values a request may have, it must be said whether one or all count. */
export function operatorsOf({ kind, multivalued }: ConditionKey): string[] {
  const own = withIfExists(BY_KIND[kind]);
  if (!multivalued) return [...own, "Null"];
  return [...["ForAnyValue:", "ForAllValues:"].flatMap((set) => own.map((one) => set + one)), "Null"];
}
