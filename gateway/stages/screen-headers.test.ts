import { expect, test } from "bun:test";
import { Fields } from "../http/fields.ts";
import { testExchange } from "../testing/test-exchange.ts";
import { screenAnswer, screenHeaders, travels } from "./screen-headers.ts";

/** Which of the fields travel on. */
function travelling(headers: Record<string, string>): string[] {
  const exchange = testExchange({ headers });
  screenHeaders(exchange);
  return exchange.fields.names.filter((name) => travels(name, exchange));
}

test.each([
  "x-user-id",
  "x-auth-request-email",
  "x-forwarded-client-cert",
  "x-envoy-internal",
  "x-real-ip",
  "x-deadline-ms",
  "x-caller-tier",
  "x-tenant-id",
  "x-api-key",
  "authorization",
  "traceparent",
  "te",
  "upgrade",
  "remote-user",
  "x_user_id",
  "x-amzn-oidc-identity",
  "x-http-method-override",
  "x-rewrite-url",
])("%s ends here: it is the connection's, a claim, or set anew", (name) => {
  expect(travelling({ [name]: "root" })).toEqual([]);
});

test.each(["idempotency-key", "stripe-signature", "x-request-id", "if-none-match", "cookie"])(
  "%s travels on",
  (name) => expect(travelling({ [name]: "x" })).toEqual([name]),
);

test("whatever Connection names ends here too", () => {
  expect(travelling({ connection: "close, X-Secret ,", "x-secret": "1", "x-open": "2" })).toEqual(["x-open"]);
});

test("of an answer its Connection's fields, its word on CORS and its server's name end here", () => {
  const fields = new Fields();
  const sent = {
    "content-type": "text/plain",
    connection: "keep-alive, X-Hop",
    "x-hop": "secret",
    "access-control-allow-origin": "*",
    server: "uvicorn",
    "x-open": "1",
  };
  for (const [name, value] of Object.entries(sent)) fields.append(name, value);
  screenAnswer(fields);
  expect(fields.names).toEqual(["content-type", "x-open"]);
});
