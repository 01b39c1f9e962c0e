import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Textarea from "@cloudscape-design/components/textarea";
import { useState } from "react";

import { call } from "../../api/client";
import type { IamServerCertificateMetadata } from "../../api/operations";
import { ActionButton } from "../../common/action-button";
import { FormDialog } from "../../common/form-dialog";
import { Time } from "../../common/time";
import { Entities } from "./entities";
import { NameForm } from "./name-form";
import { TagsButton } from "./tags";

export default function ServerCertificates() {
  return (
    <Entities<IamServerCertificateMetadata>
      title="Server certificates"
      one="server certificate"
      description="Kept for tools that manage them. Private keys are sealed and never shown."
      trackBy="ServerCertificateId"
      nameOf={(certificate) => certificate.ServerCertificateName}
      fetch={async (Marker) => {
        const answer = await call("iam", "ListServerCertificates", { Marker, MaxItems: 100 });
        return { items: answer.ServerCertificateMetadataList, next: answer.Marker };
      }}
      columns={[
        { id: "name", header: "Name", cell: (certificate) => certificate.ServerCertificateName, isRowHeader: true },
        { id: "until", header: "Good until", cell: (certificate) => <Expiration at={certificate.Expiration} /> },
        { id: "uploaded", header: "Uploaded", cell: (certificate) => <Time at={certificate.UploadDate} /> },
        { id: "arn", header: "ARN", cell: (certificate) => certificate.Arn },
      ]}
      create={{
        operation: "UploadServerCertificate",
        verb: "Upload certificate",
        form: (close, created) => <Upload onClose={close} onUploaded={created} />,
      }}
      remove={{
        operation: "DeleteServerCertificate",
        note: "Its private key goes with it.",
        run: ({ ServerCertificateName }) => call("iam", "DeleteServerCertificate", { ServerCertificateName }),
      }}
      actions={(chosen, changed) => (
        <>
          <TagsButton kind="ServerCertificate" of={chosen?.ServerCertificateName} />
          <Rename certificate={chosen} onChange={changed} />
        </>
      )}
    />
  );
}

function Expiration({ at }: { at: string }) {
  return (
    <StatusIndicator type={Date.parse(at) < Date.now() ? "error" : "success"}>
      <Time at={at} />
    </StatusIndicator>
  );
}

interface RenameProps {
  certificate: IamServerCertificateMetadata | undefined;
  onChange: () => void;
}

function Rename({ certificate, onChange }: RenameProps) {
  const [isOpen, setOpen] = useState(false);
  const name = certificate?.ServerCertificateName ?? "";
  return (
    <>
      <ActionButton
        service="iam"
        operation="UpdateServerCertificate"
        disabled={!certificate}
        onClick={() => setOpen(true)}
      >
        Rename
      </ActionButton>
      {isOpen && (
        <NameForm
          title={`Rename ${name}`}
          verb="Rename"
          operation="UpdateServerCertificate"
          input={(NewServerCertificateName) => ({ ServerCertificateName: name, NewServerCertificateName })}
          onClose={() => setOpen(false)}
          onDone={onChange}
        />
      )}
    </>
  );
}

function Upload({ onClose, onUploaded }: { onClose: () => void; onUploaded: (told: string) => void }) {
  const [form, setForm] = useState({ ServerCertificateName: "", CertificateBody: "", PrivateKey: "", CertificateChain: "" });
  const set = (members: Partial<typeof form>) => setForm({ ...form, ...members });
  return (
    <FormDialog
      title="Upload certificate"
      verb="Upload"
      service="iam"
      operation="UploadServerCertificate"
      input={{ ...form, CertificateChain: form.CertificateChain || undefined }}
      ready={form.ServerCertificateName !== "" && form.CertificateBody !== "" && form.PrivateKey !== ""}
      onClose={onClose}
      onDone={() => onUploaded(`The server certificate ${form.ServerCertificateName} is kept.`)}
    >
      <FormField label="Name">
        <Input
          value={form.ServerCertificateName}
          onChange={({ detail }) => set({ ServerCertificateName: detail.value })}
          autoFocus
        />
      </FormField>
      <FormField label="Certificate" description="PEM.">
        <Textarea value={form.CertificateBody} onChange={({ detail }) => set({ CertificateBody: detail.value })} />
      </FormField>
      <FormField label="Private key" description="PEM, without a password.">
        <Textarea
          value={form.PrivateKey}
          onChange={({ detail }) => set({ PrivateKey: detail.value })}
          autoComplete={false}
          spellcheck={false}
        />
      </FormField>
      <FormField label="Chain" description="The certificates that vouch for it, PEM. Optional.">
        <Textarea value={form.CertificateChain} onChange={({ detail }) => set({ CertificateChain: detail.value })} />
      </FormField>
    </FormDialog>
  );
}
