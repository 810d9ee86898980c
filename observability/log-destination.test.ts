import { afterEach, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLogDestination } from "./log-destination.ts";

const folder = mkdtempSync(join(tmpdir(), "log-destination-"));
const file = join(folder, "log");
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("lines arrive whole and in order, whatever their number and size", async () => {
  const fd = openSync(file, "w");
  const destination = createLogDestination({ fd, batchLength: 1000, everyMs: 5 });
  const lines: string[] = [];
  for (let at = 0; at < 5000; at++) {
    const line = `${JSON.stringify({ at, text: "é".repeat(at % 70) })}\n`;
    lines.push(line);
    destination.write(line);
    if (at % 500 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  const expected = lines.join("");
  for (const deadline = Date.now() + 5000; readFileSync(file, "utf8") !== expected && Date.now() < deadline; )
    await new Promise((resolve) => setTimeout(resolve, 5));
  expect(readFileSync(file, "utf8")).toBe(expected);
  closeSync(fd);
});

test("what waits is written when the process ends", () => {
  const script = `import { createLogDestination } from ${JSON.stringify(import.meta.resolve("./log-destination.ts"))};
    createLogDestination().write("last words\\n"); process.exit(0);`;
  const { stdout } = spawnSync(process.execPath, ["-e", script], { encoding: "utf8" });
  expect(stdout).toBe("last words\n");
});
