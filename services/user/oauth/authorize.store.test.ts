import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash, randomBytes } from "node:crypto";
import { decodeJwt } from "jose";
import { eventually } from "#mesh/eventually";
import { testDatabase } from "#mesh/postgres/test-database";
import { goodPassword, migrations, type Session, startTestService } from "../test-service.ts";
import { createTestBrowser } from "./test-browser.ts";

const database = await testDatabase(migrations);
const service = await startTestService(database);
const { call, submit } = service;
const redirectUri = "https://app.test/back?from=eco";
const verifier = randomBytes(32).toString("base64url");
const challenge = createHash("sha256").update(verifier).digest("base64url");

let owner: Session;
let client: { id: string; secret: string };
let app: { id: string };

const register = async (body: object) =>
  (await call("POST", "/api/oauth/clients", { token: owner.accessToken, body })).body as never;

beforeAll(async () => {
  owner = await service.register();
  client = await register({
    name: 'Green <b>"books"</b>',
    kind: "confidential",
    redirectUris: [redirectUri],
    scopes: ["orders:read", "profile"],
  });
  const redirectUris = ["http://127.0.0.1/done", "https://app.test/mobile"];
  app = await register({ name: "Phone", kind: "public", redirectUris, scopes: ["profile"] });
});
afterAll(async () => {
  await service.close();
  await database.close();
});

const path = (change: Record<string, string> = {}) => {
  const parameters = {
    response_type: "code",
    client_id: client.id,
    redirect_uri: redirectUri,
    scope: "orders:read profile",
    state: "s t&te",
    code_challenge: challenge,
    code_challenge_method: "S256",
    ...change,
  };
  return `/oauth/authorize?${new URLSearchParams(parameters)}`;
};
const back = (location: string | null) => Object.fromEntries(new URL(location ?? "none:").searchParams);
const signIn = (browser: ReturnType<typeof createTestBrowser>, { user }: Session, at = path()) =>
  browser.press(at, "sign-in", { email: user.email, password: goodPassword });

/** Signs in, consents, and returns the code. */
async function codeFor(person: Session, at = path()): Promise<string> {
  const browser = createTestBrowser(service);
  await browser.open(at);
  const { location } = await signIn(browser, person, at);
  const next = await browser.open(location ?? "");
  const answer = next.location ?? (await browser.press(at, "allow")).location;
  return back(answer).code ?? "";
}
async function exchange(code: string, change: Record<string, string> = {}) {
  const fields = {
    grant_type: "authorization_code",
    code,
    redirect_uri: redirectUri,
    code_verifier: verifier,
  };
  const credentials = { client_id: client.id, client_secret: client.secret };
  const response = await submit("/oauth/token", { ...fields, ...credentials, ...change });
  return { status: response.status, body: (await response.json()) as Record<string, string> };
}
const refresh = async (token = "", change: Record<string, string> = {}) => {
  const fields = { grant_type: "refresh_token", refresh_token: token, client_id: client.id };
  const response = await submit("/oauth/token", { ...fields, client_secret: client.secret, ...change });
  return { status: response.status, body: (await response.json()) as Record<string, string> };
};
const me = async (token = "") => (await call("GET", "/api/users/me", { token })).status;
const gone = (token = "") =>
  eventually(async () => (await me(token)) === 401 || undefined, { withinMs: 1000 });

describe("the consent page", () => {
  test("signs in, asks, and sends the browser back with a code, the state and the issuer", async () => {
    const person = await service.register();
    const browser = createTestBrowser(service);
    const page = await browser.open(path());
    expect(page.status).toBe(200);
    expect(page.html).toContain("Green &#60;b&#62;&#34;books&#34;&#60;/b&#62;");
    expect(page.html).toContain('<html lang="en">');
    expect(page.html).toContain('<label for="password">');
    const policy = page.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toContain("form-action 'self' https://app.test");
    expect(page.headers.get("x-frame-options")).toBe("DENY");
    expect(page.headers.get("cache-control")).toBe("no-store");
    expect(page.headers.get("set-cookie")).toMatch(/HttpOnly; SameSite=Lax/);

    const wrong = await browser.press(path(), "sign-in", { email: person.user.email, password: "wrong" });
    expect(wrong.status).toBe(401);
    expect(wrong.html).toContain('role="alert"');
    const signedIn = await signIn(browser, person);
    expect([signedIn.status, signedIn.location]).toEqual([303, path()]);
    const asked = await browser.open(signedIn.location ?? "");
    expect(asked.html).toContain("See your orders and their history");
    expect(asked.html).toContain("app.test");
    const allowed = await browser.press(path(), "allow");
    expect(allowed.status).toBe(303);
    expect(allowed.location).toStartWith(redirectUri);
    expect(back(allowed.location)).toMatchObject({
      state: "s t&te",
      iss: "https://ecotrack.test",
      from: "eco",
    });

    // The same is not asked twice; more is, and so it is when the client wants it.
    expect(back((await browser.open(path({ scope: "profile" }))).location).code).toHaveLength(43);
    expect((await browser.open(path({ prompt: "consent" }))).status).toBe(200);
    expect((await browser.open(path({ prompt: "login" }))).html).toContain("password");
  });

  test("says no for a person who says no", async () => {
    const browser = createTestBrowser(service);
    await browser.open(path());
    expect(back((await browser.press(path(), "deny")).location)).toMatchObject({
      error: "access_denied",
      state: "s t&te",
      iss: "https://ecotrack.test",
    });
  });

  test("shows no page for prompt=none", async () => {
    const answer = await createTestBrowser(service).open(path({ prompt: "none" }));
    expect(back(answer.location).error).toBe("login_required");
  });

  test("takes only its own forms, from this browser, for this request and from this origin", async () => {
    const person = await service.register();
    const browser = createTestBrowser(service);
    await browser.open(path());
    await signIn(browser, person);
    expect((await browser.press(path(), "allow")).status).toBe(403);
    await browser.open(path());
    const other = path({ scope: "profile" });
    expect((await browser.press(other, "allow")).status).toBe(403);
    expect((await browser.press(path(), "allow", {}, { origin: "https://evil.test" })).status).toBe(403);
    expect((await browser.press(path(), "allow", {}, { "sec-fetch-site": "cross-site" })).status).toBe(403);
    const stranger = createTestBrowser(service);
    await stranger.open(path());
    const stolen = { form_token: browser.formToken() };
    expect((await stranger.press(path(), "allow", stolen)).status).toBe(403);
    expect((await browser.press(path(), "allow", {}, { origin: "null" })).status).toBe(303);
  });

  test("forgets the browser when the person signs out there, or ends all sessions", async () => {
    const person = await service.register();
    const browser = createTestBrowser(service);
    await browser.open(path());
    await signIn(browser, person);
    expect((await browser.open(path())).html).toContain("Allow");
    await call("DELETE", "/api/sessions", { token: person.accessToken });
    expect((await browser.open(path())).html).toContain("password");
  });

  test.each([
    ["an unknown client", { client_id: crypto.randomUUID() }],
    ["no client", { client_id: "" }],
    ["an address that is not registered", { redirect_uri: "https://app.test/back" }],
    ["an address with something behind it", { redirect_uri: `${redirectUri}/../evil` }],
  ])("sends nobody anywhere for %s", async (_, change) => {
    const answer = await createTestBrowser(service).open(path(change));
    expect([answer.status, answer.location]).toEqual([400, null]);
  });

  test.each<[string, Record<string, string>, string]>([
    ["another response type", { response_type: "token" }, "unsupported_response_type"],
    ["no PKCE", { code_challenge: "" }, "invalid_request"],
    ["plain PKCE", { code_challenge_method: "plain" }, "invalid_request"],
    ["a scope beyond the client's", { scope: "orders:write" }, "invalid_scope"],
    ["another response mode", { response_mode: "fragment" }, "invalid_request"],
    ["a request object", { request: "eyJ" }, "request_not_supported"],
  ])("tells the client of %s", async (_, change, error) => {
    const answer = await createTestBrowser(service).open(path(change));
    expect(back(answer.location)).toMatchObject({ error, state: "s t&te", iss: "https://ecotrack.test" });
  });
});

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

  test("is worth nothing to another client, and after a minute", async () => {
    const other = (await register({
      name: "Thief",
      kind: "confidential",
      scopes: ["profile"],
    })) as typeof client;
    const stolen = { client_id: other.id, client_secret: other.secret };
    const person = await service.register();
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
