import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { testDatabase } from "#mesh/postgres/test-database";
import { goodPassword, migrations, newEmail, startTestService } from "./test-service.ts";

const database = await testDatabase(migrations);
const service = await startTestService(database);
const { call } = service;
const good = { password: goodPassword, firstName: "Ada", lastName: "Lovelace" };
const countUsers = async () => {
  const [row] = await database.sql<{ count: number }[]>`select count(*) as count from users`;
  return row?.count;
};

beforeAll(() => service.seed());
afterAll(async () => {
  await service.close();
  await database.close();
});

describe("registering", () => {
  test("makes an account, a session and an event", async () => {
    const email = newEmail();
    const { user, accessToken, expiresIn } = await service.register(email.toUpperCase());
    expect(user).toMatchObject({ email, firstName: "Ada", lastName: "Lovelace", roles: ["customer"] });
    expect(expiresIn).toBe(900);
    expect(await call("GET", "/api/users/me", { token: accessToken })).toMatchObject({
      status: 200,
      body: user,
    });
    expect(await service.events(user.id)).toMatchObject([
      {
        type: "ecotrack.user.registered.v1",
        data: { userId: user.id, email, firstName: "Ada", lastName: "Lovelace" },
      },
    ]);
    const [row] = await database.sql`select password_hash from users where id = ${user.id}`;
    expect(row?.password_hash).toStartWith("$argon2id$v=19$m=19456,t=2,p=1$");
  });

  test("twice with one address, in whatever case, is refused and makes nothing", async () => {
    const email = newEmail();
    const { user } = await service.register(email);
    const body = { ...good, email: email.toUpperCase() };
    const answer = await call("POST", "/api/auth/register", { body });
    expect(answer).toMatchObject({ status: 409, body: { code: "email-taken" } });
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(await service.events(user.id)).toHaveLength(1);
  });

  test("at the same instant with one address succeeds once", async () => {
    const body = { ...good, email: newEmail() };
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => call("POST", "/api/auth/register", { body })),
    );
    expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([201, 409, 409, 409]);
  });

  const valid = { ...good, email: "new@example.test" };
  test.each<[string, unknown, number, string, Record<string, string>?]>([
    ["no JSON", "{", 400, "malformed-request"],
    ["no body", "", 422, "validation-failed"],
    ["bytes that are no UTF-8", new Blob([new Uint8Array([0x7b, 0xff, 0x7d])]), 400, "malformed-request"],
    ["another type", "a=b", 415, "unsupported-media-type", { "content-type": "text/plain" }],
    ["a body that is too large", JSON.stringify({ a: "x".repeat(300_000) }), 413, "body-too-large"],
    ["null", "null", 422, "validation-failed"],
    ["a list", [], 422, "validation-failed"],
    ["a field missing", { ...good }, 422, "validation-failed"],
    ["a wrong type", { ...valid, firstName: 1 }, 422, "validation-failed"],
    ["an unknown field", { ...valid, roles: ["admin"] }, 422, "validation-failed"],
    ["a __proto__", '{"__proto__":{"roles":["admin"]},"email":"new@example.test"}', 422, "validation-failed"],
    ["a bad address", { ...valid, email: "new@" }, 422, "validation-failed"],
    ["a weak password", { ...valid, password: "password123" }, 422, "validation-failed"],
    ["NUL in a name", { ...valid, lastName: "a\u0000b" }, 422, "validation-failed"],
    ["half a surrogate pair", { ...valid, lastName: "a\ud800" }, 422, "validation-failed"],
    ["a very long name", { ...valid, lastName: "x".repeat(2000) }, 422, "validation-failed"],
  ])("with %s is refused and makes nothing", async (_, body, status, code, headers = {}) => {
    const before = await countUsers();
    const answer = await call("POST", "/api/auth/register", { body, headers });
    expect(answer).toMatchObject({ status, body: { status, code, instance: "/api/auth/register" } });
    expect(await countUsers()).toBe(before);
  });
});

describe("signing in", () => {
  test("gives a session and tells it", async () => {
    const { user } = await service.register();
    const { accessToken, ...rest } = await service.logIn(user.email.toUpperCase());
    expect(rest).toMatchObject({ user, tokenType: "Bearer", expiresIn: 900 });
    expect((await call("GET", "/api/users/me", { token: accessToken })).status).toBe(200);
    const events = await service.events(user.id);
    expect(events.map(({ type }) => type)).toEqual([
      "ecotrack.user.registered.v1",
      "ecotrack.user.logged-in.v1",
    ]);
  });

  test("is refused alike for a wrong password, an unknown address and what is no address", async () => {
    const { user } = await service.register();
    const answers = [];
    for (const email of [user.email, newEmail(), "nobody", "a@@example.test"]) {
      const { status, body } = await call("POST", "/api/auth/login", { body: { email, password: "wrong" } });
      answers.push({ status, body: { ...body, traceId: "" } });
    }
    expect(answers[0]).toMatchObject({ status: 401, body: { code: "invalid-credentials" } });
    for (const answer of answers) expect(answer).toEqual(answers[0] ?? answer);
  });

  test("does as much for an unknown address as for a wrong password", async () => {
    const { user } = await service.register();
    const spent = { known: [] as number[], unknown: [] as number[] };
    for (let round = 0; round < 15; round++) {
      for (const [kind, email] of [
        ["known", user.email],
        ["unknown", newEmail()],
      ] as const) {
        // What the processor did, in all threads: what the clock says depends on who else wants it.
        const before = process.cpuUsage();
        await call("POST", "/api/auth/login", { body: { email, password: "not the password" } });
        const { user: own, system } = process.cpuUsage(before);
        spent[kind].push(own + system);
      }
    }
    const median = (times: number[]) => times.toSorted((a, b) => a - b)[7] ?? 0;
    // Without the work of hashing it would be a tenth.
    expect(median(spent.unknown)).toBeGreaterThan(median(spent.known) / 2);
    expect(median(spent.unknown)).toBeLessThan(median(spent.known) * 2);
  });

  test("replaces a hash that was made with other parameters", async () => {
    const { user } = await service.register();
    const { hash } = await import("@node-rs/argon2");
    const old = await hash(goodPassword, { memoryCost: 8192, timeCost: 1, parallelism: 1 });
    await database.sql`update users set password_hash = ${old} where id = ${user.id}`;
    await service.logIn(user.email);
    const [row] = await database.sql`select password_hash from users where id = ${user.id}`;
    expect(row?.password_hash).toStartWith("$argon2id$v=19$m=19456,t=2,p=1$");
    await service.logIn(user.email);
  });
});

describe("an account", () => {
  test("is seen by its owner and by an admin, and is nowhere for anybody else", async () => {
    const [owner, other] = [await service.register(), await service.register()];
    const admin = await service.logIn("admin@ecotrack.test", "demo password two");
    const path = `/api/users/${owner.user.id}`;
    expect(await call("GET", path, { token: owner.accessToken })).toMatchObject({
      status: 200,
      body: owner.user,
    });
    expect((await call("GET", path, { token: admin.accessToken })).status).toBe(200);
    const hidden = await call("GET", path, { token: other.accessToken });
    const missing = await call("GET", `/api/users/${crypto.randomUUID()}`, { token: other.accessToken });
    expect(hidden).toMatchObject({ status: 404, body: { code: "user-not-found" } });
    expect({ ...hidden.body, instance: "", traceId: "" }).toEqual({
      ...missing.body,
      instance: "",
      traceId: "",
    });
    const nonsense = await call("GET", "/api/users/1%27--", { token: admin.accessToken });
    expect(nonsense).toMatchObject({ status: 422, body: { code: "validation-failed" } });
    expect((await call("GET", path)).status).toBe(401);
  });

  test("is changed in what was sent, and told", async () => {
    const { user, accessToken: token } = await service.register();
    const body = { firstName: "Augusta", bio: "Numbers.", preferences: { locale: "en-GB" } };
    const answer = await call("PATCH", "/api/users/me", { token, body });
    expect(answer).toMatchObject({ status: 200, body: { ...user, ...body, updatedAt: expect.any(String) } });
    expect((await call("GET", "/api/users/me", { token })).body).toEqual(answer.body);
    expect((await service.events(user.id)).at(-1)).toMatchObject({
      type: "ecotrack.user.updated.v1",
      data: { userId: user.id, email: user.email, firstName: "Augusta", lastName: "Lovelace" },
    });
    await call("PATCH", "/api/users/me", { token, body });
    expect(await service.events(user.id)).toHaveLength(2);
  });

  test.each([
    ["roles", { roles: ["admin"] }],
    ["an email address", { email: "else@example.test" }],
    ["another preference", { preferences: { colour: "red" } }],
    ["a wrong type", { bio: null }],
    ["an empty name", { firstName: " " }],
    ["a language that is none", { preferences: { locale: "\u0000" } }],
  ])("is not changed by %s", async (_, body) => {
    const { user, accessToken: token } = await service.register();
    const answer = await call("PATCH", "/api/users/me", { token, body });
    expect(answer).toMatchObject({ status: 422, body: { code: "validation-failed" } });
    expect((await call("GET", "/api/users/me", { token })).body).toEqual(user);
  });

  test("is erased with all its sessions, and told", async () => {
    const { user, ...one } = await service.register();
    const two = await service.logIn(user.email);
    expect((await call("DELETE", "/api/users/me", { token: one.accessToken })).status).toBe(204);
    for (const { accessToken, refreshToken } of [one, two]) {
      expect((await call("GET", "/api/users/me", { token: accessToken })).status).toBe(401);
      expect((await call("POST", "/api/auth/refresh", { body: { refreshToken } })).status).toBe(401);
    }
    expect(await database.sql`select from users where id = ${user.id}`).toHaveLength(0);
    expect((await service.events(user.id)).at(-1)).toMatchObject({
      type: "ecotrack.user.deleted.v1",
      data: { userId: user.id },
    });
    const again = { email: user.email, password: goodPassword };
    expect((await call("POST", "/api/auth/login", { body: again })).status).toBe(401);
  });
});

test("seeding makes one customer and one admin with their events, and twice changes nothing", async () => {
  const snapshot = async () => ({
    users: await database.sql`select * from users where email like '%@ecotrack.test' order by id`,
    events: (await service.events()).filter(({ type }) => type === "ecotrack.user.registered.v1"),
  });
  const before = await snapshot();
  await service.seed();
  expect(await snapshot()).toEqual(before);
  expect(before.users.map(({ email, roles }) => ({ email, roles }))).toEqual([
    { email: "demo@ecotrack.test", roles: ["customer"] },
    { email: "admin@ecotrack.test", roles: ["customer", "admin"] },
  ]);
  for (const { id, email } of before.users) {
    const told = before.events.filter(({ subject }) => subject === id);
    expect(told).toMatchObject([{ data: { email } }]);
  }
  await service.logIn("demo@ecotrack.test", "demo password one");
});

test("metrics count registrations by source, sign-ins by success, and active users", async () => {
  const text = await service.metrics.text();
  expect(text).toMatch(/user_registrations_total\{.*registration_type="password",source="api".*\} \d+/);
  expect(text).toMatch(/user_registrations_total\{.*registration_type="password",source="seed".*\} 2/);
  expect(text).toMatch(/user_login_duration_seconds_count\{.*success="true".*\} \d+/);
  expect(text).toMatch(/user_login_duration_seconds_count\{.*success="false".*\} \d+/);
  expect(text).toMatch(/active_users\{.*\} [1-9]\d*/);
});

test("nothing secret stands in the log, and nothing failed", async () => {
  const log = service.logLines.join("");
  for (const secret of [goodPassword, "demo password", "ert_", "$argon2id", "eyJ"]) {
    expect(log).not.toContain(secret);
  }
  expect(log).not.toContain('"level":"error"');
});
