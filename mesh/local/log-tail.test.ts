import { expect, test } from "bun:test";
import { appendFileSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { followLog, lastFatal, logTail, warningLine } from "./log-tail.ts";

const newFile = () => join(mkdtempSync(join(tmpdir(), "log-")), "x.log");

test("only warnings and errors are worth a line on the terminal", () => {
  expect(warningLine('{"level":"info","message":"serving"}')).toBeUndefined();
  expect(warningLine('{"level":"warn","message":"slow"}')).toBe("warn: slow");
  expect(warningLine('{"level":"fatal","message":"no","err":{"message":"refused"}}')).toBe(
    "fatal: no: refused",
  );
  expect(warningLine("Mailbox listens")).toBeUndefined();
  expect(warningLine("error: Cannot find module './x.ts'")).toBe("error: Cannot find module './x.ts'");
});

test("the tail of a log, and of none", () => {
  const file = newFile();
  expect(logTail(file)).toEqual([]);
  writeFileSync(file, 'one\n{"level":"error","message":"two"}\n\n{"level":\n');
  expect(logTail(file, 2)).toEqual(["error: two", '{"level":']);
});

test("following sees what joins, whole lines only", () => {
  const file = newFile();
  writeFileSync(file, "before\n");
  const seen: string[] = [];
  const stop = followLog(file, (line) => seen.push(line));
  appendFileSync(file, "one\ntwo\nhal");
  stop();
  expect(seen).toEqual(["one", "two"]);
});

test("only a fatal line of the very end tells why a process ended", () => {
  const file = newFile();
  const now = Date.now();
  const line = (level: string, message: string, secondsAgo: number) =>
    JSON.stringify({ level, time: new Date(now - secondsAgo * 1000).toISOString(), message });
  const written = (...lines: string[]) => {
    writeFileSync(file, `${lines.join("\n")}\n`);
    return lastFatal(file, 5000, now);
  };
  expect(written(line("fatal", "no port", 1), line("info", "bye", 0))).toBe("fatal: no port");
  expect(written(line("error", "request failed", 1))).toBeUndefined();
  expect(written(line("fatal", "long ago", 60))).toBeUndefined();
  expect(written("error: long ago", line("info", "serving", 60))).toBeUndefined();
  expect(written(line("info", "serving", 60), "error: Cannot find module")).toBe("error: Cannot find module");
  expect(lastFatal(newFile(), 5000)).toBeUndefined();
});
