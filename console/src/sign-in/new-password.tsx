import { type FormEvent, useEffect, useState } from "react";

import { ApiError, type Session, changePassword, signOut } from "../api/client";
import { Field, Page } from "./sign-in-page";

/** What comes before anything else for whoever must choose another password. */
export function NewPassword({ session }: { session: Session }) {
  const [old, setOld] = useState("");
  const [chosen, setChosen] = useState("");
  const [again, setAgain] = useState("");
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);

  useEffect(() => {
    document.title = "New password · Carillon";
  }, []);

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (chosen !== again) {
      setProblem("The two new passwords are not the same.");
      return;
    }
    setBusy(true);
    setProblem(undefined);
    try {
      await changePassword(old, chosen);
    } catch (error) {
      setProblem(error instanceof ApiError ? error.message : "Something went wrong. Try again.");
      setBusy(false);
    }
  }

  return (
    <Page>
      <form className="sign-in" onSubmit={submit} aria-labelledby="new-password-title">
        <h1 id="new-password-title">Choose a new password</h1>
        <p>
          An administrator asks {session.userName} to choose another password before anything else.
        </p>
        {problem && (
          <p className="problem" role="alert">
            {problem}
          </p>
        )}
        <Field label="Present password" type="password" value={old} onChange={setOld} autoComplete="current-password" />
        <Field label="New password" type="password" value={chosen} onChange={setChosen} autoComplete="new-password" />
        <Field
          label="New password, once more"
          type="password"
          value={again}
          onChange={setAgain}
          autoComplete="new-password"
        />
        <button type="submit" disabled={busy}>
          {busy ? "Changing…" : "Change password"}
        </button>
        <button type="button" className="other" onClick={() => void signOut()}>
          Sign out
        </button>
      </form>
    </Page>
  );
}
