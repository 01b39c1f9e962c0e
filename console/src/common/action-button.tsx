// A button for one operation: it knows whether it is allowed, and says why not.

import Button, { type ButtonProps } from "@cloudscape-design/components/button";

import type { Operation, Service } from "../api/client";
import { usePermission } from "../permissions";
import { useWhy } from "./why";

interface Props<S extends Service> extends ButtonProps {
  service: S;
  operation: Operation<S>;
}

export function ActionButton<S extends Service>({ service, operation, disabled, ...button }: Props<S>) {
  const { action, extent, available } = usePermission(service, operation);
  const why = useWhy();
  if (extent === "DENIED") {
    return (
      <span data-denied={action}>
        <Button {...button} href={undefined} disabled disabledReason={`You are not allowed ${action}.`} />{" "}
        <Button
          variant="inline-icon"
          iconName="status-info"
          ariaLabel={`Why am I not allowed ${action}?`}
          onClick={() => why?.(action)}
        />
      </span>
    );
  }
  if (!available) {
    return <Button {...button} disabled disabledReason="This server cannot do this yet." />;
  }
  return <Button {...button} disabled={disabled} data-action={action} />;
}
