import { createHmac, timingSafeEqual } from "node:crypto";
import type { SignatureRefusal } from "./signature-refusal.ts";

/** Stripe's own default: older than this may be a replay. */
const toleranceSeconds = 300;

/**
 * Checks a `Stripe-Signature` header against the raw body, with constant-time comparison. Several `v1` values are
 * allowed, as Stripe sends two while a secret is being rolled. A time in the future is refused like one in the past.
 * The official client can do the same, but only asynchronously outside of Node and without a limit to the future.
 * https://docs.stripe.com/webhooks/signature
 */
export function refuseSignature(
  body: string,
  header: string | null,
  secret: string,
  now: Date,
): SignatureRefusal | undefined {
  const parts = (header ?? "").split(",").map((part) => part.trim().split("="));
  const time = parts.find(([name]) => name === "t")?.[1];
  const signatures = parts.flatMap(([name, value]) => (name === "v1" && value ? [value] : []));
  if (time === undefined || !/^\d{1,12}$/.test(time) || signatures.length === 0) return "missing";
  const expected = createHmac("sha256", secret).update(`${time}.${body}`).digest("hex");
  if (!signatures.some((each) => equal(each, expected))) return "wrong";
  const age = Math.abs(now.getTime() / 1000 - Number(time));
  return age > toleranceSeconds ? "outside-tolerance" : undefined;
}

function equal(left: string, right: string): boolean {
  const a = Buffer.from(left);
  const b = Buffer.from(right);
  return a.length === b.length && timingSafeEqual(a, b);
}
