import { beforeAll, describe, expect, test } from "bun:test";
import { exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import { TokenRefused } from "./token-refused.ts";
import { createTokenVerifier } from "./verify-token.ts";

const issuer = "https://ecotrack.test";
const audience = "ecotrack";
const at = 1_800_000_000;
let key: CryptoKey;
let other: CryptoKey;
let publicJwk: JWK;

beforeAll(async () => {
  const pair = await generateKeyPair("ES256", { extractable: true });
  key = pair.privateKey;
  other = (await generateKeyPair("ES256")).privateKey;
  publicJwk = { ...(await exportJWK(pair.publicKey)), kid: "a", alg: "ES256" };
});

interface Wanted {
  header?: Record<string, unknown>;
  claims?: Record<string, unknown>;
  signer?: CryptoKey;
}

const sign = ({ header, claims, signer = key }: Wanted = {}) =>
  new SignJWT({
    sid: "s1",
    roles: ["customer"],
    iss: issuer,
    aud: audience,
    sub: "u1",
    iat: at,
    exp: at + 900,
    ...claims,
  })
    .setProtectedHeader({ alg: "ES256", kid: "a", ...header })
    .sign(signer);

const verifier = (
  options: { now?: () => number; isRevoked?: (id: string) => boolean; maxRemembered?: number } = {},
) => createTokenVerifier({ keys: { keys: [publicJwk] }, issuer, audience, now: () => at * 1000, ...options });

async function refusal(token: string): Promise<string> {
  try {
    await verifier().verify(token);
    return "accepted";
  } catch (error) {
    return error instanceof TokenRefused ? error.reason : String(error);
  }
}

const unsigned = (header: object, payload: object) =>
  `${[header, payload].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".")}.`;

describe("a token is refused", () => {
  test("when it is unsigned", async () => {
    const claims = { iss: issuer, aud: audience, sub: "u1", exp: at + 900, iat: at };
    expect(await refusal(unsigned({ alg: "none" }, claims))).toBe("signature");
    expect(await refusal(unsigned({ alg: "ES256", kid: "a" }, claims))).toBe("signature");
  });
  test("when it is signed with the public key as a shared secret", async () => {
    const secret = new TextEncoder().encode(JSON.stringify(publicJwk));
    const token = await new SignJWT({ sub: "u1" })
      .setProtectedHeader({ alg: "HS256", kid: "a" })
      .sign(secret);
    expect(await refusal(token)).toBe("signature");
  });
  test("when another key signed it, under a known or an unknown id", async () => {
    expect(await refusal(await sign({ signer: other }))).toBe("signature");
    expect(await refusal(await sign({ signer: other, header: { kid: "b" } }))).toBe("signature");
  });
  test("when it names its own key", async () => {
    for (const name of ["jku", "jwk", "x5u", "x5c"]) {
      expect(await refusal(await sign({ header: { [name]: "https://evil.test" } }))).toBe("malformed");
    }
  });
  test("when it has expired or is for another audience or of another issuer", async () => {
    expect(await refusal(await sign({ claims: { exp: at - 60 } }))).toBe("expired");
    expect(await refusal(await sign({ claims: { nbf: at + 60 } }))).toBe("not-yet-valid");
    expect(await refusal(await sign({ claims: { aud: "other" } }))).toBe("claims");
    expect(await refusal(await sign({ claims: { iss: "https://evil.test" } }))).toBe("claims");
    expect(await refusal(await sign({ claims: { sub: undefined } }))).toBe("claims");
  });
  test("when it is no token at all", async () => {
    for (const text of ["", "x", "a.b.c", "a".repeat(9000)]) expect(await refusal(text)).toBe("malformed");
  });
});

test("a token of another kind is refused where one kind is wanted", async () => {
  const strict = createTokenVerifier({
    keys: { keys: [publicJwk] },
    issuer,
    audience,
    type: "at+jwt",
    now: () => at * 1000,
  });
  expect(await strict.verify(await sign({ header: { typ: "at+jwt" } }))).toMatchObject({ subject: "u1" });
  expect(strict.verify(await sign({ header: { typ: "logout+jwt" } }))).rejects.toMatchObject({
    reason: "claims",
  });
});

test("a verified token is remembered until it expires", async () => {
  let now = at * 1000;
  const remembering = verifier({ now: () => now });
  const token = await sign();
  expect(remembering.recall(token)).toBeUndefined();
  const verified = await remembering.verify(token);
  expect(verified).toMatchObject({
    subject: "u1",
    sessionId: "s1",
    roles: ["customer"],
    keyId: "a",
    expiresAt: at + 900,
  });
  expect(remembering.recall(token)).toBe(verified);
  now = (at + 900) * 1000;
  expect(remembering.recall(token)).toBeUndefined();
});

test("a remembered token is refused as soon as its session is revoked", async () => {
  const revoked = new Set<string>();
  const remembering = verifier({ isRevoked: (id) => revoked.has(id) });
  const token = await sign();
  await remembering.verify(token);
  revoked.add("s1");
  expect(remembering.recall(token)).toBeUndefined();
  expect(remembering.verify(token)).rejects.toMatchObject({ reason: "revoked" });
});

test("the memory is bounded: the oldest token goes first", async () => {
  const small = verifier({ maxRemembered: 2 });
  const tokens = await Promise.all(["1", "2", "3"].map((sid) => sign({ claims: { sid } })));
  for (const token of tokens) await small.verify(token);
  expect(small.remembered()).toBe(2);
  expect(tokens.map((token) => small.recall(token)?.sessionId)).toEqual([undefined, "2", "3"]);
});
