// A policy document as forms show it, and back. What forms cannot show stays in the document as it is.

export type Statement = Readonly<Record<string, unknown>>;

export interface Readable {
  document: Readonly<Record<string, unknown>>;
  statements: Statement[];
}

/** A document that forms can show, or why they cannot. */
export type Reading = { readable: Readable } | { problem: string };

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export function read(text: string): Reading {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    return { problem: `It is not JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
  const loss = wouldLose(text);
  if (loss) return { problem: loss };
  if (!isObject(document)) return { problem: "A policy is an object with statements." };
  const { Statement: given } = document;
  const statements = Array.isArray(given) ? given : given === undefined ? [] : [given];
  if (!statements.every(isObject)) return { problem: "Its statements are not objects." };
  return { readable: { document, statements } };
}

/** What reading and writing the text again would change: the forms must not do that behind anybody's back. */
function wouldLose(text: string): string | undefined {
  /** The keys so far of each object that is open; nothing of a list. */
  const open: (Set<string> | undefined)[] = [];
  let isKey = false;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s{}[\]:,"]+/g)) {
    const keys = open[open.length - 1];
    if (token === "{") {
      open.push(new Set());
      isKey = true;
    } else if (token === "[") {
      open.push(undefined);
      isKey = false;
    } else if (token === "}" || token === "]") {
      open.pop();
      isKey = false;
    } else if (token === ",") isKey = keys !== undefined;
    else if (token === ":") isKey = false;
    else if (token.startsWith('"')) {
      const key = JSON.parse(token) as string;
      if (isKey && keys?.has(key)) return `The key ${key} stands twice in one object.`;
      if (isKey) keys?.add(key);
    } else if (/^[-\d]/.test(token) && String(Number(token)) !== token) {
      return `The number ${token} would be written otherwise.`;
    }
  }
  return undefined;
}

/** The text of the document with other statements. One that stood without a list goes on to, while it is alone. */
export function write({ document }: Readable, statements: readonly Statement[]): string {
  const isAlone = isObject(document.Statement) && statements.length === 1;
  return textOf(replaced(document, "Statement", "Statement", isAlone ? statements[0] : statements));
}

export function textOf(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** The object with one member replaced where it stands, perhaps under another name; with none if `value` is. */
function replaced(of: Statement, name: string, next: string, value: unknown): Statement {
  const entries = Object.entries(of).flatMap((entry): [string, unknown][] =>
    entry[0] === name ? (value === undefined ? [] : [[next, value]]) : [entry],
  );
  if (value !== undefined && !(name in of)) entries.push([next, value]);
  return Object.fromEntries(entries);
}

export function withMember(statement: Statement, name: string, value: unknown): Statement {
  return replaced(statement, name, name, value);
}

/** Actions or resources: these, or all but these. */
export interface Matches {
  isNot: boolean;
  values: string[];
}

const texts = (value: unknown): string[] | undefined => {
  if (typeof value === "string") return [value];
  return Array.isArray(value) && value.every((one) => typeof one === "string") ? value : undefined;
};

/** Of `Action` or `Resource`; nothing if forms cannot show them. */
export function matches(statement: Statement, name: "Action" | "Resource"): Matches | undefined {
  const isNot = `Not${name}` in statement;
  if (isNot && name in statement) return undefined;
  const values = texts(statement[isNot ? `Not${name}` : name] ?? []);
  return values && { isNot, values };
}

export function withMatches(statement: Statement, name: "Action" | "Resource", { isNot, values }: Matches): Statement {
  const before = `Not${name}` in statement ? `Not${name}` : name;
  const stood = typeof statement[before] === "string";
  return replaced(statement, before, isNot ? `Not${name}` : name, stood && values.length === 1 ? values[0] : values);
}

/** One test of a condition. */
export interface Test {
  operator: string;
  key: string;
  values: string[];
  /** As it stands in the document, which need not be a list of texts. */
  raw: unknown;
}

const isScalar = (value: unknown) => ["string", "number", "boolean"].includes(typeof value);

/** The tests of `Condition`, all of which must hold; nothing if forms cannot show them. */
export function tests(statement: Statement): Test[] | undefined {
  const { Condition: condition } = statement;
  if (condition === undefined) return [];
  if (!isObject(condition)) return undefined;
  const found: Test[] = [];
  for (const [operator, keys] of Object.entries(condition)) {
    if (!isObject(keys)) return undefined;
    for (const [key, raw] of Object.entries(keys)) {
      const values = Array.isArray(raw) ? raw : [raw];
      if (!values.every(isScalar)) return undefined;
      found.push({ operator, key, values: values.map(String), raw });
    }
  }
  return found;
}

export function withTests(statement: Statement, tests: readonly Test[]): Statement {
  const condition = new Map<string, Map<string, unknown>>();
  for (const { operator, key, values, raw } of tests) {
    const keys = condition.get(operator) ?? new Map<string, unknown>();
    condition.set(operator, keys);
    const before = keys.get(key);
    const written = isAsWritten(raw, values) ? raw : values.length === 1 ? values[0] : values;
    // The same test twice is one with the values of both.
    keys.set(key, before === undefined ? written : [...[before].flat(), ...values]);
  }
  const objects = [...condition].map(([operator, keys]) => [operator, Object.fromEntries(keys)]);
  return replaced(statement, "Condition", "Condition", objects.length > 0 ? Object.fromEntries(objects) : undefined);
}

function isAsWritten(raw: unknown, values: readonly string[]): boolean {
  if (raw === undefined) return false;
  const written = [raw].flat();
  return written.length === values.length && written.every((value, index) => String(value) === values[index]);
}

/** Elements of a statement that forms have no field for. */
export function others(statement: Statement): string[] {
  const shown = ["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"];
  return Object.keys(statement).filter((name) => !shown.includes(name));
}

export const EMPTY: Statement = { Effect: "Allow", Action: [], Resource: "*" };
