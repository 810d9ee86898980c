import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { startTestGateway, type TestGateway } from "./test-gateway.ts";
import { bearer, createTestService, echo, expectProblem, testFile } from "./test-service.ts";

const service = createTestService();
let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway({ file: testFile, handle: service.handle });
});
afterAll(() => gateway.close());

describe("paths that two parsers could read differently", () => {
  const ask = (target: string) =>
    gateway.raw(
      Buffer.from(`GET ${target} HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n`, "latin1"),
    );

  test.each([
    "/api/%2e%2e%2fproducts",
    "/api/products/%2e%2e%2f%2e%2e%2finternal",
    "/api//products",
    "//api/products",
    "/api/products/a%2fb",
    "/api/products/a%5cb",
    "/api/products/a%00b",
    "/api/%70roducts",
    "/api/products/%ff",
    "/api/products/%c0%af",
    "/api/products/%zz",
    "/api/products?query=%ff",
    "/api/products?query=%00",
    "/api/products#x",
  ])("%s is refused", async (target) => {
    const answer = await ask(target);
    expect(answer).toStartWith("HTTP/1.1 400 ");
    expect(answer).toContain('"code":"bad-path"');
  });

  test.each([
    "/api/products/../../internal/prices",
    "/api/products/%2e%2e/%2e%2e/health/live",
    "/api/.\\..\\metrics",
  ])("%s never gets behind the route table", async (target) => {
    const before = service.seen.length;
    const answer = await ask(target);
    expect(answer).toMatch(/^HTTP\/1\.1 (400|404) /);
    expect(service.seen.length).toBe(before);
  });

  test.each(["Host: a/b", "Host: user@shop.test", "Host: a b", "X-No: host"])(
    "%s is refused",
    async (header) => {
      expect(
        await gateway.raw(`GET /api/products HTTP/1.1\r\n${header}\r\nConnection: close\r\n\r\n`),
      ).toMatch(/^HTTP\/1\.1 400 /);
    },
  );

  test("a URI that is too long is refused", async () =>
    expectProblem(await gateway.call(`/api/products?query=${"x".repeat(9000)}`), 414, "uri-too-long"));

  test("headers that are too large are refused", async () => {
    const answer = await gateway.call("/api/products", { headers: { "x-large": "x".repeat(17_000) } });
    expect(answer.status).toBe(431);
  });
});

describe("bodies", () => {
  const post = async (body: string) =>
    gateway.call("/api/orders", { method: "POST", body, headers: bearer(await gateway.token()) });
  const head = async (rest: string) =>
    `POST /api/orders HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\nAuthorization: Bearer ${await gateway.token()}\r\n${rest}`;

  test("a body is handed on whole", async () => {
    expect((await echo(await post("x".repeat(1000)))).body).toBe("x".repeat(1000));
  });

  test("a chunked body is handed on with its length", async () => {
    const answer = await gateway.raw(
      await head("Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"),
    );
    expect(answer).toContain('"body":"hello world"');
    expect(answer).toContain('"content-length":"11"');
  });

  test("a body over the limit is refused by its declared length", async () =>
    expectProblem(await post("x".repeat(1001)), 413, "body-too-large"));

  test("a chunked body over the limit is refused while it comes, and no service sees it", async () => {
    const before = service.seen.length;
    const chunk = `258\r\n${"x".repeat(600)}\r\n`;
    const answer = await gateway.raw(
      await head(`Transfer-Encoding: chunked\r\n\r\n${chunk}${chunk}0\r\n\r\n`),
    );
    expect(answer).toStartWith("HTTP/1.1 413 ");
    expect(answer).toContain('"code":"body-too-large"');
    expect(service.seen.length).toBe(before);
  });

  test.each([
    ["breaks off", "Content-Length: 50\r\n\r\nhalf"],
    ["has a broken chunk", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\nrest"],
  ])("a body that %s reaches no service", async (_name, rest) => {
    const before = service.seen.length;
    const answer = await gateway.raw(await head(rest));
    expect(answer).not.toStartWith("HTTP/1.1 200");
    expect(service.seen.length).toBe(before);
  });
});
