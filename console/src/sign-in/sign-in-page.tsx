// Signing in: without the component library, so that it is there at once.

import { type FormEvent, type ReactNode, useEffect, useId, useRef, useState } from "react";

import { ApiError, type SecondFactorWanted, type Session, giveUpSigningIn, signIn } from "../api/client";
import { hasPasskeys, problemOfKey, showKey } from "../api/passkey";

const REMEMBERED = "carillon-last-sign-in";

interface Remembered {
  account: string;
  userName: string;
}

/** The last account and user; never a password. */
function remembered(): Remembered {
  const asked = new URLSearchParams(window.location.search).get("account");
  try {
    const kept = JSON.parse(window.localStorage.getItem(REMEMBERED) ?? "{}") as Partial<Remembered>;
    const account = asked ?? kept.account ?? "";
    return { account, userName: account === kept.account ? (kept.userName ?? "") : "" };
  } catch {
    return { account: asked ?? "", userName: "" };
  }
}

function problemOf(error: unknown): string {
  if (!(error instanceof ApiError)) return problemOfKey(error) ?? "Something went wrong. Try again.";
  switch (error.code) {
    case "Refused":
      return "That account, user name, password, code or passkey is not right.";
    case "TooManyTries":
      return `Too many tries. Wait ${error.retryAfter ?? 1} seconds before the next.`;
    case "PasswordExpired":
      return "Your password has expired. An administrator must set a new one for you.";
    default:
      return error.message;
  }
}

interface Props {
  /** Whose session is over, while the page behind keeps what was typed. */
  again?: Session;
  /** It is only too old for what was wanted. */
  canGiveUp?: boolean;
}

export function SignInPage({ again, canGiveUp }: Props) {
  const start = again
    ? { account: again.accountId, userName: again.userName ?? "" }
    : remembered();
  const [isRoot, setRoot] = useState(again ? again.userName === null : false);
  const [account, setAccount] = useState(start.account);
  const [userName, setUserName] = useState(start.userName);
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const [wanted, setWanted] = useState<SecondFactorWanted>();
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const first = useRef<HTMLInputElement>(null);
  const codeField = useRef<HTMLInputElement>(null);

  useEffect(() => {
    document.title = "Sign in · Carillon";
    first.current?.focus();
  }, [isRoot]);
  useEffect(() => {
    if (wanted?.code) codeField.current?.focus();
  }, [wanted]);

  const who = { account: account.trim(), userName: isRoot ? undefined : userName.trim(), password };

  async function attempt(step: () => Promise<void>) {
    setBusy(true);
    setProblem(undefined);
    try {
      await step();
      if (!isRoot) {
        window.localStorage.setItem(REMEMBERED, JSON.stringify({ account: who.account, userName: who.userName }));
      }
    } catch (error) {
      setProblem(problemOf(error));
    } finally {
      setBusy(false);
    }
  }

  /** Signs in without a second factor, or answers which one is wanted. */
  async function ask(): Promise<SecondFactorWanted | undefined> {
    try {
      await signIn(who);
      return undefined;
    } catch (error) {
      if (!(error instanceof ApiError) || !error.wanted) throw error;
      setWanted(error.wanted);
      return error.wanted;
    }
  }

  /** A question is good for one answer, so each try asks anew. */
  async function showPasskey() {
    const asked = await ask();
    if (asked?.passkey) await signIn({ ...who, passkey: await showKey(asked.passkey) });
  }

  function submit(event: FormEvent) {
    event.preventDefault();
    void attempt(async () => {
      if (wanted?.code && code) await signIn({ ...who, code: code.trim() });
      else {
        const asked = await ask();
        // Whoever has both is asked which.
        if (asked?.passkey && !asked.code && hasPasskeys()) {
          await signIn({ ...who, passkey: await showKey(asked.passkey) });
        }
      }
    });
  }

  const form = (
    <form className="sign-in" onSubmit={submit} aria-labelledby="sign-in-title">
      <h1 id="sign-in-title">{canGiveUp ? "Is it still you?" : again ? "Your session is over" : isRoot ? "Root user sign-in" : "Sign in"}</h1>
      {again && (
        <p>
          {canGiveUp
            ? "This needs a sign-in of the last fifteen minutes. Sign in again to go on."
            : "Sign in again to go on. What you typed is still there."}
        </p>
      )}
      {problem && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
      <Field
        label={isRoot ? "Account ID or e-mail address of the account" : "Account ID or alias"}
        value={account}
        onChange={setAccount}
        autoComplete="organization"
        inputRef={start.account ? undefined : first}
      />
      {!isRoot && (
        <Field
          label="IAM user name"
          value={userName}
          onChange={setUserName}
          autoComplete="username"
          inputRef={start.account && !start.userName ? first : undefined}
        />
      )}
      <Field
        label="Password"
        type="password"
        value={password}
        onChange={setPassword}
        autoComplete="current-password"
        inputRef={start.account && (start.userName || isRoot) ? first : undefined}
      />
      {wanted && !wanted.code && (!wanted.passkey || !hasPasskeys()) && (
        <p className="problem" role="alert">
          Your passkeys cannot be shown here: they work only at the address that this server goes by, in a browser that
          has them.
        </p>
      )}
      {wanted?.code && (
        <Field
          label="Code of your authenticator app"
          value={code}
          onChange={setCode}
          autoComplete="one-time-code"
          inputMode="numeric"
          inputRef={codeField}
        />
      )}
      <button type="submit" disabled={busy}>
        {busy ? "Signing in…" : "Sign in"}
      </button>
      {wanted?.passkey && hasPasskeys() && (
        <button type="button" className="other" disabled={busy} onClick={() => void attempt(showPasskey)}>
          Use a passkey or security key
        </button>
      )}
      {canGiveUp && (
        <button type="button" className="other" onClick={giveUpSigningIn}>
          Cancel
        </button>
      )}
      {!again && (
        <button type="button" className="other" onClick={() => {
            setRoot(!isRoot);
            setWanted(undefined);
          }}>
          {isRoot ? "Sign in as an IAM user" : "Sign in as the root user"}
        </button>
      )}
    </form>
  );
  if (!again) return <Page>{form}</Page>;
  return (
    <div className="over" role="dialog" aria-modal="true" aria-labelledby="sign-in-title">
      {form}
    </div>
  );
}

export function Page({ children }: { children: ReactNode }) {
  return (
    <main className="sign-in-page">
      <p className="brand">Carillon</p>
      {children}
    </main>
  );
}

interface FieldProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  type?: string;
  autoComplete?: string;
  inputMode?: "numeric";
  inputRef?: React.Ref<HTMLInputElement>;
  hint?: string;
}

export function Field({ label, value, onChange, inputRef, hint, ...input }: FieldProps) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        {...input}
        id={id}
        ref={inputRef}
        value={value}
        required
        maxLength={128}
        aria-describedby={hint ? `${id}-hint` : undefined}
        autoCapitalize="none"
        spellCheck={false}
        onChange={(event) => onChange(event.target.value)}
      />
      {hint && (
        <p className="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}
