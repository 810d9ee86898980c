import { describe, expect, test } from "bun:test";
import { compileIssuer } from "./issuer.ts";
import { joinVerifiers } from "./join-verifiers.ts";
import { signatureAlgorithms } from "./signature-algorithm.ts";
import { createTestIssuer, type TestIssuer, testTime } from "./test-issuer.ts";
import { createTokenVerifier, type VerifierOptions } from "./verify-token.ts";

const name = "https://ecotrack.test";
const now = () => testTime * 1000;
const verifierFor = (signer: TestIssuer, options: Partial<VerifierOptions> = {}) =>
  createTokenVerifier({
    issuer: name,
    audience: "ecotrack",
    keys: { keys: [signer.publicJwk] },
    now,
    ...options,
  });

describe("algorithms", () => {
  test.each([...signatureAlgorithms])(
    "%s is verified where it is configured, and nowhere else",
    async (algorithm) => {
      const signer = await createTestIssuer(algorithm);
      const token = await signer.sign();
      expect(await verifierFor(signer, { algorithms: [algorithm] }).verify(token)).toMatchObject({
        subject: "u1",
      });
      const others = signatureAlgorithms.filter((each) => each !== algorithm);
      expect(await verifierFor(signer, { algorithms: others }).check(token)).toMatchObject({
        reason: "signature",
      });
      const broken = token.replace(/\.[^.]+$/, `.${Buffer.alloc(64, 1).toString("base64url")}`);
      expect(await verifierFor(signer, { algorithms: [algorithm] }).check(broken)).toMatchObject({
        reason: "signature",
      });
    },
  );

  test("an RSA key that names no algorithm verifies both paddings, one that does only its own", async () => {
    const signer = await createTestIssuer("PS256");
    const { alg: _alg, ...unnamed } = signer.publicJwk;
    const token = await signer.sign();
    const both = { algorithms: ["RS256", "PS256"] } as const;
    expect(await verifierFor(signer, { ...both, keys: { keys: [unnamed] } }).check(token)).toMatchObject({
      subject: "u1",
    });
    const other = { keys: [{ ...unnamed, alg: "RS256" }] };
    expect(await verifierFor(signer, { ...both, keys: other }).check(token)).toMatchObject({
      reason: "signature",
    });
  });

  test("unknown ones, none of them and no audience are mistakes of whoever configures", () => {
    const spec = { name: "shop", keys: { keys: [] }, audience: "a" };
    expect(() => compileIssuer({ ...spec, algorithms: ["HS256" as "ES256"] })).toThrow("HS256");
    expect(() => compileIssuer({ ...spec, algorithms: [] })).toThrow("shop");
    expect(() => compileIssuer({ ...spec, audience: [] })).toThrow("audience");
  });
});

test("a token without a key id is verified where the issuer has one key, and nowhere else", async () => {
  const [signer, second] = await Promise.all([createTestIssuer(), createTestIssuer("ES256", { kid: "b" })]);
  const token = await signer.sign({ header: { kid: undefined } });
  expect(await verifierFor(signer).check(token)).toMatchObject({ subject: "u1", keyId: "" });
  const two = { keys: [signer.publicJwk, second.publicJwk] };
  expect(await verifierFor(signer, { keys: two }).check(token)).toMatchObject({ reason: "signature" });
});

test("one of several audiences is enough", async () => {
  const signer = await createTestIssuer();
  const verifier = verifierFor(signer, { audience: ["shop", "ecotrack"] });
  for (const aud of ["shop", "ecotrack", ["other", "shop"]]) {
    expect(await verifier.check(await signer.sign({ claims: { aud } }))).toMatchObject({ subject: "u1" });
  }
  expect(await verifier.check(await signer.sign({ claims: { aud: "other" } }))).toMatchObject({
    reason: "claims",
  });
});

test("the type is compared without its prefix and its case", async () => {
  const signer = await createTestIssuer();
  const verifier = verifierFor(signer, { type: "at+jwt" });
  for (const typ of ["at+jwt", "AT+JWT", "application/at+jwt"]) {
    expect(await verifier.check(await signer.sign({ header: { typ } }))).toMatchObject({ subject: "u1" });
  }
  for (const typ of [undefined, "JWT", "id+jwt", "", 1]) {
    expect(await verifier.check(await signer.sign({ header: { typ } }))).toMatchObject({ reason: "claims" });
  }
});

test("claims that are asked for have to be there, with the value that is asked for", async () => {
  const signer = await createTestIssuer();
  const verifier = verifierFor(signer, {
    requiredClaims: ["email", { name: "verified", value: true }, { name: "groups", value: "shop" }],
  });
  const good = { email: "a@b.test", verified: true, groups: ["other", "shop"] };
  const check = async (claims: object) => verifier.check(await signer.sign({ claims: { ...claims } }));
  expect(await check(good)).toMatchObject({ subject: "u1" });
  expect(await check({ ...good, groups: "shop" })).toMatchObject({ subject: "u1" });
  for (const bad of [
    { email: undefined },
    { email: "" },
    { email: null },
    { verified: "true" },
    { groups: ["shops"] },
  ]) {
    expect(await check({ ...good, ...bad })).toMatchObject({ reason: "claims" });
  }
});

test("who calls is read from the claims that issuers use for it", async () => {
  const signer = await createTestIssuer();
  const read = async (claims: Record<string, unknown>) =>
    verifierFor(signer).verify(await signer.sign({ claims }));
  const full = { scope: "orders:read orders:write", tier: "pro", client_id: "c1", roles: ["a", 1, "b"] };
  expect(await read(full)).toMatchObject({
    subject: "u1",
    sessionId: "s1",
    issuerName: "default",
    scope: "orders:read orders:write",
    scopes: ["orders:read", "orders:write"],
    tier: "pro",
    clientId: "c1",
    roles: ["a", "b"],
    issuedAt: testTime,
    expiresAt: testTime + 900,
    headers: [],
  });
  expect(await read({ scp: ["x", "y"], azp: "c2", roles: undefined, sid: undefined, tier: 3 })).toMatchObject(
    {
      scopes: ["x", "y"],
      scope: "x y",
      clientId: "c2",
      roles: [],
      sessionId: "",
      tier: "",
    },
  );
});

describe("several issuers", () => {
  const setUp = async () => {
    const [ours, theirs] = await Promise.all([
      createTestIssuer("ES256", { kid: "same" }),
      createTestIssuer("RS256", { kid: "same", issuer: "https://partner.test" }),
    ]);
    const verifier = joinVerifiers([
      verifierFor(ours, { name: "ecotrack" }),
      verifierFor(theirs, {
        name: "partner",
        issuer: "https://partner.test",
        algorithms: ["RS256"],
        audience: "shop",
      }),
    ]);
    return { ours, theirs, verifier };
  };

  test("each one's tokens are verified by its own rules", async () => {
    const { ours, theirs, verifier } = await setUp();
    expect(await verifier.verify(await ours.sign())).toMatchObject({ issuerName: "ecotrack" });
    const token = await theirs.sign({ claims: { aud: "shop" } });
    const partner = await verifier.verify(token);
    expect(partner).toMatchObject({ issuerName: "partner", issuer: "https://partner.test" });
    expect(verifier.recall(token)).toBe(partner);
    expect(verifier.remembered()).toBe(2);
    expect(await verifier.check(await theirs.sign())).toMatchObject({ reason: "claims" });
  });

  test("one cannot speak for the other with its own key", async () => {
    const { ours, theirs, verifier } = await setUp();
    const claims = { iss: "https://partner.test", aud: "shop" };
    expect(await verifier.check(await ours.sign({ claims }))).toMatchObject({ reason: "signature" });
    expect(await verifier.check(await theirs.sign({ claims: { iss: name } }))).toMatchObject({
      reason: "signature",
    });
  });

  test("somebody unknown is refused without a look at any key", async () => {
    const { ours, verifier } = await setUp();
    for (const iss of ["https://evil.test", "__proto__", "", undefined]) {
      const outcome = verifier.check(await ours.sign({ claims: { iss } }));
      expect(outcome).toMatchObject({ reason: "claims", message: "The token's issuer is not accepted" });
    }
  });

  test("two for the same issuer are a mistake, and without any no token is good", async () => {
    const signer = await createTestIssuer();
    expect(() => joinVerifiers([verifierFor(signer), verifierFor(signer)])).toThrow("iss");
    expect(await joinVerifiers([]).check(await signer.sign())).toMatchObject({ reason: "claims" });
  });
});

describe("claims as headers", () => {
  const headersOf = async (headers: Record<string, string>, claims: Record<string, unknown>) => {
    const signer = await createTestIssuer();
    return (await verifierFor(signer, { headers }).verify(await signer.sign({ claims }))).headers;
  };

  test("what is mapped is there, in lower case and as text; what is missing or no plain value is not", async () => {
    const mapping = {
      "X-Caller-Tier": "tier",
      "x-caller-number": "number",
      "x-caller-groups": "groups",
      "x-caller-verified": "verified",
      "x-caller-object": "object",
      "x-caller-absent": "toString",
      "x-caller-null": "nothing",
    };
    const claims = {
      tier: "pro",
      number: 7,
      groups: ["a", "b,c"],
      verified: true,
      object: {},
      nothing: null,
    };
    expect(await headersOf(mapping, claims)).toEqual([
      ["x-caller-tier", "pro"],
      ["x-caller-number", "7"],
      ["x-caller-groups", "a,b%2Cc"],
      ["x-caller-verified", "true"],
    ]);
  });

  test("nothing in a claim ends a header or begins another", async () => {
    const values = ["a\r\nx-admin: 1", "a\0b", "é😀", "100%", " a ", "\ud800", '~!"#'];
    const found: string[] = [];
    for (const tier of values) {
      const [header] = await headersOf({ "x-caller-tier": "tier" }, { tier });
      found.push(header?.[1] ?? "");
      new Headers([["x-caller-tier", header?.[1] ?? ""]]);
    }
    expect(found).toEqual([
      "a%0D%0Ax-admin: 1",
      "a%00b",
      "%C3%A9%F0%9F%98%80",
      "100%25",
      "%20a%20",
      "%EF%BF%BD",
      '~!"#',
    ]);
    expect(await headersOf({ "x-caller-tier": "tier" }, { tier: "x".repeat(2000) })).toEqual([]);
  });

  test("only headers that clients cannot send themselves can be mapped", () => {
    for (const header of ["authorization", "host", "x-forwarded-for", "x-anything", "x-user\r\n", "cookie"]) {
      expect(() =>
        compileIssuer({ name: "a", audience: "a", keys: { keys: [] }, headers: { [header]: "sub" } }),
      ).toThrow("cannot carry");
    }
  });
});
