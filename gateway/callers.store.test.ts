import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { eventually } from "#mesh/eventually";
import { uuidV7 } from "#mesh/uuid-v7";
import { randomAddress, startTestGateway, type TestGateway } from "./testing/test-gateway.ts";
import { bearer, createTestService, echo, expectProblem, testFile } from "./testing/test-service.ts";

const service = createTestService();
let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway({ file: testFile, handle: service.handle });
});
afterAll(() => gateway.close());

describe("who calls", () => {
  test("a public route takes anyone, and the services see the token of whoever has one", async () => {
    expect((await gateway.call("/api/products")).status).toBe(200);
    const token = await gateway.token();
    const answer = await echo(await gateway.call("/api/products", { headers: bearer(token) }));
    expect(answer.headers.authorization).toBe(`Bearer ${token}`);
  });

  test("a closed route takes nobody without a token and says which kind", async () => {
    const answer = await gateway.call("/api/orders");
    expect(answer.headers.get("www-authenticate")).toBe('Bearer realm="ecotrack"');
    await expectProblem(answer, 401, "unauthorized");
  });

  test("a good token is taken, again and again", async () => {
    const headers = bearer(await gateway.token());
    for (let times = 0; times < 3; times++) {
      expect((await gateway.call("/api/orders", { headers })).status).toBe(200);
    }
  });

  const unsigned = () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const claims = {
      iss: "https://ecotrack.test",
      aud: "ecotrack",
      sub: uuidV7(),
      iat: 1,
      exp: 9_999_999_999,
    };
    return Promise.resolve(`${part({ alg: "none" })}.${part(claims)}.`);
  };
  const bad: [string, () => Promise<string>][] = [
    ["expired", () => gateway.token({ expiresIn: -60 })],
    ["forged", () => gateway.token({ forged: true })],
    ["unsigned", unsigned],
    ["for another audience", () => gateway.token({ audience: "order-service" })],
    ["of another issuer", () => gateway.token({ issuer: "https://evil.test" })],
    ["with a key of its own", () => gateway.token({ header: { jku: "https://evil.test/keys" } })],
    ["with an unknown key id", () => gateway.token({ header: { kid: "user/99" } })],
    ["cut short", async () => (await gateway.token()).slice(0, -20)],
    ["no token at all", () => Promise.resolve("nonsense")],
  ];
  test.each(bad)("a token that is %s is refused, on public routes too", async (_name, make) => {
    const headers = bearer(await make());
    for (const path of ["/api/orders", "/api/products"]) {
      const answer = await gateway.call(path, { headers });
      expect(answer.headers.get("www-authenticate")).toContain('error="invalid_token"');
      await expectProblem(answer, 401, "unauthorized");
    }
  });

  test("another scheme than bearer is refused", async () =>
    expectProblem(
      await gateway.call("/api/orders", { headers: { authorization: "Basic YTpi" } }),
      401,
      "unauthorized",
    ));

  test("signing in takes no notice of an expired token", async () => {
    const headers = bearer(await gateway.token({ expiresIn: -60 }));
    expect((await gateway.call("/api/auth/login", { method: "POST", body: "{}", headers })).status).toBe(200);
  });

  test("an administrator's route is closed to customers", async () => {
    const patch = async (roles: readonly string[]) =>
      gateway.call("/api/products/1", {
        method: "PATCH",
        body: "{}",
        headers: bearer(await gateway.token({ roles })),
      });
    await expectProblem(await patch(["customer"]), 403, "forbidden");
    expect((await patch(["customer", "admin"])).status).toBe(200);
  });

  test("a session that ends takes its tokens with it within a second", async () => {
    const sessionId = uuidV7();
    const headers = bearer(await gateway.token({ sessionId }));
    expect((await gateway.call("/api/orders", { headers })).status).toBe(200);
    await gateway.revocations.revoke(sessionId, new Date(Date.now() + 900_000));
    const refused = await eventually(
      async () => {
        const answer = await gateway.call("/api/orders", { headers });
        return answer.status === 401 ? answer : undefined;
      },
      { withinMs: 1000 },
    );
    await expectProblem(refused, 401, "unauthorized");
  });
});

describe("rate limits", () => {
  const login = (address: string) => gateway.call("/api/auth/login", { method: "POST", body: "{}", address });

  test("what is left is told, and more is refused with when to come back", async () => {
    const address = randomAddress();
    const first = await login(address);
    expect(first.headers.get("ratelimit-policy")).toBe('"tight";q=2;w=120');
    expect(first.headers.get("ratelimit")).toMatch(/^"tight";r=1;t=(59|60)$/);
    expect((await login(address)).status).toBe(200);
    const third = await login(address);
    expect(Number(third.headers.get("retry-after"))).toBeWithin(58, 61);
    const problem = (await third.clone().json()) as Record<string, unknown>;
    expect(problem["violated-policies"]).toEqual(["tight"]);
    await expectProblem(third, 429, "quota-exceeded");
  });

  test("one client's limit is not another's, and what a client claims about itself does not change who it is", async () => {
    const address = randomAddress();
    await login(address);
    await login(address);
    expect((await login(randomAddress())).status).toBe(200);
    expect((await login(`8.8.8.8, ${address}`)).status).toBe(429);
  });

  test("guessing tokens counts against the address", async () => {
    const address = randomAddress();
    const answers = await Promise.all(
      Array.from({ length: 110 }, () => gateway.call("/api/orders", { headers: bearer("guess"), address })),
    );
    const statuses = answers.map((answer) => answer.status);
    expect(statuses.filter((status) => status === 401).length).toBeWithin(95, 106);
    expect(statuses).toContain(429);
  });
});

describe("without Redis", () => {
  test("limits hold, tokens are checked, and nothing is a 5xx", async () => {
    const alone = await startTestGateway({
      file: testFile,
      handle: service.handle,
      redisUrl: "redis://127.0.0.1:49150",
    });
    const address = randomAddress();
    const statuses: number[] = [];
    for (let times = 0; times < 4; times++) {
      const answer = await alone.call("/api/auth/login", { method: "POST", body: "{}", address });
      statuses.push(answer.status);
    }
    expect(statuses).toEqual([200, 200, 429, 429]);
    expect((await alone.call("/api/orders", { headers: bearer(await alone.token()) })).status).toBe(200);
    expect((await alone.call("/api/orders")).status).toBe(401);
    await alone.close();
  });
});
