import { afterAll, beforeAll, expect, test } from "bun:test";
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "#mesh/eventually";
import { listen } from "#mesh/listen";
import { testRedisUrl } from "../testing/test-gateway.ts";

/** A port that was free a moment ago: all processes have to be told the same. */
async function freePort(): Promise<number> {
  const probe = listen({ port: 0, hostname: "127.0.0.1", fetch: () => new Response() });
  await probe.stop(0);
  return probe.port;
}

const service = listen({ port: 0, hostname: "127.0.0.1", fetch: () => Response.json({ keys: [] }) });
let port = 0;
let adminPort = 0;
let gateway: ChildProcess;
let output = "";
const folder = await mkdtemp(join(tmpdir(), "supervise-"));
const file = join(folder, "gateway.yaml");
const good = await readFile(new URL("../gateway.yaml", import.meta.url), "utf8");
const goodWithNews = `${good}  - { path: /news, methods: [GET], answer: docs, auth: anyone }\n`;

beforeAll(async () => {
  await writeFile(file, good);
  port = await freePort();
  adminPort = await freePort();
  const url = `http://127.0.0.1:${service.port}`;
  const upstreams = ["USER", "PRODUCT", "ORDER", "PAYMENT", "NOTIFICATION"];
  gateway = spawn(process.execPath, [new URL("../main.ts", import.meta.url).pathname], {
    env: {
      ...process.env,
      ...Object.fromEntries(upstreams.map((name) => [`${name}_SERVICE_URL`, url])),
      GATEWAY_PROCESSES: "2",
      GATEWAY_FILE: file,
      JWKS_URL: `${url}/jwks.json`,
      REDIS_URL: testRedisUrl(),
      PORT: String(port),
      ADMIN_PORT: String(adminPort),
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  gateway.stdout?.on("data", (data: Buffer) => {
    output += data.toString();
  });
  await eventually(async () => ((await live()) === 2 ? true : undefined), { withinMs: 20_000 });
}, 30_000);
afterAll(async () => {
  gateway.kill("SIGKILL");
  await service.stop(0);
  await rm(folder, { recursive: true });
});

async function live(): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${adminPort}/health/live`).catch(() => undefined);
  const { processes = [] } = ((await answer?.json()) ?? {}) as { processes?: { status: number }[] };
  return processes.filter(({ status }) => status === 200).length;
}

interface Told {
  readonly body: { readonly degraded?: readonly string[]; readonly hash?: string; readonly level?: string };
}
async function told(path: string): Promise<readonly Told[]> {
  const answer = await fetch(`http://127.0.0.1:${adminPort}${path}`);
  return ((await answer.json()) as { processes: Told[] }).processes;
}

/** Each request on a connection of its own, so that the system may give it to any of them. */
const ask = async (path = "/docs") =>
  (await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: "close" } })).status;

const children = async (): Promise<number[]> =>
  (await readFile(`/proc/${gateway.pid}/task/${gateway.pid}/children`, "utf8")).trim().split(" ").map(Number);

test("all of them serve on one port, and their metrics stand side by side", async () => {
  for (let times = 0; times < 40; times++) expect(await ask()).toBe(200);
  const metrics = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
  for (const process of ["0", "1"])
    expect(metrics).toContain(`http_server_request_duration_seconds_count{process="${process}"`);
});

test("one that is killed is started again, and the others go on meanwhile", async () => {
  const [victim] = await children();
  process.kill(victim as number, "SIGKILL");
  // What the system had given to it is lost; once it is gone it is given nothing.
  await eventually(() => (isAlive(victim as number) ? undefined : true));
  for (let times = 0; times < 20; times++) expect(await ask()).toBe(200);
  await eventually(async () => ((await live()) === 2 ? true : undefined), { withinMs: 10_000 });
  expect(await children()).not.toContain(victim as number);
});

test("one that is started again while the file is bad runs what the others run, and says so", async () => {
  await writeFile(file, goodWithNews);
  gateway.kill("SIGHUP");
  const hash = createHash("sha256").update(goodWithNews).digest("hex");
  await eventually(async () => (await told("/config")).every(({ body }) => body.hash === hash) || undefined);
  await writeFile(file, "routes: []");
  const [victim] = await children();
  process.kill(victim as number, "SIGKILL");
  await eventually(() => (isAlive(victim as number) ? undefined : true));
  await eventually(async () => ((await live()) === 2 ? true : undefined), { withinMs: 10_000 });
  for (let times = 0; times < 20; times++) expect(await ask("/news")).toBe(200);
  await eventually(async () => {
    const all = await told("/health/ready");
    return all.every(({ body }) => body.degraded?.includes("gateway.yaml")) || undefined;
  });
  // Lines are written in batches.
  await eventually(() => output.split("upstreams is missing").length > 2 || undefined);
  await writeFile(file, good);
  await eventually(async () => ((await ask("/news")) === 404 ? true : undefined));
  await eventually(
    async () => (await told("/health/ready")).every(({ body }) => !body.degraded) || undefined,
  );
});

test("the level of the log is that of all of them, also of one that is started again, by signal and by the admin port", async () => {
  const levels = (level: string) =>
    eventually(
      async () => {
        expect((await told("/log-level")).map(({ body }) => body.level)).toEqual([level, level]);
        return true;
      },
      { withinMs: 30_000 },
    );
  gateway.kill("SIGUSR2");
  await levels("debug");
  process.kill((await children())[0] as number, "SIGKILL");
  await levels("debug");
  const put = { method: "PUT" };
  expect((await fetch(`http://127.0.0.1:${adminPort}/log-level/info`, put)).status).toBe(200);
  await levels("info");
  // The one that began them goes on from what the admin port was told.
  gateway.kill("SIGUSR2");
  await levels("debug");
  expect((await fetch(`http://127.0.0.1:${adminPort}/log-level/loud`, put)).status).toBe(404);
  await levels("debug");
}, 60_000);

test("none outlives the one that began them, however it ends", async () => {
  const before = await children();
  gateway.kill("SIGKILL");
  await eventually(() => (before.some(isAlive) ? undefined : true), { withinMs: 10_000 });
});

function isAlive(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch {
    return false;
  }
}
