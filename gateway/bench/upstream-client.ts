/**
 * CPU per call of an upstream, ours beside `fetch`, interleaved in one process:
 *
 *     bun gateway/bench/upstream-client.ts [calls per round] [rounds]
 *     bun gateway/bench/upstream-client.ts memory [calls]
 *
 * `memory` makes many calls, then leaves many in mid-stream, and tells what this process still holds after each tenth.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { listen } from "#mesh/listen";
import { type Origin, parseOrigin } from "../upstream/origin.ts";
import { UpstreamClient } from "../upstream/upstream-client.ts";

const atOnce = 16;
const product = JSON.stringify({ id: "0193", name: "Mug", price: { amount: 1200, currency: "EUR" } });
const client = new UpstreamClient();
const somebody = { gone: false };
const fields = {
  accept: "application/json",
  "accept-encoding": "identity",
  authorization: `Bearer ${"a".repeat(400)}`,
  traceparent: `00-${"a".repeat(32)}-${"b".repeat(16)}-01`,
  "user-agent": "bench",
  "x-forwarded-for": "192.0.2.1",
};

const [mode, ...options] = process.argv.slice(2);
if (mode === "upstream") serve();
else if (mode === "streams") serveStreams();
else if (mode === "memory") await measureMemory(Number(options[0] ?? 200_000));
else await compare(Number(mode ?? 20_000), Number(options[0] ?? 7));

function serve(): void {
  const headers = { "content-type": "application/json", "cache-control": "no-store" };
  console.log(
    listen({ port: 0, hostname: "127.0.0.1", fetch: () => new Response(product, { headers }) }).port,
  );
}

/** Bodies of 10 MB, for readers who leave. */
function serveStreams(): void {
  const body = Buffer.alloc(10_000_000);
  console.log(listen({ port: 0, hostname: "127.0.0.1", fetch: () => new Response(body) }).port);
}

function headOf(origin: Origin): string {
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET /api/products/0193 HTTP/1.1\r\nhost: ${origin.hostHeader}\r\n${lines.join("")}\r\n`;
}

async function compare(calls: number, rounds: number): Promise<void> {
  const { origin, child } = await start("upstream");
  const head = headOf(origin);
  const url = `http://${origin.hostHeader}/api/products/0193`;
  const ways = {
    ours: async () => {
      const answer = await client.call({
        origin,
        method: "GET",
        head,
        body: undefined,
        timeoutMs: 5000,
        client: somebody,
      });
      if (typeof answer === "string" || answer.body.whole?.length !== product.length)
        throw new Error("No answer");
    },
    fetch: async () => {
      const answer = await fetch(url, { headers: fields, redirect: "manual" });
      if ((await answer.arrayBuffer()).byteLength !== product.length) throw new Error(`${answer.status}`);
    },
  };
  const costs: Record<keyof typeof ways, number[]> = { ours: [], fetch: [] };
  // The first round warms both up.
  for (let round = 0; round <= rounds; round++) {
    for (const way of ["ours", "fetch"] as const) {
      const cost = await cpuPerCall(ways[way], calls);
      if (round > 0) costs[way].push(cost);
    }
  }
  for (const [way, all] of Object.entries(costs)) {
    const sorted = all.toSorted((a, b) => a - b);
    const median = sorted[Math.floor(sorted.length / 2)] as number;
    console.log(
      `${way.padEnd(6)} ${median.toFixed(1)} µs CPU a call (${sorted.map((cost) => cost.toFixed(1)).join(" ")})`,
    );
  }
  child.kill();
  client.close();
}

async function cpuPerCall(call: () => Promise<void>, calls: number): Promise<number> {
  let left = calls;
  const before = process.cpuUsage();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (left-- > 0) await call();
    }),
  );
  const { user, system } = process.cpuUsage(before);
  return (user + system) / calls;
}

async function measureMemory(calls: number): Promise<void> {
  const small = await start("upstream");
  const streams = await start("streams");
  const call = (origin: Origin) =>
    client.call({
      origin,
      method: "GET",
      head: headOf(origin),
      body: undefined,
      timeoutMs: 5000,
      client: somebody,
    });
  await rounds("calls", calls, async () => {
    if (typeof (await call(small.origin)) === "string") throw new Error("No answer");
  });
  await rounds("calls left in mid-stream", Math.ceil(calls / 20), async () => {
    const answer = await call(streams.origin);
    if (typeof answer === "string") throw new Error(answer);
    await new Promise<void>((resolve) => {
      let pieces = 0;
      answer.body.start({
        data() {
          if (++pieces < 2) return;
          answer.body.cancel();
          resolve();
        },
        end: resolve,
        fail: resolve,
      });
    });
  });
  for (const { child } of [small, streams]) child.kill();
  client.close();
}

async function rounds(what: string, calls: number, call: () => Promise<void>): Promise<void> {
  for (let tenth = 1; tenth <= 10; tenth++) {
    await cpuPerCall(call, calls / 10);
    globalThis.gc?.();
    const { rss, heapUsed, external } = process.memoryUsage();
    const megabytes = [rss, heapUsed, external].map((bytes) => (bytes / 1e6).toFixed(1));
    const open = client.stats().reduce((sum, { open }) => sum + open, 0);
    console.log(
      `${(calls * tenth) / 10} ${what}: rss ${megabytes[0]} MB, heap ${megabytes[1]}, external ${megabytes[2]}, ${open} connections`,
    );
  }
}

async function start(what: string): Promise<{ origin: Origin; child: ChildProcess }> {
  const child = spawn(process.execPath, [import.meta.filename, what], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const port = await new Promise<string>((resolve) =>
    child.stdout?.once("data", (line: Buffer) => resolve(line.toString())),
  );
  return { origin: parseOrigin(`http://127.0.0.1:${port.trim()}`), child };
}
