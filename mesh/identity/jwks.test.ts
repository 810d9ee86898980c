import { beforeAll, describe, expect, test } from "bun:test";
import { exportJWK, generateKeyPair, type JWK } from "jose";
import { eventually } from "../eventually.ts";
import { createJwks, type JwksTimes, jwksTimes } from "./jwks.ts";
import { createTestIssuer, type TestIssuer, testTime } from "./test-issuer.ts";
import { createTokenVerifier } from "./verify-token.ts";

const url = "http://issuer.test/jwks.json";
const hour = 3_600_000;
let first: TestIssuer;
let second: TestIssuer;

beforeAll(async () => {
  [first, second] = await Promise.all([
    createTestIssuer("ES256", { kid: "first" }),
    createTestIssuer("ES256", { kid: "second" }),
  ]);
});

type Answer = () => Response | Promise<Response>;
const published =
  (keys: readonly JWK[], headers: Record<string, string> = {}): Answer =>
  () =>
    Response.json({ keys }, { headers });

/** An issuer that a test plays, with a clock that stands still. */
function issuer(answer: Answer, times: Partial<JwksTimes> = {}) {
  const state = { answer, fetches: 0, elapsed: 1_000_000, options: undefined as RequestInit | undefined };
  const jwks = createJwks({
    url,
    fetch: (async (_url: string, options: RequestInit) => {
      state.fetches += 1;
      state.options = options;
      return state.answer();
    }) as unknown as typeof fetch,
    elapsed: () => state.elapsed,
    times: { ...jwksTimes, ...times },
  });
  const verifier = createTokenVerifier({
    issuer: "https://ecotrack.test",
    audience: "ecotrack",
    keys: { keys: [] },
    keySource: jwks,
    now: () => testTime * 1000,
  });
  return { state, jwks, verifier };
}
const away: Answer = () => Promise.reject(new Error("ECONNREFUSED"));

describe("fetching", () => {
  test("happens at the first token, once for however many come at the same time", async () => {
    const { state, verifier, jwks } = issuer(published([first.publicJwk]));
    expect(state.fetches).toBe(0);
    const tokens = await Promise.all(
      Array.from({ length: 50 }, (_, nth) => first.sign({ claims: { sid: `s${nth}` } })),
    );
    const outcomes = await Promise.all(tokens.map((token) => verifier.check(token)));
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
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => verifier.check(token)));
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
    const outcomes = await Promise.all(tokens.slice(100).map((token) => verifier.check(token)));
    expect(outcomes.every((outcome) => "reason" in outcome && outcome.reason === "signature")).toBe(true);
    expect(state.fetches).toBe(2);
    state.elapsed += jwksTimes.cooldown;
    await Promise.all(tokens.map((token) => verifier.check(token)));
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
    const outcomes = await Promise.all(tokens.map((token) => verifier.check(token)));
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

describe("garbage", () => {
  const weak = async (modulusLength: number) => {
    const { subtle } = globalThis.crypto;
    const algorithm = {
      name: "RSASSA-PKCS1-v1_5",
      hash: "SHA-256",
      modulusLength,
      publicExponent: new Uint8Array([1, 0, 1]),
    };
    const { publicKey } = await subtle.generateKey(algorithm, true, ["sign", "verify"]);
    return { ...(await exportJWK(publicKey)), kid: "weak" };
  };
  const text =
    (body: string, init?: ResponseInit): Answer =>
    () =>
      new Response(body, init);
  const keys = (...list: unknown[]): Answer => text(JSON.stringify({ keys: list }));
  const answers: [string, () => Answer | Promise<Answer>][] = [
    [
      "a page",
      () => text("<!doctype html><title>Sign in</title>", { headers: { "content-type": "text/html" } }),
    ],
    ["nothing", () => text("")],
    ["an error", () => text(JSON.stringify({ keys: [second.publicJwk] }), { status: 500 })],
    ["a redirection", () => text("", { status: 302, headers: { location: "https://evil.test/keys" } })],
    ["no object", () => text("[]")],
    ["no list", () => text('{"keys":{"0":{}}}')],
    ["an empty list", () => keys()],
    ["a list of other things", () => keys(second.publicJwk, "key")],
    ["only keys for encryption", () => keys({ ...second.publicJwk, use: "enc" })],
    ["only keys of kinds not known", () => keys({ kty: "EC", crv: "secp256k1", x: "AA", y: "AA", kid: "k" })],
    ["an RSA key of 1024 bits", async () => keys(second.publicJwk, await weak(1024))],
    [
      "a secret among them",
      () => keys(second.publicJwk, { kty: "oct", k: "c2VjcmV0", kid: "s", alg: "HS256" }),
    ],
    [
      "a private key",
      async () =>
        keys({
          ...(await exportJWK((await generateKeyPair("ES256", { extractable: true })).privateKey)),
          kid: "p",
        }),
    ],
    ["one id twice", () => keys(second.publicJwk, { ...first.publicJwk, kid: "second" })],
    ["a point that is not on the curve", () => keys({ ...second.publicJwk, x: second.publicJwk.y })],
    [
      "more than anybody has",
      () => keys(...Array.from({ length: 101 }, (_, nth) => ({ ...second.publicJwk, kid: `k${nth}` }))),
    ],
    [
      "a body that does not end",
      () => () => new Response(new ReadableStream({ pull: (c) => c.enqueue(new Uint8Array(65_536)) })),
    ],
  ];
  test.each(answers)("%s is refused, and the keys that there were stay", async (_name, make) => {
    const { state, verifier, jwks } = issuer(published([first.publicJwk]));
    const old = await first.sign();
    await verifier.verify(old);
    state.answer = await make();
    expect(await verifier.check(await second.sign())).toMatchObject({ reason: "unavailable" });
    expect(verifier.recall(old)).toMatchObject({ keyId: "first" });
    expect(await verifier.check(await first.sign({ claims: { sid: "new" } }))).toMatchObject({
      subject: "u1",
    });
    jwks.close();
  });

  test("keys that are not known beside a good one are left out", async () => {
    const others = [
      { kty: "EC", crv: "P-521", kid: "a" },
      { kty: "XYZ", kid: "b" },
      { ...first.publicJwk, alg: "ES512" },
    ];
    const { verifier, jwks } = issuer(keys(...others, second.publicJwk));
    expect(await verifier.check(await second.sign())).toMatchObject({ subject: "u1" });
    expect(jwks.state().keys).toBe(1);
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
