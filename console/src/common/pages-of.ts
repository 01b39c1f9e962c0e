// Lists that the server gives page by page.

import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

export interface Page<T> {
  items: T[];
  next?: string;
}

export type Fetch<T> = (token: string | undefined) => Promise<Page<T>>;

/** Pages that are read again where they are. Of more, only the first is. */
const AGAIN = 3;

/** A list of which one page is shown, and how to turn over. What was read is kept, so that turning back is free. */
export function usePagesOf<T>(key: unknown[], fetch: Fetch<T>, enabled = true) {
  const queries = useQueryClient();
  const query = useInfiniteQuery({
    queryKey: key,
    enabled,
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) => fetch(pageParam),
    getNextPageParam: (last) => last.next,
  });
  // Another list begins with its first page.
  const name = JSON.stringify(key);
  const [turned, setTurned] = useState({ name, page: 1 });
  const pages = query.data?.pages ?? [];
  const page = turned.name === name ? Math.max(Math.min(turned.page, pages.length), 1) : 1;

  return {
    items: pages[page - 1]?.items ?? [],
    /** How many are on the pages before this one. */
    before: pages.slice(0, page - 1).reduce((count, one) => count + one.items.length, 0),
    page,
    pages: Math.max(pages.length, 1),
    hasMore: query.hasNextPage,
    isLoading: query.isPending && enabled,
    isReading: query.isFetchingNextPage,
    error: query.error,
    go: async (wanted: number) => {
      if (wanted > pages.length) {
        const read = await query.fetchNextPage();
        if (read.isError) return;
      }
      setTurned({ name, page: wanted });
    },
    refresh: async () => {
      if (pages.length <= AGAIN) {
        await query.refetch();
        return;
      }
      setTurned({ name, page: 1 });
      await queries.resetQueries({ queryKey: key, exact: true });
    },
  };
}
