import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash, randomBytes } from "node:crypto";
import { eventually } from "#mesh/eventually";
import { testDatabase } from "#mesh/postgres/test-database";
import { createTestBrowser } from "../oauth/test-browser.ts";
import { goodPassword, migrations, newEmail, startTestService, type TestService } from "../test-service.ts";
import { startTestProvider } from "./test-provider.ts";

const database = await testDatabase(migrations);
const returnTo = "https://shop.test/signed-in";
const verifier = randomBytes(32).toString("base64url");
const codeChallenge = createHash("sha256").update(verifier).digest("base64url");
const begin = `/api/auth/google?${new URLSearchParams({ returnTo, codeChallenge })}`;

let provider: Awaited<ReturnType<typeof startTestProvider>>;
let service: TestService;

beforeAll(async () => {
  provider = await startTestProvider();
  service = await startTestService(database, { google: provider.client });
  await provider.allowRedirect(`${service.url}/api/auth/google/callback`);
});
afterAll(async () => {
  await service.close();
  await provider.close();
  await database.close();
});

/** Goes to the provider, signs in there, and comes back to where the front end is. */
async function signInAt(account: string, browser = createTestBrowser(service)): Promise<URL> {
  const sent = await browser.open(begin);
  expect(sent.status).toBe(303);
  const returned = await provider.signIn(sent.location ?? "", account);
  const back = await browser.open(returned);
  return new URL(back.location ?? "none:");
}
const exchange = (at: URL, codeVerifier = verifier) =>
  service.call("POST", "/api/auth/google/session", {
    body: { code: at.searchParams.get("code") ?? "", codeVerifier },
  });

describe("signing in with Google", () => {
  test("makes an account the first time and finds it the next", async () => {
    const email = newEmail();
    provider.add("ada", { email, email_verified: true, given_name: "Ada", family_name: "Lovelace" });
    const first = await exchange(await signInAt("ada"));
    expect(first).toMatchObject({
      status: 200,
      body: { user: { email, firstName: "Ada", lastName: "Lovelace" } },
    });
    expect(first.headers.get("cache-control")).toBe("no-store");
    const { id } = first.body.user as { id: string };
    // The subject says who it is: another address there changes nothing here.
    provider.add("ada", { email: newEmail(), email_verified: true });
    const second = await exchange(await signInAt("ada"));
    expect(second).toMatchObject({ status: 200, body: { user: { id, email } } });
    expect((await service.events(id)).map(({ type }) => type)).toEqual([
      "ecotrack.user.registered.v1",
      "ecotrack.user.logged-in.v1",
    ]);
    const body = { email, password: "" };
    expect((await service.call("POST", "/api/auth/login", { body })).status).toBe(401);
    // Whoever has no password sets the first one straight after signing in.
    const token = String(second.body.accessToken);
    const set = { token, body: { newPassword: goodPassword } };
    expect((await service.call("POST", "/api/users/me/password", set)).status).toBe(204);
    await service.logIn(email);
  });

  test("gives no token in an address, and the code once and only to whoever began", async () => {
    provider.add("once", { email: newEmail(), email_verified: true });
    const at = await signInAt("once");
    expect(at.href).toStartWith(`${returnTo}?code=`);
    expect([...at.searchParams.keys()]).toEqual(["code"]);
    expect((await exchange(at, "x".repeat(43))).body.code).toBe("invalid-code");
    const answers = await Promise.all([exchange(at), exchange(at)]);
    expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([200, 401]);
    expect((await exchange(at)).body.code).toBe("invalid-code");
  });

  test("never takes over an account with a password: its owner signs in and links", async () => {
    const { user } = await service.register();
    provider.add("owner", { email: user.email, email_verified: true });
    const at = await signInAt("owner");
    expect(await exchange(at)).toMatchObject({ status: 409, body: { code: "link-required" } });
    const body = { code: at.searchParams.get("code"), codeVerifier: verifier };
    const link = (token: string) => service.call("POST", "/api/auth/google/link", { token, body });
    const { accessToken } = await service.logIn(user.email);
    expect((await link(accessToken)).status).toBe(204);
    expect(await exchange(await signInAt("owner"))).toMatchObject({
      status: 200,
      body: { user: { id: user.id } },
    });
  });

  test("links no account that is another one's, and only after a fresh sign-in", async () => {
    provider.add("taken", { email: newEmail(), email_verified: true });
    await exchange(await signInAt("taken"));
    const stranger = await service.register();
    const link = async () => {
      const body = { code: (await signInAt("taken")).searchParams.get("code"), codeVerifier: verifier };
      return service.call("POST", "/api/auth/google/link", { token: stranger.accessToken, body });
    };
    expect(await link()).toMatchObject({ status: 409, body: { code: "google-account-taken" } });
    service.clock.offsetMs = 11 * 60_000;
    const late = await link();
    service.clock.offsetMs = 0;
    expect(late).toMatchObject({ status: 403, body: { code: "recent-sign-in-required" } });
  });

  test("is refused with an address that the provider has not checked, and makes nothing", async () => {
    const email = newEmail();
    provider.add("unchecked", { email, email_verified: false });
    const at = await signInAt("unchecked");
    expect(Object.fromEntries(at.searchParams)).toEqual({ error: "email_not_verified" });
    expect(await database.sql`select from users where email = ${email}`).toHaveLength(0);
  });

  test("is refused in another browser, with another state, and a second time", async () => {
    provider.add("mixed", { email: newEmail(), email_verified: true });
    const browser = createTestBrowser(service);
    const { location } = await browser.open(begin);
    const returned = await provider.signIn(location ?? "", "mixed");
    const elsewhere = await createTestBrowser(service).open(returned);
    expect([elsewhere.status, elsewhere.location]).toEqual([401, null]);
    const forged = new URL(returned);
    forged.searchParams.set("state", "x");
    const cookies = [...browser.cookies];
    const answer = await browser.open(forged.href);
    expect(new URL(answer.location ?? "").searchParams.get("error")).toBe("sign_in_failed");
    for (const [name, value] of cookies) browser.cookies.set(name, value);
    expect((await browser.open(returned)).location).toContain("?code=");
    for (const [name, value] of cookies) browser.cookies.set(name, value);
    expect((await browser.open(returned)).location).toContain("error=sign_in_failed");
  });

  test("returns only to a page that is set up", async () => {
    const evil = new URLSearchParams({ returnTo: "https://evil.test/", codeChallenge });
    expect((await service.call("GET", `/api/auth/google?${evil}`)).status).toBe(422);
  });

  test("counts what was refused, and logs no secret", async () => {
    expect(await service.metrics.text()).toMatch(/reason="google-email-not-verified".*\} 1/);
    const log = service.logLines.join("");
    for (const secret of ["eyJ", provider.client.clientSecret]) expect(log).not.toContain(secret);
  });
});

test("without Google's settings there is nothing, and without Google only this does not work", async () => {
  const [plain, lonely] = await Promise.all([
    startTestService(database),
    startTestService(database, { google: { ...provider.client, issuer: "http://127.0.0.1:9" } }),
  ]);
  expect(await plain.call("GET", begin)).toMatchObject({
    status: 404,
    body: { code: "google-not-configured" },
  });
  const away = await eventually(() => lonely.call("GET", begin));
  expect(away).toMatchObject({ status: 503, body: { code: "unavailable" } });
  await lonely.register();
  await Promise.all([plain.close(), lonely.close()]);
});
