import { afterAll, describe, expect, test } from "bun:test";
import { decodeJwt, decodeProtectedHeader, generateKeyPair, SignJWT } from "jose";
import { testDatabase } from "#mesh/postgres/test-database";
import { uuidV7 } from "#mesh/uuid-v7";
import { createLog } from "#observability/log";
import { openKeyRing } from "./key-ring.ts";
import { openKeyVault } from "./key-vault.ts";
import { keySchedule } from "./signing-keys.ts";
import { migrations, startTestService } from "./test-service.ts";

const database = await testDatabase(migrations);
const service = await startTestService(database);
const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const me = (token: string) => service.call("GET", "/api/users/me", { token });

afterAll(async () => {
  await service.close();
  await database.close();
});

describe("the key set", () => {
  test("shows public halves only, for anybody, to be kept five minutes", async () => {
    const { status, headers, body } = await service.call("GET", "/.well-known/jwks.json");
    expect(status).toBe(200);
    expect(headers.get("cache-control")).toBe("public, max-age=300");
    const [key] = body.keys as Record<string, unknown>[];
    expect(Object.keys(key ?? {}).sort()).toEqual(["alg", "crv", "kid", "kty", "use", "x", "y"]);
  });

  test("is kept with its private halves sealed", async () => {
    const [row] = await database.sql`select kid, private_key from signing_keys`;
    expect(Buffer.from(row?.private_key).includes('"d"')).toBe(false);
    const vault = await openKeyVault(Buffer.alloc(32, 7).toString("base64"));
    expect(JSON.parse(await vault.open(row?.kid, row?.private_key))).toHaveProperty("d");
    const misplaced = await vault.open("user/other", row?.private_key).catch(String);
    expect(misplaced).toContain("does not open");
  });

  test("cannot be opened with another KEY_ENCRYPTION_KEY, and that says so", async () => {
    const wrong = Buffer.alloc(32, 8).toString("base64");
    const started = await startTestService(database, { keyEncryptionKey: wrong }).catch(String);
    expect(started).toMatch(/KEY_ENCRYPTION_KEY does not open the signing key user\//);
  });
});

describe("key rings of several processes", () => {
  const log = createLog({ service: "test", level: "fatal" });
  const hour = 3600_000;
  const schedule = keySchedule(24);

  test("that start at once make one key, and take over, publish and destroy the next ones together", async () => {
    const own = await testDatabase(migrations);
    const vault = await openKeyVault(Buffer.alloc(32, 1).toString("base64"));
    const clock = { now: Date.parse("2026-03-01T00:00:00Z") };
    const { sql, transaction } = own;
    const options = { sql, transaction, vault, schedule, log, newId: uuidV7, now: () => new Date(clock.now) };
    const rings = await Promise.all(Array.from({ length: 4 }, () => openKeyRing(options)));
    const [one, ...others] = rings;
    if (!one) throw new Error("There is no ring");
    const seen = async (at: number) => {
      clock.now = Date.parse("2026-03-01T00:00:00Z") + at;
      await Promise.all(rings.map((ring) => ring.refresh()));
      for (const other of others) expect(other.published()).toEqual(one.published());
      const published = one.published().keys.map(({ kid }) => kid);
      for (const other of others) expect(other.signing().kid).toBe(one.signing().kid);
      return { signing: one.signing().kid, published };
    };
    const start = await seen(0);
    expect(start.published).toEqual([start.signing]);
    const ahead = await seen(23 * hour);
    expect(ahead.signing).toBe(start.signing);
    expect(ahead.published).toHaveLength(2);
    const after = await seen(24 * hour);
    expect(after.signing).toBe(ahead.published[1] ?? "");
    expect(after.published).toEqual(ahead.published);
    const over = await seen(24 * hour + 21 * 60_000);
    expect(over.published).toEqual([after.signing]);
    const stored = await sql<{ kid: string }[]>`select kid from signing_keys`;
    expect(stored.map(({ kid }) => kid)).toEqual([after.signing]);
    for (const ring of rings) ring.close();
    await own.close();
  });
});

describe("an access token", () => {
  const refused = { status: 401, body: { code: "unauthorized" } };

  test("says who, which session, which roles, for whom and until when", async () => {
    const { user, accessToken } = await service.register();
    expect(decodeProtectedHeader(accessToken)).toMatchObject({ alg: "ES256", typ: "at+jwt" });
    const claims = decodeJwt(accessToken);
    expect(claims).toMatchObject({
      iss: "https://ecotrack.test",
      aud: "ecotrack",
      sub: user.id,
      roles: ["customer"],
    });
    expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(900);
  });

  test("is refused when it has expired", async () => {
    service.clock.offsetMs = -3600_000;
    const { accessToken } = await service.register();
    service.clock.offsetMs = 0;
    expect(await me(accessToken)).toMatchObject(refused);
  });

  test("is refused when it is for another audience or of another issuer", async () => {
    for (const other of [{ audience: "elsewhere" }, { issuer: "https://evil.test" }]) {
      const replica = await startTestService(database, other);
      const { accessToken } = await replica.register();
      await replica.close();
      const answer = await me(accessToken);
      expect(answer).toMatchObject(refused);
      expect(answer.headers.get("www-authenticate")).toContain('error="invalid_token"');
    }
  });

  test("is refused unsigned, signed by another key, signed with the public key, or changed", async () => {
    const { user, accessToken } = await service.register();
    const { kid } = decodeProtectedHeader(accessToken);
    const [header = "", payload = "", signature = ""] = accessToken.split(".");
    const claims = { ...decodeJwt(accessToken), roles: ["admin"] };
    const { privateKey } = await generateKeyPair("ES256");
    const sign = (alg: string, key: CryptoKey | Uint8Array) =>
      new SignJWT(claims).setProtectedHeader({ alg, kid: kid ?? "" }).sign(key);
    const jwks = await (await fetch(`${service.url}/.well-known/jwks.json`)).text();
    const forged = [
      `${base64url({ alg: "none", typ: "at+jwt", kid })}.${base64url(claims)}.`,
      `${base64url({ alg: "none" })}.${payload}.${signature}`,
      `${header}.${base64url(claims)}.${signature}`,
      await sign("ES256", privateKey),
      await sign("HS256", new TextEncoder().encode(jwks)),
      `${accessToken}.${signature}`,
      "x".repeat(9000),
      "a.b.c",
    ];
    for (const token of forged) expect(await me(token)).toMatchObject(refused);
    expect(await me(accessToken)).toMatchObject({ status: 200, body: { id: user.id } });
  });
});
