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

const SECRET = /password(?!Reset|Length|Reuse|Age)|secret|token|privatekey|code\d?$/i;

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

/** What is kept by a resource of Terraform: its type, what it is called there, and its arguments by their members. */
interface Resource {
  type: string;
  /** The member that names it. */
  named: string;
  /** By member; `null` leaves it out, as Terraform makes the value itself. Others are as they are, in small letters. */
  as?: Record<string, string | null>;
  /** Arguments that Terraform wants and the operation has not. */
  more?: Record<string, unknown>;
}

const attachment = (kind: string): Resource => ({
  type: `aws_iam_${kind}_policy_attachment`,
  named: `${kind.replace(/^./, (first) => first.toUpperCase())}Name`,
  as: { UserName: "user", GroupName: "group", RoleName: "role" },
});

/** Source: the documentation of Terraform's provider for AWS. */
const RESOURCES: Record<string, Resource> = {
  CreateUser: { type: "aws_iam_user", named: "UserName", as: { UserName: "name" } },
  CreateGroup: { type: "aws_iam_group", named: "GroupName", as: { GroupName: "name" } },
  CreateRole: {
    type: "aws_iam_role",
    named: "RoleName",
    as: { RoleName: "name", AssumeRolePolicyDocument: "assume_role_policy" },
  },
  CreatePolicy: { type: "aws_iam_policy", named: "PolicyName", as: { PolicyName: "name", PolicyDocument: "policy" } },
  CreateInstanceProfile: {
    type: "aws_iam_instance_profile",
    named: "InstanceProfileName",
    as: { InstanceProfileName: "name" },
  },
  CreateOpenIDConnectProvider: {
    type: "aws_iam_openid_connect_provider",
    named: "Url",
    as: { ClientIDList: "client_id_list" },
  },
  CreateSAMLProvider: {
    type: "aws_iam_saml_provider",
    named: "Name",
    as: { SAMLMetadataDocument: "saml_metadata_document" },
  },
  CreateAccessKey: { type: "aws_iam_access_key", named: "UserName", as: { UserName: "user" } },
  CreateLoginProfile: {
    type: "aws_iam_user_login_profile",
    named: "UserName",
    as: { UserName: "user", Password: null },
  },
  UploadServerCertificate: {
    type: "aws_iam_server_certificate",
    named: "ServerCertificateName",
    as: { ServerCertificateName: "name" },
  },
  UploadSSHPublicKey: {
    type: "aws_iam_user_ssh_key",
    named: "UserName",
    as: { UserName: "username", SSHPublicKeyBody: "public_key" },
    more: { encoding: "SSH" },
  },
  UploadSigningCertificate: { type: "aws_iam_signing_certificate", named: "UserName" },
  CreateServiceSpecificCredential: { type: "aws_iam_service_specific_credential", named: "UserName" },
  CreateAccountAlias: { type: "aws_iam_account_alias", named: "AccountAlias" },
  UpdateAccountPasswordPolicy: { type: "aws_iam_account_password_policy", named: "" },
  AttachUserPolicy: attachment("user"),
  AttachGroupPolicy: attachment("group"),
  AttachRolePolicy: attachment("role"),
};

/** The same as a resource of Terraform, where its provider for AWS has one. */
export function terraform(operation: string, input: Record<string, unknown>): string | undefined {
  const resource = RESOURCES[operation];
  if (!resource) return undefined;
  const { type, named, as = {}, more = {} } = resource;
  const taken = stated(input).flatMap(([name, value]): [string, unknown][] => {
    const argument = as[name] === undefined ? hyphenated(name, "_") : as[name];
    return argument === null ? [] : [[argument, shown(name, value)]];
  });
  const given = [...taken, ...Object.entries(more)];
  const width = Math.max(0, ...given.map(([name]) => name.length));
  const lines = given.map(([name, value]) => `  ${name.padEnd(width)} = ${hcl(value)}\n`);
  return `resource "${type}" "${label(input[named])}" {\n${lines.join("")}}`;
}

/** A name as Terraform takes it for one. */
function label(name: unknown): string {
  const text = String(name ?? "").replace(/^https?:\/\//, "").replace(/[^\w-]+/g, "_").replace(/^_+|_+$/g, "");
  return /^[A-Za-z_]/.test(text) ? text : text ? `_${text}` : "this";
}

function hcl(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(hcl).join(", ")}]`;
  if (typeof value !== "string") return String(value);
  // Two marks are templates in every text of Terraform's, variables of policies among them.
  const plain = value.replaceAll("${", "$${").replaceAll("%{", "%%{");
  // Lines are kept as they are, because a certificate or policy can be read so.
  if (plain.includes("\n") && !/\r|^EOT$/m.test(plain)) return `<<EOT\n${plain.replace(/\n$/, "")}\nEOT`;
  return JSON.stringify(plain);
}
