// In place of what one may not see or change.

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import type { ReactNode } from "react";

import type { Operation, Service } from "../api/client";
import { usePermission } from "../permissions";
import { useWhy } from "./why";

interface Props<S extends Service> {
  service: S;
  operation: Operation<S>;
  /** What is missing without it: `no groups are shown`. */
  so: string;
  /** What is shown all the same, and cannot be used. */
  children?: ReactNode;
}

export function Denied<S extends Service>({ service, operation, so, children }: Props<S>) {
  const { action } = usePermission(service, operation);
  const why = useWhy();
  return (
    <div data-denied={action}>
      You are not allowed <Box variant="code">{action}</Box>, so {so}.{" "}
      <Button variant="inline-link" ariaLabel={`Why am I not allowed ${action}?`} onClick={() => why?.(action)}>
        Why can't I?
      </Button>
      {children}
    </div>
  );
}
