import { expect } from "bun:test";
import { gzipSync } from "node:zlib";

/** The routes that the tests of the whole pipeline share. */
export const testFile = `
upstreams: { user: { url: "\${UPSTREAM_URL}" }, product: { url: "\${UPSTREAM_URL}" }, order: { url: "\${UPSTREAM_URL}" }, dead: { url: "\${DEAD_URL}" } }
issuers: { ecotrack: { issuer: "\${TOKEN_ISSUER}", jwks: "\${JWKS_URL}", audience: "\${TOKEN_AUDIENCE}", algorithms: [ES256] } }
limits:
  default: { requests: 600, perSeconds: 60, burst: 100, by: [caller] }
  tight: { requests: 1, perSeconds: 60, burst: 2, by: [address] }
cors: { shop: { origins: ["https://shop.test"], maxAgeSeconds: 600 } }
defaults: { limits: [default], timeoutMs: 300, bodyBytes: 1000, cors: shop }
routes:
  - { path: /api/auth/login, methods: [POST], upstream: user, auth: anyone, limits: [tight], ignoreToken: true }
  - { path: /api/products, methods: [GET], upstream: product, auth: anyone }
  - { path: "/api/products/{id}", methods: [GET], upstream: product, auth: anyone }
  - { path: "/api/products/{id}", methods: [PATCH], upstream: product, auth: admin }
  - { path: /api/orders, methods: [GET, POST], upstream: order, auth: user }
  - { path: "/api/dead/{id}", methods: [GET, POST], upstream: dead, auth: anyone }
`;

export interface Echo {
  path: string;
  headers: Record<string, string>;
  body: string;
}

/** A service that tells what it received, or behaves as the last part of the path says. For tests only. */
export interface TestService {
  readonly seen: Request[];
  /** The queries of calls that the gateway gave up, and `endless`. */
  readonly aborted: string[];
  handle(this: void, request: Request): Promise<Response>;
}

export function createTestService(): TestService {
  const seen: Request[] = [];
  const aborted: string[] = [];
  /** A body that begins and never ends, so that only streaming lets its beginning through. */
  const endless = () =>
    new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode("begun")),
      cancel: () => void aborted.push("endless"),
    });

  async function handle(request: Request): Promise<Response> {
    seen.push(request);
    const { pathname, search } = new URL(request.url);
    switch (pathname.split("/").at(-1)) {
      case "slow":
        request.signal.addEventListener("abort", () => aborted.push(search));
        await new Promise((resolve) => setTimeout(resolve, 1500));
        break;
      case "gzip":
        return new Response(gzipSync("zipped"), {
          headers: { "content-encoding": "gzip", "content-type": "text/plain", server: "secret/1.0" },
        });
      case "redirect":
        return new Response(null, { status: 302, headers: { location: "/elsewhere" } });
      case "empty":
        return new Response(null, { status: 204 });
      case "endless":
        return new Response(endless());
    }
    const body = await request.text();
    return Response.json({ path: pathname + search, headers: Object.fromEntries(request.headers), body });
  }

  return { seen, aborted, handle };
}

export const echo = async (response: Response): Promise<Echo> => (await response.json()) as Echo;
export const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

export async function expectProblem(response: Response, status: number, code: string): Promise<void> {
  expect({ status: response.status, type: response.headers.get("content-type") }).toEqual({
    status,
    type: "application/problem+json",
  });
  const problem = (await response.json()) as Record<string, unknown>;
  const type =
    code === "quota-exceeded" ? "https://iana.org/assignments/http-problem-types#" : "urn:ecotrack:problem:";
  expect(problem).toMatchObject({ type: type + code, status, code });
  expect(problem.traceId).toMatch(/^[0-9a-f]{32}$/);
  expect(response.headers.get("x-correlation-id")).not.toBeNull();
  expect(response.headers.get("x-content-type-options")).toBe("nosniff");
}
