// What happened, at the top of the page until it is read.

import Button from "@cloudscape-design/components/button";
import type { FlashbarProps } from "@cloudscape-design/components/flashbar";
import { type ReactNode, createContext, useCallback, useContext, useMemo, useState } from "react";

import { describe } from "./error-alert";

interface Item extends FlashbarProps.MessageDefinition {
  id: string;
  /** What policies refused. */
  denied?: { action: string; requestId?: string };
}

interface Notifications {
  items: Item[];
  dismiss: (id: string) => void;
  /** Something was done, and perhaps how it is undone. */
  tell: (content: ReactNode, undo?: () => Promise<void>) => void;
  /** Something was not done. */
  fail: (error: unknown) => void;
}

const Current = createContext<Notifications | undefined>(undefined);
let count = 0;
/** Older ones make room. */
const MOST = 10;

export function NotificationsProvider({ children }: { children: ReactNode }) {
  const [items, setItems] = useState<Item[]>([]);
  const dismiss = useCallback((id: string) => setItems((items) => items.filter((item) => item.id !== id)), []);
  const add = useCallback((type: FlashbarProps.Type, content: ReactNode, more: Partial<Item> = {}) => {
    const id = String(++count);
    const ariaRole = type === "error" ? "alert" : "status";
    setItems((items) => [{ id, type, content, ariaRole, ...more } as Item, ...items].slice(0, MOST));
    return id;
  }, []);
  const value = useMemo(() => {
    const fail = (error: unknown) => {
      const { title, text, denied } = describe(error);
      add("error", text, { header: title, denied });
    };
    const tell = (content: ReactNode, undo?: () => Promise<void>) => {
      const action = undo && (
        <Button
          onClick={() => {
            dismiss(id);
            undo().catch(fail);
          }}
        >
          Undo
        </Button>
      );
      const id = add("success", content, { action });
    };
    return { items, dismiss, tell, fail };
  }, [items, dismiss, add]);
  return <Current.Provider value={value}>{children}</Current.Provider>;
}

export function useNotifications(): Notifications {
  const notifications = useContext(Current);
  if (!notifications) throw new Error("a page outside of NotificationsProvider");
  return notifications;
}
