// A whole list as a file, however many pages it has.

import Button from "@cloudscape-design/components/button";
import { useRef, useState } from "react";

import { download, head, lines } from "./csv";
import { useNotifications } from "./notifications";
import type { Fetch } from "./pages-of";

const COUNT = new Intl.NumberFormat();

interface Props<T> {
  /** Of the file: `users.csv`. */
  name: string;
  columns: readonly (keyof T & string)[];
  fetch: Fetch<T>;
  disabled?: boolean;
}

/** While it reads on, it says how many there are, and another click ends it with nothing. */
export function ExportButton<T extends object>({ name, columns, fetch, disabled }: Props<T>) {
  const [count, setCount] = useState<number>();
  const isWanted = useRef(false);
  const { fail } = useNotifications();

  async function run() {
    isWanted.current = true;
    const parts = [head(columns)];
    let read = 0;
    let token: string | undefined;
    setCount(0);
    try {
      do {
        const page = await fetch(token);
        parts.push(lines(page.items, columns));
        read += page.items.length;
        token = page.next;
        setCount(read);
      } while (token && isWanted.current);
      if (isWanted.current) download(name, ...parts);
    } catch (error) {
      fail(error);
    } finally {
      setCount(undefined);
    }
  }

  if (count !== undefined) {
    return (
      <Button
        iconName="close"
        onClick={() => {
          isWanted.current = false;
        }}
      >
        {`Stop (${COUNT.format(count)} read)`}
      </Button>
    );
  }
  return (
    <Button iconName="download" disabled={disabled} onClick={() => void run()}>
      Export as CSV
    </Button>
  );
}
