import { expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { apiKeyPattern, createApiKey, looksLikeApiKey } from "./api-key-format.ts";

test("a key that was made looks like one", () => {
  for (let made = 0; made < 1000; made++) {
    const key = createApiKey(randomBytes);
    expect(key).toMatch(apiKeyPattern);
    expect(looksLikeApiKey(key)).toBe(true);
  }
});

test("any single wrong, missing or further character is refused by the checksum", () => {
  const key = createApiKey(randomBytes);
  for (let at = 0; at < key.length; at++) {
    const other = key[at] === "x" ? "y" : "x";
    expect(looksLikeApiKey(key.slice(0, at) + other + key.slice(at + 1))).toBe(false);
    expect(looksLikeApiKey(key.slice(0, at) + key.slice(at + 1))).toBe(false);
  }
  for (const text of ["", `${key}0`, ` ${key}`, `${key}\n`, key.toUpperCase()]) {
    expect(looksLikeApiKey(text)).toBe(false);
  }
});

test("the form does not change: keys in use depend on it", () => {
  const key = createApiKey((count) => new Uint8Array(count).fill(61));
  expect(key).toBe(`eco_live_${"z".repeat(32)}${key.slice(-6)}`);
  expect(key.slice(-6)).toBe("3M5GTs");
});

test("bytes that would make some digits likelier are left out", () => {
  const served = [new Uint8Array(32).fill(255), new Uint8Array(32).fill(1)];
  expect(createApiKey(() => served.shift() ?? new Uint8Array(32))).toStartWith(`eco_live_${"1".repeat(32)}`);
});
