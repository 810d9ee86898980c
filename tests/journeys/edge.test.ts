import { describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { call, newPerson } from "./person.ts";
import { system } from "./system.ts";

/** Sends bytes as they are, because a client library would tidy the path up. */
function raw(target: string, headers: readonly string[] = []): Promise<string> {
  const { hostname, port, host } = new URL(system.gateway);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => {
      socket.write(
        [`GET ${target} HTTP/1.1`, `Host: ${host}`, "Connection: close", ...headers, "", ""].join("\r\n"),
      );
    });
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
    });
    socket.on("close", () => resolve(text));
    socket.on("error", reject);
    socket.setTimeout(5000, () => socket.destroy(new Error("no answer within 5 s")));
  });
}

const statusOf = (answer: string) => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]);

describe("odd paths", () => {
  for (const path of [
    "/api/products/%2e%2e%2finternal/prices",
    "/api//products",
    "//api/products",
    "/api/products/..%2f..%2finternal",
    "/api/products/%5c..",
    "/api/products/%00",
    "/api/products/%ff",
    "/api/products/%zz",
  ]) {
    test(`${path} is refused with a problem`, async () => {
      const answer = await raw(path);
      expect(statusOf(answer)).toBe(400);
      expect(answer).toContain("application/problem+json");
    });
  }
  test("dot segments do not lead to what is inside", async () => {
    for (const path of [
      "/api/products/../../internal/prices",
      "/api/../metrics",
      "/./health/ready",
      "/api\\..\\internal/prices",
    ]) {
      expect([400, 404]).toContain(statusOf(await raw(path)));
    }
  });
});

describe("what is not for outside", () => {
  for (const path of [
    "/internal/prices",
    "/health/ready",
    "/health/live",
    "/metrics",
    "/api/nothing",
    "/sandbox/state",
  ]) {
    test(`${path} is not there`, async () => {
      expect(await call("GET", path)).toMatchObject({ status: 404, body: { status: 404 } });
    });
  }
  test("the admin port has health and metrics with templates instead of paths", async () => {
    expect((await call("GET", "/health/live", { base: system.admin })).status).toBe(200);
    expect((await call("GET", "/health/ready", { base: system.admin })).status).toBe(200);
    const id = "0190a5b0-7e1a-7000-8000-00000000abcd";
    await call("GET", `/api/products/${id}`);
    const { body } = await call<string>("GET", "/metrics", { base: system.admin });
    expect(body).toContain("/api/products/{id}");
    expect(body).not.toContain(id);
  });
  test("every service says how it is, on its own port", async () => {
    for (const base of Object.values(system.services)) {
      expect((await call("GET", "/health/live", { base })).status).toBe(200);
      expect((await call("GET", "/health/ready", { base })).status).toBe(200);
      expect((await call<string>("GET", "/metrics", { base })).body).toContain(
        "http_server_request_duration_seconds",
      );
    }
  });
});

test("correlation id and trace go through and come back", async () => {
  const headers = {
    "x-correlation-id": "journey-1",
    traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
  };
  const answer = await call("GET", "/api/orders/0190a5b0-7e1a-7000-8000-000000000000", {
    headers,
    token: (await newPerson()).accessToken,
  });
  expect(answer.headers.get("x-correlation-id")).toBe("journey-1");
  expect(answer.body.traceId).toBe("4bf92f3577b34da6a3ce929d0e0e4736");
});

test("a known origin may call from a browser, another one may not", async () => {
  const preflight = (origin: string) =>
    call("OPTIONS", "/api/orders", {
      headers: {
        origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type,idempotency-key",
      },
    });
  const known = await preflight("http://localhost:3000");
  expect(known.status).toBe(204);
  expect(known.headers.get("access-control-allow-origin")).toBe("http://localhost:3000");
  expect((await preflight("https://evil.test")).headers.get("access-control-allow-origin")).toBeNull();
});

test("answers carry the headers that keep a browser careful", async () => {
  const { headers } = await call("GET", "/api/products?limit=1");
  expect(headers.get("x-content-type-options")).toBe("nosniff");
  expect(headers.get("x-powered-by")).toBeNull();
  expect(headers.get("server")).toBeNull();
});

test("who calls too often from one address is told when to come back", async () => {
  const headers = { "x-forwarded-for": "192.0.2.77" };
  const body = { email: "nobody@example.test", password: "wrong password" };
  const answers = await Promise.all(
    Array.from({ length: 25 }, () => call("POST", "/api/auth/login", { body, headers })),
  );
  const refused = answers.filter(({ status }) => status === 429);
  expect(refused.length).toBeGreaterThan(0);
  expect(refused[0]?.body.code).toBe("quota-exceeded");
  expect(Number(refused[0]?.headers.get("retry-after"))).toBeGreaterThan(0);
});

test("a wrong method is told the right ones", async () => {
  const answer = await call("DELETE", "/api/categories");
  expect(answer.status).toBe(405);
  expect(answer.headers.get("allow")).toContain("GET");
});

test("the documentation joins all services and hides what is inside", async () => {
  const { status, body } = await call<{ paths: object }>("GET", "/openapi.json");
  expect(status).toBe(200);
  const paths = Object.keys(body.paths);
  for (const path of [
    "/api/auth/register",
    "/api/products",
    "/api/orders",
    "/api/payments",
    "/api/notifications",
  ])
    expect(paths).toContain(path);
  expect(paths.filter((path) => path.startsWith("/internal"))).toEqual([]);
  const events = await call<{ asyncapi: string; channels: object }>("GET", "/asyncapi.json");
  expect([events.status, events.body.asyncapi]).toEqual([200, "3.0.0"]);
  expect(Object.keys(events.body.channels)).toContain("order-events");
  const page = await call<string>("GET", "/docs");
  expect(page.status).toBe(200);
  expect(page.body).not.toMatch(/(src|href)="https?:/);
});
