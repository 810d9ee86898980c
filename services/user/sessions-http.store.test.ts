import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { decodeJwt } from "jose";
import { eventually } from "#mesh/eventually";
import { testDatabase } from "#mesh/postgres/test-database";
import { goodPassword, migrations, startTestService } from "./test-service.ts";

const database = await testDatabase(migrations);
const service = await startTestService(database);
const replica = await startTestService(database);
const { call } = service;

beforeAll(() => service.seed());
afterAll(async () => {
  await Promise.all([service.close(), replica.close()]);
  await database.close();
});

const newPassword = "difference engine 1822";
const me = async (token: string) => (await replica.call("GET", "/api/users/me", { token })).status;
const gone = (token: string) =>
  eventually(async () => (await me(token)) === 401 || undefined, { withinMs: 1000 });
const change = (token: string, body: object) => call("POST", "/api/users/me/password", { token, body });
const sidOf = (token: string) => String(decodeJwt(token).sid);

describe("changing the password", () => {
  test("ends every other session and leaves this one", async () => {
    const { user, ...here } = await service.register();
    const there = await service.logIn(user.email);
    const answer = await change(here.accessToken, { currentPassword: goodPassword, newPassword });
    expect(answer.status).toBe(204);
    await gone(there.accessToken);
    expect((await call("POST", "/api/auth/refresh", { body: there })).status).not.toBe(200);
    expect(await me(here.accessToken)).toBe(200);
    await service.refresh(here.refreshToken);
    const old = { email: user.email, password: goodPassword };
    expect((await call("POST", "/api/auth/login", { body: old })).status).toBe(401);
    await service.logIn(user.email, newPassword);
  });

  test("takes the present one, a good new one, and not as many guesses as one likes", async () => {
    const { user, accessToken } = await service.register();
    const weak = await change(accessToken, { currentPassword: goodPassword, newPassword: "password123" });
    expect(weak).toMatchObject({ status: 422, body: { errors: [{ pointer: "/newPassword" }] } });
    const wrong = { currentPassword: "wrong", newPassword };
    expect(await change(accessToken, wrong)).toMatchObject({ status: 403, body: { code: "wrong-password" } });
    expect((await change(accessToken, { newPassword })).status).toBe(403);
    expect((await change(accessToken, wrong)).status).toBe(403);
    const late = await change(accessToken, wrong);
    expect(late).toMatchObject({ status: 429, body: { "violated-policies": ["password-check"] } });
    await service.logIn(user.email);
  });

  test("while somebody signs in with the old one leaves no session behind", async () => {
    for (let round = 0; round < 5; round++) {
      const { user, accessToken } = await service.register();
      const body = { email: user.email, password: goodPassword };
      const [changed, signedIn] = await Promise.all([
        change(accessToken, { currentPassword: goodPassword, newPassword }),
        replica.call("POST", "/api/auth/login", { body }),
      ]);
      expect(changed.status).toBe(204);
      if (signedIn.status === 200) await gone(String(signedIn.body.accessToken));
      else expect(signedIn.status).toBe(401);
    }
  });
});

describe("sessions", () => {
  test("are listed with where they began, and ended one by one", async () => {
    const { user, accessToken: token } = await service.register();
    const headers = { "x-forwarded-for": "203.0.113.7", "user-agent": "Phone/1.0" };
    const login = { email: user.email, password: goodPassword };
    const phone = (await call("POST", "/api/auth/login", { body: login, headers })).body
      .accessToken as string;
    const listed = (await call("GET", "/api/sessions", { token })).body.data as Record<string, unknown>[];
    expect(listed).toHaveLength(2);
    expect(listed.find(({ id }) => id === sidOf(token))).toMatchObject({ current: true, application: null });
    expect(listed.find(({ id }) => id === sidOf(phone))).toMatchObject({
      current: false,
      address: "203.0.113.7",
      agent: "Phone/1.0",
      scopes: [],
    });
    const path = `/api/sessions/${sidOf(phone)}`;
    const stranger = (await service.register()).accessToken;
    expect(await call("DELETE", path, { token: stranger })).toMatchObject({
      body: { code: "session-not-found" },
    });
    expect((await call("DELETE", path, { token })).status).toBe(204);
    await gone(phone);
    expect((await call("DELETE", path, { token })).status).toBe(404);
    expect((await call("GET", "/api/sessions", { token })).body.data).toHaveLength(1);
  });

  test("are ended all but one by the person, and all by an admin", async () => {
    const { user, accessToken: token, refreshToken } = await service.register();
    const [second, third] = [await service.logIn(user.email), await service.logIn(user.email)];
    expect((await call("DELETE", "/api/sessions", { token })).status).toBe(204);
    await Promise.all([gone(second.accessToken), gone(third.accessToken)]);
    expect(await me(token)).toBe(200);
    const path = `/api/users/${user.id}/sessions/revoke`;
    expect((await call("POST", path, { token })).status).toBe(403);
    const admin = (await service.logIn("admin@ecotrack.test", "demo password two")).accessToken;
    expect((await call("POST", path, { token: admin })).status).toBe(204);
    await gone(token);
    expect((await call("POST", "/api/auth/refresh", { body: { refreshToken } })).status).toBe(401);
    const nobody = `/api/users/${crypto.randomUUID()}/sessions/revoke`;
    expect((await call("POST", nobody, { token: admin })).status).toBe(404);
    await service.logIn(user.email);
  });
});
