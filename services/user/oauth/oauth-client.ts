import { isScope, type Scope, scopes } from "#mesh/identity/scopes";
import type { InputError, InvalidInput } from "../user.ts";

/** An application that somebody registered. A public one, such as an app on a phone, can keep no secret. */
export interface OAuthClient {
  readonly id: string;
  readonly ownerId: string;
  readonly name: string;
  readonly kind: "confidential" | "public";
  /** Compared as they are (RFC 9700 §2.1), but for the port of a loopback address. */
  readonly redirectUris: readonly string[];
  /** The most that it may ask for. */
  readonly scopes: readonly Scope[];
  /** Chooses the limits at the gateway; '' for the usual ones. Set by an admin. */
  readonly tier: string;
  /** Its tokens have the role `internal`, which the gateway's limits let pass. Set by an admin. */
  readonly internal: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface ClientInput {
  readonly name: string;
  readonly kind: "confidential" | "public";
  readonly redirectUris?: readonly string[] | undefined;
  readonly scopes: readonly string[];
}

type NewClient = Pick<OAuthClient, "name" | "kind" | "redirectUris" | "scopes">;

/** What is to be registered, or everything that is wrong with it at once. */
export function checkClient(input: ClientInput): NewClient | InvalidInput {
  const name = input.name.trim();
  const redirectUris = [...new Set(input.redirectUris)];
  const wanted = [...new Set(input.scopes)];
  const errors: InputError[] = [];
  // It is shown to the people who are asked for their consent.
  if (name.length < 1 || name.length > 100 || /\p{C}/u.test(name)) {
    errors.push({ pointer: "/name", detail: "must have 1 to 100 characters, all of which can be seen" });
  }
  redirectUris.forEach((uri, at) => {
    const detail = redirectUriError(uri);
    if (detail) errors.push({ pointer: `/redirectUris/${at}`, detail });
  });
  if (input.kind === "public" && redirectUris.length === 0) {
    errors.push({
      pointer: "/redirectUris",
      detail: "is needed: a public client has no other way to a token",
    });
  }
  errors.push(...scopeErrors(wanted, (scope) => scopes[scope].grantedTo !== "admin-key"));
  if (errors.length > 0) return { refused: "invalid-input", errors };
  return { name, kind: input.kind, redirectUris, scopes: wanted.filter(isScope) };
}

/** @param mayHave whether whoever asks may be given a scope that exists */
export function scopeErrors(wanted: readonly string[], mayHave: (scope: Scope) => boolean): InputError[] {
  if (wanted.length === 0) return [{ pointer: "/scopes", detail: "must name at least one scope" }];
  return wanted.flatMap((scope, at) =>
    isScope(scope) && mayHave(scope)
      ? []
      : [{ pointer: `/scopes/${at}`, detail: "is not a scope that can be given here" }],
  );
}

function redirectUriError(text: string): string | undefined {
  if (!URL.canParse(text)) return "is not an absolute URL";
  const url = new URL(text);
  if (url.protocol !== "https:" && !(url.protocol === "http:" && isLoopback(url))) {
    return "must begin with https://, or with http:// and a loopback address";
  }
  if (url.hash !== "" || text.includes("#")) return "must not have a fragment";
  if (url.username !== "" || url.password !== "") return "must not have a user or a password";
  // Two parsers that read one text as two places are how codes get stolen.
  return url.href === text ? undefined : `must be in its normal form: ${url.href}`;
}

/** The registered address that this one is, if there is one. */
export function registeredRedirect({ redirectUris }: OAuthClient, asked: string): string | undefined {
  if (redirectUris.includes(asked)) return asked;
  if (!URL.canParse(asked)) return undefined;
  const url = new URL(asked);
  if (url.href !== asked || url.protocol !== "http:" || !isLoopbackIp(url)) return undefined;
  // An app on somebody's machine gets whichever port is free (RFC 8252 §7.3).
  const portless = (of: URL) => Object.assign(new URL(of), { port: "" }).href;
  return redirectUris.some((uri) => isLoopbackIp(new URL(uri)) && portless(new URL(uri)) === portless(url))
    ? asked
    : undefined;
}

const isLoopbackIp = ({ hostname }: URL): boolean => hostname === "127.0.0.1" || hostname === "[::1]";
export const isLoopback = (url: URL): boolean => isLoopbackIp(url) || url.hostname === "localhost";
