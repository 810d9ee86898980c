import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { decodeJwt } from "jose";
import { eventually } from "#mesh/eventually";
import { looksLikeApiKey } from "#mesh/identity/api-key-format";
import { testDatabase } from "#mesh/postgres/test-database";
import { migrations, type Session, startTestService } from "../test-service.ts";
import { maxKeysPerOwner } from "./manage-api-keys.ts";

const database = await testDatabase(migrations);
const service = await startTestService(database);
const { call } = service;
let owner: Session;
let gatewayToken: string;

interface Key {
  readonly id: string;
  readonly key: string;
  readonly lastFour: string;
}
const body = { name: "Nightly export", scopes: ["orders:read", "profile"] };
const make = async (change: object = {}, { accessToken: token } = owner) => {
  const answer = await call("POST", "/api/keys", { token, body: { ...body, ...change } });
  expect(answer).toMatchObject({ status: 201 });
  return answer.body as unknown as Key;
};
const exchange = (key: string, token = gatewayToken) =>
  call("POST", "/internal/api-keys/exchange", { token, body: { key } });
const list = async ({ accessToken: token } = owner) =>
  (await call("GET", "/api/keys", { token })).body.data as Record<string, unknown>[];
const refused = { status: 401, body: { code: "invalid-api-key" } };

beforeAll(async () => {
  await service.seed();
  owner = await service.register();
  gatewayToken = await service.gatewayToken();
});
afterAll(async () => {
  await service.close();
  await database.close();
});

test("a key is told once, kept as a hash, and listed by what it begins and ends with", async () => {
  const made = await make({ expiresInDays: 30 });
  expect(looksLikeApiKey(made.key)).toBe(true);
  const [listed] = await list();
  expect(listed).toMatchObject({
    id: made.id,
    name: "Nightly export",
    prefix: "eco_live_",
    lastFour: made.key.slice(-4),
    scopes: ["orders:read", "profile"],
    tier: "",
    lastUsedAt: null,
  });
  expect(Date.parse(String(listed?.expiresAt)) - Date.parse(String(listed?.createdAt))).toBe(30 * 86_400_000);
  expect(JSON.stringify(await database.sql`select * from api_keys`)).not.toContain(made.key.slice(9));
});

describe("exchanging a key", () => {
  test("gives the gateway a token that is limited to the key, and notes the use", async () => {
    const made = await make();
    const answer = await exchange(made.key);
    expect(answer).toMatchObject({ status: 200, body: { expiresIn: 300 } });
    const token = String(answer.body.accessToken);
    expect(decodeJwt(token)).toMatchObject({
      sub: owner.user.id,
      sid: made.id,
      client_id: made.id,
      scope: "orders:read profile",
      roles: ["customer"],
    });
    expect((await call("GET", "/api/users/me", { token })).status).toBe(200);
    expect((await call("POST", "/api/keys", { token, body })).status).toBe(403);
    const used = await eventually(
      async () => (await list()).find(({ id }) => id === made.id)?.lastUsedAt as string,
    );
    await exchange(made.key);
    expect((await list()).find(({ id }) => id === made.id)?.lastUsedAt).toBe(used);
  });

  test("is for the gateway only", async () => {
    const { key } = await make();
    expect((await exchange(key, owner.accessToken)).status).toBe(403);
    expect((await call("POST", "/internal/api-keys/exchange", { body: { key } })).status).toBe(401);
  });

  test.each(["", "nonsense", `eco_live_${"0".repeat(38)}`, "eco_live_'; drop table users; --"])(
    "with %j is refused",
    async (key) => expect(await exchange(key)).toMatchObject(refused),
  );

  test("never outlives the key", async () => {
    const made = await make({ expiresInDays: 1 });
    service.clock.offsetMs = 86_400_000 - 100_000;
    const { expiresIn } = (await exchange(made.key)).body;
    expect(Number(expiresIn)).toBeLessThanOrEqual(100);
    service.clock.offsetMs = 86_400_000;
    expect(await exchange(made.key)).toMatchObject(refused);
    service.clock.offsetMs = 0;
  });
});

test("a deleted key ends within a second, its token too", async () => {
  const made = await make();
  const token = String((await exchange(made.key)).body.accessToken);
  const path = `/api/keys/${made.id}`;
  const stranger = await service.register();
  expect((await call("DELETE", path, { token: stranger.accessToken })).status).toBe(404);
  expect((await call("DELETE", path, { token: owner.accessToken })).status).toBe(204);
  expect(await exchange(made.key)).toMatchObject(refused);
  const status = async () => (await call("GET", "/api/users/me", { token })).status;
  await eventually(async () => (await status()) === 401 || undefined, { withinMs: 1000 });
});

test("a rotated key leaves the old one good for a day, or ends it at once", async () => {
  const first = await make({ expiresInDays: 90 });
  const rotate = async (id: string, sent?: object) =>
    (await call("POST", `/api/keys/${id}/rotate`, { token: owner.accessToken, body: sent }))
      .body as unknown as Key;
  const second = await rotate(first.id);
  expect(second.id).not.toBe(first.id);
  expect([(await exchange(first.key)).status, (await exchange(second.key)).status]).toEqual([200, 200]);
  service.clock.offsetMs = 25 * 3600_000;
  expect([(await exchange(first.key)).status, (await exchange(second.key)).status]).toEqual([401, 200]);
  service.clock.offsetMs = 0;
  const third = await rotate(second.id, { oldValidHours: 0 });
  expect([(await exchange(second.key)).status, (await exchange(third.key)).status]).toEqual([401, 200]);
});

test("only an admin's key reaches what is for admins, and only with a scope that says so", async () => {
  const sent = { ...body, scopes: ["products:write"] };
  const answer = await call("POST", "/api/keys", { token: owner.accessToken, body: sent });
  expect(answer).toMatchObject({ status: 422, body: { errors: [{ pointer: "/scopes/0" }] } });
  const admin = await service.logIn("admin@ecotrack.test", "demo password two");
  const rolesOf = async (scopes: string[]) => {
    const { key } = await make({ scopes }, admin);
    return decodeJwt(String((await exchange(key)).body.accessToken)).roles;
  };
  expect(await rolesOf(["products:write"])).toEqual(["customer", "admin"]);
  expect(await rolesOf(["orders:read"])).toEqual(["customer"]);
});

test("a key has the tier of its owner, which only an admin sets", async () => {
  const person = await service.register();
  const { key } = await make({}, person);
  const path = `/api/users/${person.user.id}/tier`;
  const tier = { tier: "pro" };
  expect((await call("PUT", path, { token: person.accessToken, body: tier })).status).toBe(403);
  const { accessToken: token } = await service.logIn("admin@ecotrack.test", "demo password two");
  expect(await call("PUT", path, { token, body: tier })).toMatchObject({ status: 200, body: tier });
  expect(decodeJwt(String((await exchange(key)).body.accessToken))).toMatchObject(tier);
  expect(await list(person)).toMatchObject([tier]);
  expect(decodeJwt((await service.refresh(person.refreshToken)).accessToken)).toMatchObject(tier);
  const unknown = await call("PUT", path, { token, body: { tier: "prro" } });
  expect(unknown).toMatchObject({ status: 422, body: { errors: [{ pointer: "/tier" }] } });
  expect(await list(person)).toMatchObject([tier]);
  expect(await call("PUT", path, { token, body: { tier: "" } })).toMatchObject({ status: 200 });
});

test("a person has so many keys and no more, at one instant too", async () => {
  const person = await service.register();
  const wanted = Array.from({ length: maxKeysPerOwner + 3 }, () =>
    call("POST", "/api/keys", { token: person.accessToken, body }),
  );
  const statuses = (await Promise.all(wanted)).map(({ status }) => status);
  expect(statuses.filter((status) => status === 201)).toHaveLength(maxKeysPerOwner);
  expect(statuses.filter((status) => status === 409)).toHaveLength(3);
});

test("who erases the account ends its keys and clients", async () => {
  const person = await service.register();
  const { key } = await make({}, person);
  const token = String((await exchange(key)).body.accessToken);
  expect((await call("DELETE", "/api/users/me", { token: person.accessToken })).status).toBe(204);
  expect(await exchange(key)).toMatchObject(refused);
  const status = async () => (await call("GET", "/api/users/me", { token })).status;
  await eventually(async () => (await status()) === 401 || undefined, { withinMs: 1000 });
});

test("the log holds no key", () => {
  const log = service.logLines.join("");
  expect(log).not.toContain("eco_live_");
  expect(log).toContain("api-key-made");
});
