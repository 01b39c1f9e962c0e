// Passkeys as browsers have them: what the server asks for, and what a key answers. Bytes travel in base64url.

import type { Output } from "./client";

/** What the server asks the keys of somebody for who signs in. */
export interface PasskeyRequest {
  challenge: string;
  relyingPartyId: string;
  credentialIds: string[];
  userVerification: UserVerificationRequirement;
  timeout: number;
}

/** What a key showed. */
export interface PasskeyAssertion {
  credentialId: string;
  clientData: string;
  authenticatorData: string;
  signature: string;
}

export function hasPasskeys(): boolean {
  return window.isSecureContext && "PublicKeyCredential" in window;
}

function bytes(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

function text(bytes: ArrayBuffer): string {
  const binary = Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join("");
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

const keys = (ids: string[]) => ids.map((id) => ({ type: "public-key" as const, id: bytes(id) }));

/** Has a key shown. */
export async function showKey(asked: PasskeyRequest): Promise<PasskeyAssertion> {
  const shown = (await navigator.credentials.get({
    publicKey: {
      challenge: bytes(asked.challenge),
      rpId: asked.relyingPartyId,
      allowCredentials: keys(asked.credentialIds),
      userVerification: asked.userVerification,
      timeout: asked.timeout,
    },
  })) as PublicKeyCredential;
  const answer = shown.response as AuthenticatorAssertionResponse;
  return {
    credentialId: text(shown.rawId),
    clientData: text(answer.clientDataJSON),
    authenticatorData: text(answer.authenticatorData),
    signature: text(answer.signature),
  };
}

/** Has a key made. */
export async function makeKey(
  asked: Output<"iam", "StartPasskeyRegistration">,
): Promise<{ ClientData: string; AttestationObject: string }> {
  const made = (await navigator.credentials.create({
    publicKey: {
      challenge: bytes(asked.Challenge),
      rp: { id: asked.RelyingPartyId, name: asked.RelyingPartyName },
      user: { id: bytes(asked.UserHandle), name: asked.UserName, displayName: asked.UserName },
      pubKeyCredParams: asked.Algorithms.map((alg) => ({ type: "public-key" as const, alg })),
      excludeCredentials: keys(asked.ExcludedCredentialIds),
      authenticatorSelection: { userVerification: "preferred", residentKey: "discouraged" },
      attestation: "none",
      timeout: asked.TimeoutMilliseconds,
    },
  })) as PublicKeyCredential;
  const answer = made.response as AuthenticatorAttestationResponse;
  return { ClientData: text(answer.clientDataJSON), AttestationObject: text(answer.attestationObject) };
}

/** What went wrong with a key, for people; nothing if it was not the key. */
export function problemOfKey(error: unknown): string | undefined {
  if (!(error instanceof DOMException)) return undefined;
  switch (error.name) {
    case "NotAllowedError":
      return "The passkey did not answer in time, or you stopped it.";
    case "InvalidStateError":
      return "This passkey is registered already.";
    case "SecurityError":
      return "Passkeys work only at the address that this server goes by. Open the console there.";
    case "NotSupportedError":
      return "This passkey is of a kind that is not taken here.";
    default:
      return error.message;
  }
}
