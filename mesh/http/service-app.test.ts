import { beforeAll, describe, expect, test } from "bun:test";
import { Type } from "@sinclair/typebox";
import { createLog } from "#observability/log";
import { createMetrics } from "#observability/metrics";
import { createTestIdentity, type TestIdentity } from "../identity/test-identity.ts";
import { Uuid } from "../uuid-schema.ts";
import { createServiceApp } from "./service-app.ts";

const id = "0190a5b0-7e1a-7000-8000-000000000000";
const metrics = createMetrics("order-service");
let people: TestIdentity;
const lines: string[] = [];
let fetchApp: (request: Request) => Response | Promise<Response>;

beforeAll(async () => {
  people = await createTestIdentity("order-service");
  const log = createLog({
    service: "test",
    level: "error",
    destination: { write: (line) => lines.push(line) },
  });
  const app = createServiceApp({
    name: "order-service",
    identity: people.identity,
    log,
    metrics,
    rawBodyRoutes: ["/hook"],
  })
    .get("/mine/:id", ({ caller }) => ({ user: caller.userId }), {
      user: true,
      params: Type.Object({ id: Uuid }),
    })
    .get("/admin", ({ caller }) => ({ user: caller.userId }), { admin: true })
    .get("/scoped", ({ caller }) => ({ user: caller.userId }), { user: "orders:read" })
    .get("/scoped-admin", ({ caller }) => ({ user: caller.userId }), { admin: "orders:operate" })
    .get("/undeclared", () => ({ secret: true }))
    .get(
      "/broken",
      (): string => {
        throw new Error("the password is hunter2");
      },
      { anyone: true },
    )
    .get("/wrong-answer", () => ({ address: "Lindenstr. 1" }) as never, {
      anyone: true,
      response: { 200: Type.Object({ address: Type.String(), name: Type.String() }) },
    })
    .post("/hook", ({ body }) => ({ raw: body }), { anyone: true })
    .post("/internal", ({ caller, body }) => ({ from: caller.service, count: body.count }), {
      services: ["payment-service"],
      body: Type.Object({ count: Type.Integer({ minimum: 1 }) }, { additionalProperties: false }),
    });
  fetchApp = (request) => app.fetch(request);
});

async function send(
  method: string,
  path: string,
  {
    token,
    body,
    type = "application/json",
  }: { token?: string; body?: string | Uint8Array<ArrayBuffer>; type?: string } = {},
) {
  const headers = {
    ...(token && { authorization: `Bearer ${token}` }),
    ...(body !== undefined && { "content-type": type }),
  };
  const response = await fetchApp(
    new Request(`http://localhost${path}`, { method, headers, ...(body !== undefined && { body }) }),
  );
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Record<string, unknown>,
  };
}

describe("who may call", () => {
  test("a route that declares nothing is closed", async () => {
    expect(await send("GET", "/undeclared")).toMatchObject({ status: 403, body: { code: "forbidden" } });
  });
  test("a person's route takes a person and nobody else", async () => {
    const user = await people.userToken({ userId: "u1" });
    expect(await send("GET", `/mine/${id}`, { token: user })).toMatchObject({
      status: 200,
      body: { user: "u1" },
    });
    expect((await send("GET", `/mine/${id}`)).status).toBe(401);
    expect((await send("GET", `/mine/${id}`, { token: await people.serviceToken("gateway") })).status).toBe(
      403,
    );
  });
  test("an admin's route takes the role", async () => {
    expect((await send("GET", "/admin", { token: await people.userToken({ userId: "u1" }) })).status).toBe(
      403,
    );
    const admin = await people.userToken({ userId: "u2", roles: ["admin"] });
    expect(await send("GET", "/admin", { token: admin })).toMatchObject({
      status: 200,
      body: { user: "u2" },
    });
  });
  test("a token with scopes opens what takes one of them, and nothing that was not opened to clients", async () => {
    const roles = ["admin"];
    const reader = await people.userToken({ userId: "u1", roles, scope: "orders:read profile" });
    const operator = await people.userToken({ userId: "u1", roles, scope: "orders:operate" });
    const asked = async (path: string, token: string) => (await send("GET", path, { token })).status;
    expect(await asked("/scoped", reader)).toBe(200);
    expect(await asked("/scoped-admin", operator)).toBe(200);
    expect(
      await asked("/scoped-admin", await people.userToken({ userId: "u1", scope: "orders:operate" })),
    ).toBe(403);
    expect(await asked("/admin", operator)).toBe(403);
    expect(await asked(`/mine/${id}`, reader)).toBe(403);
    const refused = await send("GET", "/scoped", { token: operator });
    expect(refused).toMatchObject({ status: 403, body: { code: "insufficient-scope" } });
    expect(refused.headers.get("www-authenticate")).toBe(
      'Bearer realm="ecotrack", error="insufficient_scope", scope="orders:read"',
    );
    expect(await asked("/scoped", await people.userToken({ userId: "u1" }))).toBe(200);
  });
  test("an internal route takes the services it names", async () => {
    const call = async (token: string) =>
      (await send("POST", "/internal", { token, body: '{"count":1}' })).status;
    expect(await call(await people.serviceToken("payment-service"))).toBe(200);
    expect(await call(await people.serviceToken("notification-service"))).toBe(403);
    expect(await call(await people.userToken({ userId: "u1", roles: ["admin"] }))).toBe(403);
  });
  test("missing credentials are told before the input is judged", async () => {
    expect((await send("GET", "/mine/not-an-id")).status).toBe(401);
  });
});

describe("bad input", () => {
  const cases: [string, string | Uint8Array<ArrayBuffer>, string, number, string][] = [
    ["an unknown field", '{"count":1,"price":1}', "application/json", 422, "validation-failed"],
    ["a number as text", '{"count":"1"}', "application/json", 422, "validation-failed"],
    ["a fraction", '{"count":1.5}', "application/json", 422, "validation-failed"],
    ["no body", "", "application/json", 422, "validation-failed"],
    ["half a document", '{"count":', "application/json", 400, "malformed-request"],
    [
      "bytes that are no UTF-8",
      new Uint8Array([0x7b, 0xff, 0x7d]),
      "application/json",
      400,
      "malformed-request",
    ],
    [
      "nesting without end",
      "[".repeat(50_000) + "]".repeat(50_000),
      "application/json",
      400,
      "malformed-request",
    ],
    ["a name twice", '{"count":0,"count":1}', "application/json", 400, "malformed-request"],
    ["U+0000", '{"count":1,"x":"a\\u0000b"}', "application/json", 422, "validation-failed"],
    ["half of a surrogate pair", '{"count":1,"x":"a\\ud800b"}', "application/json", 422, "validation-failed"],
    ["another type", '{"count":1}', "text/plain", 415, "unsupported-media-type"],
    ["another charset", '{"count":1}', "application/json; charset=latin1", 415, "unsupported-media-type"],
    ["too much", `{"count":1,"x":"${"x".repeat(300_000)}"}`, "application/json", 413, "body-too-large"],
  ];
  for (const [what, body, type, status, code] of cases) {
    test(`${what} answers ${status} ${code}`, async () => {
      const answer = await send("POST", "/internal", {
        token: await people.serviceToken("payment-service"),
        body,
        type,
      });
      expect(answer).toMatchObject({ status, body: { code, status, instance: "/internal" } });
      expect(answer.headers.get("content-type")).toBe("application/problem+json");
    });
  }
  test("every broken rule has its pointer", async () => {
    const answer = await send("POST", "/internal", {
      token: await people.serviceToken("payment-service"),
      body: '{"count":0,"x":1}',
    });
    expect((answer.body.errors as { pointer: string }[]).map((each) => each.pointer).sort()).toEqual([
      "/count",
      "/x",
    ]);
  });
});

test("a bug answers 500 and says nothing of itself", async () => {
  const answer = await send("GET", "/broken");
  expect(answer).toMatchObject({ status: 500, body: { code: "internal-error" } });
  expect(JSON.stringify(answer.body)).not.toContain("hunter2");
});

test("a raw route gets the text as it came", async () => {
  expect((await send("POST", "/hook", { body: '{ "a":1 }' })).body).toEqual({ raw: '{ "a":1 }' });
});

test("the correlation id and the trace go on and come back", async () => {
  const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  const request = new Request("http://localhost/none", {
    headers: { traceparent, "x-correlation-id": "abc" },
  });
  const response = await fetchApp(request);
  expect(response.headers.get("x-correlation-id")).toBe("abc");
  expect(await response.json()).toMatchObject({ status: 404, traceId: "4bf92f3577b34da6a3ce929d0e0e4736" });
});

test("metrics carry the route's template, never the path", async () => {
  await send("GET", `/mine/${id}`, { token: await people.userToken({ userId: "u1" }) });
  const text = await metrics.text();
  expect(text).toContain('route="/mine/:id"');
  expect(text).not.toContain(id);
});

test("odd paths and methods make one series, not one each", async () => {
  for (const method of ["PROPFIND", "MKCOL", "SEARCH"])
    await fetchApp(new Request(`http://localhost/odd-${method}`, { method }));
  const text = await metrics.text();
  const odd = text.match(/_seconds_count\{[^}]*method="other"[^}]*\}/g) ?? [];
  expect(odd).toEqual([expect.stringContaining('route="unmatched"')]);
  expect(text).not.toMatch(/odd-|PROPFIND|MKCOL|SEARCH/);
});

test("an answer that breaks its schema is a 500; the log says where, and nothing of what it said", async () => {
  const { status, body } = await send("GET", "/wrong-answer");
  expect([status, body.code]).toEqual([500, "internal-error"]);
  const logged = lines.join("\n");
  expect(logged).toContain("/name");
  expect(logged).not.toContain("Lindenstr");
  expect(JSON.stringify(body)).not.toContain("Lindenstr");
});
