import { afterAll, describe, expect, test } from "bun:test";
import { eventually } from "#mesh/eventually";
import { openRevocations } from "#mesh/identity/revocations";
import { testDatabase } from "#mesh/postgres/test-database";
import { uuidV7 } from "#mesh/uuid-v7";
import { createLog } from "#observability/log";
import { newRefreshToken, readRefreshToken } from "./refresh-token.ts";
import { createSessionStore, sessionLifetimeMs } from "./session-store.ts";
import { goodPassword, migrations, newEmail, openTestRedis, startTestService } from "./test-service.ts";

const database = await testDatabase(migrations);
const service = await startTestService(database);
const replica = await startTestService(database);
const { call } = service;
const refused = { status: 401, body: { code: "invalid-refresh-token" } };
const refreshing = (refreshToken: string, at = service) =>
  at.call("POST", "/api/auth/refresh", { body: { refreshToken } });
const me = (token: string, at = service) => at.call("GET", "/api/users/me", { token });
/** Resolves when the token is refused; a second is what the contract allows. */
const ended = (token: string, at = service) =>
  eventually(async () => (await me(token, at)).status === 401 || undefined, { withinMs: 1000, everyMs: 2 });
const sessionOf = (accessToken: string): string => {
  const claims = JSON.parse(Buffer.from(accessToken.split(".")[1] ?? "", "base64url").toString());
  return String(claims.sid);
};

afterAll(async () => {
  await Promise.all([service.close(), replica.close()]);
  await database.close();
});

describe("refreshing", () => {
  test("gives a new pair of the same session, on any replica", async () => {
    const first = await service.register();
    const second = await replica.refresh(first.refreshToken);
    const third = await service.refresh(second.refreshToken);
    expect(new Set([first, second, third].map(({ refreshToken }) => refreshToken)).size).toBe(3);
    expect(sessionOf(third.accessToken)).toBe(sessionOf(first.accessToken));
    expect((await me(third.accessToken)).status).toBe(200);
  });

  test("with a used token ends the whole session, on every replica", async () => {
    const first = await service.register();
    const second = await service.refresh(first.refreshToken);
    const third = await service.refresh(second.refreshToken);
    expect(await refreshing(first.refreshToken)).toMatchObject(refused);
    expect(await refreshing(third.refreshToken)).toMatchObject(refused);
    await ended(third.accessToken, replica);
    expect((await me(first.accessToken)).status).toBe(401);
  });

  test("with one token twice at the same instant succeeds once, and leaves no session", async () => {
    for (let round = 0; round < 10; round++) {
      const { refreshToken } = await service.register();
      const answers = await Promise.all([refreshing(refreshToken), refreshing(refreshToken, replica)]);
      expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([200, 401]);
      const winner = answers.find(({ status }) => status === 200);
      expect(await refreshing(String(winner?.body.refreshToken))).toMatchObject(refused);
      await ended(String(winner?.body.accessToken));
    }
  });

  test("leaves the other sessions of the person alone when one ends", async () => {
    const { user, ...phone } = await service.register();
    const laptop = await service.logIn(user.email);
    await service.refresh(phone.refreshToken);
    await refreshing(phone.refreshToken);
    expect((await service.refresh(laptop.refreshToken)).user).toEqual(user);
  });

  test("with an invented token of a known session is refused and ends nothing", async () => {
    const { accessToken, refreshToken } = await service.register();
    const session = Buffer.from(sessionOf(accessToken).replaceAll("-", ""), "hex");
    const invented = `ert_${Buffer.concat([session, Buffer.alloc(48, 1)]).toString("base64url")}`;
    expect(await refreshing(invented)).toMatchObject(refused);
    await service.refresh(refreshToken);
  });

  test.each(["", "ert_x", `ert_${"A".repeat(86)}`, "a b"])("with %j is refused", async (token) => {
    expect(await refreshing(token)).toMatchObject(refused);
  });

  test("keeps no token, only hashes, and nothing for longer than 30 days", async () => {
    const { user, accessToken, refreshToken } = await service.register();
    const key = `session:${sessionOf(accessToken)}`;
    const kept = await service.redis.hgetall(key);
    expect(kept.user).toBe(user.id);
    const secrets = Buffer.from(refreshToken.slice(4), "base64url");
    for (const secret of [secrets.subarray(16, 32), secrets.subarray(32)]) {
      expect(JSON.stringify(kept)).not.toContain(secret.toString("base64url"));
    }
    const left = await service.redis.pttl(key);
    expect(left).toBeGreaterThan(sessionLifetimeMs - 60_000);
    expect(left).toBeLessThanOrEqual(sessionLifetimeMs);
    await service.refresh(refreshToken);
    expect(await service.redis.pttl(key)).toBeLessThanOrEqual(left);
  });
});

describe("signing out", () => {
  test("has the access token refused everywhere within a second, and tells it", async () => {
    const redis = await openTestRedis();
    const elsewhere = await openRevocations({ redis, log: createLog({ service: "test", level: "fatal" }) });
    const { user, accessToken, refreshToken } = await service.register();
    const sessionId = sessionOf(accessToken);
    expect((await me(accessToken, replica)).status).toBe(200);
    const answer = await call("POST", "/api/auth/logout", { token: accessToken });
    const endedAt = performance.now();
    expect(answer.status).toBe(204);
    await eventually(() => elsewhere.isRevoked(sessionId) || undefined, { withinMs: 1000, everyMs: 2 });
    await ended(accessToken, replica);
    expect(performance.now() - endedAt).toBeLessThan(1000);
    expect((await me(accessToken)).status).toBe(401);
    expect(await refreshing(refreshToken)).toMatchObject(refused);
    expect((await service.events(user.id)).at(-1)).toMatchObject({
      type: "ecotrack.user.logged-out.v1",
      data: { userId: user.id, sessionId },
    });
    const later = await openRevocations({ redis, log: createLog({ service: "test", level: "fatal" }) });
    expect(later.isRevoked(sessionId)).toBe(true);
    await Promise.all([elsewhere.close(), later.close()]);
    redis.disconnect();
  });

  test("needs somebody who is signed in", async () => {
    expect(await call("POST", "/api/auth/logout")).toMatchObject({
      status: 401,
      body: { code: "unauthorized" },
    });
  });
});

test("a session beyond the most that a person may have ends the oldest", async () => {
  const { redis, revocations } = service;
  const sessions = createSessionStore({ redis, revocations, now: () => new Date(), maxSessionsPerUser: 2 });
  const userId = uuidV7();
  const ids = [uuidV7(), uuidV7(), uuidV7()];
  for (const id of ids) {
    const hashes = readRefreshToken(newRefreshToken(id));
    if (hashes) await sessions.start(userId, hashes);
    // The order is by milliseconds.
    const started = Date.now();
    await eventually(() => Date.now() > started || undefined, { everyMs: 1 });
  }
  const owners = await Promise.all(ids.map(async (id) => (await sessions.find(id))?.userId));
  expect(owners).toEqual([undefined, userId, userId]);
  expect(ids.map((id) => revocations.isRevoked(id))).toEqual([true, false, false]);
});

test("without Redis nobody gets a session, and whoever has one keeps it", async () => {
  const lonely = await startTestService(database);
  const { user, accessToken, refreshToken } = await lonely.register();
  lonely.redis.disconnect();
  const unavailable = { status: 503, body: { code: "unavailable" } };
  const email = newEmail();
  const person = { firstName: "Ada", lastName: "Lovelace", password: goodPassword };
  expect(await lonely.call("POST", "/api/auth/register", { body: { ...person, email } })).toMatchObject(
    unavailable,
  );
  expect(await database.sql`select from users where email = ${email}`).toHaveLength(0);
  const credentials = { email: user.email, password: goodPassword };
  expect(await lonely.call("POST", "/api/auth/login", { body: credentials })).toMatchObject(unavailable);
  expect(await refreshing(refreshToken, lonely)).toMatchObject(unavailable);
  expect(await lonely.call("POST", "/api/auth/logout", { token: accessToken })).toMatchObject(unavailable);
  expect(await lonely.events(user.id)).toHaveLength(1);
  expect(await me(accessToken, replica)).toMatchObject({ status: 200, body: user });
  await lonely.redis.connect();
  await lonely.refresh(refreshToken);
  await lonely.close();
});
