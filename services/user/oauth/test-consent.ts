import { createHash, randomBytes } from "node:crypto";
import { goodPassword, type Session, type TestService } from "../test-service.ts";
import { createTestBrowser } from "./test-browser.ts";

export const redirectUri = "https://app.test/back?from=eco";
const verifier = randomBytes(32).toString("base64url");
const challenge = createHash("sha256").update(verifier).digest("base64url");

export interface TestClient {
  readonly id: string;
  readonly secret: string;
}
export type Browser = ReturnType<typeof createTestBrowser>;

/** The parameters with which a redirect came back. */
export const back = (location: string | null) =>
  Object.fromEntries(new URL(location ?? "none:").searchParams);

/** A client of somebody's, and the ways of a person and of the client through consent and token endpoint. */
export async function openConsentScene(service: TestService) {
  const { call, submit } = service;
  const owner = await service.register();
  const register = async (body: object) =>
    (await call("POST", "/api/oauth/clients", { token: owner.accessToken, body }))
      .body as unknown as TestClient;
  const client = await register({
    name: 'Green <b>"books"</b>',
    kind: "confidential",
    redirectUris: [redirectUri],
    scopes: ["orders:read", "profile"],
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
  const signIn = (browser: Browser, { user }: Session, at = path()) =>
    browser.press(at, "sign-in", { email: user.email, password: goodPassword });
  const token = async (fields: Record<string, string>) => {
    const credentials = { client_id: client.id, client_secret: client.secret };
    const response = await submit("/oauth/token", { ...credentials, ...fields });
    return { status: response.status, body: (await response.json()) as Record<string, string> };
  };
  const grant = { grant_type: "authorization_code", redirect_uri: redirectUri, code_verifier: verifier };

  return {
    owner,
    client,
    register,
    path,
    signIn,
    /** Signs in, consents, and returns the code. */
    async codeFor(person: Session, at = path()): Promise<string> {
      const browser = createTestBrowser(service);
      await browser.open(at);
      const { location } = await signIn(browser, person, at);
      const next = await browser.open(location ?? "");
      return back(next.location ?? (await browser.press(at, "allow")).location).code ?? "";
    },
    exchange: (code: string, change: Record<string, string> = {}) => token({ ...grant, code, ...change }),
    refresh: (refreshToken = "", change: Record<string, string> = {}) =>
      token({ grant_type: "refresh_token", refresh_token: refreshToken, ...change }),
  };
}
