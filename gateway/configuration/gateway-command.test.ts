import { afterAll, beforeAll, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const own = join(import.meta.dirname, "../gateway.yaml");
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "gateway-command-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Without any environment, as on an operator's machine or in a pipeline. */
function run(...args: string[]) {
  const command = join(import.meta.dirname, "gateway-command.ts");
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...args], {
    env: {},
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

function fileWith(change: (text: string) => string): string {
  const path = join(folder, "changed.yaml");
  writeFileSync(path, change(readFileSync(own, "utf8")));
  return path;
}

test("a good file ends with 0 and is counted", () => {
  const { status, stdout } = run("check", own);
  expect(stdout).toMatch(
    /good: \d+ routes for \d+ calls, 5 upstreams, \d+ limits?, 1 issuer, 2 CORS policies\n$/,
  );
  expect(status).toBe(0);
});

test("mistakes end with 1, each with file, line and column", () => {
  const path = fileWith((text) =>
    text.replace("upstream: order", "upstream: ordr").replace("\nroutes:", "\nrutes: 1\nroutes:"),
  );
  const { status, stderr } = run("check", path);
  expect(stderr).toMatch(/changed\.yaml:\d+:\d+: routes\.\d+\.upstream names the upstream "ordr"/);
  expect(stderr).toMatch(/changed\.yaml:\d+:1: rutes is not a known key/);
  expect(stderr).toContain("2 mistakes");
  expect(status).toBe(1);
});

test("a warning is told and is no mistake", () => {
  const path = fileWith((text) =>
    text.replace("\nlimits:\n", "\nlimits:\n  spare: { requests: 1, per: month, by: [user] }\n"),
  );
  const { status, stdout } = run("check", path);
  expect(stdout).toMatch(/changed\.yaml:\d+:3: limits\.spare is used by no route \(warning\)\n/);
  expect(status).toBe(0);
});

test("what is not set in the environment keeps its name", () => {
  const { status, stdout } = run("explain", "GET", "/api/orders/1");
  expect(stdout).toContain("goes to   order, $".concat("{ORDER_SERVICE_URL}/api/orders/1"));
  expect(status).toBe(0);
});

test("a call that no route takes ends with 1", () => {
  const { status, stdout } = run("explain", "GET", "/nothing", "--json");
  expect(JSON.parse(stdout)).toMatchObject({ refused: { status: 404, code: "route-not-found" } });
  expect(status).toBe(1);
});

test.each([
  [["check", "/nowhere.yaml"], "/nowhere.yaml cannot be read"],
  [["explain", "GET"], '"explain GET" is not understood'],
  [["explain", "GET", "/api", "--header", "x"], '"x" is no header'],
  [["check", "--hots", "x"], "--hots"],
  [[], "nothing was asked"],
])("%p is told to be wrong with 2", (args, message) => {
  const { status, stderr } = run(...args);
  expect(stderr).toContain(message);
  expect(status).toBe(2);
});

test("help is no mistake", () => {
  expect(run("--help")).toMatchObject({ status: 0, stderr: "" });
});
