import { addressKey } from "#mesh/address-key";
import type { VerifiedToken } from "#mesh/identity/verified-token";
import type { KeyPart, Limit } from "./limit.ts";

/** What limits can count by of one request. */
export interface LimitSubject {
  /** Verified. */
  readonly caller: VerifiedToken | undefined;
  readonly byApiKey: boolean;
  /** Of the client, behind trusted proxies. */
  readonly address: string;
}

interface LimitedRoute {
  readonly template: string;
  readonly host: string;
  readonly methods: readonly string[];
}

/**
 * What a limit counts this request by; empty when the request has not what the limit counts by, such as a user: then the
 * limit does not apply. One string, put together of what is there.
 */
export function limitKey(limit: Limit, subject: LimitSubject, route: LimitedRoute): string {
  const { name, by } = limit;
  if (subject.caller && by.length === 1 && (by[0] === "caller" || by[0] === "user"))
    return rememberedKey(limit, subject.caller);
  let key = name;
  for (const part of by) {
    const own = partOf(part, subject, route);
    if (own === "") return "";
    key += own;
  }
  return key;
}

function partOf(part: KeyPart, { caller, byApiKey, address }: LimitSubject, route: LimitedRoute): string {
  switch (part) {
    case "caller":
      return caller ? userKey(caller) : `:a:${addressKey(address)}`;
    case "address":
      return `:a:${addressKey(address)}`;
    case "user":
      return caller ? userKey(caller) : "";
    case "api-key":
      return caller && byApiKey ? `:k:${caller.clientId}` : "";
    case "route":
      return `:r:${route.methods[0] ?? ""} ${route.host}${route.template}`;
    case "tier":
      return `:t:${caller?.tier ?? ""}`;
  }
}

/** Two issuers may call two people the same. */
const userKey = ({ issuerName, subject }: VerifiedToken): string => `:u:${issuerName}/${subject}`;

/** By token, which is the same object for as long as it is remembered: a text that is there need not be put together. */
const remembered = new WeakMap<VerifiedToken, Map<Limit, string>>();

function rememberedKey(limit: Limit, caller: VerifiedToken): string {
  let keys = remembered.get(caller);
  if (keys === undefined) {
    keys = new Map();
    remembered.set(caller, keys);
  }
  let key = keys.get(limit);
  if (key === undefined) {
    key = limit.name + userKey(caller);
    // Limits of a file that was replaced are not asked for again.
    if (keys.size >= mostKeys) keys.clear();
    keys.set(limit, key);
  }
  return key;
}
const mostKeys = 16;
