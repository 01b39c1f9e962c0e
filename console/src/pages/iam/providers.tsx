import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Textarea from "@cloudscape-design/components/textarea";
import { useState } from "react";

import { call } from "../../api/client";
import type { IamProviderEntry } from "../../api/operations";
import { FormDialog } from "../../common/form-dialog";
import { RouteLink } from "../../common/route-link";
import { Entities } from "./entities";

/** The address of a provider, which its ARN ends in. */
export function addressOf(arn: string): string {
  return arn.replace(/^.*?:oidc-provider\//, "");
}

export default function Providers() {
  return (
    <Entities<IamProviderEntry>
      title="OpenID Connect providers"
      one="identity provider"
      description="Servers that sign tokens which roles may trust (AssumeRoleWithWebIdentity)."
      trackBy="Arn"
      nameOf={({ Arn }) => addressOf(Arn)}
      fetch={async () => ({ items: (await call("iam", "ListOpenIDConnectProviders", {})).OpenIDConnectProviderList })}
      columns={[
        {
          id: "url",
          header: "Provider",
          isRowHeader: true,
          cell: ({ Arn }) => (
            <RouteLink to={`/iam/provider?arn=${encodeURIComponent(Arn)}`}>{addressOf(Arn)}</RouteLink>
          ),
        },
        { id: "arn", header: "ARN", cell: ({ Arn }) => Arn },
      ]}
      create={{
        operation: "CreateOpenIDConnectProvider",
        verb: "Add provider",
        form: (close, created) => <Create onClose={close} onCreated={created} />,
      }}
      remove={{
        operation: "DeleteOpenIDConnectProvider",
        note: "Roles that trust it stay, and nobody takes them on by it any more.",
        run: ({ Arn }) => call("iam", "DeleteOpenIDConnectProvider", { OpenIDConnectProviderArn: Arn }),
      }}
    />
  );
}

/** One a line. */
export function linesOf(text: string): string[] {
  return text.split(/\s+/).filter((line) => line !== "");
}

function Create({ onClose, onCreated }: { onClose: () => void; onCreated: (told: string) => void }) {
  const [url, setUrl] = useState("https://");
  const [clients, setClients] = useState("");
  const [thumbprints, setThumbprints] = useState("");
  return (
    <FormDialog
      title="Add an OpenID Connect provider"
      verb="Add"
      service="iam"
      operation="CreateOpenIDConnectProvider"
      input={{
        Url: url.trim(),
        ClientIDList: linesOf(clients),
        ThumbprintList: thumbprints.trim() ? linesOf(thumbprints) : undefined,
      }}
      ready={/^https:\/\/./.test(url.trim())}
      onClose={onClose}
      onDone={() => onCreated(`Roles may trust ${url.trim()} now.`)}
    >
      <FormField label="Address" description="As its tokens have it in “iss”.">
        <Input value={url} onChange={({ detail }) => setUrl(detail.value)} autoFocus />
      </FormField>
      <FormField label="Audiences" description="Client IDs, one a line.">
        <Textarea value={clients} rows={3} onChange={({ detail }) => setClients(detail.value)} />
      </FormField>
      <FormField
        label="Thumbprints"
        description="SHA-1 of the last certificate of the provider's chain, one a line. Needed only if the system does not trust it. Optional."
      >
        <Textarea value={thumbprints} rows={2} onChange={({ detail }) => setThumbprints(detail.value)} />
      </FormField>
    </FormDialog>
  );
}
