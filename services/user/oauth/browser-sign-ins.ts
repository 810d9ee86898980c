import { createHash, createHmac, hkdfSync, randomBytes, timingSafeEqual } from "node:crypto";
import type { Redis } from "ioredis";
import type { Sql } from "#mesh/postgres/sql";
import { reachable } from "../session-store.ts";
import type { User } from "../user.ts";
import { findSignedIn } from "../user-store.ts";

/** How long the consent page knows a browser. It has no access to anything but that page. */
const signedInMs = 3_600_000;
const valuePattern = /^[\w-]{43}$/;

export interface BrowserSignIns {
  /** The value of the browser's cookie, or a new one. */
  browserOf(request: Request): { value: string; isNew: boolean };
  /** The `Set-Cookie` header. */
  cookie(value: string): string;
  /** Who signed in with this browser within the hour, unless all sign-ins were ended since. */
  person(value: string): Promise<User | undefined>;
  /** @returns the browser's new value: one that was known before the sign-in is worth nothing after it */
  signIn(userId: string, before: string): Promise<string>;
  signOut(value: string): Promise<void>;
  /** Proves that a form came from a page that this browser was shown, for these parameters and this person. */
  formToken(value: string, ...about: readonly string[]): string;
  isFormToken(token: string | undefined, value: string, ...about: readonly string[]): boolean;
}

/**
 * The consent page's own sign-ins: a random value in a cookie, its hash in Redis.
 * @param keyText KEY_ENCRYPTION_KEY, from which the key of the form tokens is derived
 * @param secure whether browsers come by https; else the cookie cannot have its safest form
 */
export function createBrowserSignIns({
  redis,
  sql,
  now,
  keyText,
  secure,
}: {
  redis: Redis;
  sql: Sql;
  now: () => Date;
  keyText: string;
  secure: boolean;
}): BrowserSignIns {
  // `__Host-`: no other host of the domain can have set it (RFC 6265bis §4.1.3.2).
  const name = secure ? "__Host-ecotrack-consent" : "ecotrack-consent";
  const formKey = Buffer.from(
    hkdfSync("sha256", Buffer.from(keyText, "base64"), "", "consent form token", 32),
  );
  const keyOf = (value: string) => `browser:${createHash("sha256").update(value).digest("base64url")}`;
  const newValue = () => randomBytes(32).toString("base64url");
  // Each part with its length, so that no two lists of parts read the same.
  const formToken = (...parts: readonly string[]) =>
    createHmac("sha256", formKey)
      .update(parts.map((part) => `${part.length}:${part}`).join(""))
      .digest("base64url");

  return {
    browserOf(request) {
      const cookies = (request.headers.get("cookie") ?? "").split(/; */);
      const value = cookies.find((each) => each.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";
      return valuePattern.test(value) ? { value, isNew: false } : { value: newValue(), isNew: true };
    },
    cookie: (value) => `${name}=${value}; Path=/; HttpOnly; SameSite=Lax${secure ? "; Secure" : ""}`,
    async person(value) {
      const found = await reachable(redis.hmget(keyOf(value), "user", "at"));
      if (!found[0] || Number(found[1]) + signedInMs <= now().getTime()) return undefined;
      return findSignedIn(sql, found[0], new Date(Number(found[1])));
    },
    async signIn(userId, before) {
      const value = newValue();
      const record = { user: userId, at: now().getTime() };
      const key = keyOf(value);
      await reachable(redis.multi().del(keyOf(before)).hset(key, record).pexpire(key, signedInMs).exec());
      return value;
    },
    async signOut(value) {
      await reachable(redis.del(keyOf(value)));
    },
    formToken,
    isFormToken(token, ...parts) {
      const expected = Buffer.from(formToken(...parts));
      const given = Buffer.from(token ?? "");
      return given.length === expected.length && timingSafeEqual(given, expected);
    },
  };
}
