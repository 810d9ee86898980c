import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { findTests } from "./find-tests.ts";

const root = mkdtempSync(join(tmpdir(), "find-tests-"));
for (const [path, content] of [
  ["services/order/order.test.ts", ""],
  ["services/order/order.ts", ""],
  ["mesh/bus/bus.store.test.ts", "process.env.KAFKA_BROKERS"],
  ["mesh/local/env.test.ts", "KAFKA_BROKERS"],
  ["tests/house/imports.test.ts", ""],
  ["tests/journeys/buying.test.ts", ""],
  ["node_modules/x/x.test.ts", ""],
  [".ecotrack/x.test.ts", ""],
] as const) {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

test("tests are told apart by what they need", () => {
  expect(findTests(root, [])).toEqual({
    parts: ["mesh/local/env.test.ts", "services/order/order.test.ts", "tests/house/imports.test.ts"],
    kafka: ["mesh/bus/bus.store.test.ts"],
    journeys: ["tests/journeys/buying.test.ts"],
  });
});

test("parts of paths choose", () => {
  expect(findTests(root, ["./services/", "journeys/buy"])).toEqual({
    parts: ["services/order/order.test.ts"],
    kafka: [],
    journeys: ["tests/journeys/buying.test.ts"],
  });
});
