import { beforeAll, describe, expect, test } from "bun:test";
import { createHmac, createPublicKey, type JsonWebKeyInput, sign as signBytes } from "node:crypto";
import { CompactEncrypt, exportJWK, exportPKCS8, exportSPKI, importJWK, SignJWT } from "jose";
import { createTestIssuer, rawToken, type TestIssuer, testTime, type WantedToken } from "./test-issuer.ts";
import { TokenRefused } from "./token-refused.ts";
import { createTokenVerifier, type IssuerVerifier } from "./verify-token.ts";

let curve: TestIssuer;
let rsa: TestIssuer;
let stranger: TestIssuer;
let verifier: IssuerVerifier;
const claims = {
  iss: "https://ecotrack.test",
  aud: "ecotrack",
  sub: "u1",
  iat: testTime,
  exp: testTime + 900,
};

beforeAll(async () => {
  [curve, rsa, stranger] = await Promise.all([
    createTestIssuer("ES256", { kid: "curve" }),
    createTestIssuer("RS256", { kid: "rsa" }),
    createTestIssuer("ES256", { kid: "curve" }),
  ]);
  verifier = createTokenVerifier({
    issuer: claims.iss,
    audience: "ecotrack",
    keys: { keys: [curve.publicJwk, rsa.publicJwk] },
    algorithms: ["ES256", "RS256"],
    now: () => testTime * 1000,
  });
});

/** Why a token is refused; refusals made without a promise cost no key operation of anybody else. */
async function reason(token: string): Promise<string> {
  const outcome = await verifier.check(token);
  expect(verifier.recall(token)).toBeUndefined();
  return outcome instanceof TokenRefused ? outcome.reason : "accepted";
}
const signed = (wanted: WantedToken) => curve.sign(wanted);

test("what these tests start from is accepted", async () => {
  for (const token of [await signed({}), await rsa.sign()]) {
    expect(await verifier.check(token)).toMatchObject({ subject: "u1", issuer: claims.iss });
  }
});

describe("the algorithm", () => {
  test("none, in any case and with or without a signature", async () => {
    for (const alg of ["none", "None", "NONE", "nOnE", ""]) {
      expect(await reason(rawToken({ alg, kid: "curve" }, claims, ""))).toBe("signature");
      expect(await reason(rawToken({ alg, kid: "curve" }, claims))).toBe("signature");
    }
  });

  test("a symmetric one with the public key as its secret", async () => {
    const key = createPublicKey({ key: rsa.publicJwk, format: "jwk" } as JsonWebKeyInput);
    const secrets = [
      key.export({ type: "spki", format: "pem" }),
      key.export({ type: "spki", format: "der" }),
      JSON.stringify(rsa.publicJwk),
    ];
    for (const secret of secrets) {
      for (const kid of ["rsa", "curve"]) {
        const unsigned = rawToken({ alg: "HS256", kid }, claims, "").slice(0, -1);
        const mac = createHmac("sha256", secret).update(unsigned).digest("base64url");
        expect(await reason(`${unsigned}.${mac}`)).toBe("signature");
      }
    }
  });

  test("one that the key is not for", async () => {
    expect(await reason(await signed({ header: { kid: "rsa" } }))).toBe("signature");
    expect(await reason(await rsa.sign({ header: { kid: "curve" } }))).toBe("signature");
    const forPss = await importJWK({ ...(await exportJWK(rsa.privateKey)), alg: "PS256" }, "PS256");
    const token = await new SignJWT(claims).setProtectedHeader({ alg: "PS256", kid: "rsa" }).sign(forPss);
    expect(await reason(token)).toBe("signature");
  });

  test("one that the issuer is not configured for, before any key is looked for", async () => {
    const strict = createTokenVerifier({
      issuer: claims.iss,
      audience: "ecotrack",
      // Nobody listens there: asked for a key, it would say that it cannot tell.
      keys: { url: "http://127.0.0.1:49151/jwks.json" },
      algorithms: ["EdDSA"],
      now: () => testTime * 1000,
    });
    expect(strict.check(await signed({}))).toMatchObject({ reason: "signature" });
    expect(strict.check(await rsa.sign())).toMatchObject({ reason: "signature" });
  });

  test("one that is no text or not known", async () => {
    for (const alg of [undefined, null, 1, ["ES256"], { a: 1 }, "ES384", "es256", "ES256 ", "RS1"]) {
      expect(await reason(rawToken({ alg, kid: "curve" }, claims))).toBe("signature");
    }
  });
});

describe("the signature", () => {
  test("of another key, empty, of zeros, cut, longer or in DER", async () => {
    const good = await signed({});
    const [header, payload, signature = ""] = good.split(".");
    const body = `${header}.${payload}`;
    const der = signBytes("sha256", Buffer.from(body), await exportPKCS8(curve.privateKey)).toString(
      "base64url",
    );
    const zeros = Buffer.alloc(64).toString("base64url");
    const cut = Buffer.from(signature, "base64url").subarray(0, 60).toString("base64url");
    const others = ["", zeros, cut, Buffer.alloc(68, 1).toString("base64url"), der];
    for (const other of others) expect(await reason(`${body}.${other}`)).toBe("signature");
    expect(await reason(await stranger.sign())).toBe("signature");
  });

  test("of other claims or another header", async () => {
    const [, , signature] = (await signed({})).split(".");
    expect(await reason(rawToken({ alg: "ES256", kid: "curve" }, { ...claims, sub: "u2" }, signature))).toBe(
      "signature",
    );
    const [, payload] = (await signed({})).split(".");
    const header = Buffer.from('{"alg":"ES256","kid":"curve" }').toString("base64url");
    expect(await reason(`${header}.${payload}.${signature}`)).toBe("signature");
  });

  test("written in another way: one token has one form", async () => {
    const good = await signed({});
    const last = good.at(-1) ?? "";
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    // Four bits of the last character stand for nothing.
    const sibling = alphabet[alphabet.indexOf(last) ^ 1] ?? "";
    for (const token of [good.slice(0, -1) + sibling, `${good}=`, `${good}==`, `${good} `, `${good}.`]) {
      expect(await reason(token)).toBe("malformed");
    }
  });
});

describe("the header", () => {
  const evil = "https://evil.test/keys";
  const own: [string, unknown][] = [
    ["jku", evil],
    ["x5u", evil],
    ["x5c", ["MIIB"]],
    ["jwk", { kty: "EC", crv: "P-256", x: "AA", y: "AA" }],
    ["b64", false],
    ["zip", "DEF"],
    ["enc", "A256GCM"],
  ];
  test.each(own)("%s", async (name, value) => {
    expect(await reason(rawToken({ alg: "ES256", kid: "curve", [name]: value }, claims))).toBe("malformed");
  });

  test("critical extensions, known to somebody or to nobody, and an empty list of them", async () => {
    expect(await reason(await signed({ header: { crit: ["exp"], exp: 1 } }))).toBe("malformed");
    for (const crit of [["exp"], ["b64"], ["anything"], [], "exp", null]) {
      expect(await reason(rawToken({ alg: "ES256", kid: "curve", crit }, claims))).toBe("malformed");
    }
  });

  test("a token that carries the key that it is signed with", async () => {
    const jwk = await exportJWK(createPublicKey(await exportSPKI(await publicKeyOf(stranger))));
    expect(await reason(await stranger.sign({ header: { jwk } }))).toBe("malformed");
  });

  test("key ids with odd characters, or that are no text", async () => {
    const odd = [
      "",
      "a b",
      "a\n",
      "a\r\nx: y",
      'a"',
      "a'--",
      "a\\",
      "a<b>",
      "a\0",
      "é",
      "a".repeat(257),
      1,
      null,
      ["a"],
      {},
    ];
    for (const kid of odd) {
      expect(await reason(rawToken({ alg: "ES256", kid }, claims))).toBe("malformed");
    }
    for (const kid of ["../../dev/null", "__proto__", "constructor", "https://evil.test/k"]) {
      expect(await reason(rawToken({ alg: "ES256", kid }, claims, "A".repeat(86)))).toBe("signature");
    }
  });
});

describe("the form", () => {
  test("no token at all, and tokens in other forms", async () => {
    const good = await signed({});
    const [header = "", payload] = good.split(".");
    const json = JSON.stringify({ payload, signatures: [{ protected: header, signature: "AAAA" }] });
    for (const token of [
      "",
      ".",
      "..",
      "...",
      "a.b",
      "a.b.c",
      `.${payload}.AAAA`,
      `${header}..AAAA`,
      json,
      "e30.e30.e30.e30",
    ]) {
      expect(["malformed", "signature"]).toContain(await reason(token));
    }
    for (const [head, body] of [
      ["[]", "{}"],
      ["null", "{}"],
      ['"a"', "{}"],
      ['{"alg":"ES256"}', "[]"],
      ['{"alg":"ES256"}', "1"],
      ['{"alg":"ES256"}', "{"],
    ] as const) {
      const encode = (text: string) => Buffer.from(text).toString("base64url");
      expect(await reason(`${encode(head)}.${encode(body)}.AAAA`)).toBe("malformed");
    }
  });

  test("an encrypted token", async () => {
    const key = await importJWK({ kty: "oct", k: Buffer.alloc(32).toString("base64url") }, "dir");
    const jwe = await new CompactEncrypt(Buffer.from(JSON.stringify(claims)))
      .setProtectedHeader({ alg: "dir", enc: "A256GCM" })
      .encrypt(key);
    expect(await reason(jwe)).toBe("malformed");
  });

  test("what is too long, too deep or has too many claims, though well signed", async () => {
    let deep: unknown = "bottom";
    for (let level = 0; level < 20; level++) deep = level % 2 ? [deep] : { deep };
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, nth) => [`c${nth}`, nth]));
    expect(await reason(await signed({ claims: { deep } }))).toBe("malformed");
    expect(await reason(await signed({ claims: many }))).toBe("malformed");
    expect(await reason(await signed({ claims: { roles: Array.from({ length: 300 }, () => "r") } }))).toBe(
      "malformed",
    );
    expect(await reason(await signed({ claims: { text: "x".repeat(8000) } }))).toBe("malformed");
    const bottomless = `${"[".repeat(2500)}${"]".repeat(2500)}`;
    const head = Buffer.from('{"alg":"ES256","kid":"curve"}').toString("base64url");
    expect(await reason(`${head}.${Buffer.from(`{"a":${bottomless}}`).toString("base64url")}.AAAA`)).toBe(
      "malformed",
    );
  });
});

describe("the claims", () => {
  const wrong: [string, Record<string, unknown>, string][] = [
    ["another issuer", { iss: "https://ecotrack.test.evil" }, "claims"],
    ["an issuer in another case", { iss: "https://EcoTrack.test" }, "claims"],
    ["no issuer", { iss: undefined }, "claims"],
    ["an issuer that is a list", { iss: ["https://ecotrack.test"] }, "claims"],
    ["another audience", { aud: "ecotrack-admin" }, "claims"],
    ["audiences without ours", { aud: ["a", "b"] }, "claims"],
    ["no audience", { aud: undefined }, "claims"],
    ["an audience that is an object", { aud: { ecotrack: true } }, "claims"],
    ["no subject", { sub: undefined }, "claims"],
    ["an empty subject", { sub: "" }, "claims"],
    ["a subject that is a number", { sub: 1 }, "claims"],
    ["a subject beyond measure", { sub: "u".repeat(256) }, "claims"],
    ["a session that is an object", { sid: {} }, "claims"],
    ["no time of issue", { iat: undefined }, "claims"],
    ["no end", { exp: undefined }, "claims"],
    ["an end that is text", { exp: "9999999999" }, "claims"],
    ["an end long past", { exp: testTime - 6 }, "expired"],
    ["a beginning to come", { nbf: testTime + 6 }, "not-yet-valid"],
    ["a beginning that is text", { nbf: "0" }, "claims"],
  ];
  test.each(wrong)("%s", async (_name, changed, expected) => {
    expect(await reason(await signed({ claims: changed }))).toBe(expected);
  });

  test("but a difference of clocks within the bound is borne", async () => {
    for (const borne of [{ exp: testTime - 4 }, { nbf: testTime + 4 }, { iat: testTime + 100 }]) {
      expect(await verifier.check(await signed({ claims: borne }))).toMatchObject({ subject: "u1" });
    }
  });
});

const publicKeyOf = async ({ publicJwk }: TestIssuer) => (await importJWK(publicJwk, "ES256")) as CryptoKey;
