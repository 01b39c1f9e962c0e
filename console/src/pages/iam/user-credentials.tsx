// The credentials of a user, kind by kind.

import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Textarea from "@cloudscape-design/components/textarea";
import { type ReactNode, useState } from "react";

import { type Input as OperationInput, type Operation, call } from "../../api/client";
import type { IamAccessKey, IamServiceSpecificCredential } from "../../api/operations";
import { ActionButton } from "../../common/action-button";
import { FormDialog } from "../../common/form-dialog";
import { useNotifications } from "../../common/notifications";
import { Credentials } from "./credentials";
import { ShownOnce } from "./secret";
import { TagsButton } from "./tags";

export function UserCredentials({ userName }: { userName: string }) {
  return (
    <SpaceBetween size="l">
      <AccessKeys userName={userName} />
      <MfaDevices userName={userName} />
      <SshKeys userName={userName} />
      <SigningCertificates userName={userName} />
      <ServiceCredentials userName={userName} />
    </SpaceBetween>
  );
}

function AccessKeys({ userName: UserName }: { userName: string }) {
  const [made, setMade] = useState<IamAccessKey>();
  return (
    <>
      <Credentials
        userName={UserName}
        title="Access keys"
        one="access key"
        idHeader="Access key ID"
        list={{
          operation: "ListAccessKeys",
          run: async () =>
            (await call("iam", "ListAccessKeys", { UserName })).AccessKeyMetadata.map((key) => ({
              id: key.AccessKeyId ?? "",
              status: key.Status,
              created: key.CreateDate,
            })),
        }}
        create={{
          operation: "CreateAccessKey",
          verb: "Create access key",
          form: (close, done) => (
            <FormDialog
              title="Create access key"
              verb="Create"
              service="iam"
              operation="CreateAccessKey"
              input={{ UserName }}
              ready
              onClose={close}
              onDone={({ AccessKey }) => {
                setMade(AccessKey);
                done();
              }}
            >
              Whoever has the key acts as {UserName}, with all permissions of the user.
            </FormDialog>
          ),
        }}
        update={{
          operation: "UpdateAccessKey",
          run: (AccessKeyId, Status) => call("iam", "UpdateAccessKey", { UserName, AccessKeyId, Status }),
        }}
        remove={{
          operation: "DeleteAccessKey",
          note: "Whatever signs with it is refused from the next request on. It cannot be brought back.",
          run: (AccessKeyId) => call("iam", "DeleteAccessKey", { UserName, AccessKeyId }),
        }}
      />
      {made && (
        <ShownOnce
          title="The new access key"
          known={[{ label: "Access key ID", value: made.AccessKeyId }]}
          label="Secret access key"
          secret={made.SecretAccessKey}
          onClose={() => setMade(undefined)}
        />
      )}
    </>
  );
}

/** Devices are enabled by those who hold them, on their own page. Here they are looked at, put right and taken away. */
function MfaDevices({ userName: UserName }: { userName: string }) {
  return (
    <Credentials
      userName={UserName}
      title="MFA devices"
      one="MFA device"
      idHeader="Serial number"
      list={{
        operation: "ListMFADevices",
        run: async () =>
          (await call("iam", "ListMFADevices", { UserName, MaxItems: 100 })).MFADevices.map((device) => ({
            id: device.SerialNumber,
            created: device.EnableDate,
          })),
      }}
      more={({ id }, changed) => (
        <>
          <Resync userName={UserName} serialNumber={id} onDone={changed} />
          {/* Passkeys have none. */}
          {id.includes(":mfa/") && <TagsButton kind="MFADevice" of={id} isInline />}
        </>
      )}
      remove={{
        operation: "DeactivateMFADevice",
        verb: "Take away",
        note: "The user signs in without it from now on.",
        run: (SerialNumber) => call("iam", "DeactivateMFADevice", { UserName, SerialNumber }),
      }}
    />
  );
}

interface ResyncProps {
  userName: string;
  serialNumber: string;
  onDone: () => void;
}

function Resync({ userName: UserName, serialNumber: SerialNumber, onDone }: ResyncProps) {
  const [isOpen, setOpen] = useState(false);
  const [codes, setCodes] = useState({ AuthenticationCode1: "", AuthenticationCode2: "" });
  const { tell } = useNotifications();
  const isCode = (text: string) => /^\d{6}$/.test(text);
  return (
    <>
      <ActionButton
        service="iam"
        operation="ResyncMFADevice"
        variant="inline-link"
        ariaLabel={`Put ${SerialNumber} right`}
        onClick={() => setOpen(true)}
      >
        Put right
      </ActionButton>
      {isOpen && (
        <FormDialog
          title="Put a device right whose clock is off"
          verb="Put right"
          service="iam"
          operation="ResyncMFADevice"
          input={{ UserName, SerialNumber, ...codes }}
          ready={isCode(codes.AuthenticationCode1) && isCode(codes.AuthenticationCode2)}
          onClose={() => setOpen(false)}
          onDone={() => {
            tell("The device counts as the server does again.");
            onDone();
          }}
        >
          {(["AuthenticationCode1", "AuthenticationCode2"] as const).map((name, index) => (
            <FormField key={name} label={index === 0 ? "Code" : "The next code"}>
              <Input
                value={codes[name]}
                inputMode="numeric"
                autoComplete={false}
                onChange={({ detail }) => setCodes({ ...codes, [name]: detail.value })}
              />
            </FormField>
          ))}
        </FormDialog>
      )}
    </>
  );
}

function SshKeys({ userName: UserName }: { userName: string }) {
  return (
    <Credentials
      userName={UserName}
      title="SSH public keys"
      one="SSH public key"
      idHeader="Key ID"
      list={{
        operation: "ListSSHPublicKeys",
        run: async () =>
          (await call("iam", "ListSSHPublicKeys", { UserName, MaxItems: 100 })).SSHPublicKeys.map((key) => ({
            id: key.SSHPublicKeyId,
            status: key.Status,
            created: key.UploadDate,
          })),
      }}
      create={{
        operation: "UploadSSHPublicKey",
        verb: "Upload SSH key",
        form: (close, done) => (
          <UploadText
            title="Upload an SSH public key"
            operation="UploadSSHPublicKey"
            label="Public key"
            description="One line that begins with ssh-rsa, or PEM."
            input={(SSHPublicKeyBody) => ({ UserName, SSHPublicKeyBody })}
            onClose={close}
            onDone={done}
          />
        ),
      }}
      update={{
        operation: "UpdateSSHPublicKey",
        run: (SSHPublicKeyId, Status) => call("iam", "UpdateSSHPublicKey", { UserName, SSHPublicKeyId, Status }),
      }}
      remove={{
        operation: "DeleteSSHPublicKey",
        note: "It can be uploaded again.",
        run: (SSHPublicKeyId) => call("iam", "DeleteSSHPublicKey", { UserName, SSHPublicKeyId }),
      }}
    />
  );
}

function SigningCertificates({ userName: UserName }: { userName: string }) {
  return (
    <Credentials
      userName={UserName}
      title="Signing certificates"
      one="signing certificate"
      idHeader="Certificate ID"
      list={{
        operation: "ListSigningCertificates",
        run: async () =>
          (await call("iam", "ListSigningCertificates", { UserName, MaxItems: 100 })).Certificates.map((one) => ({
            id: one.CertificateId,
            status: one.Status,
            created: one.UploadDate,
          })),
      }}
      create={{
        operation: "UploadSigningCertificate",
        verb: "Upload certificate",
        form: (close, done) => (
          <UploadText
            title="Upload a signing certificate"
            operation="UploadSigningCertificate"
            label="Certificate"
            description="PEM."
            input={(CertificateBody) => ({ UserName, CertificateBody })}
            onClose={close}
            onDone={done}
          />
        ),
      }}
      update={{
        operation: "UpdateSigningCertificate",
        run: (CertificateId, Status) => call("iam", "UpdateSigningCertificate", { UserName, CertificateId, Status }),
      }}
      remove={{
        operation: "DeleteSigningCertificate",
        note: "It can be uploaded again.",
        run: (CertificateId) => call("iam", "DeleteSigningCertificate", { UserName, CertificateId }),
      }}
    />
  );
}

function ServiceCredentials({ userName: UserName }: { userName: string }) {
  const [made, setMade] = useState<IamServiceSpecificCredential>();
  return (
    <>
      <Credentials
        userName={UserName}
        title="Service-specific credentials"
        one="service-specific credential"
        idHeader="Credential ID"
        list={{
          operation: "ListServiceSpecificCredentials",
          run: async () =>
            (
              await call("iam", "ListServiceSpecificCredentials", { UserName, MaxItems: 100 })
            ).ServiceSpecificCredentials.map((one) => ({
              id: one.ServiceSpecificCredentialId,
              status: one.Status,
              created: one.CreateDate,
              service: one.ServiceName,
              name: one.ServiceUserName ?? one.ServiceCredentialAlias ?? "–",
            })),
        }}
        columns={[
          { id: "service", header: "Service", cell: ({ service }) => service },
          { id: "name", header: "Name", cell: ({ name }) => name },
        ]}
        create={{
          operation: "CreateServiceSpecificCredential",
          verb: "Create credential",
          form: (close, done) => (
            <CreateServiceCredential
              userName={UserName}
              onClose={close}
              onDone={(credential) => {
                setMade(credential);
                done();
              }}
            />
          ),
        }}
        update={{
          operation: "UpdateServiceSpecificCredential",
          run: (ServiceSpecificCredentialId, Status) =>
            call("iam", "UpdateServiceSpecificCredential", { UserName, ServiceSpecificCredentialId, Status }),
        }}
        more={({ id }) => <Reset userName={UserName} id={id} onDone={setMade} />}
        remove={{
          operation: "DeleteServiceSpecificCredential",
          note: "It cannot be brought back.",
          run: (ServiceSpecificCredentialId) =>
            call("iam", "DeleteServiceSpecificCredential", { UserName, ServiceSpecificCredentialId }),
        }}
      />
      {made && (
        <ShownOnce
          title="The service-specific credential"
          known={[{ label: "Name", value: made.ServiceUserName ?? made.ServiceCredentialAlias ?? "" }]}
          label="Password"
          secret={made.ServicePassword ?? made.ServiceCredentialSecret ?? ""}
          onClose={() => setMade(undefined)}
        />
      )}
    </>
  );
}

interface CreateServiceCredentialProps {
  userName: string;
  onClose: () => void;
  onDone: (credential: IamServiceSpecificCredential) => void;
}

function CreateServiceCredential({ userName: UserName, onClose, onDone }: CreateServiceCredentialProps) {
  const [ServiceName, setServiceName] = useState("codecommit.amazonaws.com");
  return (
    <FormDialog
      title="Create a service-specific credential"
      verb="Create"
      service="iam"
      operation="CreateServiceSpecificCredential"
      input={{ UserName, ServiceName }}
      ready={ServiceName !== ""}
      onClose={onClose}
      onDone={({ ServiceSpecificCredential }) => onDone(ServiceSpecificCredential)}
    >
      <FormField label="Service" description="For example codecommit.amazonaws.com.">
        <Input value={ServiceName} onChange={({ detail }) => setServiceName(detail.value)} autoFocus />
      </FormField>
    </FormDialog>
  );
}

interface ResetProps {
  userName: string;
  id: string;
  onDone: (credential: IamServiceSpecificCredential) => void;
}

function Reset({ userName: UserName, id: ServiceSpecificCredentialId, onDone }: ResetProps) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <ActionButton
        service="iam"
        operation="ResetServiceSpecificCredential"
        variant="inline-link"
        ariaLabel={`Reset ${ServiceSpecificCredentialId}`}
        onClick={() => setOpen(true)}
      >
        Reset
      </ActionButton>
      {isOpen && (
        <FormDialog
          title="Reset the secret?"
          verb="Reset"
          service="iam"
          operation="ResetServiceSpecificCredential"
          input={{ UserName, ServiceSpecificCredentialId }}
          ready
          onClose={() => setOpen(false)}
          onDone={({ ServiceSpecificCredential }) => onDone(ServiceSpecificCredential)}
        >
          The present secret stops working at once.
        </FormDialog>
      )}
    </>
  );
}

interface UploadTextProps<O extends Operation<"iam">> {
  title: string;
  operation: O;
  label: string;
  description: ReactNode;
  input: (text: string) => OperationInput<"iam", O>;
  onClose: () => void;
  onDone: () => void;
}

function UploadText<O extends Operation<"iam">>({ label, description, input, onDone, ...props }: UploadTextProps<O>) {
  const [text, setText] = useState("");
  return (
    <FormDialog {...props} verb="Upload" service="iam" input={input(text)} ready={text.trim() !== ""} onDone={onDone}>
      <FormField label={label} description={description} stretch>
        <Textarea value={text} rows={6} onChange={({ detail }) => setText(detail.value)} autoFocus spellcheck={false} />
      </FormField>
    </FormDialog>
  );
}
