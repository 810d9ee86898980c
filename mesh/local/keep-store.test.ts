import { expect, test } from "bun:test";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "#mesh/eventually";
import { childEnvironment } from "./child-environment.ts";
import { openHome } from "./home.ts";
import { keepStore } from "./keep-store.ts";
import { type RunningProcess, spawnProcess } from "./spawn-process.ts";

async function setUp() {
  const home = await openHome(mkdtempSync(join(tmpdir(), "keep-store-")), { fresh: false });
  const start = () =>
    spawnProcess(home, {
      name: "store",
      group: "store",
      command: ["sleep", "60"],
      cwd: home.directory,
      env: childEnvironment(),
    });
  const lines: string[] = [];
  return { home, start, lines, show: (line: string) => lines.push(line) };
}

test("a store that ends is started again, as often as it ends", async () => {
  const { home, start, lines, show } = await setUp();
  let running: RunningProcess = await start();
  const startAgain = async () => {
    running = await start();
    return running;
  };
  keepStore(home, running, { start: startAgain, show, giveUp: show, firstDelayMs: 1 });
  for (const count of [2, 4]) {
    process.kill(running.pid, "SIGKILL");
    await eventually(() => (lines.length === count ? true : undefined));
    expect(lines.at(-2)).toStartWith("store was ended by SIGKILL (log: ");
    expect(lines.at(-1)).toBe("store is back");
  }
  await home.end(2000);
  await running.exited;
  expect(lines).toHaveLength(4);
});

test("one that does not start five times is given up with the last reason", async () => {
  const { home, start, lines, show } = await setUp();
  let attempts = 0;
  const failing = () => Promise.reject(new Error(`the disk is full ${++attempts}`));
  const first = await start();
  const givenUp = new Promise<string>((giveUp) => {
    keepStore(home, first, { start: failing, show, giveUp, firstDelayMs: 1 });
  });
  process.kill(first.pid, "SIGKILL");
  expect(await givenUp).toBe("Cannot start store again after 5 attempts: the disk is full 5");
  expect(lines).toHaveLength(1);
  await home.end(2000);
});
