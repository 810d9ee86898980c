import { beforeAll, describe, expect, test } from "bun:test";
import { eventually } from "../eventually.ts";
import { jwksTimes } from "./jwks.ts";
import { createTestIssuer, type TestIssuer, testTime } from "./test-issuer.ts";
import {
  away,
  createTestKeys,
  createTestJwks as issuer,
  published,
  testJwksUrl as url,
} from "./test-jwks.ts";
import { createTokenVerifier } from "./verify-token.ts";

const hour = 3_600_000;
let first: TestIssuer;
let second: TestIssuer;

beforeAll(async () => {
  [first, second] = await createTestKeys();
});

describe("fetching", () => {
  test("happens at the first token, once for however many come at the same time", async () => {
    const { state, verifier, jwks } = issuer(published([first.publicJwk]));
    expect(state.fetches).toBe(0);
    const tokens = await Promise.all(
      Array.from({ length: 50 }, (_, nth) => first.sign({ claims: { sid: `s${nth}` } })),
    );
    const outcomes = await Promise.all(tokens.map(async (token) => verifier.check(token)));
    expect(outcomes.every((outcome) => "subject" in outcome)).toBe(true);
    expect(state.fetches).toBe(1);
    expect(jwks.state()).toEqual({ url, keys: 1, ageSeconds: 0, stale: false });
    expect(state.options).toMatchObject({ redirect: "manual", signal: expect.any(AbortSignal) });
    jwks.close();
  });

  test("is repeated ahead of expiry, with no request that asks for it", async () => {
    const { state, jwks } = issuer(published([first.publicJwk], { "cache-control": "max-age=0" }), {
      freshLeast: 20,
    });
    await jwks.warm();
    await eventually(() => (state.fetches >= 3 ? true : undefined), { everyMs: 1 });
    jwks.close();
  });

  test("respects what the issuer says of their age, within bounds", async () => {
    const staleAfter = async (cacheControl: string | undefined, ms: number) => {
      const headers = cacheControl === undefined ? undefined : { "cache-control": cacheControl };
      const { state, jwks } = issuer(published([first.publicJwk], headers));
      await jwks.warm();
      jwks.close();
      state.elapsed += ms;
      const before = jwks.state().stale;
      state.elapsed += 1;
      return [before, jwks.state().stale];
    };
    const cases: [string | undefined, number][] = [
      ["public, max-age=120", 120_000],
      ["max-age=1", jwksTimes.freshLeast],
      ["no-store", jwksTimes.freshLeast],
      ["max-age=999999", jwksTimes.freshMost],
      [undefined, jwksTimes.freshDefault],
      ["s-maxage=1", jwksTimes.freshDefault],
    ];
    for (const [header, ms] of cases)
      expect([header, await staleAfter(header, ms)]).toEqual([header, [false, true]]);
  });

  test("without keys is tried again, but not by each request", async () => {
    const { state, verifier, jwks } = issuer(away);
    const token = await first.sign();
    const outcomes = await Promise.all(Array.from({ length: 20 }, async () => verifier.check(token)));
    expect(outcomes.every((outcome) => "reason" in outcome && outcome.reason === "unavailable")).toBe(true);
    expect(await verifier.check(token)).toMatchObject({ reason: "unavailable" });
    expect(state.fetches).toBe(1);
    state.answer = published([first.publicJwk]);
    state.elapsed += jwksTimes.retryFirst;
    expect(await verifier.check(token)).toMatchObject({ subject: "u1" });
    jwks.close();
  });
});

describe("an outage of the issuer", () => {
  test("leaves the last good keys in use for a day, seen as stale, and no longer", async () => {
    const { state, verifier, jwks } = issuer(published([first.publicJwk]));
    await jwks.warm();
    state.answer = away;
    state.elapsed += 23 * hour;
    expect(await verifier.check(await first.sign({ claims: { sid: "new" } }))).toMatchObject({
      subject: "u1",
    });
    expect(jwks.state()).toMatchObject({ keys: 1, stale: true, ageSeconds: 23 * 3600 });
    state.elapsed += 1.1 * hour;
    expect(await verifier.check(await first.sign({ claims: { sid: "newer" } }))).toMatchObject({
      reason: "unavailable",
    });
    expect(jwks.state().keys).toBe(0);
    jwks.close();
  });

  test("is tried again until it is over, with no request that asks", async () => {
    const { state, jwks } = issuer(published([first.publicJwk]), {
      freshLeast: 5,
      freshDefault: 5,
      retryFirst: 5,
      retryMost: 10,
    });
    await jwks.warm();
    state.answer = away;
    const before = state.fetches;
    await eventually(() => (state.fetches > before + 3 ? true : undefined), { everyMs: 1 });
    state.answer = published([first.publicJwk, second.publicJwk]);
    await eventually(() => (jwks.state().keys === 2 ? true : undefined), { everyMs: 1 });
    jwks.close();
  });

  test("a key that nobody knows cannot be told from a new one then", async () => {
    const { state, verifier, jwks } = issuer(published([first.publicJwk]));
    await jwks.warm();
    state.answer = away;
    expect(await verifier.check(await second.sign())).toMatchObject({ reason: "unavailable" });
    expect(await verifier.check(await first.sign())).toMatchObject({ subject: "u1" });
    jwks.close();
  });
});

describe("an unknown key id", () => {
  test("causes one fetch in a cooldown, however many there are and whatever they are called", async () => {
    const { state, verifier, jwks } = issuer(published([first.publicJwk]));
    await jwks.warm();
    const made = Array.from({ length: 500 }, (_, nth) => first.sign({ header: { kid: `random-${nth}` } }));
    const tokens = await Promise.all(made);
    for (const token of tokens.slice(0, 100)) {
      expect(await verifier.check(token)).toMatchObject({ reason: "signature" });
    }
    const outcomes = await Promise.all(tokens.slice(100).map(async (token) => verifier.check(token)));
    expect(outcomes.every((outcome) => "reason" in outcome && outcome.reason === "signature")).toBe(true);
    expect(state.fetches).toBe(2);
    state.elapsed += jwksTimes.cooldown;
    await Promise.all(tokens.map(async (token) => verifier.check(token)));
    expect(state.fetches).toBe(3);
    expect(await verifier.check(await first.sign())).toMatchObject({ subject: "u1" });
    jwks.close();
  });

  test("that the issuer has begun to use is found at once", async () => {
    const { state, verifier, jwks } = issuer(published([first.publicJwk]));
    await jwks.warm();
    state.answer = published([first.publicJwk, second.publicJwk]);
    const tokens = await Promise.all(
      Array.from({ length: 20 }, (_, nth) => second.sign({ claims: { sid: `s${nth}` } })),
    );
    const outcomes = await Promise.all(tokens.map(async (token) => verifier.check(token)));
    expect(outcomes.every((outcome) => "subject" in outcome)).toBe(true);
    expect(state.fetches).toBe(2);
    jwks.close();
  });
});

describe("rotation", () => {
  test("loses no token of the old key while it is published, and refuses all of them when it is withdrawn", async () => {
    const { state, verifier, jwks } = issuer(published([first.publicJwk]));
    const [old, young] = await Promise.all([first.sign(), second.sign()]);
    await verifier.verify(old);
    state.answer = published([first.publicJwk, second.publicJwk]);
    await verifier.verify(young);
    expect(verifier.recall(old)).toMatchObject({ keyId: "first" });
    state.answer = published([second.publicJwk]);
    state.elapsed += jwksTimes.cooldown;
    expect(await verifier.check(await first.sign({ header: { kid: "third" } }))).toMatchObject({
      reason: "signature",
    });
    expect(verifier.recall(old)).toBeUndefined();
    expect(await verifier.check(old)).toMatchObject({ reason: "signature" });
    expect(verifier.recall(young)).toMatchObject({ keyId: "second" });
    jwks.close();
  });

  test("another key under the same id ends what the first one signed", async () => {
    const impostor = await createTestIssuer("ES256", { kid: "first" });
    const { state, verifier, jwks } = issuer(published([first.publicJwk]));
    const old = await first.sign();
    await verifier.verify(old);
    state.answer = published([impostor.publicJwk]);
    expect(await verifier.check(await second.sign())).toMatchObject({ reason: "signature" });
    expect(verifier.recall(old)).toBeUndefined();
    expect(await verifier.check(await impostor.sign())).toMatchObject({ subject: "u1" });
    jwks.close();
  });
});

test("a wall clock that jumps neither floods the issuer nor ages its keys", async () => {
  const clock = { now: testTime * 1000 };
  const { state, jwks } = issuer(published([first.publicJwk]));
  const verifier = createTokenVerifier({
    issuer: "https://ecotrack.test",
    audience: "ecotrack",
    keys: { keys: [] },
    keySource: jwks,
    now: () => clock.now,
  });
  const token = await first.sign();
  await verifier.verify(token);
  clock.now += 48 * hour;
  expect(verifier.recall(token)).toBeUndefined();
  expect(await verifier.check(token)).toMatchObject({ reason: "expired" });
  clock.now -= 96 * hour;
  expect(await verifier.check(await first.sign({ claims: { nbf: testTime } }))).toMatchObject({
    reason: "not-yet-valid",
  });
  clock.now = testTime * 1000;
  expect(await verifier.check(token)).toMatchObject({ subject: "u1" });
  expect(state.fetches).toBe(1);
  expect(jwks.state().stale).toBe(false);
  jwks.close();
});
