/**
 * What idle connections cost: memory for each of them, and the time of requests beside them.
 *
 *     REDIS_URL=redis://127.0.0.1:6379 bun gateway/bench/idle-connections.ts [connections] [deno]
 */
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { startGatewayProcess } from "../testing/test-gateway-process.ts";

const wanted = Number(process.argv[2] ?? 10_000);
const redisUrl = process.env.REDIS_URL ?? "redis://127.0.0.1:6379";
const file = `
upstreams: { shop: { url: "\${PRODUCT_SERVICE_URL}" } }
limits: { default: { requests: 6000000, perSeconds: 60, burst: 1000000, by: [address] } }
connections: { perAddress: 100000, idleTimeoutMs: 600000 }
defaults: { limits: [default], timeoutMs: 3000, bodyBytes: 1000 }
routes: [{ path: "/api/products/{id}", methods: [GET], upstream: shop, auth: anyone }]
`;

const service = createServer((_request, response) => void response.end("here"));
await new Promise<void>((resolve) => service.listen(0, "127.0.0.1", resolve));
const gateway = await startGatewayProcess({
  text: file,
  upstreamUrl: `http://127.0.0.1:${(service.address() as AddressInfo).port}`,
  redisUrl,
  ...(process.argv[3] === "deno" && { runtime: ["npx", "deno", "run", "-A", "--no-check"] as const }),
});
const request = Buffer.from("GET /api/products/1 HTTP/1.1\r\nHost: shop.test\r\n\r\n");

async function open(): Promise<Socket> {
  const socket = connect(gateway.port, "127.0.0.1");
  await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  socket.setNoDelay(true);
  return socket;
}

const ask = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    socket.once("data", () => resolve());
    socket.write(request);
  });

async function measure(what: string): Promise<number> {
  const socket = await open();
  for (let nth = 0; nth < 500; nth++) await ask(socket);
  const times: number[] = [];
  for (let nth = 0; nth < 2000; nth++) {
    const started = performance.now();
    await ask(socket);
    times.push(performance.now() - started);
  }
  socket.destroy();
  times.sort((a, b) => a - b);
  const kb = Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${gateway.pid}/status`, "utf8"))?.[1]);
  const at = (share: number) => (times[Math.floor(times.length * share)] ?? 0).toFixed(2);
  console.log(`${what}: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, ${Math.round(kb / 1024)} MB resident`);
  return kb;
}

await measure("warming up");
const before = await measure("alone");
const idle: Socket[] = [];
while (idle.length < wanted) {
  idle.push(...(await Promise.all(Array.from({ length: Math.min(200, wanted - idle.length) }, open))));
}
const silent = await measure(`beside ${wanted} that never said anything`);
for (let at = 0; at < idle.length; at += 200) await Promise.all(idle.slice(at, at + 200).map(ask));
const after = await measure(`beside ${wanted} that were served once`);
const perConnection = (kb: number) => `${((kb - before) / wanted).toFixed(1)} KB`;
console.log(
  `A connection: ${perConnection(silent)} before its first request, ${perConnection(after)} after it`,
);
for (const socket of idle) socket.destroy();
await gateway.close();
service.close();
process.exit(0);
