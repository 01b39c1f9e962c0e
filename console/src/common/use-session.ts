import { useSyncExternalStore } from "react";

import { type Session, onSessionChange, sessionState } from "../api/client";

/** Whoever is signed in: on pages there is somebody. */
export function useSession(): Session {
  const state = useSyncExternalStore(onSessionChange, sessionState);
  if (state.kind !== "in" && state.kind !== "expired") throw new Error("a page with nobody signed in");
  return state.session;
}
