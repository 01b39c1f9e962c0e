import FileInput from "@cloudscape-design/components/file-input";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Textarea from "@cloudscape-design/components/textarea";
import { useState } from "react";

import { call } from "../../api/client";
import type { IamSAMLProviderEntry } from "../../api/operations";
import { FormDialog } from "../../common/form-dialog";
import { RouteLink } from "../../common/route-link";
import { Time } from "../../common/time";
import { Entities } from "./entities";

/** The name of a provider, which its ARN ends in. */
export function nameOfSaml(arn: string): string {
  return arn.replace(/^.*?:saml-provider\//, "");
}

export default function SamlProviders() {
  return (
    <Entities<IamSAMLProviderEntry>
      title="SAML providers"
      one="SAML provider"
      description="Servers that sign people in and say who they are, which roles may trust (AssumeRoleWithSAML)."
      trackBy="Arn"
      nameOf={({ Arn }) => nameOfSaml(Arn)}
      fetch={async () => ({ items: (await call("iam", "ListSAMLProviders", {})).SAMLProviderList })}
      columns={[
        {
          id: "name",
          header: "Name",
          isRowHeader: true,
          cell: ({ Arn }) => (
            <RouteLink to={`/iam/saml-provider?arn=${encodeURIComponent(Arn)}`}>{nameOfSaml(Arn)}</RouteLink>
          ),
        },
        { id: "until", header: "Metadata good until", cell: ({ ValidUntil }) => <ValidUntilTime at={ValidUntil} /> },
        { id: "added", header: "Added", cell: ({ CreateDate }) => <Time at={CreateDate} /> },
        { id: "arn", header: "ARN", cell: ({ Arn }) => Arn },
      ]}
      create={{
        operation: "CreateSAMLProvider",
        verb: "Add SAML provider",
        form: (close, created) => <Create onClose={close} onCreated={created} />,
      }}
      remove={{
        operation: "DeleteSAMLProvider",
        note: "Roles that trust it stay, and nobody takes them on by it any more.",
        run: ({ Arn }) => call("iam", "DeleteSAMLProvider", { SAMLProviderArn: Arn }),
      }}
    />
  );
}

export function ValidUntilTime({ at }: { at: string }) {
  return (
    <StatusIndicator type={Date.parse(at) < Date.now() ? "error" : "success"}>
      <Time at={at} />
    </StatusIndicator>
  );
}

function Create({ onClose, onCreated }: { onClose: () => void; onCreated: (told: string) => void }) {
  const [Name, setName] = useState("");
  const [SAMLMetadataDocument, setMetadata] = useState("");
  return (
    <FormDialog
      title="Add a SAML provider"
      verb="Add"
      service="iam"
      operation="CreateSAMLProvider"
      input={{ Name, SAMLMetadataDocument }}
      ready={Name !== "" && SAMLMetadataDocument !== ""}
      onClose={onClose}
      onDone={() => onCreated(`Roles may trust ${Name} now.`)}
    >
      <FormField label="Name" constraintText="1 to 128 letters, digits and . _ -">
        <Input value={Name} onChange={({ detail }) => setName(detail.value)} autoFocus autoComplete={false} />
      </FormField>
      <Metadata value={SAMLMetadataDocument} onChange={setMetadata} />
    </FormDialog>
  );
}

/** The metadata of a provider, typed or from a file. */
export function Metadata({ value, onChange }: { value: string; onChange: (text: string) => void }) {
  return (
    <SpaceBetween size="s">
      <FormField label="Metadata" description="XML, as the provider offers it.">
        <Textarea value={value} rows={8} spellcheck={false} onChange={({ detail }) => onChange(detail.value)} />
      </FormField>
      <FileInput
        value={[]}
        accept=".xml,application/samlmetadata+xml,text/xml,application/xml"
        ariaLabel="File with the metadata"
        onChange={({ detail }) => void detail.value[0]?.text().then(onChange)}
      >
        Choose file
      </FileInput>
    </SpaceBetween>
  );
}
