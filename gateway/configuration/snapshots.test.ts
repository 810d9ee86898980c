import { fullGC } from "bun:jsc";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "#mesh/eventually";
import type { TokenVerifier } from "#mesh/identity/verify-token";
import { createLog } from "#observability/log";
import { createMetrics } from "#observability/metrics";
import type { Snapshot } from "./snapshot.ts";
import { openSnapshots, type Snapshots, type SnapshotsOptions } from "./snapshots.ts";

const pollMs = 10;
let folder: string;
let path: string;
let lines: string[];
let metrics: ReturnType<typeof createMetrics>;
let opened: Snapshots | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "snapshots-"));
  path = join(folder, "gateway.yaml");
  lines = [];
  metrics = createMetrics("gateway");
});
afterEach(() => {
  opened?.close();
  opened = undefined;
  rmSync(folder, { recursive: true });
});

const route = (name: string) => `  - { path: /${name}, methods: [GET], upstream: order, auth: anyone }\n`;
const text = (...names: string[]) => `
upstreams: { order: { url: "http://order" } }
limits: { default: { requests: 1, perSeconds: 1, burst: 1, by: [address] } }
defaults: { limits: [default], timeoutMs: 1000, bodyBytes: 10 }
routes:
${names.map(route).join("")}`;

async function open(file = path, kept?: SnapshotsOptions["kept"]): Promise<Snapshots> {
  opened = await openSnapshots({
    path: file,
    variables: {},
    sources: {
      prepareVerifier: () => ({ value: {} as TokenVerifier, commit: () => {}, abandon: () => {} }),
      answersFor: () => ({}) as Snapshot["answers"],
      now: () => new Date(),
    },
    log: createLog({
      service: "gateway",
      level: "info",
      destination: { write: (line) => void lines.push(line) },
    }),
    metrics,
    kept,
    pollMs,
  });
  return opened;
}

const routesOf = ({ current }: Snapshots) => current.table.routes.map(({ template }) => template);
const becomes = (snapshots: Snapshots, ...names: string[]) =>
  eventually(() => routesOf(snapshots).join() === names.map((name) => `/${name}`).join() || undefined);

describe("a file that changes is taken over", () => {
  test("when it is written in place, and who began with the old one keeps it", async () => {
    writeFileSync(path, text("a"));
    const snapshots = await open();
    const before = snapshots.current;
    writeFileSync(path, text("a", "b"));
    await becomes(snapshots, "a", "b");
    expect(before.table.routes).toHaveLength(1);
    expect(snapshots.current.hash).not.toBe(before.hash);
  });

  test("when another is renamed over it", async () => {
    writeFileSync(path, text("a"));
    const snapshots = await open();
    writeFileSync(join(folder, "next"), text("c"));
    renameSync(join(folder, "next"), path);
    await becomes(snapshots, "c");
  });

  test("when Kubernetes turns the link of a ConfigMap", async () => {
    for (const version of ["1", "2"]) {
      mkdirSync(join(folder, `..${version}`));
      writeFileSync(join(folder, `..${version}`, "gateway.yaml"), text(`v${version}`));
    }
    symlinkSync("..1", join(folder, "..data"));
    symlinkSync(join("..data", "gateway.yaml"), path);
    const snapshots = await open();
    expect(routesOf(snapshots)).toEqual(["/v1"]);
    symlinkSync("..2", join(folder, "..data_tmp"));
    renameSync(join(folder, "..data_tmp"), join(folder, "..data"));
    await becomes(snapshots, "v2");
  });

  test("when it was away in between", async () => {
    writeFileSync(path, text("a"));
    const snapshots = await open();
    unlinkSync(path);
    await eventually(() => snapshots.refused);
    expect(snapshots.refused?.mistakes[0]).toContain("cannot be read");
    writeFileSync(path, text("b"));
    await becomes(snapshots, "b");
    expect(snapshots.refused).toBeUndefined();
  });

  test("but not while it is being written, though its beginning would be a good file", async () => {
    writeFileSync(path, text("a"));
    const snapshots = await open();
    const seen = new Set<string>();
    for (const names of [["b"], ["b", "c"], ["b", "c", "d"]]) {
      writeFileSync(path, text(...names));
      const until = performance.now() + 60;
      await eventually(() => {
        seen.add(routesOf(snapshots).join());
        return performance.now() > until || undefined;
      });
    }
    await becomes(snapshots, "b", "c", "d");
    expect([...seen]).toEqual(["/a"]);
  });
});

describe("a bad file", () => {
  test("is refused: the old one stays, and one line says where the mistake is", async () => {
    writeFileSync(path, text("a"));
    const snapshots = await open();
    const before = snapshots.current;
    writeFileSync(path, text("a").replace("upstream: order", "upstream: ordr"));
    await eventually(() => snapshots.refused);
    expect(snapshots.current).toBe(before);
    const errors = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatchObject({ level: "error", hash: before.hash });
    expect(errors[0]?.message).toMatch(
      /^gateway\.yaml refused, the old one stays: .*gateway\.yaml:6:33: routes\.0/,
    );
    const figures = await metrics.text();
    expect(figures).toMatch(/gateway_config_reloads_total\{.*outcome="refused".*\} 1\n/);
    expect(figures).toMatch(/gateway_config_last_reload_successful\{.*\} 0\n/);
    expect(figures).toMatch(/gateway_config_loaded_timestamp_seconds\{.*\} \d{10}\n/);
  });

  test("that is put right is forgotten, whichever way", async () => {
    writeFileSync(path, text("a"));
    const snapshots = await open();
    for (const [mended, outcome] of [
      [text("a"), "unchanged"],
      [text("b"), "applied"],
    ] as const) {
      writeFileSync(path, "routes: []");
      expect(await snapshots.reload()).toBe("refused");
      writeFileSync(path, mended);
      expect(await snapshots.reload()).toBe(outcome);
      expect(snapshots.refused).toBeUndefined();
    }
  });

  test("stops the start", async () => {
    writeFileSync(path, "routes: []");
    expect(open()).rejects.toThrow("gateway.yaml:1:1: upstreams is missing");
    expect(open(join(folder, "nowhere"))).rejects.toThrow("GATEWAY_FILE cannot be read");
  });
});

describe("of several processes, one that starts with a bad file", () => {
  const kept = (lastGood: string | undefined) => {
    const told: string[] = [];
    return { told, ask: () => Promise.resolve(lastGood), tell: (text: string) => void told.push(text) };
  };

  test("runs what the others run, tells that the file is refused, and takes the next good one", async () => {
    writeFileSync(path, "routes: []");
    const others = kept(text("a"));
    const snapshots = await open(path, others);
    expect(routesOf(snapshots)).toEqual(["/a"]);
    expect(snapshots.refused?.mistakes[0]).toContain("gateway.yaml:1:1: upstreams is missing");
    expect(lines.join()).toContain("starting with the file that the other processes run");
    expect(lines.join()).toContain("gateway.yaml refused, the old one stays");
    writeFileSync(path, text("b"));
    expect(await snapshots.reload()).toBe("applied");
    expect(snapshots.refused).toBeUndefined();
    expect(others.told).toEqual([text("a"), text("b")]);
  });

  test("does so, too, when the file is away", async () => {
    expect(routesOf(await open(path, kept(text("a"))))).toEqual(["/a"]);
  });

  test("does not start when no other runs one", async () => {
    writeFileSync(path, "routes: []");
    expect(open(path, kept(undefined))).rejects.toThrow("gateway.yaml:1:1: upstreams is missing");
  });
});

test("asked to reload twice at once, it does so one after the other", async () => {
  writeFileSync(path, text("a"));
  const snapshots = await open();
  writeFileSync(path, text("b"));
  expect(await Promise.all([snapshots.reload(), snapshots.reload()])).toEqual(["applied", "unchanged"]);
});

test("snapshots that nobody uses leave the memory", async () => {
  writeFileSync(path, text("a"));
  const snapshots = await open();
  const old: WeakRef<Snapshot>[] = [];
  for (let times = 0; times < 200; times++) {
    old.push(new WeakRef(snapshots.current));
    writeFileSync(path, text(`r${times}`));
    await snapshots.reload();
  }
  await eventually(() => {
    fullGC();
    return old.filter((reference) => reference.deref()).length < 5 || undefined;
  });
});
