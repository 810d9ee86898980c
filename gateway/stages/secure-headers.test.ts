import { describe, expect, test } from "bun:test";
import type { Exchange } from "../exchange.ts";
import { Fields } from "../http/fields.ts";
import { responseHead } from "../listener/write-head.ts";
import { addSecurityHeaders, setSecurityHeaders } from "./secure-headers.ts";

const exchanges = {
  "nobody's": { protocol: "http", route: undefined, method: "GET" },
  "one person's": { protocol: "http", route: { auth: { anonymous: false } }, method: "GET" },
  "everybody's": { protocol: "https", route: { auth: { anonymous: true } }, method: "GET" },
  "a token's": { protocol: "https", route: { auth: { anonymous: true } }, method: "POST" },
} as const;
const answers = {
  "nothing of its own": [],
  "a type": [["content-type", "application/json"]],
  "how long it may be kept": [["cache-control", "public, max-age=60"]],
  "a policy of its own": [["content-security-policy", "default-src 'self'"]],
  "another word on all of it": [
    ["strict-transport-security", "max-age=1"],
    ["cache-control", "private"],
    ["x-content-type-options", "sniff"],
    ["referrer-policy", "unsafe-url"],
  ],
} as const;

const sent = (fields: Fields): string[] =>
  responseHead(200, fields, { framing: "none", keepLength: false, close: false })
    .trimEnd()
    .split("\r\n")
    .filter((line) => !line.startsWith("date:"))
    .toSorted();

const fieldsOf = (answer: readonly (readonly [string, string])[]): Fields => {
  const fields = new Fields();
  for (const [name, value] of answer) fields.append(name, value);
  return fields;
};

describe.each(Object.entries(exchanges))("%s answer", (_, about) => {
  const exchange = about as unknown as Exchange;
  test.each(Object.entries(answers))(
    "with %s carries the same, added in one piece or set one by one",
    (_, answer) => {
      const [added, set] = [fieldsOf(answer), fieldsOf(answer)];
      addSecurityHeaders(exchange, added);
      setSecurityHeaders(exchange, set);
      expect(sent(added)).toEqual(sent(set));
      expect(sent(added)).toContain("x-content-type-options: nosniff");
    },
  );
});

test("only what anybody may read is left to caches", () => {
  const kept = (exchange: unknown): boolean => {
    const fields = new Fields();
    addSecurityHeaders(exchange as Exchange, fields);
    return !sent(fields).includes("cache-control: no-store");
  };
  expect(Object.entries(exchanges).map(([name, exchange]) => [name, kept(exchange)])).toEqual([
    ["nobody's", false],
    ["one person's", false],
    ["everybody's", true],
    ["a token's", false],
  ]);
});
