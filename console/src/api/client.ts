// How pages reach the server: every operation by its name, and the session they act in.

import type { Operations } from "./operations";
import type { PasskeyAssertion, PasskeyRequest } from "./passkey";

export type Service = keyof Operations;
export type Operation<S extends Service> = keyof Operations[S] & string;
type Shapes<S extends Service, O extends Operation<S>> = Operations[S][O] extends { input: infer I; output: infer A }
  ? { input: I; output: A }
  : never;
export type Input<S extends Service, O extends Operation<S>> = Shapes<S, O>["input"];
export type Output<S extends Service, O extends Operation<S>> = Shapes<S, O>["output"];

/** Whoever is signed in. */
export interface Session {
  accountId: string;
  /** Nothing of root. */
  userName: string | null;
  mustChangePassword: boolean;
  role: { arn: string; expiresAt: string; isOver: boolean } | null;
  createdAt: string;
  expiresAt: string;
  csrf: string;
}

/** A browser in which somebody is signed in. */
export interface SessionSummary {
  id: string;
  isThis: boolean;
  sourceIp: string;
  userAgent: string;
  createdAt: string;
  seenAt: string;
}

/** What the server refused, in its words. */
export class ApiError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly status: number,
    readonly requestId?: string,
    /** Seconds to wait before the next try. */
    readonly retryAfter?: number,
    /** Which second factors will do, if one is wanted. */
    readonly wanted?: SecondFactorWanted,
  ) {
    super(message);
    this.name = code;
  }
}

export interface SecondFactorWanted {
  code: boolean;
  /** Nothing where there is no passkey, or this server's address has none. */
  passkey: PasskeyRequest | null;
}

export type SessionState =
  | { kind: "loading" }
  | { kind: "out" }
  | { kind: "in"; session: Session }
  /**
   * The session is over, and what was on the page is still there. Or it is too old for what was wanted, which can be
   * given up.
   */
  | { kind: "expired"; session: Session; canGiveUp: boolean };

let state: SessionState = { kind: "loading" };
const listeners = new Set<() => void>();

export function sessionState(): SessionState {
  return state;
}

export function onSessionChange(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function become(next: SessionState) {
  state = next;
  for (const listener of listeners) listener();
}

async function send(method: string, path: string, body?: unknown): Promise<unknown> {
  const headers: Record<string, string> = { "content-type": "application/json" };
  if (state.kind === "in" || state.kind === "expired") headers["x-carillon-csrf"] = state.session.csrf;
  let response: Response;
  try {
    response = await fetch(`/console/${path}`, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "same-origin",
      redirect: "error",
    });
  } catch {
    throw new ApiError("NetworkError", "The server cannot be reached. Check your connection and try again.", 0);
  }
  const text = await response.text();
  let answer: { __type?: string; message?: string } & Partial<SecondFactorWanted> & Record<string, unknown> = {};
  try {
    answer = text ? JSON.parse(text) : {};
  } catch {
    // A proxy on the way may answer pages.
  }
  if (response.ok) return answer;
  const code = (answer.__type ?? "ServiceFailure").split("#").pop() ?? "ServiceFailure";
  const wait = Number(response.headers.get("retry-after"));
  throw new ApiError(
    code,
    answer.message ?? `The server answered ${response.status}.`,
    response.status,
    response.headers.get("x-amzn-requestid") ?? undefined,
    wait > 0 ? wait : undefined,
    code === "SecondFactorWanted" ? { code: answer.code ?? false, passkey: answer.passkey ?? null } : undefined,
  );
}

/** Waits until somebody signed in again. */
function signedInAgain(): Promise<void> {
  return new Promise((resolve) => {
    const stop = onSessionChange(() => {
      if (state.kind === "in") {
        stop();
        resolve();
      }
    });
  });
}

/** As `send`, and again after another sign-in if the session is over: nothing that was typed is lost. */
async function sendSignedIn(method: string, path: string, body?: unknown): Promise<unknown> {
  let isStale = false;
  for (;;) {
    try {
      return await send(method, path, body);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      // In another tab somebody signed in again, so what proves that this page is ours has changed.
      if (error.code === "CrossSite" && !isStale) {
        isStale = true;
        await refresh();
        continue;
      }
      // The page that asked is replaced by the question as whom to go on.
      if (error.code === "RoleExpired") await refresh();
      const isTooOld = error.code === "RecentSignInRequired";
      if (error.code !== "SignedOut" && !isTooOld) throw error;
      const before = state.kind === "in" ? state.session : undefined;
      if (before) become({ kind: "expired", session: before, canGiveUp: isTooOld });
      await signedInAgain();
      if (isTooOld && state.kind === "in" && state.session === before) throw error;
    }
  }
}

/** Goes on with the session that is too old for something, and without that. */
export function giveUpSigningIn() {
  if (state.kind === "expired" && state.canGiveUp) become({ kind: "in", session: state.session });
}

/** Carries out an operation. The policies of whoever is signed in decide. */
export async function call<S extends Service, O extends Operation<S>>(
  service: S,
  operation: O,
  input: Input<S, O>,
): Promise<Output<S, O>> {
  return (await sendSignedIn("POST", `api/${service}/${operation}`, input)) as Output<S, O>;
}

/** What is not there is no error. */
export async function unlessMissing<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ApiError && error.code === "NoSuchEntity") return null;
    throw error;
  }
}

/** Finds out who is signed in. */
export async function loadSession(): Promise<void> {
  try {
    become({ kind: "in", session: (await send("GET", "session")) as Session });
  } catch {
    become({ kind: "out" });
  }
}

/** Takes over the session as it is now, if it is the same person's. */
async function refresh(): Promise<void> {
  const session = (await send("GET", "session")) as Session;
  const before = state.kind === "in" || state.kind === "expired" ? state.session : undefined;
  if (before && isSamePerson(before, session)) become({ kind: "in", session });
  else window.location.reload();
}

function isSamePerson(one: Session, other: Session): boolean {
  return one.accountId === other.accountId && one.userName === other.userName;
}

export interface SignIn {
  account: string;
  /** Nothing of root. */
  userName?: string;
  password: string;
  code?: string;
  passkey?: PasskeyAssertion;
}

/** Signs in. What is still wanted is the code of the error. */
export async function signIn(form: SignIn): Promise<void> {
  const session = (await send("POST", "session", form)) as Session;
  const before = state.kind === "expired" ? state.session : undefined;
  become({ kind: "in", session });
  // What another person had on the page is not for this one.
  if (before && !isSamePerson(before, session)) window.location.reload();
}

export async function signOut(): Promise<void> {
  try {
    await send("DELETE", "session");
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== "SignedOut") throw error;
  }
  become({ kind: "out" });
}

/** Goes on as a role, or as oneself. */
export async function switchRole(roleArn: string | null): Promise<void> {
  const answer = roleArn
    ? await sendSignedIn("PUT", "role", { roleArn })
    : await sendSignedIn("DELETE", "role");
  become({ kind: "in", session: answer as Session });
}

export async function changePassword(OldPassword: string, NewPassword: string): Promise<void> {
  await call("iam", "ChangePassword", { OldPassword, NewPassword });
  await loadSession();
}

export async function listSessions(): Promise<SessionSummary[]> {
  const answer = (await sendSignedIn("GET", "sessions")) as { sessions: SessionSummary[] };
  return answer.sessions;
}

export async function endSession(id: string): Promise<void> {
  await sendSignedIn("DELETE", `sessions/${encodeURIComponent(id)}`);
}
