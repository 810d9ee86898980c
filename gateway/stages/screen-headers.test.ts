import { expect, test } from "bun:test";
import { Exchange } from "../exchange.ts";
import { maxHeaderBytes, screenHeaders } from "./screen-headers.ts";

function screen(headers: Record<string, string>) {
  const exchange = new Exchange(new Request("http://shop.test/", { headers }), { remoteAddress: "" }, 0);
  return { problem: screenHeaders(exchange), dropped: exchange.dropped };
}

test.each([
  "x-user-id",
  "x-auth-request-email",
  "x-forwarded-client-cert",
  "x-envoy-internal",
  "x-real-ip",
  "x-deadline-ms",
])("%s is a claim that ends here", (name) => expect(screen({ [name]: "root" }).dropped).toEqual([name]));

test.each([
  "authorization",
  "idempotency-key",
  "stripe-signature",
  "x-request-id",
  "traceparent",
  "if-none-match",
])("%s travels on", (name) => expect(screen({ [name]: "x" }).dropped).toEqual([]));

test("whatever Connection names ends here too", () => {
  expect(screen({ connection: "close, X-Secret ,Authorization" }).dropped).toEqual([
    "connection",
    "close",
    "x-secret",
    "authorization",
  ]);
});

test("headers are measured as they stand on the wire", () => {
  const room = maxHeaderBytes - "a".length - 4;
  expect(screen({ a: "x".repeat(room) }).problem).toBeUndefined();
  expect(screen({ a: "x".repeat(room + 1) }).problem?.status).toBe(431);
});
