import { beforeAll, describe, expect, test } from "bun:test";
import { exportJWK, generateKeyPair } from "jose";
import type { TestIssuer } from "./test-issuer.ts";
import { createTestKeys, createTestJwks as issuer, type JwksAnswer, published } from "./test-jwks.ts";

let first: TestIssuer;
let second: TestIssuer;

beforeAll(async () => {
  [first, second] = await createTestKeys();
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
    (body: string, init?: ResponseInit): JwksAnswer =>
    () =>
      new Response(body, init);
  const keys = (...list: unknown[]): JwksAnswer => text(JSON.stringify({ keys: list }));
  const answers: [string, () => JwksAnswer | Promise<JwksAnswer>][] = [
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
