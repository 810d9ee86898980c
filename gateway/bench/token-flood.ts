/**
 * What a flood of bad tokens costs a running gateway, beside good ones that it has not seen yet: CPU µs per request, in turns.
 *
 *     REDIS_URL=redis://127.0.0.1:6379 bun gateway/bench/token-flood.ts [requests per round] [rounds]
 */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "#mesh/eventually";
import { createTestIssuer, type TestIssuer } from "#mesh/identity/test-issuer";
import { listen } from "#mesh/listen";
import { uuidV7 } from "#mesh/uuid-v7";

const requests = Number(process.argv[2] ?? 2000);
const rounds = Number(process.argv[3] ?? 5);
const connections = 16;
const clockTicksPerSecond = 100;
const file = `
upstreams: { shop: { url: "\${USER_SERVICE_URL}" } }
issuers: { ecotrack: { issuer: "\${TOKEN_ISSUER}", jwks: "\${JWKS_URL}", audience: "\${TOKEN_AUDIENCE}", algorithms: [ES256] } }
limits: { default: { requests: 6000000, perSeconds: 60, burst: 1000000, by: [caller] } }
defaults: { limits: [default], timeoutMs: 5000, bodyBytes: 1000 }
routes: [{ path: /closed, methods: [GET], upstream: shop, auth: user }]
`;

const issuer = await createTestIssuer();
const upstream = listen({
  port: 0,
  hostname: "127.0.0.1",
  fetch: ({ url }) =>
    Response.json(url.endsWith("/jwks.json") ? { keys: [issuer.publicJwk] } : { id: "0193" }),
});
const folder = await mkdtemp(join(tmpdir(), "token-flood-"));
const gateway = await startGateway(`http://127.0.0.1:${upstream.port}`);
const costs = new Map<string, number[]>();
try {
  for (let round = -1; round < rounds; round++) {
    const good = await tokens(issuer);
    const forged = good.map((token) => token.replace(/[^.]+$/, () => randomBytes(64).toString("base64url")));
    const unknownKey = await tokens(issuer, () => ({ kid: uuidV7() }));
    const kinds = [
      ["good, not known before", good, 200],
      ["good, known", good, 200],
      ["random signature", forged, 401],
      ["random key id", unknownKey, 401],
    ] as const;
    for (const [name, list, status] of kinds) {
      const cost = await measure(list, status);
      // The first round warms up.
      if (round >= 0) costs.set(name, [...(costs.get(name) ?? []), cost]);
    }
  }
  console.log(`CPU µs per request, median of ${rounds} rounds of ${requests}, ${connections} connections`);
  for (const [name, values] of costs) {
    const inOrder = values.toSorted((a, b) => a - b);
    console.log(
      `${name.padEnd(24)} ${inOrder[Math.floor(inOrder.length / 2)]?.toFixed(0)}  (${values.map((each) => each.toFixed(0)).join(" ")})`,
    );
  }
} finally {
  gateway.kill();
  await upstream.stop(0);
  await rm(folder, { recursive: true });
}

function tokens(from: TestIssuer, header: () => Record<string, unknown> = () => ({})): Promise<string[]> {
  const iat = Math.floor(Date.now() / 1000);
  const make = () =>
    from.sign({ header: header(), claims: { sub: uuidV7(), sid: uuidV7(), iat, exp: iat + 900 } });
  return Promise.all(Array.from({ length: requests }, make));
}

async function startGateway(upstreamUrl: string) {
  const yaml = join(folder, "gateway.yaml");
  await writeFile(yaml, file);
  const names = ["USER", "PRODUCT", "ORDER", "PAYMENT", "NOTIFICATION"];
  const env = {
    ...process.env,
    ...Object.fromEntries(names.map((name) => [`${name}_SERVICE_URL`, upstreamUrl])),
    JWKS_URL: `${upstreamUrl}/jwks.json`,
    REDIS_URL: process.env.REDIS_URL ?? "redis://127.0.0.1:6379",
    GATEWAY_FILE: yaml,
    PORT: "0",
    ADMIN_PORT: "0",
  };
  const output = join(folder, "access.log");
  const sink = await open(output, "w");
  const main = new URL("../main.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, [main], { env, stdio: ["ignore", sink.fd, "inherit"] });
  await sink.close();
  const port = await eventually(
    async () => Number(/"port":(\d+)/.exec(await readFile(output, "utf8"))?.[1]) || undefined,
    { withinMs: 15_000 },
  );
  return { port, pid: child.pid ?? 0, kill: () => child.kill() };
}

async function measure(list: readonly string[], status: number): Promise<number> {
  const before = await cpuSeconds();
  const left = [...list];
  const worker = () =>
    new Promise<void>((resolve, reject) => {
      const socket = connect(gateway.port, "127.0.0.1");
      let received = "";
      const next = () => {
        received = "";
        const token = left.pop();
        if (token === undefined) socket.end(resolve);
        else
          socket.write(`GET /closed HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n\r\n`);
      };
      socket.on("connect", next);
      socket.on("error", reject);
      socket.on("data", (data) => {
        received += data.toString("latin1");
        if (!received.endsWith("}")) return;
        if (received.startsWith(`HTTP/1.1 ${status}`)) next();
        else reject(new Error(received));
      });
    });
  await Promise.all(Array.from({ length: connections }, worker));
  return (((await cpuSeconds()) - before) / list.length) * 1e6;
}

/** User and system time of all threads of the gateway. */
async function cpuSeconds(): Promise<number> {
  const stat = await readFile(`/proc/${gateway.pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / clockTicksPerSecond;
}
