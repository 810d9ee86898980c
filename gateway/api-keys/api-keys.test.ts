import { beforeAll, describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { eventually } from "#mesh/eventually";
import { createApiKey } from "#mesh/identity/api-key-format";
import { createTestIssuer, type TestIssuer, testTime } from "#mesh/identity/test-issuer";
import { createTokenVerifier } from "#mesh/identity/verify-token";
import { createApiKeys, type KeyBounds } from "./api-keys.ts";
import type { ExchangedKey } from "./exchange-key.ts";

let issuer: TestIssuer;
beforeAll(async () => {
  issuer = await createTestIssuer();
});

type Told = ExchangedKey | "refused" | "unavailable";
const newKey = () => createApiKey(randomBytes);
const bounds: KeyBounds = { maxKeys: 100, maxRefused: 100, refusedFor: 5000, maxAsked: 8, awayFor: 500 };

/** User-service as a test plays it, on a clock that stands still. */
function setUp(changed: Partial<KeyBounds> = {}) {
  const state = { elapsed: 0, asked: [] as string[], revoked: new Set<string>(), away: false };
  const answers = new Map<string, () => Promise<Told>>();
  const now = () => testTime * 1000 + state.elapsed;
  const verifier = createTokenVerifier({
    issuer: "https://ecotrack.test",
    audience: "ecotrack",
    keys: { keys: [issuer.publicJwk] },
    isRevoked: (session) => state.revoked.has(session),
    now,
  });
  const keys = createApiKeys({
    exchange: async (key) => {
      state.asked.push(key);
      await Promise.resolve();
      return state.away ? "unavailable" : ((await answers.get(key)?.()) ?? "refused");
    },
    verifier: () => verifier,
    elapsed: () => state.elapsed,
    bounds: { ...bounds, ...changed },
  });
  /** Lets user-service know a key, whose token lives for fifteen minutes from when it is made. */
  const know = (key: string, id: string) =>
    answers.set(key, async () => {
      const iat = now() / 1000;
      const claims = { sid: id, client_id: id, scope: "orders:read", tier: "pro", iat, exp: iat + 900 };
      return { token: await issuer.sign({ claims }), expiresInMs: 900_000 };
    });
  return { keys, state, know, answers };
}

test("what has not the form of a key, or a wrong checksum, is refused and nobody is asked", () => {
  const { keys, state } = setUp();
  const key = newKey();
  for (const text of ["", "nonsense", `${key}x`, key.slice(0, -1), `${key}, ${key}`, key.toLowerCase()]) {
    expect(keys.tokenFor(text)).toBe("refused");
  }
  expect(state.asked).toEqual([]);
});

test("a key is exchanged once, however many requests come with it at the same time, and known from then on", async () => {
  const { keys, state, know } = setUp();
  const key = newKey();
  know(key, "k1");
  const outcomes = await Promise.all(Array.from({ length: 20 }, async () => keys.tokenFor(key)));
  for (const outcome of outcomes) {
    expect(outcome).toMatchObject({
      caller: { sessionId: "k1", clientId: "k1", scopes: ["orders:read"], tier: "pro" },
    });
  }
  expect(keys.tokenFor(key)).toMatchObject({ caller: { sessionId: "k1" } });
  expect(state.asked).toEqual([key]);
});

test("a refusal is believed for some seconds and then asked for again", async () => {
  const { keys, state, know } = setUp();
  const key = newKey();
  expect(await keys.tokenFor(key)).toBe("refused");
  expect(keys.tokenFor(key)).toBe("refused");
  know(key, "k1");
  state.elapsed += bounds.refusedFor;
  expect(await keys.tokenFor(key)).toMatchObject({ caller: { sessionId: "k1" } });
  expect(state.asked).toHaveLength(2);
});

describe("a token that grows old", () => {
  test("is renewed while it still serves", async () => {
    const { keys, state, know } = setUp();
    const key = newKey();
    know(key, "k1");
    const first = await keys.tokenFor(key);
    state.elapsed += 700_000;
    expect(keys.tokenFor(key)).toEqual(first);
    const renewed = { caller: { sessionId: "k1", expiresAt: testTime + 1600 } };
    await eventually(async () => {
      expect(await keys.tokenFor(key)).toMatchObject(renewed);
      return true;
    });
    expect(state.asked).toHaveLength(2);
  });

  test("serves on while user-service is away, until it expires", async () => {
    const { keys, state, know } = setUp();
    const key = newKey();
    know(key, "k1");
    await keys.tokenFor(key);
    state.away = true;
    state.elapsed += 890_000;
    for (let times = 0; times < 10; times++) {
      expect(await keys.tokenFor(key)).toMatchObject({ caller: { sessionId: "k1" } });
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(state.asked.length).toBeLessThan(4);
    state.elapsed += 20_000;
    expect(await keys.tokenFor(key)).toBe("unavailable");
    state.away = false;
    state.elapsed += bounds.awayFor;
    expect(await keys.tokenFor(key)).toMatchObject({ caller: { sessionId: "k1" } });
  });
});

test("a key that is not known cannot be judged while user-service is away, and few ask for it", async () => {
  const { keys, state } = setUp();
  state.away = true;
  const outcomes = await Promise.all(Array.from({ length: 50 }, async () => keys.tokenFor(newKey())));
  expect(new Set(outcomes)).toEqual(new Set(["unavailable"]));
  expect(state.asked).toHaveLength(bounds.maxAsked);
  expect(await keys.tokenFor(newKey())).toBe("unavailable");
  expect(state.asked).toHaveLength(bounds.maxAsked);
});

test("a revoked key is refused at its next request", async () => {
  const { keys, state, know, answers } = setUp();
  const key = newKey();
  know(key, "k1");
  await keys.tokenFor(key);
  state.revoked.add("k1");
  answers.delete(key);
  expect(await keys.tokenFor(key)).toBe("refused");
});

test("a key that was revoked while its token was on its way is refused", async () => {
  const { keys, state, know } = setUp();
  const key = newKey();
  know(key, "k1");
  state.revoked.add("k1");
  expect(await keys.tokenFor(key)).toBe("refused");
});

test("a token that the verifier does not believe is an outage, not a caller", async () => {
  const { keys, answers } = setUp();
  const stranger = await createTestIssuer();
  const key = newKey();
  answers.set(key, async () => ({ token: await stranger.sign(), expiresInMs: 900_000 }));
  expect(await keys.tokenFor(key)).toBe("unavailable");
});

test("made-up keys drive no good key out, and memory stays bounded", async () => {
  const { keys, know, state } = setUp();
  const key = newKey();
  know(key, "k1");
  await keys.tokenFor(key);
  for (let nth = 0; nth < 1000; nth++) expect(await keys.tokenFor(newKey())).toBe("refused");
  expect(keys.tokenFor(key)).toMatchObject({ caller: { sessionId: "k1" } });
  const asked = state.asked.length;
  for (let nth = 0; nth < 300; nth++) {
    const other = newKey();
    know(other, `other-${nth}`);
    await keys.tokenFor(other);
  }
  expect(state.asked.length).toBe(asked + 300);
  expect(keys.remembered()).toBeLessThanOrEqual(bounds.maxKeys);
});
