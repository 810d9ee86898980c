import { expect } from "bun:test";
import { createHash, randomBytes, randomUUID } from "node:crypto";
import type { Canaries } from "./canaries.ts";
import { admin, buy, call, newProduct, someAddress, type Tokens } from "./person.ts";
import { system } from "./system.ts";

/** What the calls left behind. */
export interface Sent {
  readonly orderId: string;
  readonly userId: string;
}

/** Lets a person do what people do, with canaries wherever something is to be kept to oneself. */
export async function sendCanaries(canaries: Canaries): Promise<Sent> {
  const { accessToken: token, user } = await signUp(canaries);
  const orderId = await order(canaries, token);
  await profile(canaries, token);
  await oauth(canaries, token);
  await apiKey(canaries, token);
  await webhook(canaries, orderId);
  await everyOperation(canaries, token);
  return { orderId, userId: user.id };
}

async function signUp(canaries: Canaries): Promise<Tokens> {
  const { email, password, wrongPassword, firstName, lastName } = canaries;
  const registration = { body: { email, password, firstName, lastName } };
  expect((await call("POST", "/api/auth/register", registration)).status).toBe(201);
  expect((await call("POST", "/api/auth/register", registration)).status).toBe(409);
  const wrong = await call("POST", "/api/auth/login", { body: { email, password: wrongPassword } });
  expect(wrong.status).toBe(401);
  const { status, body } = await call<Tokens>("POST", "/api/auth/login", { body: { email, password } });
  expect(status).toBe(200);
  canaries.add("access token", body.accessToken);
  canaries.add("refresh token", body.refreshToken);
  const renewed = await call<Tokens>("POST", "/api/auth/refresh", {
    body: { refreshToken: body.refreshToken },
  });
  canaries.add("second access token", renewed.body.accessToken);
  canaries.add("second refresh token", renewed.body.refreshToken);
  return renewed.body;
}

/** Several at once, so that some share a batch; one declined, and one with the number of a card. */
async function order(canaries: Canaries, token: string): Promise<string> {
  const product = await newProduct();
  const items = [{ productId: product.id, quantity: 1 }];
  const shippingAddress = {
    fullName: `${canaries.firstName} ${canaries.lastName}`,
    line1: canaries.line1,
    city: "London",
    postalCode: "SW1Y 4JH",
    country: "GB",
  };
  const place = (card: string) =>
    call<{ id: string }>("POST", "/api/orders", {
      token,
      headers: { "idempotency-key": randomUUID() },
      body: { items, shippingAddress, paymentMethod: { type: "card", token: card } },
    });
  const placed = await Promise.all(Array.from({ length: 8 }, () => place("pm_card_visa")));
  expect(placed.map(({ status }) => status)).toEqual(placed.map(() => 201));
  expect((await place("pm_card_chargeDeclined")).status).toBe(402);
  expect((await place(canaries.card)).status).toBe(422);
  expect((await buy({ token: canaries.nonsense, items })).status).toBe(401);
  const [{ body } = placed[0] as (typeof placed)[0]] = placed;
  await call("POST", `/api/orders/${placed[1]?.body.id}/cancel`, { token });
  return body.id;
}

async function profile(canaries: Canaries, token: string): Promise<void> {
  const { bio, firstName, lastName, password, wrongPassword } = canaries;
  const changed = await call("PATCH", "/api/users/me", { token, body: { bio, firstName, lastName } });
  expect(changed.status).toBe(200);
  const path = "/api/users/me/password";
  const wrong = { currentPassword: wrongPassword, newPassword: password };
  expect((await call("POST", path, { token, body: wrong })).status).toBe(403);
}

async function form(path: string, fields: Record<string, string>, headers: Record<string, string> = {}) {
  const body = new URLSearchParams(fields);
  const sent = { "x-forwarded-for": someAddress(), ...headers };
  const response = await fetch(system.gateway + path, {
    method: "POST",
    headers: sent,
    body,
    redirect: "manual",
  });
  return { response, text: await response.text() };
}

async function oauth(canaries: Canaries, token: string): Promise<void> {
  const redirectUri = "https://app.test/back";
  const { body: client } = await call<{ id: string; secret: string }>("POST", "/api/oauth/clients", {
    token,
    body: { name: "Diary", kind: "confidential", redirectUris: [redirectUri], scopes: ["products:read"] },
  });
  canaries.add("client secret", client.secret);
  const basic = Buffer.from(`${client.id}:${client.secret}`).toString("base64");
  const authorization = canaries.add("client's credentials", `Basic ${basic}`);
  const given = await form("/oauth/token", { grant_type: "client_credentials" }, { authorization });
  const { access_token: own } = JSON.parse(given.text) as { access_token: string };
  canaries.add("client's token", own);
  await form("/oauth/introspect", { token: own }, { authorization });
  await form("/oauth/revoke", { token: own }, { authorization });
  const verifier = canaries.add("code verifier", randomBytes(32).toString("base64url"));
  const code = { grant_type: "authorization_code", code: canaries.nonsense, code_verifier: verifier };
  const refused = await form("/oauth/token", { ...code, redirect_uri: redirectUri }, { authorization });
  expect(refused.response.status).toBe(400);
  await signInAtTheClient(canaries, {
    response_type: "code",
    client_id: client.id,
    redirect_uri: redirectUri,
    scope: "products:read",
    state: canaries.nonsense,
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
  });
}

/** Once with a wrong password, once with the right one. */
async function signInAtTheClient(canaries: Canaries, query: Record<string, string>): Promise<void> {
  const path = `/oauth/authorize?${new URLSearchParams(query)}`;
  for (const password of [canaries.wrongPassword, canaries.password]) {
    const page = await fetch(system.gateway + path, { headers: { "x-forwarded-for": someAddress() } });
    const cookie = page.headers.get("set-cookie")?.split(";")[0] ?? "";
    const [, formToken = ""] = /name="form_token" value="([^"]+)"/.exec(await page.text()) ?? [];
    const fields = { form_token: formToken, action: "sign-in", email: canaries.email, password };
    const { response } = await form(path, fields, { cookie });
    expect([200, 303, 401]).toContain(response.status);
    canaries.add(`browser's cookie before ${response.status}`, cookie.split("=")[1]);
  }
}

async function apiKey(canaries: Canaries, token: string): Promise<void> {
  const body = { name: "Export", scopes: ["orders:read"] };
  const { body: made } = await call<{ key: string }>("POST", "/api/keys", { token, body });
  const key = canaries.add("API key", made.key);
  expect((await call("GET", "/api/orders", { headers: { "x-api-key": key } })).status).toBe(200);
  const odd = canaries.add("odd API key", `${key.slice(0, -1)}${key.endsWith("x") ? "y" : "x"}`);
  expect((await call("GET", "/api/orders", { headers: { "x-api-key": odd } })).status).toBe(401);
}

async function webhook(canaries: Canaries, orderId: string): Promise<void> {
  const owner = { name: canaries.firstName, email: canaries.email, address: { line1: canaries.line1 } };
  const object = { metadata: { orderId }, billing_details: owner, number: canaries.card };
  const body = { id: "evt_1", type: "charge.refunded", data: { object } };
  const headers = { "stripe-signature": `t=1,v1=${canaries.nonsense}` };
  expect((await call("POST", "/webhooks/stripe", { body, headers })).status).toBe(400);
}

interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** Each call of the contract, with a canary wherever it takes anything, as nobody and as the person. */
async function everyOperation(canaries: Canaries, token: string): Promise<void> {
  const { body } = await call<OpenApi>("GET", "/openapi.json");
  const { nonsense, card, line1, password } = canaries;
  const sent = {
    [nonsense]: card,
    password,
    line1,
    token: nonsense,
    email: canaries.email,
    items: [{ card }],
  };
  await call("GET", `/nowhere/${encodeURIComponent(nonsense)}?card=${card}`, { token });
  for (const [template, operations] of Object.entries(body.paths)) {
    const path = template.replaceAll(/\{[^}]+\}/g, encodeURIComponent(nonsense));
    const query = new URLSearchParams({ token: nonsense, card, q: line1, email: canaries.email });
    // Of ending what is needed for the next call there is nothing to learn.
    for (const method of Object.keys(operations).map((each) => each.toUpperCase()))
      if (!(method === "DELETE" && !template.includes("{")) && !template.endsWith("/logout"))
        for (const bearer of [token, await admin(), nonsense])
          await call(method, `${path}?${query}`, {
            token: bearer,
            headers: { "x-api-key": nonsense, cookie: `session=${nonsense}`, "idempotency-key": nonsense },
            ...(method !== "GET" && { body: sent }),
          });
  }
}
