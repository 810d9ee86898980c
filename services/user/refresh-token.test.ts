import { expect, test } from "bun:test";
import { newRefreshToken, readRefreshToken } from "./refresh-token.ts";

const sessionId = "01980000-0000-7000-8000-00000000abcd";

test("a refresh token names its session and shows nothing of its secrets in what is kept", () => {
  const token = newRefreshToken(sessionId);
  const hashes = readRefreshToken(token);
  expect(token).toMatch(/^ert_[\w-]{86}$/);
  expect(hashes?.sessionId).toBe(sessionId);
  expect(token).not.toContain(hashes?.secret ?? "");
});

test("the next token of a session has the same family and another secret", () => {
  const token = newRefreshToken(sessionId);
  const one = readRefreshToken(token);
  const two = readRefreshToken(newRefreshToken(sessionId, token));
  expect(two?.sessionId).toBe(sessionId);
  expect(two?.family).toBe(one?.family ?? "");
  expect(two?.secret).not.toBe(one?.secret ?? "");
});

test("tokens of two sessions have nothing in common", () => {
  const [one, two] = [newRefreshToken(sessionId), newRefreshToken(sessionId)].map(readRefreshToken);
  expect(one?.family).not.toBe(two?.family ?? "");
});

test.each(["", "ert_", "ert_x", `ert_${"a".repeat(85)}`, `ert_${"a".repeat(87)}`, `ert_${"é".repeat(86)}`])(
  "%j is no refresh token",
  (text) => {
    expect(readRefreshToken(text)).toBeUndefined();
  },
);
