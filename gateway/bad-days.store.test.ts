import { afterEach, expect, setSystemTime, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { eventually } from "#mesh/eventually";
import { openTestClient, type TestClient } from "./listener/test-client.ts";
import { startTestGateway, testRedisUrl } from "./testing/test-gateway.ts";
import { startGatewayProcess } from "./testing/test-gateway-process.ts";
import { bearer } from "./testing/test-service.ts";

const file = (url: string) => `
upstreams: { shop: { url: "${url}" } }
issuers: { ecotrack: { issuer: "\${TOKEN_ISSUER}", jwks: "\${JWKS_URL}", audience: "\${TOKEN_AUDIENCE}", algorithms: [ES256] } }
limits: { default: { requests: 6000000, perSeconds: 60, burst: 1000000, by: [address] } }
threats: { block: { above: 1000000, seconds: 60 } }
defaults: { limits: [default], timeoutMs: 3000, bodyBytes: 1000 }
routes:
  - { path: "/api/products/{id}", methods: [GET], upstream: shop, auth: anyone }
  - { path: "/api/orders/{id}", methods: [GET], upstream: shop, auth: user }
`;

const ends: (() => unknown)[] = [];
afterEach(async () => {
  setSystemTime();
  for (const end of ends.splice(0).reverse()) await end();
});

async function open(handle: (request: Request) => Response | Promise<Response>, variables = {}) {
  const gateway = await startTestGateway({ file: file(`\${UPSTREAM_URL}`), handle, variables });
  ends.push(() => gateway.close());
  return gateway;
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: shop.test\r\n\r\n`;

test("a thousand idle connections keep nobody waiting", async () => {
  const gateway = await open(() => new Response("here"));
  const idle = await Promise.all(Array.from({ length: 1000 }, () => openTestClient(gateway.port)));
  ends.push(() => {
    for (const client of idle) client.close();
  });
  // The system connects them before the gateway has seen them.
  await eventually(() => gateway.edge.connections === 1000 || undefined, { withinMs: 10_000 });
  const client = await openTestClient(gateway.port);
  const cost: Cost[] = [];
  for (let nth = 0; nth < 100; nth++) cost.push(await costOf(client, get("/api/products/1")));
  // A call that is not kept waiting comes through within some turns of the loop, each of which is one timer at most.
  expect(median(cost.map(({ ticks }) => ticks))).toBeLessThan(5);
  expect(median(cost.map(({ cpuMs }) => cpuMs))).toBeLessThan(5);
  expect(gateway.edge.connections).toBe(1001);
  client.close();
});

/** What a request takes that other processes on the machine cannot add to. */
interface Cost {
  /** How often a timer of 1 ms came: at least so many turns the event loop made. */
  readonly ticks: number;
  /** Of the processor, of gateway, client and service together. */
  readonly cpuMs: number;
}

/** Gateway, client and service share one event loop; neither of them waits for another process. */
async function costOf(client: TestClient, request: string): Promise<Cost> {
  let ticks = 0;
  const answered = new Promise<string>((resolve) =>
    client.socket.once("data", (data) => resolve(String(data))),
  );
  const before = process.cpuUsage();
  const timer = setInterval(() => ticks++, 1);
  client.send(request);
  expect(await answered).toStartWith("HTTP/1.1 200 ");
  clearInterval(timer);
  const { user, system } = process.cpuUsage(before);
  return { ticks, cpuMs: (user + system) / 1000 };
}

const median = (numbers: number[]) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

test("a client that never reads holds up its upstream, and not the memory of the gateway", async () => {
  let sent = 0;
  const chunk = new Uint8Array(65_536);
  const gateway = await open(
    () =>
      new Response(
        new ReadableStream({
          pull: (controller) => {
            sent += chunk.length;
            controller.enqueue(chunk);
          },
        }),
      ),
  );
  const client = await openTestClient(gateway.port);
  client.socket.pause();
  client.send(get("/api/products/endless"));
  let before = -1;
  // Until nothing more goes: then all buffers between the two are full.
  await eventually(
    () => {
      const still = sent > 0 && sent === before;
      before = sent;
      return still || undefined;
    },
    { withinMs: 10_000, everyMs: 300 },
  );
  // Two sockets of the kernel on the way, and little more.
  expect(sent).toBeLessThan(32 * 1024 * 1024);
  expect((await gateway.call("/api/orders/1")).status).toBe(401);
  client.close();
});

test("forged tokens by the hundred are refused, each, and good ones are not", async () => {
  const gateway = await open(() => new Response("here"));
  const forged = await Promise.all(Array.from({ length: 100 }, () => gateway.token({ forged: true })));
  const good = await gateway.token();
  const flood = forged.flatMap((token) => [token, `${token.slice(0, -4)}AAAA`, token.slice(0, 40)]);
  const answers = await Promise.all([
    ...flood.map(async (token) => (await gateway.call("/api/orders/1", { headers: bearer(token) })).status),
    ...Array.from({ length: 20 }, async () => {
      const { status } = await gateway.call("/api/orders/1", { headers: bearer(good) });
      return status;
    }),
  ]);
  expect(answers.filter((status) => status === 401)).toHaveLength(300);
  expect(answers.slice(300)).toEqual(Array.from({ length: 20 }, () => 200));
});

test("a key store that is down, or tells nonsense, is an outage of what needs it and of nothing else, and passes", async () => {
  let keys = "down";
  const store = createServer((_request, response) => {
    if (keys === "down") response.destroy();
    else response.writeHead(200, { "content-type": "application/json" }).end(keys);
  });
  await new Promise<void>((resolve) => store.listen(0, "127.0.0.1", resolve));
  ends.push(() => store.close());
  const { port } = store.address() as AddressInfo;
  const gateway = await open(() => new Response("here"), { JWKS_URL: `http://127.0.0.1:${port}/` });
  const token = await gateway.token();
  const status = async () => (await gateway.call("/api/orders/1", { headers: bearer(token) })).status;
  for (const nonsense of [
    "down",
    "",
    "<html>",
    '{"keys":{}}',
    '{"keys":[{"kty":"EC"}]}',
    "[".repeat(10_000),
  ]) {
    keys = nonsense;
    expect([401, 503]).toContain(await status());
    expect((await gateway.call("/api/products/1")).status).toBe(200);
  }
  keys = gateway.jwks;
  await eventually(async () => (await status()) === 200 || undefined, { withinMs: 20_000, everyMs: 250 });
}, 30_000);

test("a clock that jumps ends tokens, and neither connections nor limits", async () => {
  const gateway = await open(() => new Response("here"));
  const token = bearer(await gateway.token());
  const client = await openTestClient(gateway.port);
  const order = async () => (await gateway.call("/api/orders/1", { headers: token })).status;
  const product = async () => {
    client.send(get("/api/products/1"));
    const before = client.received().length;
    await eventually(() => client.received().slice(before).includes("here") || undefined);
    return (await gateway.call("/api/products/1", { address: "203.0.113.9" })).status;
  };
  expect([await order(), await product()]).toEqual([200, 200]);
  setSystemTime(Date.now() + 3_600_000);
  expect([await order(), await product()]).toEqual([401, 200]);
  setSystemTime();
  expect([await order(), await product()]).toEqual([200, 200]);
  setSystemTime(Date.now() - 3_600_000);
  for (let nth = 0; nth < 5; nth++) expect(await product()).toBe(200);
  client.close();
});

test("SIGTERM under load, with a reload in between, loses no request of keep-alive clients", async () => {
  const service = createServer((_request, response) => {
    setTimeout(() => response.end("here"), 5);
  });
  await new Promise<void>((resolve) => service.listen(0, "127.0.0.1", resolve));
  ends.push(() => service.close());
  const upstreamUrl = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
  const gateway = await startGatewayProcess({
    text: file(`\${PRODUCT_SERVICE_URL}`),
    upstreamUrl,
    redisUrl: testRedisUrl(),
  });
  ends.push(() => gateway.close());
  const counts = { answered: 0, lost: 0 };
  const clients = Array.from({ length: 32 }, () => keepAsking(gateway.port, counts));
  await eventually(() => counts.answered > 500 || undefined, { withinMs: 10_000 });
  gateway.signal("SIGTERM");
  await writeFile(gateway.file, "routes: nonsense");
  gateway.signal("SIGHUP");
  await Promise.all(clients);
  expect(await gateway.exited).toBe(0);
  expect(counts.lost).toBe(0);
}, 40_000);

/** Asks and asks again on one connection, and on the next one when it was told that this was the last; ends when there is none. */
async function keepAsking(port: number, counts: { answered: number; lost: number }): Promise<void> {
  for (;;) {
    const client = await openTestClient(port).catch(() => undefined);
    if (!client) return;
    for (let nth = 1; ; nth++) {
      client.send(get("/api/products/1"));
      const answer = await answerNumber(client, nth);
      if (answer === undefined) {
        // Accepted by the system and never by the gateway: the client knows that nothing was done.
        if (nth > 1) counts.lost++;
        break;
      }
      counts.answered++;
      if (answer.includes("connection: close")) break;
    }
    client.close();
  }
}

async function answerNumber(client: TestClient, nth: number): Promise<string | undefined> {
  for (;;) {
    const answers = client.received().split("HTTP/1.1 ").slice(1);
    if (answers.length === nth && answers.at(-1)?.endsWith("here")) return answers.at(-1);
    if (client.ended()) return undefined;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
