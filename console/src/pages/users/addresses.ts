// Addresses out of what people paste, and users as a table for other programs.

import type { ChimeUser } from "../../api/operations";

/** Every word with an @ in it, once, whatever is between them. */
export function addressesIn(text: string): string[] {
  const words = text.split(/[\s,;<>"']+/).filter((word) => /.@./.test(word));
  const seen = new Map(words.map((word) => [word.toLowerCase(), word]));
  return [...seen.values()];
}

/** A list in pieces of at most this size. */
export function portions<T>(items: T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size));
}

const COLUMNS = [
  "UserId",
  "PrimaryEmail",
  "DisplayName",
  "LicenseType",
  "UserType",
  "UserRegistrationStatus",
  "UserInvitationStatus",
  "RegisteredOn",
  "InvitedOn",
] as const;

/** As RFC 4180 has it. A spreadsheet must not take what somebody is called for a formula. */
export function csvOf(users: ChimeUser[]): string {
  const cell = (value: string | undefined) => {
    const text = value ?? "";
    const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  const rows = users.map((user) => COLUMNS.map((column) => cell(user[column])).join(","));
  return [COLUMNS.join(","), ...rows, ""].join("\r\n");
}
