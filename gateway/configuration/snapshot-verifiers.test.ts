import { afterAll, expect, test } from "bun:test";
import { createTestIssuer } from "#mesh/identity/test-issuer";
import { listen } from "#mesh/listen";
import { createLog } from "#observability/log";
import { keepVerifiers } from "./snapshot-verifiers.ts";

const signer = await createTestIssuer();
let away = false;
let fetches = 0;
const issuer = listen({
  port: 0,
  hostname: "127.0.0.1",
  fetch: () => {
    fetches += 1;
    return away ? new Response(null, { status: 503 }) : Response.json({ keys: [signer.publicJwk] });
  },
});
afterAll(() => issuer.stop(0));

const spec = {
  issuer: "https://ecotrack.test",
  jwks: `http://127.0.0.1:${issuer.port}/jwks.json`,
  audience: "ecotrack",
  algorithms: ["ES256"] as "ES256"[],
  clockSkewSeconds: 5,
  requiredClaims: [],
  withoutScope: "none" as const,
  headers: {},
};
const now = Math.floor(Date.now() / 1000);
const token = () => signer.sign({ claims: { iat: now, exp: now + 900 } });

test("other rules for an issuer that is away keep its last good keys; an unchanged one keeps its tokens too", async () => {
  const prepare = keepVerifiers({
    isRevoked: () => false,
    log: createLog({ service: "test", level: "silent" }),
  });
  const first = prepare({ ecotrack: spec });
  first.commit();
  const known = await token();
  await first.value.verify(known);
  away = true;
  const same = prepare({ ecotrack: { ...spec } });
  same.commit();
  expect(same.value.recall(known)).toMatchObject({ issuerName: "ecotrack" });
  const other = prepare({ ecotrack: { ...spec, requiredClaims: ["sid"] } });
  other.commit();
  expect(other.value.recall(known)).toBeUndefined();
  expect(await other.value.check(await token())).toMatchObject({ subject: "u1" });
  expect(fetches).toBe(1);
  prepare({}).commit();
});

test("what an abandoned file opened is closed, and what runs is untouched", async () => {
  away = false;
  const prepare = keepVerifiers({
    isRevoked: () => false,
    log: createLog({ service: "test", level: "silent" }),
  });
  const first = prepare({ ecotrack: spec });
  first.commit();
  prepare({
    ecotrack: { ...spec, audience: "other" },
    partner: { ...spec, issuer: "https://p.test" },
  }).abandon();
  expect(await first.value.check(await token())).toMatchObject({ subject: "u1" });
  prepare({}).commit();
});
