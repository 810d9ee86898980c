import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { decodeJwt, decodeProtectedHeader } from "jose";
import { eventually } from "#mesh/eventually";
import { testDatabase } from "#mesh/postgres/test-database";
import { migrations, type Session, startTestService } from "../test-service.ts";

const database = await testDatabase(migrations);
const service = await startTestService(database);
const replica = await startTestService(database);
const { call, submit } = service;

interface Client {
  readonly id: string;
  readonly secret: string;
}
let owner: Session;
let client: Client;
let other: Client;

const register = async (body: object, token = owner.accessToken) => {
  const answer = await call("POST", "/api/oauth/clients", { token, body });
  expect(answer).toMatchObject({ status: 201 });
  return answer.body as unknown as Client;
};
const basic = ({ id, secret }: Client) => ({
  authorization: `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString("base64")}`,
});
const json = async (response: Response) => ({
  status: response.status,
  headers: response.headers,
  body: (await response.json()) as Record<string, unknown>,
});
const own = { grant_type: "client_credentials" };
const tokenOf = async (of = client) => {
  const answer = await json(await submit("/oauth/token", own, basic(of)));
  return String(answer.body.access_token);
};
const introspect = async (token: string, by = client) =>
  (await json(await submit("/oauth/introspect", { token }, basic(by)))).body;

beforeAll(async () => {
  await service.seed();
  owner = await service.register();
  client = await register({
    name: "Price watch",
    kind: "confidential",
    scopes: ["products:read", "orders:read"],
  });
  other = await register({ name: "Another", kind: "confidential", scopes: ["products:read"] });
});
afterAll(async () => {
  await Promise.all([service.close(), replica.close()]);
  await database.close();
});

describe("registering a client", () => {
  test("tells the secret once and keeps its hash only", async () => {
    expect(client.secret).toStartWith("ecs_");
    const listed = await call("GET", "/api/oauth/clients", { token: owner.accessToken });
    expect(listed.body.data).toMatchObject([
      { id: client.id, name: "Price watch", kind: "confidential", tier: "", internal: false },
      { id: other.id },
    ]);
    expect(JSON.stringify(listed.body)).not.toContain("ecs_");
    const rows = await database.sql`select * from oauth_clients`;
    expect(JSON.stringify(rows)).not.toContain(client.secret);
  });

  test.each([
    ["http elsewhere", { redirectUris: ["http://shop.test/back"] }],
    ["a fragment", { redirectUris: ["https://shop.test/back#x"] }],
    ["a user in the address", { redirectUris: ["https://a@shop.test/back"] }],
    ["an address not in its normal form", { redirectUris: ["https://shop.test/a/../back"] }],
    ["another scheme", { redirectUris: ["javascript:alert(1)"] }],
    ["a scope for admins", { scopes: ["products:write"] }],
    ["an unknown scope", { scopes: ["everything"] }],
    ["no scope", { scopes: [] }],
    ["a name that cannot be seen", { name: "\u202e" }],
    ["a public one without an address", { kind: "public" }],
  ])("with %s is refused", async (_, change) => {
    const body = { name: "x", kind: "confidential", scopes: ["products:read"], ...change };
    const answer = await call("POST", "/api/oauth/clients", { token: owner.accessToken, body });
    expect(answer).toMatchObject({ status: 422, body: { code: "validation-failed" } });
  });

  test("is done by people, not by clients in their names, and a stranger sees none of it", async () => {
    expect(await call("GET", "/api/oauth/clients", { token: await tokenOf() })).toMatchObject({
      status: 403,
      body: { code: "insufficient-scope" },
    });
    const stranger = (await service.register()).accessToken;
    expect((await call("GET", "/api/oauth/clients", { token: stranger })).body.data).toEqual([]);
    expect((await call("DELETE", `/api/oauth/clients/${client.id}`, { token: stranger })).status).toBe(404);
    const secret = await call("POST", `/api/oauth/clients/${client.id}/secret`, { token: stranger });
    expect(secret.status).toBe(404);
  });
});

describe("client credentials", () => {
  test("give a token of the client itself, limited to what needs no person", async () => {
    const answer = await json(await submit("/oauth/token", own, basic(client)));
    expect(answer).toMatchObject({
      status: 200,
      body: { token_type: "Bearer", expires_in: 900, scope: "products:read" },
    });
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(answer.body.refresh_token).toBeUndefined();
    const token = String(answer.body.access_token);
    expect(decodeProtectedHeader(token)).toMatchObject({ alg: "ES256", typ: "at+jwt" });
    expect(decodeJwt(token)).toMatchObject({
      sub: client.id,
      client_id: client.id,
      scope: "products:read",
      roles: [],
      iss: "https://ecotrack.test",
    });
    expect((await call("GET", "/api/users/me", { token })).status).toBe(403);
  });

  test("are taken in the body too, but not in both places", async () => {
    const posted = { ...own, client_id: client.id, client_secret: client.secret };
    expect((await submit("/oauth/token", posted)).status).toBe(200);
    expect(await json(await submit("/oauth/token", posted, basic(client)))).toMatchObject({
      status: 400,
      body: { error: "invalid_request" },
    });
  });

  test.each([
    ["a wrong secret", () => basic({ ...client, secret: "ecs_no" }), {}, 401, "invalid_client"],
    ["an unknown client", () => basic({ ...client, id: crypto.randomUUID() }), {}, 401, "invalid_client"],
    ["no id at all", () => ({}), {}, 401, "invalid_client"],
    ["an id that is none", () => basic({ ...client, id: "'; drop table users" }), {}, 401, "invalid_client"],
    ["a bearer token", () => ({ authorization: "Bearer x" }), {}, 401, "invalid_client"],
    ["a scope that takes a person", () => basic(client), { scope: "orders:read" }, 400, "invalid_scope"],
    ["an unknown scope", () => basic(client), { scope: "products:read x" }, 400, "invalid_scope"],
    ["another grant", () => basic(client), { grant_type: "password" }, 400, "unsupported_grant_type"],
    ["no grant", () => basic(client), { grant_type: "" }, 400, "invalid_request"],
  ])("with %s are refused", async (_, headers, fields, status, error) => {
    const answer = await json(await submit("/oauth/token", { ...own, ...fields }, headers()));
    expect(answer).toMatchObject({ status, body: { error, error_description: expect.any(String) } });
    const challenge = answer.headers.get("www-authenticate");
    if (status === 401 && "authorization" in headers()) expect(challenge).toStartWith("Basic");
    else expect(challenge).toBeNull();
  });

  test("with a parameter twice or another type of body are refused", async () => {
    const send = (type: string, body: string) =>
      fetch(`${service.url}/oauth/token`, {
        method: "POST",
        headers: { ...basic(client), "content-type": type },
        body,
      });
    const form = "application/x-www-form-urlencoded";
    for (const [type, body] of [
      [form, "grant_type=client_credentials&grant_type=client_credentials"],
      ["application/json", JSON.stringify(own)],
    ] as const) {
      expect(await json(await send(type, body))).toMatchObject({
        status: 400,
        body: { error: "invalid_request" },
      });
    }
  });
});

describe("introspection and revocation", () => {
  test("a client learns of its own tokens only", async () => {
    const token = await tokenOf();
    expect(await introspect(token)).toMatchObject({
      active: true,
      client_id: client.id,
      scope: "products:read",
      token_type: "Bearer",
    });
    expect(await introspect(token, other)).toEqual({ active: false });
    expect(await introspect(owner.accessToken)).toEqual({ active: false });
    expect(await introspect("nonsense")).toEqual({ active: false });
    expect((await submit("/oauth/introspect", { token })).status).toBe(401);
  });

  test("a revoked token is refused everywhere; others of the client are not, and nobody revokes for another", async () => {
    const [token, second] = [await tokenOf(), await tokenOf()];
    expect((await submit("/oauth/revoke", { token }, basic(other))).status).toBe(200);
    expect(await introspect(token)).toMatchObject({ active: true });
    expect((await submit("/oauth/revoke", { token, token_type_hint: "x" }, basic(client))).status).toBe(200);
    expect(await introspect(token)).toEqual({ active: false });
    expect(await introspect(second)).toMatchObject({ active: true });
    const status = async () => (await replica.call("GET", "/api/users/me", { token })).status;
    await eventually(async () => (await status()) === 401 || undefined, { withinMs: 1000 });
    expect((await submit("/oauth/revoke", { token: "nonsense" }, basic(client))).status).toBe(200);
  });
});

test("a rotated secret leaves the old one good for as long as said", async () => {
  const mine = await register({ name: "Rotating", kind: "confidential", scopes: ["products:read"] });
  const rotate = async (body?: object) =>
    (await call("POST", `/api/oauth/clients/${mine.id}/secret`, { token: owner.accessToken, body })).body;
  const statusWith = async (secret: unknown) =>
    (await submit("/oauth/token", own, basic({ id: mine.id, secret: String(secret) }))).status;
  const second = await rotate();
  expect([await statusWith(mine.secret), await statusWith(second.secret)]).toEqual([200, 200]);
  service.clock.offsetMs = 25 * 3600_000;
  expect([await statusWith(mine.secret), await statusWith(second.secret)]).toEqual([401, 200]);
  service.clock.offsetMs = 0;
  const third = await rotate({ oldValidHours: 0 });
  expect([await statusWith(second.secret), await statusWith(third.secret)]).toEqual([401, 200]);
});

test("only an admin sets tier and internal, and the tokens say it", async () => {
  const path = `/api/oauth/clients/${other.id}`;
  const body = { tier: "pro", internal: true };
  expect((await call("PATCH", path, { token: owner.accessToken, body })).status).toBe(403);
  const token = (await service.logIn("admin@ecotrack.test", "demo password two")).accessToken;
  expect(await call("PATCH", path, { token, body })).toMatchObject({ status: 200, body });
  expect(decodeJwt(await tokenOf(other))).toMatchObject({ tier: "pro", roles: ["internal"] });
});

test("deleting a client ends its tokens within a second", async () => {
  const mine = await register({ name: "Short", kind: "confidential", scopes: ["products:read"] });
  const token = await tokenOf(mine);
  expect((await replica.call("GET", "/api/users/me", { token })).status).toBe(403);
  const deleted = await call("DELETE", `/api/oauth/clients/${mine.id}`, { token: owner.accessToken });
  expect(deleted.status).toBe(204);
  const status = async () => (await replica.call("GET", "/api/users/me", { token })).status;
  await eventually(async () => (await status()) === 401 || undefined, { withinMs: 1000 });
  expect((await submit("/oauth/token", own, basic(mine))).status).toBe(401);
});

test("the metadata names the endpoints, all of which exist", async () => {
  const { status, body } = await call("GET", "/.well-known/oauth-authorization-server");
  expect({ status, body }).toMatchObject({
    status: 200,
    body: {
      issuer: "https://ecotrack.test",
      code_challenge_methods_supported: ["S256"],
      authorization_response_iss_parameter_supported: true,
    },
  });
  for (const [name, value] of Object.entries(body)) {
    if (/_endpoint$|jwks_uri/.test(name)) expect((await fetch(String(value))).status).not.toBe(401);
  }
  expect(body.scopes_supported).not.toContain("products:write");
});

test("the log holds no secret and no token", () => {
  const log = service.logLines.join("");
  for (const secret of ["ecs_", "eyJ", client.secret]) expect(log).not.toContain(secret);
  expect(log).toContain("oauth-client-registered");
  expect(log).not.toContain('"level":"error"');
});

test("what the service's own reader refuses is told in the form of RFC 6749 as well", async () => {
  const large = await json(
    await submit("/oauth/token", { ...own, more: "x".repeat(300_000) }, basic(client)),
  );
  expect(large).toMatchObject({ status: 413, body: { error: "invalid_request" } });
  for (const path of ["/oauth/token", "/oauth/introspect", "/oauth/revoke"]) {
    const headers = { ...basic(client), "content-type": "application/x-www-form-urlencoded" };
    const bytes = new Uint8Array([0x61, 0x3d, 0xff]);
    const broken = await json(await fetch(service.url + path, { method: "POST", headers, body: bytes }));
    expect(broken).toMatchObject({ status: 400, body: { error: "invalid_request" } });
    expect(broken.headers.get("cache-control")).toBe("no-store");
  }
});
