import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { createHash, randomBytes } from "node:crypto";
import { testDatabase } from "#mesh/postgres/test-database";
import { RecordedSpans } from "#observability/trace/testing/recorded-spans";
import { startTestProvider } from "./google/test-provider.ts";
import { createTestBrowser } from "./oauth/test-browser.ts";
import { openConsentScene } from "./oauth/test-consent.ts";
import { migrations, newEmail, type Session, startTestService } from "./test-service.ts";

const database = await testDatabase(migrations);
const provider = await startTestProvider();
const tracing = new RecordedSpans();
const service = await startTestService(database, { google: provider.client, tracing });
const { call, submit } = service;
const { client, register, codeFor, exchange, refresh } = await openConsentScene(service);
const anything = randomBytes(32).toString("base64url");
let person: Session;
/** Spans that were there when a test began. */
let before = 0;

beforeAll(async () => {
  await provider.allowRedirect(`${service.url}/api/auth/google/callback`);
  person = await service.register();
});
beforeEach(() => {
  before = tracing.spans.length;
});
afterAll(async () => {
  await service.close();
  await provider.close();
  await database.close();
});

/** How somebody signed in since this test began, and what came of it. */
const signIns = () =>
  tracing.spans
    .slice(before)
    .filter(({ name }) => name === "user-authentication")
    .map(({ attributes }) => [attributes["authentication.method"], attributes["authentication.outcome"]]);

test("a password", async () => {
  await service.logIn(person.user.email);
  await call("POST", "/api/auth/login", { body: { email: person.user.email, password: "wrong" } });
  expect(signIns()).toEqual([
    ["password", "success"],
    ["password", "invalid-credentials"],
  ]);
});

test("a refresh token, which goes on with a session", async () => {
  const { refreshToken } = await service.logIn(person.user.email);
  await service.refresh(refreshToken);
  await call("POST", "/api/auth/refresh", { body: { refreshToken } });
  expect(signIns().slice(1)).toEqual([
    ["refresh", "success"],
    ["refresh", "invalid-refresh-token"],
  ]);
});

test("Google", async () => {
  provider.add("ada", { email: newEmail(), email_verified: true });
  const returnTo = "https://shop.test/signed-in";
  const codeChallenge = createHash("sha256").update(anything).digest("base64url");
  const browser = createTestBrowser(service);
  const sent = await browser.open(`/api/auth/google?${new URLSearchParams({ returnTo, codeChallenge })}`);
  const { location } = await browser.open(await provider.signIn(sent.location ?? "", "ada"));
  const body = { code: new URL(location ?? "none:").searchParams.get("code"), codeVerifier: anything };
  for (let times = 0; times < 2; times++) await call("POST", "/api/auth/google/session", { body });
  expect(signIns()).toEqual([
    ["google", "success"],
    ["google", "invalid-code"],
  ]);
});

test("a client's own credentials", async () => {
  const redirectUris = ["https://app.test/back"];
  const { id, secret } = await register({
    name: "Diary",
    kind: "confidential",
    redirectUris,
    scopes: ["products:read"],
  });
  for (const client_secret of [secret, "wrong"])
    await submit("/oauth/token", { grant_type: "client_credentials", client_id: id, client_secret });
  expect(signIns()).toEqual([
    ["client-credentials", "success"],
    ["client-credentials", "invalid_client"],
  ]);
});

test("an authorization code, after a password on the page of consent, and the refresh token that it gave", async () => {
  const code = await codeFor(person);
  const { body } = await exchange(code);
  await refresh(body.refresh_token);
  await exchange(code);
  expect(signIns()).toEqual([
    ["password", "success"],
    ["authorization-code", "success"],
    ["refresh", "success"],
    ["authorization-code", "invalid_grant"],
  ]);
});

test("an API key, which the gateway asks about", async () => {
  const token = await service.gatewayToken();
  const made = await call("POST", "/api/keys", {
    token: person.accessToken,
    body: { name: "Export", scopes: ["profile"] },
  });
  for (const key of [made.body.key, "eco_live_nobody"])
    await call("POST", "/internal/api-keys/exchange", { token, body: { key } });
  expect(signIns()).toEqual([
    ["api-key", "success"],
    ["api-key", "invalid-api-key"],
  ]);
});

test("none of them says who it was", () => {
  expect(tracing.spans.length).toBeGreaterThan(20);
  const told = JSON.stringify(tracing.spans.map(({ attributes }) => attributes));
  for (const secret of [person.user.email, person.user.id, client.id, client.secret])
    expect(told).not.toContain(secret);
});
