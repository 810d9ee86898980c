import { afterAll, expect, test } from "bun:test";
import { execFileSync, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { appendFileSync, mkdtempSync, rmSync, statSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "#mesh/eventually";
import { type Home, openHome } from "../../mesh/local/home.ts";
import { keepStore } from "../../mesh/local/keep-store.ts";
import { startPostgres } from "../../mesh/local/postgres-server.ts";

const root = join(import.meta.dir, "../..");
const sizeMiB = 320;
const serverUrl = process.env.TEST_DATABASE_URL;
const directory = mkdtempSync(join(tmpdir(), "ecotrack-full-disk-"));
const mounted = mount();
/** Only root can mount a disk that is small enough to be filled. */
const testOnDisk = test.skipIf(mounted !== undefined);
if (mounted) console.warn(`The full disk is not tested: ${mounted}`);
let home: Home | undefined;

afterAll(async () => {
  // Files that come after this one have the server that all share.
  if (serverUrl !== undefined) process.env.TEST_DATABASE_URL = serverUrl;
  try {
    rmSync(filler, { force: true });
    await home?.end(3000);
  } finally {
    if (!mounted) execFileSync("umount", ["-l", directory]);
    rmSync(directory, { recursive: true, force: true });
  }
});

/** @returns why there is none */
function mount(): string | undefined {
  if (process.getuid?.() !== 0) return "only root can mount a small disk";
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${sizeMiB}m,mode=755`, "tmpfs", directory]);
    return undefined;
  } catch (error) {
    return `a small disk cannot be mounted here: ${(error as Error).message.split("\n")[0]}`;
  }
}

const filler = join(directory, "filler");
/** Leaves so many bytes free. */
function fill(free = 0): void {
  for (const bytes of [1 << 20, 1 << 12]) {
    try {
      for (;;) appendFileSync(filler, Buffer.alloc(bytes));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    }
  }
  if (free > 0) truncateSync(filler, statSync(filler).size - free);
}

testOnDisk(
  "orders are refused with a clear 503 on a full disk, nothing is half done, and they go on after it",
  async () => {
    home = await openHome(directory, { fresh: false });
    const own = home;
    const options = { root, password: "secret", durable: true };
    const first = await startPostgres(own, options);
    const told: string[] = [];
    keepStore(own, first.process, {
      start: async () => (await startPostgres(own, { ...options, port: first.port })).process,
      show: (line) => told.push(line),
      giveUp: (line) => told.push(line),
    });
    process.env.TEST_DATABASE_URL = first.url;
    const { orderOf, startTestService } = await import("../../services/order/test-service.ts");
    const service = await startTestService();
    const { services, place, sql } = service;
    const product = services.addProduct(100_000);
    const one = orderOf([{ productId: product, quantity: 1 }]);
    const keys: string[] = [];
    const buy = async (key: string = randomUUID()) => {
      if (!keys.includes(key)) keys.push(key);
      return await place(one, key);
    };
    expect((await buy()).status).toBe(201);

    fill();
    const answers = new Map<string, number>();
    const refused = await eventually(
      async () => {
        const each = await Promise.all(Array.from({ length: 8 }, () => buy()));
        for (const { status, body } of each) {
          const name = status === 201 ? "201" : `${status} ${body.code}`;
          answers.set(name, (answers.get(name) ?? 0) + 1);
        }
        return each.find(({ status }) => status !== 201);
      },
      { withinMs: 60_000, everyMs: 0 },
    );
    expect(refused).toMatchObject({ status: 503, body: { code: "unavailable" } });
    expect(refused.headers.get("retry-after")).not.toBeNull();
    // The log of PostgreSQL needs a new file: it cannot go on at all.
    for (let at = 0; at < 4; at += 1) {
      await sql`select pg_switch_wal()`.catch(() => {});
      await sql`select pg_logical_emit_message(true, 'test', 'test')`.catch(() => {});
    }
    for (let at = 0; at < 5; at += 1) {
      const { status, body } = await buy();
      expect([201, 503]).toContain(status);
      if (status === 503) expect(body.code).toBe("unavailable");
    }

    rmSync(filler);
    await eventually(async () => ((await buy()).status === 201 ? true : undefined), { withinMs: 30_000 });
    for (const key of keys) {
      const { status } = await eventually(
        async () => {
          const answer = await buy(key);
          return answer.status === 201 ? answer : undefined;
        },
        { withinMs: 30_000 },
      );
      expect(status).toBe(201);
    }
    const ended = await eventually(
      async () => {
        const rows = await sql<{ status: string; orders: number }[]>`
        select status, count(*)::int as orders from orders group by status`;
        return rows.some(({ status }) => status === "pending") ? undefined : rows.map((row) => ({ ...row }));
      },
      { withinMs: 40_000, everyMs: 200 },
    );
    expect(ended).toEqual([{ status: "confirmed", orders: keys.length }]);
    expect(services.products.get(product)?.onHand).toBe(100_000 - keys.length);
    console.log(
      `  on the full disk: ${[...answers].map(([name, times]) => `${times} × ${name}`).join(", ")}; ${told.join("; ")}`,
    );
    await service.close();
  },
  180_000,
);

testOnDisk.each([
  ["nothing", 0],
  ["a little", 8 << 20],
])(
  "bun dev says its one line on a disk that has %s left",
  (_, free) => {
    rmSync(filler, { force: true });
    fill(free);
    const dev = spawnSync(process.execPath, [join(root, "mesh/local/main.ts")], {
      cwd: root,
      encoding: "utf8",
      env: { ...process.env, ECOTRACK_HOME: join(directory, `dev-${free}`), NO_COLOR: "1" },
      timeout: 60_000,
    });
    expect(dev.status).toBe(1);
    const lines = `${dev.stdout}${dev.stderr}`.split("\n").filter((line) => /is full|at .*\(/.test(line));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/The disk of \S+ is full: free some space and start again/);
  },
  90_000,
);
