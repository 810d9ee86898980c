import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { eventually } from "#mesh/eventually";
import { startTestGateway, type TestGateway } from "./testing/test-gateway.ts";
import { createTestService, expectProblem, testFile } from "./testing/test-service.ts";

const service = createTestService();
let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway({ file: testFile, handle: service.handle });
});
afterAll(() => gateway.close());

describe("services that fail", () => {
  test("one that does not listen is a 502 for every method", async () => {
    await expectProblem(await gateway.call("/api/dead/1"), 502, "upstream-unavailable");
    await expectProblem(
      await gateway.call("/api/dead/1", { method: "POST", body: "{}" }),
      502,
      "upstream-unavailable",
    );
  });

  test("one that takes too long is a 504, and is told to stop", async () => {
    await expectProblem(await gateway.call("/api/products/slow?late"), 504, "upstream-timeout");
    await eventually(() => service.aborted.includes("?late") || undefined);
  });

  test("a client that leaves ends the work behind", async () => {
    const leaving = new AbortController();
    const left = gateway.call("/api/products/slow?left", { signal: leaving.signal });
    await eventually(() => service.seen.some((request) => request.url.endsWith("?left")) || undefined);
    leaving.abort();
    expect(await left.catch((error: Error) => error.name)).toBe("AbortError");
    await eventually(() => service.aborted.includes("?left") || undefined, { withinMs: 1000 });
    expect(await gateway.metrics.text()).toMatch(
      /gateway_upstream_errors_total\{.*reason="client-gone".*\} 1/,
    );
  });

  test("an answer arrives while it is still being made", async () => {
    const answer = await gateway.call("/api/products/endless");
    const reader = answer.body?.getReader();
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe("begun");
    await reader?.cancel();
    await eventually(() => service.aborted.includes("endless") || undefined);
  });
});
