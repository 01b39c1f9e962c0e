import { StrictMode, Suspense, lazy, useEffect, useSyncExternalStore } from "react";
import { createRoot } from "react-dom/client";

import { loadSession, onSessionChange, sessionState } from "./api/client";
import { NewPassword } from "./sign-in/new-password";
import { SignInPage } from "./sign-in/sign-in-page";
import "./sign-in/sign-in.css";

// The sign-in page must be there at once, so everything else comes after it.
const Shell = lazy(() => import("./shell"));

function Console() {
  const state = useSyncExternalStore(onSessionChange, sessionState);
  useEffect(() => {
    void loadSession();
  }, []);
  switch (state.kind) {
    case "loading":
      return <p className="waiting" role="status">Loading…</p>;
    case "out":
      return <SignInPage />;
    case "in":
    case "expired":
      if (state.session.mustChangePassword) return <NewPassword session={state.session} />;
      return (
        <Suspense fallback={<p className="waiting" role="status">Loading…</p>}>
          <Shell session={state.session} />
          {state.kind === "expired" && <SignInPage again={state.session} canGiveUp={state.canGiveUp} />}
        </Suspense>
      );
  }
}

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <Console />
    </StrictMode>,
  );
}
