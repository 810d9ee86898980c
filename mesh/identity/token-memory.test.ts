import { expect, test } from "bun:test";
import { createSecretKey } from "node:crypto";
import type { VerifyingKey } from "./read-jwks.ts";
import { createTokenMemory } from "./token-memory.ts";
import type { VerifiedToken } from "./verified-token.ts";

const key: VerifyingKey = {
  id: "a",
  algorithms: ["ES256"],
  key: createSecretKey(Buffer.alloc(32)),
  withdrawn: false,
  text: "",
};
const entry = (expiresAt: number) => ({ verified: { expiresAt } as VerifiedToken, key });
const nth = (number: number) => `token-${number}`.padEnd(400, ".");

test("a hundred thousand people fit, a million do not, and the memory stays flat", () => {
  const memory = createTokenMemory({ maxTokens: 131_072, maxBytes: 160 * 1024 * 1024 });
  for (let number = 0; number < 100_000; number++) memory.set(nth(number), entry(900), 0);
  expect(memory.size()).toBe(100_000);
  expect(memory.get(nth(0))).toBeDefined();
  for (let number = 100_000; number < 1_000_000; number++) memory.set(nth(number), entry(900), 0);
  expect(memory.size()).toBe(131_072);
  expect(memory.bytes()).toBe(131_072 * 1200);
  expect(memory.get(nth(999_999))).toBeDefined();
  expect(memory.get(nth(800_000))).toBeUndefined();
});

test("bytes bound it as well as the count", () => {
  const memory = createTokenMemory({ maxTokens: 1000, maxBytes: 10_000 });
  for (let number = 0; number < 100; number++) memory.set(nth(number), entry(900), 0);
  expect(memory.size()).toBe(8);
  memory.set("x".repeat(20_000), entry(900), 0);
  expect(memory.size()).toBe(8);
  memory.set("y".repeat(5000), entry(900), 0);
  expect(memory.bytes()).toBeLessThanOrEqual(10_000);
});

test("what has expired goes before what has not, and makes room by itself", () => {
  const memory = createTokenMemory({ maxTokens: 1000, maxBytes: 1_000_000 });
  for (let number = 0; number < 500; number++) memory.set(nth(number), entry(100), 0);
  for (let number = 500; number < 750; number++) memory.set(nth(number), entry(1000), 100);
  expect(memory.size()).toBe(250);
  expect(memory.get(nth(500))).toBeDefined();
});

test("a token that was forgotten can be remembered again, as often as it likes", () => {
  const memory = createTokenMemory({ maxTokens: 10, maxBytes: 1_000_000 });
  for (let times = 0; times < 100; times++) {
    memory.set(nth(1), entry(900), 0);
    memory.forget(nth(1));
  }
  expect([memory.size(), memory.bytes()]).toEqual([0, 0]);
  for (let number = 2; number < 12; number++) memory.set(nth(number), entry(900), 0);
  expect(memory.size()).toBeLessThanOrEqual(10);
  expect(memory.get(nth(11))).toBeDefined();
});
