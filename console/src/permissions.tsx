// What whoever is signed in may do. It decides what pages show; the server decides again on each request.

import { useQuery } from "@tanstack/react-query";
import { type ReactNode, createContext, useContext } from "react";

import { type Operation, type Service, call } from "./api/client";
import type { AccessAnalyzerConditionKey } from "./api/operations";

export type Extent = "ALLOWED" | "SOMETIMES" | "DENIED";

export interface Permission {
  /** `chime:ListUsers` */
  action: string;
  extent: Extent;
  /** As the published references have it: `Permissions management`. */
  level: string;
  /** Whether the server carries the operation out. */
  available: boolean;
}

/** A key that conditions of policies may name. */
export type ConditionKey = AccessAnalyzerConditionKey;

export interface Permissions {
  principal: string;
  /** By service and operation: `chime/ListUsers`. */
  of: ReadonlyMap<string, Permission>;
  conditionKeys: ConditionKey[];
}

const Current = createContext<Permissions | undefined>(undefined);

export function usePermissionsQuery() {
  return useQuery({
    queryKey: ["permissions"],
    staleTime: 60_000,
    queryFn: async (): Promise<Permissions> => {
      const answer = await call("access-analyzer", "ListCallerPermissions", {});
      const of = new Map<string, Permission>();
      for (const { action, operation, accessLevel, extent, available } of answer.permissions) {
        of.set(`${action.split(":")[0]}/${operation}`, { action, level: accessLevel, extent, available });
      }
      return { principal: answer.principal, of, conditionKeys: answer.conditionKeys };
    },
  });
}

export function PermissionsProvider({ value, children }: { value: Permissions; children: ReactNode }) {
  return <Current.Provider value={value}>{children}</Current.Provider>;
}

export function usePermissions(): Permissions {
  const permissions = useContext(Current);
  if (!permissions) throw new Error("a page outside of PermissionsProvider");
  return permissions;
}

const UNKNOWN: Permission = { action: "", level: "", extent: "DENIED", available: false };

/** How far an operation is allowed. */
export function usePermission<S extends Service>(service: S, operation: Operation<S>): Permission {
  return usePermissions().of.get(`${service}/${operation}`) ?? { ...UNKNOWN, action: `${service}:${operation}` };
}

/** Whether an operation may be worth trying. */
export function useMay<S extends Service>(service: S, operation: Operation<S>): boolean {
  return usePermission(service, operation).extent !== "DENIED";
}
