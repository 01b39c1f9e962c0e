// Operations as commands of the AWS CLI and of boto3, with names as botocore writes them.

/** `ResetPersonalPIN` as `reset-personal-pin`. Source: botocore, `xform_name`. */
export function hyphenated(name: string, separator = "-"): string {
  return name
    .replace(/([A-Z]{2,}s)$/, (plural) => `${separator}${plural.toLowerCase()}`)
    .replace(/(.)([A-Z][a-z]+)/g, `$1${separator}$2`)
    .replace(/([a-z0-9])([A-Z])/g, `$1${separator}$2`)
    .replace(new RegExp(`${separator}+`, "g"), separator)
    .toLowerCase();
}

/** A text as a POSIX shell takes it for one word. */
export function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function stated(input: Record<string, unknown>): [string, unknown][] {
  return Object.entries(input).filter(([, value]) => value !== undefined && value !== "");
}

const SECRET = /password|secret|token|code$/i;

/** Secrets are not for clipboards and histories. */
function shown(name: string, value: unknown): unknown {
  return SECRET.test(name) ? "…" : value;
}

export function cli(service: string, operation: string, input: Record<string, unknown>): string {
  const words = stated(input).map(([name, value]) => {
    const flag = `--${hyphenated(name)}`;
    const given = shown(name, value);
    if (given === true) return flag;
    if (given === false) return `--no-${hyphenated(name)}`;
    if (Array.isArray(given) && given.every((item) => typeof item === "string")) {
      return `${flag} ${given.map(quoted).join(" ")}`;
    }
    return `${flag} ${quoted(typeof given === "object" ? JSON.stringify(given) : String(given))}`;
  });
  return [`aws ${service === "access-analyzer" ? "accessanalyzer" : service} ${hyphenated(operation)}`, ...words].join(" \\\n  ");
}

export function boto3(service: string, operation: string, input: Record<string, unknown>): string {
  const client = service === "access-analyzer" ? "accessanalyzer" : service;
  const members = stated(input).map(([name, value]) => `    ${name}=${python(shown(name, value))},\n`);
  return `boto3.client("${client}").${hyphenated(operation, "_")}(\n${members.join("")})`;
}

function python(value: unknown): string {
  if (value === true) return "True";
  if (value === false) return "False";
  if (value === null) return "None";
  if (Array.isArray(value)) return `[${value.map(python).join(", ")}]`;
  if (typeof value === "object") {
    return `{${Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}: ${python(member)}`).join(", ")}}`;
  }
  return JSON.stringify(value);
}
