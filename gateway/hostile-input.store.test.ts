import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { exchangeBytes, openTestClient } from "./listener/test-client.ts";
import { startRecordedGateway } from "./testing/recorded-gateway.ts";
import type { RecordingUpstream } from "./testing/recording-upstream.ts";
import type { TestGateway } from "./testing/test-gateway.ts";

const file = `
upstreams: { shop: { url: "\${RAW_URL}" } }
limits: { default: { requests: 600000, perSeconds: 60, burst: 100000, by: [address] } }
connections: { headersTimeoutMs: 400, bodyTimeoutMs: 400 }
defaults: { limits: [default], timeoutMs: 3000, bodyBytes: 1000 }
routes:
  - { path: /api/products, methods: [GET, POST], upstream: shop, auth: anyone }
  - { path: "/api/products/{id}", methods: [GET, POST], upstream: shop, auth: anyone }
  - { path: /api/json, methods: [POST], upstream: shop, auth: anyone, contentTypes: [application/json] }
`;

let upstream: RecordingUpstream;
let gateway: TestGateway;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ upstream, gateway, close } = await startRecordedGateway(file));
});
afterAll(() => close());

const host = "Host: shop.test\r\n";
const post = `POST /api/products HTTP/1.1\r\n${host}`;
const target = (path: string) => `GET ${path} HTTP/1.1\r\n${host}Connection: close\r\n\r\n`;
const hosted = (lines: string) => `GET /api/products HTTP/1.1\r\n${lines}Connection: close\r\n\r\n`;

const exchange = (bytes: string): Promise<string> => exchangeBytes(gateway.port, bytes);

/** A second request stands behind each of them: it must never be read as one. */
const behind = `GET /api/products/smuggled HTTP/1.1\r\n${host}Connection: close\r\n\r\n`;

describe("refused with one answer, the connection closed, and not a byte of it reaches the upstream", () => {
  const cases: [name: string, bytes: string, status: number, code: string][] = [
    ["one that has come round", hosted(`${host}Via: 1.1 a, 1.1 ecotrack-gateway\r\n`), 508, "loop-detected"],
    ["an encoded slash", target("/api/products/a%2fb"), 400, "bad-path"],
    ["an encoded slash that leads away", target("/api/products/..%2f..%2finternal"), 400, "bad-path"],
    ["a doubly encoded slash", target("/api/products/a%252fb"), 400, "bad-path"],
    ["dot segments", target("/api/products/../../internal"), 400, "bad-path"],
    ["encoded dot segments", target("/api/products/%2e%2e/%2E%2E/internal"), 400, "bad-path"],
    ["half encoded dot segments", target("/api/products/.%2e/internal"), 400, "bad-path"],
    ["a dot segment at the end", target("/api/products/."), 400, "bad-path"],
    ["a backslash", target("/api\\products"), 400, "bad-path"],
    ["an encoded backslash", target("/api/products/a%5cb"), 400, "bad-path"],
    ["an encoded NUL", target("/api/products/a%00b"), 400, "bad-path"],
    ["an encoded NUL in the query", target("/api/products?a=%00"), 400, "bad-path"],
    ["an encoded line end", target("/api/products/a%0d%0ab"), 400, "bad-path"],
    ["NUL", target("/api/products/a\0b"), 400, "malformed-request"],
    ["an overlong slash", target("/api/products/%c0%af"), 400, "bad-path"],
    ["an overlong dot", target("/api/products/%e0%80%ae"), 400, "bad-path"],
    ["half a surrogate pair", target("/api/products/%ed%a0%80"), 400, "bad-path"],
    ["bytes above ASCII", target("/api/products/\xff"), 400, "bad-path"],
    ["a broken escape", target("/api/products/%zz"), 400, "bad-path"],
    ["a letter that needs no escape", target("/api/%70roducts"), 400, "bad-path"],
    ["an empty segment", target("/api//products"), 400, "bad-path"],
    ["a path that begins like a host", target("//shop.test/api/products"), 400, "bad-path"],
    ["a fragment", target("/api/products#a"), 400, "bad-path"],
    ["a matrix parameter in front", target("/;a=b/../api/products"), 400, "bad-path"],
    ["the whole server", target("*"), 400, "bad-path"],
    ["a path without a slash", target("api/products"), 400, "bad-path"],
    ["another host in the target", target("http://internal.test/api/products"), 400, "bad-host"],
    ["a user in the target", target("http://shop.test@internal.test/api/products"), 400, "bad-host"],
    ["another scheme in the target", target("ftp://shop.test/api/products"), 400, "bad-path"],
    ["no Host", hosted(""), 400, "bad-host"],
    ["an empty Host", hosted("Host:\r\n"), 400, "bad-host"],
    ["a Host with a path", hosted("Host: shop.test/a\r\n"), 400, "bad-host"],
    ["a Host with a user", hosted("Host: a@shop.test\r\n"), 400, "bad-host"],
    ["a Host with a blank", hosted("Host: shop.test internal\r\n"), 400, "bad-host"],
    ["a Host with a comma", hosted("Host: shop.test, internal\r\n"), 400, "bad-host"],
    ["a Host with a port that is none", hosted("Host: shop.test:http\r\n"), 400, "bad-host"],
    ["two Hosts", hosted(`${host}Host: internal\r\n`), 400, "malformed-request"],
    ["two Hosts that agree", hosted(host + host), 400, "malformed-request"],
    ["two lengths", `${post}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc`, 400, "malformed-request"],
    ["two lengths in one", `${post}Content-Length: 3, 3\r\n\r\nabc`, 400, "malformed-request"],
    ["an empty length", `${post}Content-Length:\r\n\r\nabc`, 400, "malformed-request"],
    [
      "a coding with a length",
      `${post}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n`,
      400,
      "malformed-request",
    ],
    [
      "a length with a coding that a blank hides",
      `${post}Content-Length: 4\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n`,
      400,
      "malformed-request",
    ],
    [
      "a coding that a folded line hides",
      `${post}X-A: a\r\n\tTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
      "malformed-request",
    ],
    [
      "an unknown coding",
      `${post}Transfer-Encoding: identity\r\n\r\n`,
      501,
      "transfer-coding-not-implemented",
    ],
    [
      "chunks that are not the last coding",
      `${post}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
      501,
      "transfer-coding-not-implemented",
    ],
    [
      "a coding with a vertical tab",
      `${post}Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n`,
      400,
      "malformed-request",
    ],
    ["a folded line", hosted(`${host}X-A: a\r\n b\r\n`), 400, "malformed-request"],
    ["a bare line feed", hosted(`${host}X-A: a\nX-B: b\r\n`), 400, "malformed-request"],
    ["a bare carriage return", hosted(`${host}X-A: a\rX-B: b\r\n`), 400, "malformed-request"],
    ["only line feeds", `GET /api/products HTTP/1.1\nHost: shop.test\n\n`, 400, "malformed-request"],
    ["large headers", hosted(`${host}X-A: ${"a".repeat(17_000)}\r\n`), 431, "headers-too-large"],
    ["many headers", hosted(`${host}${"A: b\r\n".repeat(101)}`), 431, "headers-too-large"],
    ["a long target", target(`/api/products?a=${"a".repeat(9000)}`), 414, "uri-too-long"],
    ["CONNECT", `CONNECT shop.test:443 HTTP/1.1\r\n${host}\r\n`, 501, "method-not-implemented"],
    ["TRACE", `TRACE /api/products HTTP/1.1\r\n${host}\r\n`, 501, "method-not-implemented"],
    ["HTTP/2 without a word before", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "http-version-not-supported"],
    ["a body over the limit", `${post}Content-Length: 70000\r\n\r\nabc`, 413, "body-too-large"],
    [
      "chunks over the limit",
      `${post}Transfer-Encoding: chunked\r\n\r\n3e9\r\n${"a".repeat(1001)}\r\n0\r\n\r\n`,
      413,
      "body-too-large",
    ],
    [
      "a chunk's size that is none",
      `${post}Transfer-Encoding: chunked\r\n\r\nzz\r\n`,
      400,
      "malformed-request",
    ],
    [
      "a chunk longer than its size",
      `${post}Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n`,
      400,
      "malformed-request",
    ],
    [
      "a chunk's extension",
      `${post}Transfer-Encoding: chunked\r\n\r\n3;a="\r\n"\r\nabc\r\n0\r\n\r\n`,
      400,
      "malformed-request",
    ],
    [
      "chunks with a broken end",
      `${post}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nbroken\r\n\r\n`,
      400,
      "malformed-request",
    ],
    [
      "another type of body",
      `POST /api/json HTTP/1.1\r\n${host}Connection: close\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}`,
      415,
      "unsupported-media-type",
    ],
  ];
  for (const [name, bytes, status, code] of cases) {
    test(name, async () => {
      const before = upstream.bytes().length;
      const text = await exchange(bytes + behind);
      expect(text).toStartWith(`HTTP/1.1 ${status} `);
      expect(text).toContain(`"code":"${code}"`);
      expect(text.match(/HTTP\/1\.1 \d/g)).toHaveLength(1);
      expect(text).toContain("connection: close");
      expect(upstream.bytes().length - before).toBe(0);
    });
  }
});

describe("slow, and nothing reaches the upstream", () => {
  test.each([
    ["a head that does not end", `GET /api/products HTTP/1.1\r\n${host}`, 408],
    ["a body that does not end", `${post}Content-Length: 10\r\n\r\nabc`, 408],
    ["chunks that do not end", `${post}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n`, 408],
  ])("%s", async (_name, bytes, status) => {
    const before = upstream.bytes().length;
    expect(await exchange(bytes)).toStartWith(`HTTP/1.1 ${status} `);
    expect(upstream.bytes().length - before).toBe(0);
  });

  test.each([
    ["a body", `${post}Content-Length: 10\r\n\r\nabc`],
    ["chunks", `${post}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n`],
    ["chunks before their last line", `${post}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n`],
  ])("%s that the client leaves", async (_name, bytes) => {
    const before = upstream.bytes().length;
    const client = await openTestClient(gateway.port);
    client.send(bytes);
    client.socket.end();
    await client.untilEnd();
    // Another request has come through meanwhile: had the first one been sent, it would be there.
    await exchange(target("/api/products/after"));
    expect(upstream.bytes().slice(before)).toStartWith("GET /api/products/after HTTP/1.1\r\n");
  });
});
