// Lists that the server gives page by page.

import { useInfiniteQuery } from "@tanstack/react-query";
import { useMemo } from "react";

interface Page<T> {
  items: T[];
  next?: string;
}

/** Everything that was read so far of a list, and how to read on. */
export function usePagesOf<T>(key: unknown[], fetch: (token: string | undefined) => Promise<Page<T>>, enabled = true) {
  const query = useInfiniteQuery({
    queryKey: key,
    enabled,
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) => fetch(pageParam),
    getNextPageParam: (last) => last.next,
  });
  const items = useMemo(() => query.data?.pages.flatMap((page) => page.items) ?? [], [query.data]);
  return {
    items,
    isLoading: query.isPending && enabled,
    isReading: query.isFetchingNextPage,
    error: query.error,
    hasMore: query.hasNextPage,
    more: () => query.fetchNextPage(),
    refresh: () => query.refetch(),
  };
}
