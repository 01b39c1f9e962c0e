// Tables for other programs.

/** As RFC 4180 has it. A spreadsheet must not take what somebody is called for a formula. */
export function csv<T extends object>(rows: T[], columns: readonly (keyof T & string)[]): string {
  return head(columns) + lines(rows, columns);
}

export function head(columns: readonly string[]): string {
  return `${columns.join(",")}\r\n`;
}

export function lines<T extends object>(rows: T[], columns: readonly (keyof T & string)[]): string {
  return rows.map((row) => `${columns.map((column) => cell(row[column])).join(",")}\r\n`).join("");
}

function cell(value: unknown): string {
  const text = value === undefined || value === null ? "" : String(value);
  const safe = typeof value === "string" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Gives the browser a file to keep, of one part or many. */
export function download(name: string, ...parts: string[]) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(parts, { type: "text/csv" }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
