import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { eventually } from "#mesh/eventually";
import { exchangeBytes, openTestClient } from "./listener/test-client.ts";
import { type RecordingUpstream, startRecordingUpstream } from "./testing/recording-upstream.ts";
import { startTestGateway, type TestGateway } from "./testing/test-gateway.ts";

const file = (connections: string) => `
upstreams: { shop: { url: "\${RAW_URL}" } }
limits: { default: { requests: 600000, perSeconds: 60, burst: 100000, by: [address] } }
connections: ${connections}
defaults: { limits: [default], timeoutMs: 3000, bodyBytes: 1000 }
routes:
  - { path: /api/products, methods: [GET, POST], upstream: shop, auth: anyone }
  - { path: "/api/products/{id}", methods: [GET, POST, DELETE], upstream: shop, auth: anyone }
`;

let upstream: RecordingUpstream;
let gateway: TestGateway;
const gateways: TestGateway[] = [];

async function open(trustedProxies: string[], connections = "{}"): Promise<TestGateway> {
  const opened = await startTestGateway({
    file: file(connections),
    handle: () => new Response(null, { status: 404 }),
    variables: { RAW_URL: upstream.url },
    trustedProxies,
  });
  gateways.push(opened);
  return opened;
}

beforeAll(async () => {
  upstream = await startRecordingUpstream();
  gateway = await open([]);
});
beforeEach(() => void upstream.requests.splice(0));
afterAll(async () => {
  for (const each of gateways) await each.close();
  upstream.close();
});

const host = "Host: shop.test\r\n";
const get = (path: string, rest = "") => `GET ${path} HTTP/1.1\r\n${host}${rest}\r\n`;

const exchange = (bytes: string, { port } = gateway): Promise<string> => exchangeBytes(port, bytes);

/** The head as the upstream saw it, a line each, without what is new for each request. */
const seen = (at = 0): string[] =>
  (upstream.requests[at]?.head ?? "")
    .split("\r\n")
    .filter((line) => !/^(?:x-correlation-id|traceparent|x-deadline-ms):/.test(line));

const close = "Connection: close\r\n";
const upstreamHost = () => `host: ${new URL(upstream.url).host}`;
const forwarded = (address = "127.0.0.1") => [
  `x-forwarded-for: ${address}`,
  "x-forwarded-proto: http",
  "x-forwarded-host: shop.test",
];

describe("what the upstream sees", () => {
  test("is the client's request, with one length, and nothing else", async () => {
    const chunked =
      "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\nX-Trailer: a\r\n\r\n";
    const text = await exchange(
      `POST /api/products/a?b=c HTTP/1.1\r\n${host}X-One: 1\r\n${chunked}${get("/api/products/b", close)}`,
    );
    expect(text.match(/#\d/g)).toEqual(["#1", "#2"]);
    expect(upstream.requests.map(({ body }) => body)).toEqual(["hello world", ""]);
    expect(seen()).toEqual([
      "POST /api/products/a?b=c HTTP/1.1",
      upstreamHost(),
      "content-length: 11",
      "x-one: 1",
      "via: 1.1 ecotrack-gateway",
      "accept-encoding: identity",
      ...forwarded(),
    ]);
  });

  test("is the path alone where the client sent the whole URL, and the host that it was sent to", async () => {
    await exchange(get("http://shop.test/api/products/a?b", close));
    expect(seen().slice(0, 2)).toEqual(["GET /api/products/a?b HTTP/1.1", upstreamHost()]);
  });

  test("has nothing of what concerns only the client's connection, nor of what that names", async () => {
    await exchange(
      get(
        "/api/products",
        "Connection: close, X-Secret , te\r\nX-Secret: 1\r\nKeep-Alive: 5\r\nProxy-Connection: a\r\nProxy-Authorization: a\r\nTE: trailers\r\nTrailer: a\r\nUpgrade: websocket\r\nHTTP2-Settings: a\r\nX-Kept: 1\r\n",
      ),
    );
    expect(seen()).toEqual([
      "GET /api/products HTTP/1.1",
      upstreamHost(),
      "x-kept: 1",
      "via: 1.1 ecotrack-gateway",
      "accept-encoding: identity",
      ...forwarded(),
    ]);
  });

  test("has Connection's names removed even if they are those that the gateway sets", async () => {
    await exchange(get("/api/products", "Connection: close, host, x-forwarded-for, content-length\r\n"));
    expect(seen()).toEqual([
      "GET /api/products HTTP/1.1",
      upstreamHost(),
      "via: 1.1 ecotrack-gateway",
      "accept-encoding: identity",
      ...forwarded(),
    ]);
  });

  const claims =
    "Forwarded: for=6.6.6.6\r\nX-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil.test\r\nX-Forwarded-Port: 1\r\nX-Real-IP: 6.6.6.6\r\nVia: 1.1 a\r\nX-Original-URL: /admin\r\nX-User-Id: 1\r\nX-Caller-Roles: admin\r\n";

  test("has what a stranger claims of itself replaced", async () => {
    await exchange(get("/api/products", claims + close));
    // Whom it came by before is no claim of who it is (RFC 9110 §7.6.3).
    expect(seen().slice(2)).toEqual([
      "via: 1.1 a, 1.1 ecotrack-gateway",
      "accept-encoding: identity",
      ...forwarded(),
    ]);
  });

  test("has what a trusted proxy says of the client, and no more of its headers", async () => {
    await exchange(get("/api/products", claims + close), await open(["127.0.0.1"]));
    expect(seen().slice(2)).toEqual([
      "via: 1.1 a, 1.1 ecotrack-gateway",
      "accept-encoding: identity",
      "x-forwarded-for: 6.6.6.6",
      "x-forwarded-proto: https",
      "x-forwarded-host: shop.test",
    ]);
  });

  test("has the address of the PROXY header, which goes no further", async () => {
    const behindBalancer = await open(["127.0.0.1"], "{ proxyProtocol: true }");
    await exchange(
      `PROXY TCP4 203.0.113.7 10.0.0.1 5000 443\r\n${get("/api/products", close)}`,
      behindBalancer,
    );
    expect(seen().slice(2)).toEqual([
      "via: 1.1 ecotrack-gateway",
      "accept-encoding: identity",
      ...forwarded("203.0.113.7"),
    ]);
    expect(upstream.bytes()).not.toContain("PROXY");
  });

  test("has no body where a GET sends one, and the next request is the next request", async () => {
    const text = await exchange(
      get("/api/products/a", "Content-Length: 60\r\n") +
        get("/api/products/smuggled").padEnd(60) +
        get("/api/products/b", close),
    );
    expect(text.match(/#\d/g)).toEqual(["#1", "#2"]);
    expect(upstream.requests.map(({ head }) => head.split(" ")[1])).toEqual([
      "/api/products/a",
      "/api/products/b",
    ]);
  });

  test("has a length even where there is no body, so that nobody waits for one", async () => {
    await exchange(`POST /api/products HTTP/1.1\r\n${host}Content-Length: 0\r\n${close}\r\n`);
    expect(seen()).toContain("content-length: 0");
  });

  test("of HTTP/1.0 is HTTP/1.1 of ours", async () => {
    await exchange(`GET /api/products HTTP/1.0\r\n${host}Connection: keep-alive\r\n\r\n`);
    expect(seen()[0]).toBe("GET /api/products HTTP/1.1");
  });
});

describe("pipelined requests", () => {
  test("wait while the upstream is slow, and are sent and answered one after the other", async () => {
    const client = await openTestClient(gateway.port);
    client.send(
      get("/api/products/slow") +
        `POST /api/products/b HTTP/1.1\r\n${host}Content-Length: 3\r\n\r\nabc` +
        get("/api/products/c", close),
    );
    await eventually(() => (upstream.requests.length > 0 ? true : undefined), { withinMs: 3000 });
    expect([upstream.requests.length, client.received()]).toEqual([1, ""]);
    upstream.release();
    const text = await client.untilEnd();
    expect(text.match(/#\d/g)).toEqual(["#1", "#2", "#3"]);
    expect(upstream.requests.map(({ body }) => body)).toEqual(["", "abc", ""]);
  });

  test("behind one that is refused are not read", async () => {
    const text = await exchange(
      get("/api/products/a") + get("/api/products/b", "X-A : b\r\n") + get("/api/products/c", close),
    );
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 200", "HTTP/1.1 400"]);
    expect(upstream.requests).toHaveLength(1);
  });

  test("of a client that leaves are not sent", async () => {
    const client = await openTestClient(gateway.port);
    client.send(get("/api/products/slow") + get("/api/products/b"));
    await eventually(() => (upstream.requests.length > 0 ? true : undefined), { withinMs: 3000 });
    client.close();
    await eventually(() => (gateway.edge.connections === 0 ? true : undefined), { withinMs: 3000 });
    upstream.release();
    await exchange(get("/api/products/c", close));
    expect(upstream.requests.map(({ head }) => head.split(" ")[1])).toEqual([
      "/api/products/slow",
      "/api/products/c",
    ]);
  });
});

test("one connection too many of an address is told so, and reaches nothing", async () => {
  const narrow = await open([], "{ perAddress: 2 }");
  const clients = [await openTestClient(narrow.port), await openTestClient(narrow.port)];
  for (const client of clients) client.send(get("/api/products/a"));
  for (const client of clients) await client.until(/#\d/);
  const text = await exchange(get("/api/products/b", close), narrow);
  expect(text).toStartWith("HTTP/1.1 429 ");
  expect(text).toContain('"code":"too-many-connections"');
  expect(upstream.requests).toHaveLength(2);
  for (const client of clients) client.close();
});
