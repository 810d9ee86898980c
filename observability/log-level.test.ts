import { expect, test } from "bun:test";
import { eventually } from "#mesh/eventually";
import { createLog } from "./log.ts";
import { changeLogLevel, changeLogLevelOnSignal } from "./log-level.ts";

function written(level: string) {
  const lines: Record<string, unknown>[] = [];
  const destination = {
    write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>),
  };
  return { lines, log: createLog({ service: "test", level, destination }) };
}
const messages = (lines: readonly Record<string, unknown>[]) => lines.map(({ message }) => message);

test("a change of the level is told at every level, and holds from then on", () => {
  const { lines, log } = written("fatal");
  changeLogLevel(log, "debug");
  log.debug("heard");
  changeLogLevel(log, "error");
  log.warn("not heard");
  expect(messages(lines)).toEqual(["log level changed", "heard", "log level changed"]);
  expect(lines[0]).toMatchObject({ from: "fatal", to: "debug" });
});

test("the signal changes it to debug and back", async () => {
  const { lines, log } = written("warn");
  changeLogLevelOnSignal(log);
  for (const level of ["debug", "warn", "debug"]) {
    process.kill(process.pid, "SIGUSR2");
    await eventually(() => (log.level === level ? true : undefined), { withinMs: 2000 });
  }
  expect(lines).toHaveLength(3);
});
