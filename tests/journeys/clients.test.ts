import { beforeAll, describe, expect, test } from "bun:test";
import { createHash, randomBytes } from "node:crypto";
import { allowInsecureRequests, clientCredentialsGrant, discovery } from "openid-client";
import { eventually } from "#mesh/eventually";
import { buy, call, newPerson, newProduct, password, someAddress, type Tokens } from "./person.ts";
import { system } from "./system.ts";

const redirectUri = "https://app.test/back";

interface Client {
  readonly id: string;
  readonly secret: string;
}
interface OAuthAnswer {
  readonly access_token: string;
  readonly refresh_token?: string;
  readonly scope: string;
  readonly error?: string;
}

let developer: Tokens;
let client: Client;

beforeAll(async () => {
  developer = await newPerson();
  const answer = await call<Client>("POST", "/api/oauth/clients", {
    token: developer.accessToken,
    body: {
      name: "Footprint diary",
      kind: "confidential",
      redirectUris: [redirectUri],
      scopes: ["products:read", "orders:read", "profile"],
    },
  });
  expect(answer.status).toBe(201);
  client = answer.body;
});

/** A form through the gateway; nothing is followed. */
async function submit(path: string, fields: Record<string, string>, headers: Record<string, string> = {}) {
  const response = await fetch(system.gateway + path, {
    method: "POST",
    headers: { "x-forwarded-for": someAddress(), ...headers },
    body: new URLSearchParams(fields),
    redirect: "manual",
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}
async function token(fields: Record<string, string>): Promise<OAuthAnswer> {
  const authorization = `Basic ${Buffer.from(`${client.id}:${client.secret}`).toString("base64")}`;
  return JSON.parse((await submit("/oauth/token", fields, { authorization })).text) as OAuthAnswer;
}
const status = async (path: string, bearer: string) => (await call("GET", path, { token: bearer })).status;
const refused = (path: string, bearer: string) =>
  eventually(async () => ((await status(path, bearer)) === 401 ? true : undefined), { withinMs: 1000 });

test("a standard client finds everything by the address alone", async () => {
  const found = await discovery(new URL(system.gateway), client.id, client.secret, undefined, {
    algorithm: "oauth2",
    // Without TLS, as `bun dev` is.
    execute: [allowInsecureRequests],
  });
  expect(found.serverMetadata().issuer).toBe(system.gateway);
  const { access_token: own } = await clientCredentialsGrant(found, { scope: "products:read" });
  expect(await status("/api/products", own)).toBe(200);
  const refusal = await clientCredentialsGrant(found, { scope: "everything" }).catch(
    (error: unknown) => error,
  );
  expect(refusal).toMatchObject({ error: "invalid_scope", status: 400 });
});

test("a client gets a token by its secret, sees the catalogue with it, and nobody's orders", async () => {
  const { access_token: own, scope } = await token({ grant_type: "client_credentials" });
  expect(scope).toBe("products:read");
  expect(await status("/api/products", own)).toBe(200);
  for (const path of ["/api/orders", "/api/users/me", "/api/payments", "/api/notifications"]) {
    const answer = await call("GET", path, { token: own });
    expect([path, answer.status]).toEqual([path, 403]);
    expect(answer.headers.get("www-authenticate")).toContain("insufficient_scope");
  }
});

describe("a person lets a client in", () => {
  const verifier = randomBytes(32).toString("base64url");
  const challenge = createHash("sha256").update(verifier).digest("base64url");

  /** Signs in and consents on the page as a browser does, by its forms alone. */
  async function consent({ user }: Tokens): Promise<URL> {
    const query = new URLSearchParams({
      response_type: "code",
      client_id: client.id,
      redirect_uri: redirectUri,
      scope: "orders:read",
      state: "from the client",
      code_challenge: challenge,
      code_challenge_method: "S256",
    });
    const path = `/oauth/authorize?${query}`;
    let cookie = "";
    const keep = (headers: Headers) => {
      cookie = headers.get("set-cookie")?.split(";")[0] ?? cookie;
    };
    const open = async () => {
      const response = await fetch(system.gateway + path, {
        headers: { cookie, "x-forwarded-for": someAddress() },
      });
      keep(response.headers);
      expect(response.headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
      const [, formToken = ""] = /name="form_token" value="([^"]+)"/.exec(await response.text()) ?? [];
      return formToken;
    };
    const press = async (action: string, fields: Record<string, string> = {}) => {
      const answer = await submit(path, { form_token: await open(), action, ...fields }, { cookie });
      expect([action, answer.status]).toEqual([action, 303]);
      keep(answer.headers);
      return answer.headers.get("location") ?? "";
    };
    await press("sign-in", { email: user.email, password });
    return new URL(await press("allow"));
  }

  test("which then reads the orders, renews its token, and is shut out again", async () => {
    const person = await newPerson();
    const product = await newProduct();
    const order = await buy({ token: person.accessToken, items: [{ productId: product.id, quantity: 1 }] });
    const back = await consent(person);
    expect(back.searchParams.get("state")).toBe("from the client");
    expect(back.searchParams.get("iss")).toBeString();
    const code = back.searchParams.get("code") ?? "";
    const redeem = {
      grant_type: "authorization_code",
      code,
      redirect_uri: redirectUri,
      code_verifier: verifier,
    };
    const first = await token(redeem);
    const orders = await call<{ data: { id: string }[] }>("GET", "/api/orders", {
      token: first.access_token,
    });
    expect(orders.body.data.map(({ id }) => id)).toEqual([order.body.id]);
    for (const path of ["/api/users/me", "/api/payments", "/api/keys"]) {
      expect([path, await status(path, first.access_token)]).toEqual([path, 403]);
    }
    const buying = await buy({ token: first.access_token, items: [{ productId: product.id, quantity: 1 }] });
    expect(buying.status).toBe(403);
    const second = await token({ grant_type: "refresh_token", refresh_token: first.refresh_token ?? "" });
    expect(await status("/api/orders", second.access_token)).toBe(200);
    const path = `/api/oauth/consents/${client.id}`;
    expect((await call("DELETE", path, { token: person.accessToken })).status).toBe(204);
    await refused("/api/orders", second.access_token);
    expect(
      (await token({ grant_type: "refresh_token", refresh_token: second.refresh_token ?? "" })).error,
    ).toBe("invalid_grant");
  });

  test("and whoever presents the code again ends what it gave", async () => {
    const code = (await consent(await newPerson())).searchParams.get("code") ?? "";
    const redeem = {
      grant_type: "authorization_code",
      code,
      redirect_uri: redirectUri,
      code_verifier: verifier,
    };
    const { access_token: given } = await token(redeem);
    expect(await status("/api/orders", given)).toBe(200);
    expect((await token(redeem)).error).toBe("invalid_grant");
    await refused("/api/orders", given);
  });
});

describe("an API key", () => {
  const withKey = (key: string, path: string, method = "GET") =>
    call(method, path, { headers: { "x-api-key": key } });

  test("calls in its owner's name within its scopes, until it is deleted", async () => {
    const person = await newPerson();
    const made = await call<{ id: string; key: string }>("POST", "/api/keys", {
      token: person.accessToken,
      body: { name: "Export", scopes: ["orders:read"] },
    });
    expect(made.status).toBe(201);
    const { id, key } = made.body;
    expect((await withKey(key, "/api/orders")).status).toBe(200);
    expect((await withKey(key, "/api/payments")).status).toBe(403);
    expect((await withKey(key, "/api/keys")).status).toBe(401);
    expect((await withKey(`${key.slice(0, -1)}x`, "/api/orders")).status).toBe(401);
    expect((await call("DELETE", `/api/keys/${id}`, { token: person.accessToken })).status).toBe(204);
    await eventually(async () => ((await withKey(key, "/api/orders")).status === 401 ? true : undefined), {
      withinMs: 1000,
    });
  });
});

test("what OAuth clients need to know stands where RFC 8414 says", async () => {
  const { status: found, body } = await call("GET", "/.well-known/oauth-authorization-server");
  expect(found).toBe(200);
  expect(body.token_endpoint).toBe(`${system.gateway}/oauth/token`);
  const documented = (await call<{ paths: object }>("GET", "/openapi.json")).body.paths;
  expect(Object.keys(documented)).toEqual(
    expect.arrayContaining([
      "/oauth/token",
      "/api/oauth/clients",
      "/api/keys",
      "/api/sessions",
      "/api/auth/google",
    ]),
  );
});

test("what services have for each other stays inside", async () => {
  const answer = await call("POST", "/internal/api-keys/exchange", { body: { key: "x" } });
  expect(answer.status).toBe(404);
});
