import { afterAll, describe, expect, test } from "bun:test";
import { testDatabase } from "#mesh/postgres/test-database";
import { migrations, startTestService } from "../test-service.ts";
import { createTestBrowser } from "./test-browser.ts";
import { back, openConsentScene, redirectUri } from "./test-consent.ts";

const database = await testDatabase(migrations);
const service = await startTestService(database);
const { call } = service;
const { path, signIn } = await openConsentScene(service);
afterAll(async () => {
  await service.close();
  await database.close();
});

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
