import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { decodeJwt } from "jose";
import { eventually } from "#mesh/eventually";
import { testDatabase } from "#mesh/postgres/test-database";
import { migrations, startTestService } from "../test-service.ts";
import { createTestBrowser } from "./test-browser.ts";
import { back, openConsentScene, redirectUri, type TestClient } from "./test-consent.ts";

const database = await testDatabase(migrations);
const service = await startTestService(database);
const { call, submit } = service;
const { client, register, path, signIn, codeFor, exchange, refresh } = await openConsentScene(service);
let app: TestClient;

beforeAll(async () => {
  const redirectUris = ["http://127.0.0.1/done", "https://app.test/mobile"];
  app = await register({ name: "Phone", kind: "public", redirectUris, scopes: ["profile"] });
});
afterAll(async () => {
  await service.close();
  await database.close();
});

const me = async (token = "") => (await call("GET", "/api/users/me", { token })).status;
const gone = (token = "") =>
  eventually(async () => (await me(token)) === 401 || undefined, { withinMs: 1000 });

describe("a code", () => {
  test("gives tokens that reach what was allowed, and no more", async () => {
    const person = await service.register();
    const { status, body } = await exchange(await codeFor(person));
    expect({ status, body }).toMatchObject({ status: 200, body: { scope: "orders:read profile" } });
    expect(decodeJwt(body.access_token ?? "")).toMatchObject({
      sub: person.user.id,
      client_id: client.id,
      roles: ["customer"],
    });
    const token = body.access_token ?? "";
    expect(await me(token)).toBe(200);
    for (const [method, at] of [
      ["PATCH", "/api/users/me"],
      ["DELETE", "/api/users/me"],
      ["GET", "/api/sessions"],
      ["POST", "/api/keys"],
      ["GET", `/api/users/${person.user.id}`],
    ] as const) {
      expect((await call(method, at, { token, ...(method !== "GET" && { body: {} }) })).status).toBe(403);
    }
    const listed = await call("GET", "/api/sessions", { token: person.accessToken });
    const held = (listed.body.data as { application: object | null }[]).find((each) => each.application);
    expect(held).toMatchObject({ application: { id: client.id }, scopes: ["orders:read", "profile"] });
  });

  test.each<[string, Record<string, string>]>([
    ["another verifier", { code_verifier: "x".repeat(43) }],
    ["another address", { redirect_uri: "https://app.test/back" }],
  ])("is worth nothing with %s, not even later with the right one", async (_, change) => {
    const code = await codeFor(await service.register());
    expect(await exchange(code, change)).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
    expect(await exchange(code)).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
  });

  test("is worth nothing to another client, even one that may do the same, and after a minute", async () => {
    const [redirectUris, scopes] = [[redirectUri], ["orders:read", "profile"]];
    const other = await register({ name: "Thief", kind: "confidential", redirectUris, scopes });
    const person = await service.register();
    await codeFor(person, path({ client_id: other.id }));
    const stolen = { client_id: other.id, client_secret: other.secret };
    expect((await exchange(await codeFor(person), stolen)).body.error).toBe("invalid_grant");
    const code = await codeFor(person);
    service.clock.offsetMs = 61_000;
    expect((await exchange(code)).body.error).toBe("invalid_grant");
    service.clock.offsetMs = 0;
  });

  test("that comes twice ends what it gave", async () => {
    const code = await codeFor(await service.register());
    const { body } = await exchange(code);
    expect(await me(body.access_token)).toBe(200);
    expect((await exchange(code)).body.error).toBe("invalid_grant");
    await gone(body.access_token);
    expect((await refresh(body.refresh_token)).body.error).toBe("invalid_grant");
  });

  test("that comes twice at one instant leaves nothing", async () => {
    for (let round = 0; round < 5; round++) {
      const code = await codeFor(await service.register());
      const answers = await Promise.all([exchange(code), exchange(code)]);
      const good = answers.find(({ status }) => status === 200);
      if (good) expect((await refresh(good.body.refresh_token)).body.error).toBe("invalid_grant");
      expect(answers.filter(({ status }) => status === 200).length).toBeLessThan(2);
    }
  });

  test("of a public client needs no secret, any loopback port, and consent each time", async () => {
    const at = (port: number) =>
      path({ client_id: app.id, scope: "profile", redirect_uri: `http://127.0.0.1:${port}/done` });
    const person = await service.register();
    const browser = createTestBrowser(service);
    await browser.open(at(4001));
    await signIn(browser, person, at(4001));
    await browser.open(at(4001));
    const { code = "" } = back((await browser.press(at(4001), "allow")).location);
    const fields = { client_id: app.id, client_secret: "", redirect_uri: "http://127.0.0.1:4001/done" };
    expect(await exchange(code, fields)).toMatchObject({ status: 200, body: { scope: "profile" } });
    expect((await browser.open(at(4002))).html).toContain("Do not allow");
    expect((await createTestBrowser(service).open(at(4001).replace("done", "else"))).status).toBe(400);
  });
});

describe("a client's refresh token", () => {
  test("works once, at the token endpoint and for its client only; used again it ends the session", async () => {
    const first = (await exchange(await codeFor(await service.register()))).body;
    const api = await call("POST", "/api/auth/refresh", { body: { refreshToken: first.refresh_token } });
    expect(api.status).toBe(401);
    expect((await refresh(first.refresh_token, { client_id: app.id, client_secret: "" })).status).toBe(400);
    const second = await refresh(first.refresh_token, { scope: "profile" });
    expect(second).toMatchObject({ status: 200, body: { scope: "profile" } });
    expect((await refresh(second.body.refresh_token, { scope: "orders:write" })).body.error).toBe(
      "invalid_scope",
    );
    expect((await refresh(first.refresh_token)).body.error).toBe("invalid_grant");
    expect((await refresh(second.body.refresh_token)).body.error).toBe("invalid_grant");
    await gone(second.body.access_token);
  });

  test("is known by introspection until it is revoked, with its access token", async () => {
    const { body } = await exchange(await codeFor(await service.register()));
    const credentials = { client_id: client.id, client_secret: client.secret };
    const ask = async () =>
      (await submit("/oauth/introspect", { token: body.refresh_token ?? "", ...credentials })).json();
    expect(await ask()).toMatchObject({ active: true, client_id: client.id });
    await submit("/oauth/revoke", { token: body.refresh_token ?? "", ...credentials });
    expect(await ask()).toEqual({ active: false });
    await gone(body.access_token);
  });

  test("ends when the person withdraws the consent, and the person is asked again", async () => {
    const person = await service.register();
    const { body } = await exchange(await codeFor(person));
    const token = person.accessToken;
    const listed = await call("GET", "/api/oauth/consents", { token });
    expect(listed.body.data).toMatchObject([{ clientId: client.id, scopes: ["orders:read", "profile"] }]);
    expect((await call("DELETE", `/api/oauth/consents/${client.id}`, { token })).status).toBe(204);
    await gone(body.access_token);
    expect((await refresh(body.refresh_token)).body.error).toBe("invalid_grant");
  });
});

test("without Redis a client gets its own token, and nobody's", async () => {
  const lonely = await startTestService(database);
  const code = await codeFor(await service.register());
  lonely.redis.disconnect();
  const ask = async (fields: Record<string, string>) => {
    const credentials = { client_id: other.id, client_secret: other.secret };
    return (await lonely.submit("/oauth/token", { ...credentials, ...fields })).status;
  };
  const other = await register({ name: "Own", kind: "confidential", scopes: ["products:read"] });
  expect(await ask({ grant_type: "client_credentials" })).toBe(200);
  expect(await ask({ grant_type: "authorization_code", code, code_verifier: "x", redirect_uri: "x" })).toBe(
    503,
  );
  expect((await fetch(lonely.url + path())).status).toBe(503);
  await lonely.redis.connect();
  await lonely.close();
});
