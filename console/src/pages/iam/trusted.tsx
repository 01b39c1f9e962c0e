// Whom a role may trust, as statements of its trust policy.

import FormField from "@cloudscape-design/components/form-field";
import Select from "@cloudscape-design/components/select";
import { useQuery } from "@tanstack/react-query";

import { call } from "../../api/client";
import { useMay, usePermissions } from "../../permissions";

export type Statement = Record<string, unknown>;

export function trustOfAccount(accountId: string): Statement {
  return { Effect: "Allow", Principal: { AWS: `arn:aws:iam::${accountId}:root` }, Action: "sts:AssumeRole" };
}

/** Takes what is said to this server only: whoever a provider vouches for elsewhere is nobody here. */
export function trustOfSaml(arn: string): Statement {
  return {
    Effect: "Allow",
    Principal: { Federated: arn },
    Action: "sts:AssumeRoleWithSAML",
    Condition: { StringEquals: { "SAML:aud": recipient() } },
  };
}

function trustOfOpenId(arn: string): Statement {
  const address = arn.replace(/^.*?:oidc-provider\//, "");
  return {
    Effect: "Allow",
    Principal: { Federated: arn },
    Action: "sts:AssumeRoleWithWebIdentity",
    Condition: { StringEquals: { [`${address}:aud`]: "the audience", [`${address}:sub`]: "who" } },
  };
}

/** Where SAML providers send their answers. */
export function recipient(): string {
  return `${window.location.origin}/saml`;
}

/** The document with one statement more; a new one if there is none yet. */
export function withStatement(document: string, statement: Statement): string {
  const kept = document.trim() ? (JSON.parse(document) as { Statement?: Statement | Statement[] }) : {};
  const statements = [kept.Statement ?? []].flat();
  return `${JSON.stringify({ Version: "2012-10-17", ...kept, Statement: [...statements, statement] }, null, 2)}\n`;
}

interface Props {
  label: string;
  onChoose: (statement: Statement) => void;
}

/** Offers this AWS account and its identity providers. */
export function Trusted({ label, onChoose }: Props) {
  const account = usePermissions().principal.split(":")[4] ?? "";
  const maySaml = useMay("iam", "ListSAMLProviders");
  const mayOpenId = useMay("iam", "ListOpenIDConnectProviders");
  const saml = useQuery({
    queryKey: ["trusted", "saml"],
    enabled: maySaml,
    queryFn: async () => (await call("iam", "ListSAMLProviders", {})).SAMLProviderList,
  });
  const openId = useQuery({
    queryKey: ["trusted", "openid"],
    enabled: mayOpenId,
    queryFn: async () => (await call("iam", "ListOpenIDConnectProviders", {})).OpenIDConnectProviderList,
  });
  const choices: { value: string; label: string; statement: Statement }[] = [
    { value: account, label: `This AWS account (${account})`, statement: trustOfAccount(account) },
    ...(saml.data ?? []).map(({ Arn }) => ({
      value: Arn,
      label: `SAML provider ${Arn.split("/").pop()}`,
      statement: trustOfSaml(Arn),
    })),
    ...(openId.data ?? []).map(({ Arn }) => ({
      value: Arn,
      label: `OpenID Connect provider ${Arn.replace(/^.*?:oidc-provider\//, "")}`,
      statement: trustOfOpenId(Arn),
    })),
  ];
  return (
    <FormField label={label} description="Writes a statement of the trust policy below.">
      <Select
        selectedOption={null}
        placeholder="Choose"
        options={choices}
        filteringType="auto"
        statusType={saml.isLoading || openId.isLoading ? "loading" : "finished"}
        onChange={({ detail }) => {
          const chosen = choices.find(({ value }) => value === detail.selectedOption.value);
          if (chosen) onChoose(chosen.statement);
        }}
      />
    </FormField>
  );
}
