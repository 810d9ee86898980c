import { afterEach, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "#mesh/eventually";
import { endProcesses } from "./end-processes.ts";
import { openProcessRecords, type ProcessGroup } from "./process-records.ts";

const spawned: ReturnType<typeof spawn>[] = [];
afterEach(() => {
  for (const child of spawned.splice(0)) child.kill("SIGKILL");
});

function newFile(): string {
  return join(mkdtempSync(join(tmpdir(), "records-")), "processes.json");
}

/** A process that notes in `journal` that it was asked to stop, and then does, or does not. */
async function start(name: string, group: ProcessGroup, journal: string, obeys = true) {
  const trap = `trap 'echo ${name} >> ${journal}; ${obeys ? "exit 0" : ":"}' TERM`;
  const child = spawn("sh", ["-c", `${trap}; echo up; while :; do sleep 0.01; done`]);
  spawned.push(child);
  await new Promise((resolve) => child.stdout.once("data", resolve));
  return { name, group, pid: child.pid ?? 0, stop: "SIGTERM" as const };
}

test("a process is remembered by the next launcher until it ends", async () => {
  const file = newFile();
  const worker = await start("worker", "service", "/dev/null");
  openProcessRecords(file).add(worker);
  expect(openProcessRecords(file).alive()).toMatchObject([worker]);
  process.kill(worker.pid, "SIGKILL");
  await eventually(() => openProcessRecords(file).alive().length === 0 || undefined, { withinMs: 2000 });
});

test("another process that was given the same pid is left alone", () => {
  const file = newFile();
  openProcessRecords(file).add({ name: "redis", group: "store", pid: process.pid, stop: "SIGTERM" });
  const [record] = JSON.parse(readFileSync(file, "utf8"));
  writeFileSync(file, JSON.stringify([{ ...record, identity: "an-earlier-boot/1" }]));
  expect(openProcessRecords(file).alive()).toEqual([]);
});

test.each(["", "[{", "{}", '[{"pid":1}]', "null"])("a damaged file (%p) counts as empty", (content) => {
  const file = newFile();
  writeFileSync(file, content);
  expect(openProcessRecords(file).alive()).toEqual([]);
});

test("processes end from the edge to the stores, and one that does not obey is killed", async () => {
  const file = newFile();
  const journal = `${file}.journal`;
  const records = openProcessRecords(file);
  for (const [name, group, obeys] of [
    ["postgres", "store", true],
    ["order-service", "service", false],
    ["mailbox", "helper", true],
    ["gateway", "gateway", true],
  ] as const) {
    records.add(await start(name, group, journal, obeys));
  }
  const ended = await endProcesses(records, 300);
  expect(ended).toEqual(["postgres", "order-service", "mailbox", "gateway"]);
  expect(readFileSync(journal, "utf8").trim().split("\n")).toEqual([
    "gateway",
    "order-service",
    "mailbox",
    "postgres",
  ]);
  expect(openProcessRecords(file).alive()).toEqual([]);
});
