import { describe, expect, test } from "bun:test";
import { hash } from "@node-rs/argon2";
import { argon2Parameters, createPasswords, HashingBusy } from "./password.ts";

const password = "analytical engine 1843";
const passwords = await createPasswords();
const stored = await passwords.hash(password);

describe("passwords", () => {
  test("are kept as argon2id with today's parameters", () => {
    expect(stored).toStartWith("$argon2id$v=19$m=19456,t=2,p=1$");
    expect(passwords.isOutdated(stored)).toBe(false);
  });

  test("match only themselves", async () => {
    expect(await passwords.matches(stored, password)).toBe(true);
    expect(await passwords.matches(stored, `${password} `)).toBe(false);
    expect(await passwords.matches(undefined, password)).toBe(false);
  });

  test("match whichever way an accent was typed", async () => {
    expect(await passwords.matches(await passwords.hash("Zu\u0308rich 2026"), "Z\u00fcrich 2026")).toBe(true);
  });

  test("that were hashed with other parameters are outdated", async () => {
    expect(passwords.isOutdated(await hash(password, { ...argon2Parameters, timeCost: 1 }))).toBe(true);
  });

  test("are refused when too many wait, and taken again afterwards", async () => {
    const narrow = await createPasswords({ concurrency: 1, maxWaiting: 2 });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 5 }, () => narrow.matches(stored, password)),
    );
    expect(outcomes.map(({ status }) => status)).toEqual([
      "fulfilled",
      "fulfilled",
      "fulfilled",
      "rejected",
      "rejected",
    ]);
    const [refused] = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason] : []));
    expect(refused).toBeInstanceOf(HashingBusy);
    expect(await narrow.matches(stored, password)).toBe(true);
  });
});
