// A part of a page that one operation reads: what stands there until it is read, and where it may not be.

import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";

import type { Operation, Service } from "../api/client";
import { useMay } from "../permissions";
import { Denied } from "./denied";
import { ErrorAlert } from "./error-alert";

interface Read<S extends Service, T> {
  service: S;
  operation: Operation<S>;
  /** What is missing without it: `it is not shown`. */
  so: string;
  may: boolean;
  data: T | undefined;
  isLoading: boolean;
  error: unknown;
  refetch: () => Promise<unknown>;
}

/** What a section shows, asked for if that is allowed. */
export function useRead<S extends Service, T>(
  service: S,
  operation: Operation<S>,
  so: string,
  queryKey: string[],
  queryFn: () => Promise<T>,
): Read<S, T> {
  const may = useMay(service, operation);
  const { data, isLoading, error, refetch } = useQuery({ queryKey, enabled: may, queryFn });
  return { service, operation, so, may, data, isLoading, error, refetch };
}

interface Props<S extends Service, T> {
  title: string;
  description?: ReactNode;
  actions?: ReactNode;
  read: Read<S, T>;
  children: (data: T) => ReactNode;
}

export function Section<S extends Service, T>({ title, description, actions, read, children }: Props<S, T>) {
  return (
    <Container
      header={
        <Header
          variant="h2"
          description={description}
          actions={
            actions && (
              <SpaceBetween direction="horizontal" size="xs">
                {actions}
              </SpaceBetween>
            )
          }
        >
          {title}
        </Header>
      }
    >
      {!read.may && <Denied service={read.service} operation={read.operation} so={read.so} />}
      {read.isLoading && <Spinner />}
      {read.error !== null && <ErrorAlert error={read.error} onRetry={() => void read.refetch()} />}
      {read.data !== undefined && children(read.data)}
    </Container>
  );
}
