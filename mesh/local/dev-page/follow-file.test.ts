import { beforeEach, expect, test } from "bun:test";
import { appendFileSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type FollowedFile, followFile } from "./follow-file.ts";
import { followLogs } from "./log-folder.ts";

let folder: string;
let file: string;
let seen: string[];
let followed: FollowedFile;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "follow-"));
  file = join(folder, "x.log");
  seen = [];
  followed = followFile(file, (line) => seen.push(line));
});
const after = (act: () => void) => {
  act();
  followed.poll();
  return seen.splice(0);
};

test("a file is read from its beginning, once it is there", () => {
  expect(after(() => {})).toEqual([]);
  expect(after(() => writeFileSync(file, "one\ntwo\n"))).toEqual(["one", "two"]);
  expect(after(() => appendFileSync(file, "three\n"))).toEqual(["three"]);
});

test("half a line waits for the rest, also when a character is cut in two", () => {
  const [head, tail] = [Buffer.from("caf\u00e9").subarray(0, 4), Buffer.from("caf\u00e9\n").subarray(4)];
  expect(after(() => writeFileSync(file, head))).toEqual([]);
  expect(after(() => appendFileSync(file, tail))).toEqual(["caf\u00e9"]);
});

test("a file that is renamed and begun anew, removed or emptied is read from its new beginning", () => {
  after(() => writeFileSync(file, "old and long\nhal"));
  const renewed = after(() => {
    renameSync(file, join(folder, "x.1.log"));
    writeFileSync(file, "a new one that is longer than the old\n");
  });
  expect(renewed).toEqual(["a new one that is longer than the old"]);
  expect(after(() => rmSync(file))).toEqual([]);
  expect(after(() => writeFileSync(file, "again\n"))).toEqual(["again"]);
  expect(after(() => truncateSync(file))).toEqual([]);
  expect(after(() => appendFileSync(file, "x\n"))).toEqual(["x"]);
});

test("of too much at once the last is shown, and that there was more", () => {
  const lines = after(() => writeFileSync(file, `${"x".repeat(99)}\n`.repeat(20_000)));
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({ level: "warn" });
  expect(lines.length).toBeGreaterThan(10_000);
  expect(lines.length).toBeLessThan(11_000);
});

test("of a folder all logs are read, those of the run before are not", () => {
  writeFileSync(file, '{"message":"here"}\n');
  writeFileSync(join(folder, "x.1.log"), '{"message":"before"}\n');
  writeFileSync(join(folder, "notes.txt"), "no log\n");
  const entries: string[] = [];
  const following = followLogs(folder, ({ service, message }) => entries.push(`${service}: ${message}`));
  following.poll();
  following.stop();
  expect(entries).toEqual(["x: here"]);
});
