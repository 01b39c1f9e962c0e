// Which columns of a table are shown, and in which order: as whoever uses this browser left them.

import type { CollectionPreferencesProps } from "@cloudscape-design/components/collection-preferences";
import type { TableProps } from "@cloudscape-design/components/table";
import { useState } from "react";

type Display = NonNullable<CollectionPreferencesProps.Preferences["contentDisplay"]>;

export function useColumnDisplay<T>(
  title: string,
  columns: TableProps.ColumnDefinition<T>[],
): [Display, (display: Display) => void] {
  const key = `carillon-columns-${title}`;
  const [kept, setKept] = useState<Display>(() => read(key));
  const ids = columns.map(({ id }) => id ?? "");
  const known = kept.filter(({ id }) => ids.includes(id));
  // Columns that a later release brings are shown.
  const added = ids.filter((id) => !known.some((one) => one.id === id)).map((id) => ({ id, visible: true }));
  function keep(display: Display) {
    setKept(display);
    try {
      window.localStorage.setItem(key, JSON.stringify(display));
    } catch {
      // Where nothing is kept, it counts until the page is left.
    }
  }
  return [[...known, ...added], keep];
}

/** What was kept, or nothing if it is not what it should be: the browser's store is anybody's to change. */
function read(key: string): Display {
  try {
    const kept = JSON.parse(window.localStorage.getItem(key) ?? "[]") as { id: unknown; visible: unknown }[];
    return kept.map(({ id, visible }) => ({ id: String(id), visible: visible !== false }));
  } catch {
    return [];
  }
}
