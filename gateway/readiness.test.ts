import { expect, test } from "bun:test";
import type { KeyState } from "#mesh/identity/key-source";
import { createReadiness } from "./readiness.ts";

const good: KeyState = { url: "http://a.test", keys: 2, ageSeconds: 10, stale: false };
const none: KeyState = { url: "http://b.test", keys: 0, ageSeconds: Number.POSITIVE_INFINITY, stale: true };

function readiness(states: KeyState[], redis: "ready" | "reconnecting" = "ready", refused = false) {
  let warmed = 0;
  const asked = createReadiness({
    redis: { status: redis },
    fileRefused: () => refused,
    verifier: () => ({
      warm: async () => {
        warmed += 1;
      },
      keyStates: () => states.map((state) => ({ issuer: state.url, state })),
    }),
  });
  return { asked, warmed: () => warmed };
}

test("without any issuer's keys it is not ready, and tries to get them", async () => {
  const { asked, warmed } = readiness([none]);
  expect(await asked.ask()).toEqual({ status: "not-ready", failing: ["jwks"] });
  expect(warmed()).toBe(1);
});

test("with keys it is ready and fetches nothing for the probe", async () => {
  const { asked, warmed } = readiness([good]);
  expect(await asked.ask()).toEqual({ status: "ready" });
  expect(warmed()).toBe(0);
});

test("keys that cannot be renewed, a further issuer without keys and Redis away are told", async () => {
  expect(await readiness([{ ...good, stale: true }]).asked.ask()).toEqual({
    status: "ready",
    degraded: ["jwks"],
  });
  expect(await readiness([good, none], "reconnecting").asked.ask()).toEqual({
    status: "ready",
    degraded: ["redis", "jwks"],
  });
});

test("a file with a mistake leaves it ready and is told", async () => {
  expect(await readiness([good], "ready", true).asked.ask()).toEqual({
    status: "ready",
    degraded: ["gateway.yaml"],
  });
});

test("a gateway that verifies no tokens is ready", async () => {
  expect(await readiness([]).asked.ask()).toEqual({ status: "ready" });
});

test("draining is told before anything else", async () => {
  const { asked } = readiness([good]);
  asked.drain();
  expect(await asked.ask()).toEqual({ status: "draining" });
});
