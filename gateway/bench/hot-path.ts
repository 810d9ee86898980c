/**
 * CPU per proxied request, ours beside a bare proxy that only fetches, interleaved on the same machine:
 *
 *     REDIS_URL=redis://127.0.0.1:6379 bun gateway/bench/hot-path.ts [requests per round] [rounds]
 *
 * The gateway runs as it does in production: token verified, limit taken from Redis, metrics, access log to a file.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { listen } from "#mesh/listen";

const connections = 16;
const clockTicksPerSecond = 100;
const product = JSON.stringify({ id: "0193", name: "Mug", price: { amount: 1200, currency: "EUR" } });

if (process.argv[2] === "upstream") serveUpstream(process.argv[3] ?? "{}");
else if (process.argv[2] === "bare") serveBare(process.argv[3] ?? "");
else await compare(Number(process.argv[2] ?? 10_000), Number(process.argv[3] ?? 5));

function serveUpstream(keys: string): void {
  const headers = { "content-type": "application/json" };
  const { port } = listen({
    port: 0,
    hostname: "127.0.0.1",
    fetch: (request) => new Response(request.url.endsWith("/jwks.json") ? keys : product, { headers }),
  });
  console.log(JSON.stringify({ port }));
}

/** The floor: what Bun itself costs to take a request and fetch it from behind. */
function serveBare(upstream: string): void {
  const { port } = listen({
    port: 0,
    hostname: "127.0.0.1",
    fetch: ({ url, headers }) => fetch(upstream + url.slice(url.indexOf("/", 8)), { headers }),
  });
  console.log(JSON.stringify({ port }));
}

async function compare(requests: number, rounds: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "hot-path-"));
  const children: ChildProcess[] = [];
  try {
    const { keys, token } = await issueToken();
    const upstream = await start(children, [import.meta.filename, "upstream", keys]);
    const url = `http://127.0.0.1:${upstream.port}`;
    const bare = await start(children, [import.meta.filename, "bare", url]);
    const ours = await startGateway(children, folder, url);
    const request = `GET /api/products/0193 HTTP/1.1\r\nHost: localhost\r\nUser-Agent: bench\r\nAccept: */*\r\nAuthorization: Bearer ${token}\r\n\r\n`;
    const results = { bare: [] as number[], gateway: [] as number[] };
    for (let round = 0; round <= rounds; round++) {
      const bareCost = await measure(bare, requests, request);
      const ourCost = await measure(ours, requests, request);
      // The first round warms both up.
      if (round > 0) {
        results.bare.push(bareCost);
        results.gateway.push(ourCost);
      }
    }
    console.log(`CPU µs per request, ${rounds} rounds of ${requests}, ${connections} connections`);
    for (const [name, costs] of Object.entries(results)) console.log(`${name.padEnd(8)} ${describe(costs)}`);
    console.log(`ratio    ${(median(results.gateway) / median(results.bare)).toFixed(2)}`);
  } finally {
    for (const child of children) child.kill();
    await rm(folder, { recursive: true });
  }
}

async function issueToken(): Promise<{ keys: string; token: string }> {
  const pair = await generateKeyPair("ES256", { extractable: true });
  const key = { ...(await exportJWK(pair.publicKey)), kid: "user/1", alg: "ES256" };
  const token = await new SignJWT({ sid: "session", roles: ["customer"] })
    .setProtectedHeader({ alg: "ES256", kid: "user/1", typ: "at+jwt" })
    .setIssuer("https://ecotrack.test")
    .setAudience("ecotrack")
    .setSubject("0193b0c0-0000-7000-8000-000000000000")
    .setIssuedAt()
    .setExpirationTime("1h")
    .sign(pair.privateKey);
  return { keys: JSON.stringify({ keys: [key] }), token };
}

interface Server {
  readonly port: number;
  readonly pid: number;
}

/** The repository's own gateway.yaml, with a limit that the bench does not reach. */
async function startGateway(children: ChildProcess[], folder: string, upstream: string): Promise<Server> {
  const text = await readFile(new URL("../gateway.yaml", import.meta.url), "utf8");
  const file = join(folder, "gateway.yaml");
  await writeFile(
    file,
    text.replace(/(default:\s+requests:) \d+(\s.*\s+burst:) \d+/, "$1 1000000000$2 1000000"),
  );
  const names = ["USER", "PRODUCT", "ORDER", "PAYMENT", "NOTIFICATION"];
  const env = {
    ...process.env,
    ...Object.fromEntries(names.map((name) => [`${name}_SERVICE_URL`, upstream])),
    JWKS_URL: `${upstream}/.well-known/jwks.json`,
    REDIS_URL: process.env.REDIS_URL ?? "redis://127.0.0.1:6379",
    GATEWAY_FILE: file,
    PORT: "0",
    ADMIN_PORT: "0",
  };
  const main = new URL("../main.ts", import.meta.url).pathname;
  return start(children, [main], join(folder, "access.log"), env);
}

/** Starts a process and waits for the line in which it says its port. */
async function start(
  children: ChildProcess[],
  args: string[],
  output?: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Server> {
  const sink = output === undefined ? undefined : await open(output, "w");
  const child = spawn(process.execPath, args, { env, stdio: ["ignore", sink ? sink.fd : "pipe", "inherit"] });
  children.push(child);
  await sink?.close();
  let said = "";
  child.stdout?.on("data", (data: Buffer) => {
    said += data.toString();
  });
  for (const deadline = performance.now() + 10_000; performance.now() < deadline; ) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    if (output) said = await readFile(output, "utf8");
    const port = Number(/"port":(\d+)/.exec(said)?.[1]);
    if (port > 0 && child.pid) return { port, pid: child.pid };
  }
  throw new Error(`${args.join(" ")} did not start within 10 s`);
}

async function measure({ port, pid }: Server, requests: number, request: string): Promise<number> {
  const before = await cpuSeconds(pid);
  let left = requests;
  const worker = () =>
    new Promise<void>((resolve, reject) => {
      let received = "";
      const socket = connect(port, "127.0.0.1");
      const next = () => {
        received = "";
        if (left-- > 0) socket.write(request);
        else socket.end(resolve);
      };
      socket.on("connect", next);
      socket.on("error", reject);
      socket.on("data", (data) => {
        received += data.toString("latin1");
        if (!received.endsWith(product) && !received.endsWith("\r\n0\r\n\r\n")) return;
        if (received.startsWith("HTTP/1.1 200")) next();
        else reject(new Error(received));
      });
    });
  await Promise.all(Array.from({ length: connections }, worker));
  return (((await cpuSeconds(pid)) - before) / requests) * 1e6;
}

/** User and system time of all threads of a process. */
async function cpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / clockTicksPerSecond;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function describe(costs: readonly number[]): string {
  return `${median(costs).toFixed(1)}  (${costs.map((cost) => cost.toFixed(1)).join(" ")})`;
}
