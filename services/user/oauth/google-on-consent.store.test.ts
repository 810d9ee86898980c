import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { testDatabase } from "#mesh/postgres/test-database";
import { startTestProvider } from "../google/test-provider.ts";
import { migrations, newEmail, startTestService, type TestService } from "../test-service.ts";
import { createTestBrowser } from "./test-browser.ts";
import { type Browser, back, openConsentScene } from "./test-consent.ts";

const database = await testDatabase(migrations);
let provider: Awaited<ReturnType<typeof startTestProvider>>;
let service: TestService;
let scene: Awaited<ReturnType<typeof openConsentScene>>;
let browser: Browser;

beforeAll(async () => {
  provider = await startTestProvider();
  service = await startTestService(database, { google: provider.client });
  await provider.allowRedirect(`${service.url}/api/auth/google/callback`);
  scene = await openConsentScene(service);
});
afterAll(async () => {
  await service.close();
  await provider.close();
  await database.close();
});
beforeEach(() => {
  browser = createTestBrowser(service);
});

/** Presses the button on the page that is shown at `path`. @returns where Google sends the browser */
async function leave(account: string, path = scene.path()): Promise<string> {
  const page = await browser.open(path);
  const [, link = ""] = /<a href="([^"]*)">Sign in with Google<\/a>/.exec(page.html) ?? [];
  const sent = await browser.open(link.replaceAll(/&#(\d+);/g, (_, code) => String.fromCharCode(code)));
  expect(sent.status).toBe(303);
  return provider.signIn(sent.location ?? "", account);
}
const checked = () => ({ email: newEmail(), email_verified: true, given_name: "Ada" });

describe("signing in with Google on the consent page", () => {
  test("comes back to the very request, asks, and gives the client its code", async () => {
    const account = checked();
    provider.add("consents", account);
    const path = scene.path();
    const before = browser.cookies.get("ecotrack-consent");
    const returned = await browser.open(await leave("consents"));
    expect([returned.status, returned.location]).toEqual([303, path]);
    expect(browser.cookies.get("ecotrack-consent")).not.toBe(before);
    expect(browser.cookies.has("ecotrack-google")).toBe(false);
    expect((await browser.open(path)).html).toContain(account.email);
    const allowed = back((await browser.press(path, "allow")).location);
    expect(allowed).toMatchObject({ state: "s t&te", iss: "https://ecotrack.test" });
    expect((await scene.exchange(allowed.code ?? "")).status).toBe(200);
    expect(await database.sql`select from users where email = ${account.email}`).toHaveLength(1);
    // The next time it is the same account, and the password has never been asked for.
    browser = createTestBrowser(service);
    const again = await browser.open(await leave("consents"));
    expect(back((await browser.open(again.location ?? "")).location).code).toHaveLength(43);
  });

  test("counts as signing in where the client wants that anew, and has Google ask for an account", async () => {
    provider.add("anew", checked());
    const path = scene.path({ prompt: "login" });
    await browser.open(path);
    const sent = await browser.open(path.replace("authorize?", "authorize/google?"));
    expect(new URL(sent.location ?? "").searchParams.get("prompt")).toBe("select_account");
    const plain = new URL(sent.location ?? "");
    // The provider of the tests does not know that word.
    plain.searchParams.delete("prompt");
    const returned = await browser.open(await provider.signIn(plain.href, "anew"));
    expect(returned.location).toBe(scene.path());
  });

  test("works once, in the browser that left, and with Google's own answer", async () => {
    provider.add("bound", checked());
    const returned = await leave("bound");
    const cookies = [...browser.cookies];
    const restore = () => {
      for (const [name, value] of cookies) browser.cookies.set(name, value);
    };
    expect((await createTestBrowser(service).open(returned)).status).toBe(401);
    // Somebody has put his own sign-in at Google into this browser, which knows itself by another cookie.
    const victim = createTestBrowser(service);
    await victim.open(scene.path());
    victim.cookies.set("ecotrack-google", browser.cookies.get("ecotrack-google") ?? "");
    expect((await victim.open(returned)).status).toBe(403);
    expect((await victim.open(scene.path())).html).toContain("password");
    restore();
    // Whoever came once has used it up.
    expect((await browser.open(returned)).status).toBe(403);
    const fresh = await leave("bound");
    const forged = new URL(fresh);
    forged.searchParams.set("state", "x");
    const answer = await browser.open(forged.href);
    expect([answer.status, answer.location]).toEqual([502, null]);
    expect(answer.html).toContain("did not work");
    expect((await browser.open(scene.path())).html).toContain("password");
  });

  test("never takes over an account with a password, and says how to go on", async () => {
    const { user } = await service.register();
    provider.add("has-one", { email: user.email, email_verified: true });
    const page = await browser.open(await leave("has-one"));
    expect(page.status).toBe(409);
    expect(page.html).toContain(`value="${user.email}"`);
    expect(page.html).toContain("with its password");
    // The form on that page leads on.
    const signedIn = await scene.signIn(browser, { user } as Parameters<typeof scene.signIn>[1]);
    expect(signedIn.location).toBe(scene.path());
  });

  test("lets nobody in whose address Google has not checked, or who said no", async () => {
    provider.add("unchecked", { email: newEmail(), email_verified: false });
    const page = await browser.open(await leave("unchecked"));
    expect([page.status, page.html.includes("has not checked")]).toEqual([403, true]);
    const returned = new URL(await leave("unchecked"));
    returned.searchParams.delete("code");
    returned.searchParams.set("error", "access_denied");
    const denied = await browser.open(returned.href);
    expect([denied.status, denied.html.includes("did not sign in")]).toEqual([403, true]);
  });

  test("sends nobody anywhere for a client or an address that is not known, nor for another site", async () => {
    const at = (change: Record<string, string>) =>
      scene.path(change).replace("authorize?", "authorize/google?");
    for (const change of [{ client_id: crypto.randomUUID() }, { redirect_uri: "https://evil.test/" }]) {
      const answer = await browser.open(at(change));
      expect([answer.status, answer.location]).toEqual([400, null]);
    }
    const elsewhere = await browser.open(at({}), { "sec-fetch-site": "cross-site" });
    expect([elsewhere.status, elsewhere.location]).toEqual([303, scene.path()]);
  });
});

test("where Google is not set up there is no button, and where it is away the page says so", async () => {
  const plain = await startTestService(database);
  const lonely = await startTestService(database, {
    google: { ...provider.client, issuer: "http://127.0.0.1:9" },
  });
  const path = scene.path();
  const google = path.replace("authorize?", "authorize/google?");
  expect((await createTestBrowser(plain).open(path)).html).not.toContain("Google");
  expect((await createTestBrowser(plain).open(google)).location).toBe(path);
  const away = await createTestBrowser(lonely).open(google);
  expect([away.status, away.html.includes("cannot be reached")]).toEqual([503, true]);
  await Promise.all([plain.close(), lonely.close()]);
});
