import { createHash } from "node:crypto";
import { addressKey } from "#mesh/address-key";
import type { TokenVerifier } from "#mesh/identity/verify-token";
import type { Problem } from "#mesh/problem";
import type { ApiKeys } from "../api-keys/api-keys.ts";
import type { Exchange } from "../exchange.ts";
import { edgeProblems } from "../problems.ts";
import type { Route } from "../routes.ts";
import { signalOf } from "../threats/signal-of.ts";
import type { Threats } from "../threats/threats.ts";
import { apiKeyHeader } from "./authenticate.ts";
import { plainAddress, type TrustedProxies } from "./client-address.ts";

/** Beyond it a body names no account: who signs in has little to say. */
const maxSignInBytes = 4096;

/** What a blocked address is told; undefined for every other one. Nothing is computed while nobody is blocked. */
export function refuseBlockedAddress(exchange: Exchange, threats: Threats): Problem | undefined {
  if (!threats.anyBlock) return undefined;
  const leftMs = threats.addressBlockedFor(addressKey(exchange.address));
  return leftMs <= 0 ? undefined : refusal(leftMs);
}

/** Who can tell whether a credential was found good before, without looking at it anew. */
interface Known {
  readonly verifier: Pick<TokenVerifier, "recall">;
  readonly apiKeys: Pick<ApiKeys, "recalls"> | undefined;
}

/**
 * Whether the route is to look at the credential that came along from a blocked address. Who then turns out to be somebody
 * stays in: others there must not lock a person out. What is known is looked at always; of the rest only some, because
 * looking at a signature costs more than an answer, and is what a flood of made-up ones is after.
 */
export function isHeard({ route, fields, address }: Exchange, threats: Threats, known: Known): boolean {
  if (route === undefined || route.ignoreToken) return false;
  const authorization = fields.get("authorization");
  const key = fields.get(apiKeyHeader);
  if (authorization === null && key === null) return false;
  if (authorization !== null && known.verifier.recall(authorization.replace(/^Bearer +/i, ""))) return true;
  if (key !== null && known.apiKeys?.recalls(key)) return true;
  return threats.mayLook(addressKey(address));
}

/** Refuses an account as it is used from this address: the caller's own, or the one whose password is being guessed. */
export function refuseBlockedPair(exchange: Exchange, route: Route, threats: Threats): Problem | undefined {
  if (!threats.anyPairBlock) return undefined;
  const account = accountOf(exchange, route);
  if (account === undefined) return undefined;
  const leftMs = threats.pairBlockedFor(addressKey(exchange.address), account);
  return leftMs <= 0 ? undefined : refusal(leftMs);
}

/**
 * Notes what an answer tells. A proxy of ours is never blamed for its clients.
 * @param code of the problem, where the gateway itself refused
 */
export function noteAnswer(
  exchange: Exchange,
  status: number,
  code: string | undefined,
  threats: Threats,
  trusted: TrustedProxies,
): void {
  if (status < 400) return;
  const { route, address } = exchange;
  const signal = signalOf(status, code, route);
  if (signal === undefined) return;
  // Who is known answers for it alone: a busy customer is not the fault of a whole office.
  const known = signal === "over-limit" && exchange.caller !== undefined;
  const blamed = known || trusted(address) ? undefined : addressKey(address);
  threats.note(signal, blamed, route && accountOf(exchange, route));
}

/** Notes what never became a request. */
export function noteUnreadable(
  { status }: Problem,
  remoteAddress: string,
  threats: Threats,
  trusted: TrustedProxies,
): void {
  const address = plainAddress(remoteAddress);
  // 503: the gateway is full, which is nobody's fault in particular.
  if (status === 503 || trusted(address)) return;
  threats.note(status === 429 ? "over-limit" : "unreadable", addressKey(address), undefined);
}

function accountOf(exchange: Exchange, route: Route): string | undefined {
  const { caller, request } = exchange;
  if (caller) return `user:${caller.subject}`;
  if (!route.ignoreToken || !request.body || request.body.length > maxSignInBytes) return undefined;
  const email = emailIn(request.body);
  // A hash: what is typed into a field for an address may be a password.
  return email && `login:${createHash("sha256").update(email).digest("hex").slice(0, 16)}`;
}

function emailIn(body: Uint8Array): string | undefined {
  try {
    const read = JSON.parse(new TextDecoder().decode(body)) as { email?: unknown } | null;
    return typeof read?.email === "string" ? read.email.trim().toLowerCase() : undefined;
  } catch {
    return undefined;
  }
}

const refusal = (leftMs: number): Problem => edgeProblems.blockedForAWhile(Math.ceil(leftMs / 1000));
