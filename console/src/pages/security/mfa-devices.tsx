// One's own second factors: passkeys and authenticator apps.

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Form from "@cloudscape-design/components/form";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";

import { call } from "../../api/client";
import type { IamMFADevice, IamVirtualMFADevice } from "../../api/operations";
import { hasPasskeys, makeKey, problemOfKey } from "../../api/passkey";
import { ActionButton } from "../../common/action-button";
import { Confirm } from "../../common/confirm";
import { ErrorAlert } from "../../common/error-alert";
import { useNotifications } from "../../common/notifications";
import { Time } from "../../common/time";
import { useSession } from "../../common/use-session";
import { useMay } from "../../permissions";

const isPasskey = (serial: string) => serial.includes(":u2f/");

/** What its owner called it: the server puts random letters behind the names of passkeys. */
function nameOf(serial: string): string {
  const last = serial.split("/").pop() ?? serial;
  return isPasskey(serial) ? last.replace(/-[A-Z2-7]{26}$/, "") : last;
}

export function MfaDevices() {
  const [dialog, setDialog] = useState<"passkey" | "app">();
  const [removed, setRemoved] = useState<IamMFADevice>();
  const may = useMay("iam", "ListMFADevices");
  const mayDelete = useMay("iam", "DeleteVirtualMFADevice");
  const { tell } = useNotifications();
  const query = useQuery({
    queryKey: ["own-mfa-devices"],
    enabled: may,
    queryFn: async () => (await call("iam", "ListMFADevices", {})).MFADevices,
  });
  const devices = query.data ?? [];

  function added(name: string) {
    tell(`${name} is asked for from the next sign-in on.`);
    if (may) void query.refetch();
  }

  async function remove({ SerialNumber }: IamMFADevice) {
    await call("iam", "DeactivateMFADevice", { SerialNumber });
    // What nobody has any more is of no use, and keeps its name from others.
    if (!isPasskey(SerialNumber) && mayDelete) await call("iam", "DeleteVirtualMFADevice", { SerialNumber });
    tell(`${nameOf(SerialNumber)} no longer signs you in.`);
    if (may) await query.refetch();
  }

  return (
    <>
      {query.isError && <ErrorAlert error={query.error} onRetry={() => void query.refetch()} />}
      <Table
        items={devices}
        loading={query.isLoading}
        loadingText="Loading devices"
        trackBy="SerialNumber"
        wrapLines
        ariaLabels={{ tableLabel: "MFA devices" }}
        header={
          <Header
            variant="h2"
            description="One of them is asked for when you sign in with your password. Eight at most."
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                <ActionButton service="iam" operation="CreateVirtualMFADevice" onClick={() => setDialog("app")}>
                  Add authenticator app
                </ActionButton>
                <ActionButton service="iam" operation="StartPasskeyRegistration" onClick={() => setDialog("passkey")}>
                  Register passkey
                </ActionButton>
              </SpaceBetween>
            }
          >
            MFA devices
          </Header>
        }
        empty={
          <Box textAlign="center">
            {may ? "No devices: your password alone signs you in." : "You may not see your devices (iam:ListMFADevices)."}
          </Box>
        }
        columnDefinitions={[
          { id: "name", header: "Name", cell: (one) => nameOf(one.SerialNumber), isRowHeader: true },
          {
            id: "kind",
            header: "Kind",
            cell: (one) => (isPasskey(one.SerialNumber) ? "Passkey or security key" : "Authenticator app"),
          },
          { id: "since", header: "Since", cell: (one) => <Time at={one.EnableDate} /> },
          { id: "serial", header: "Serial number", cell: (one) => one.SerialNumber },
          {
            id: "remove",
            header: "Remove",
            cell: (one) => (
              <ActionButton
                service="iam"
                operation="DeactivateMFADevice"
                variant="inline-link"
                ariaLabel={`Remove ${nameOf(one.SerialNumber)}`}
                onClick={() => setRemoved(one)}
              >
                Remove
              </ActionButton>
            ),
          },
        ]}
      />
      {dialog === "passkey" && <RegisterPasskey onClose={() => setDialog(undefined)} onDone={added} />}
      {dialog === "app" && <AddApp onClose={() => setDialog(undefined)} onDone={added} />}
      {removed && (
        <Confirm
          title={`Remove ${nameOf(removed.SerialNumber)}?`}
          verb="Remove"
          onClose={() => setRemoved(undefined)}
          onConfirm={() => remove(removed)}
        >
          {devices.length === 1
            ? "It is your only device: from then on your password alone signs you in."
            : "Your other devices still sign you in."}
        </Confirm>
      )}
    </>
  );
}

interface DialogProps {
  onClose: () => void;
  onDone: (name: string) => void;
}

/** What AWS takes as a name. */
const NAME = /^[\w+=,.@-]{1,64}$/;

function NameField({ value, onChange, disabled }: { value: string; onChange: (value: string) => void; disabled?: boolean }) {
  return (
    <FormField
      label="Name"
      constraintText="Letters, digits and + = , . @ - _"
      errorText={value !== "" && !NAME.test(value) ? "This cannot be a name." : undefined}
    >
      <Input value={value} onChange={({ detail }) => onChange(detail.value)} disabled={disabled} autoFocus />
    </FormField>
  );
}

function RegisterPasskey({ onClose, onDone }: DialogProps) {
  const [name, setName] = useState("");
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (!NAME.test(name) || busy) return;
    setBusy(true);
    setError(undefined);
    try {
      const made = await makeKey(await call("iam", "StartPasskeyRegistration", {}));
      await call("iam", "FinishPasskeyRegistration", { DeviceName: name, ...made });
      onDone(name);
      onClose();
    } catch (error) {
      setError(problemOfKey(error) ?? error);
      setBusy(false);
    }
  }

  return (
    <Modal visible header="Register a passkey" onDismiss={onClose}>
      <form onSubmit={(event) => void submit(event)}>
        <Form
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              <Button variant="link" formAction="none" onClick={onClose}>
                Cancel
              </Button>
              <Button
                variant="primary"
                formAction="submit"
                loading={busy}
                loadingText="Waiting for the passkey"
                disabled={!NAME.test(name) || !hasPasskeys()}
              >
                Register
              </Button>
            </SpaceBetween>
          }
        >
          <SpaceBetween size="m">
            {error !== undefined && <ErrorAlert error={error} />}
            {hasPasskeys() ? (
              <Box>
                A security key, this device, or a phone. The browser asks you to touch it. It is bound to this address, so
                no other site can ask for it.
              </Box>
            ) : (
              <Box>This browser has no passkeys at this address: they need HTTPS and a host with a name.</Box>
            )}
            <NameField value={name} onChange={setName} disabled={busy} />
          </SpaceBetween>
        </Form>
      </form>
    </Modal>
  );
}

function AddApp({ onClose, onDone }: DialogProps) {
  const { accountId, userName } = useSession();
  const [name, setName] = useState(userName ?? "root");
  const [device, setDevice] = useState<IamVirtualMFADevice>();
  const [codes, setCodes] = useState<[string, string]>(["", ""]);
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const isReady = device ? codes.every((code) => /^\d{6}$/.test(code)) : NAME.test(name);

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (!isReady || busy) return;
    setBusy(true);
    setError(undefined);
    try {
      if (device) {
        await call("iam", "EnableMFADevice", {
          // Root is called by the number of its account.
          UserName: userName ?? accountId,
          SerialNumber: device.SerialNumber,
          AuthenticationCode1: codes[0],
          AuthenticationCode2: codes[1],
        });
        onDone(name);
        onClose();
      } else {
        const made = await call("iam", "CreateVirtualMFADevice", { VirtualMFADeviceName: name });
        setDevice(made.VirtualMFADevice);
      }
    } catch (error) {
      setError(error);
    } finally {
      setBusy(false);
    }
  }

  function cancel() {
    // Its seed is shown once, so a device that was not enabled now never will be.
    if (device) call("iam", "DeleteVirtualMFADevice", { SerialNumber: device.SerialNumber }).catch(() => {});
    onClose();
  }

  return (
    <Modal visible header="Add an authenticator app" onDismiss={cancel}>
      <form onSubmit={(event) => void submit(event)}>
        <Form
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              <Button variant="link" formAction="none" onClick={cancel}>
                Cancel
              </Button>
              <Button variant="primary" formAction="submit" loading={busy} disabled={!isReady}>
                {device ? "Add app" : "Next"}
              </Button>
            </SpaceBetween>
          }
        >
          <SpaceBetween size="m">
            {error !== undefined && <ErrorAlert error={error} />}
            {device ? (
              <>
                <Seed device={device} />
                {codes.map((code, index) => (
                  <FormField key={index} label={index === 0 ? "Code that the app shows" : "The code after it"}>
                    <Input
                      value={code}
                      inputMode="numeric"
                      autoComplete={false}
                      onChange={({ detail }) =>
                        setCodes(index === 0 ? [detail.value.trim(), codes[1]] : [codes[0], detail.value.trim()])
                      }
                    />
                  </FormField>
                ))}
              </>
            ) : (
              <NameField value={name} onChange={setName} />
            )}
          </SpaceBetween>
        </Form>
      </form>
    </Modal>
  );
}

/** What the app takes: as a picture, and as text for those who cannot scan it. */
function Seed({ device }: { device: IamVirtualMFADevice }) {
  const [isText, setText] = useState(false);
  return (
    <SpaceBetween size="s">
      <Box>Scan this with the app. It is shown once.</Box>
      <img src={`data:image/png;base64,${device.QRCodePNG}`} alt="QR code of the new device" />
      {isText ? (
        <Box variant="code">{atob(device.Base32StringSeed ?? "")}</Box>
      ) : (
        <Button variant="inline-link" formAction="none" onClick={() => setText(true)}>
          I cannot scan it: show the secret as text
        </Button>
      )}
    </SpaceBetween>
  );
}
