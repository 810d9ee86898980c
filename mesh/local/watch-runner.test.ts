import { expect, test } from "bun:test";
import { runnersAbove } from "./watch-runner.ts";

const tree = (...names: string[]) => {
  const processes = names.map((name, index) => ({ name, parent: 100 + index + 1 }));
  return (pid: number) => processes[pid - 100];
};

test("through npx all that stands between is watched, but not what called npx", () => {
  const found = runnersAbove(
    100,
    { npm_command: "exec", npm_lifecycle_event: "dev" },
    tree("bun", "sh", "npm exec bun de", "bash"),
  );
  expect(found).toEqual([100, 101, 102]);
});

test("through bun run only that is watched", () => {
  expect(runnersAbove(100, { npm_lifecycle_event: "dev" }, tree("bun", "sh", "sshd"))).toEqual([100]);
});

test("started by itself nothing is watched: it may outlive its terminal", () => {
  expect(runnersAbove(100, {}, tree("bash", "sshd"))).toEqual([]);
});
