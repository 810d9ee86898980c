import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { uuidV7 } from "#mesh/uuid-v7";
import { startTestGateway, type TestGateway } from "../testing/test-gateway.ts";

const file = `
upstreams: { user: { url: "\${UPSTREAM_URL}" }, product: { url: "\${UPSTREAM_URL}" }, order: { url: "\${UPSTREAM_URL}" } }
issuers: { ecotrack: { issuer: "\${TOKEN_ISSUER}", jwks: "\${JWKS_URL}", audience: "\${TOKEN_AUDIENCE}", algorithms: [ES256] } }
limits: { default: { requests: 600, perSeconds: 60, burst: 100, by: [caller] } }
defaults: { limits: [default], timeoutMs: 1000, bodyBytes: 1000 }
routes:
  - { path: "/api/orders/{id}/details", methods: [GET], answer: order-details, auth: user }
`;
const userId = uuidV7();
const order = {
  id: "7",
  userId,
  items: [
    { productId: "b", quantity: 1 },
    { productId: "a", quantity: 2 },
    { productId: "b", quantity: 3 },
  ],
};
const customer = { id: userId, firstName: "Ada" };
const products = { data: [{ id: "b" }, { id: "a" }], nextCursor: null };

let gateway: TestGateway;
let calls: { path: string; authorization: string | null }[] = [];
/** Answers that a test puts in the place of the good ones. */
let instead: Record<string, () => Response> = {};

function play(request: Request): Response {
  const { pathname, search } = new URL(request.url);
  calls.push({ path: pathname + search, authorization: request.headers.get("authorization") });
  const other = instead[pathname];
  if (other) return other();
  if (pathname === "/api/orders/7") return Response.json(order);
  if (pathname === "/api/users/me" || pathname === `/api/users/${userId}`) return Response.json(customer);
  if (pathname === "/api/products") return Response.json(products);
  return Response.json({ status: 404, code: "order-not-found", instance: pathname }, { status: 404 });
}

beforeAll(async () => {
  gateway = await startTestGateway({ file, handle: play });
});
afterAll(() => gateway.close());
beforeEach(() => {
  calls = [];
  instead = {};
});

async function details(id = "7", roles = ["customer"], caller = userId) {
  const token = await gateway.token({ userId: caller, roles });
  const answer = await gateway.call(`/api/orders/${id}/details`, {
    headers: { authorization: `Bearer ${token}`, "if-none-match": '"x"' },
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown>, token };
}

test("order, customer and products come in one answer, each read once with the caller's token", async () => {
  const { status, body, token } = await details();
  expect({ status, body }).toEqual({
    status: 200,
    body: { order, customer, products: products.data, unavailable: [] },
  });
  expect(calls.map(({ path }) => path)).toEqual(["/api/orders/7", "/api/users/me", "/api/products?ids=b,a"]);
  expect(calls.every(({ authorization }) => authorization === `Bearer ${token}`)).toBe(true);
});

test("an administrator sees the customer of the order, not themselves", async () => {
  await details("7", ["admin"], uuidV7());
  expect(calls[1]?.path).toBe(`/api/users/${userId}`);
});

test("without its products or its customer the order is still told, with what is missing", async () => {
  instead = {
    "/api/products": () => Response.json({}, { status: 503 }),
    "/api/users/me": () => new Response("not json"),
  };
  expect(await details()).toMatchObject({
    status: 200,
    body: { order, customer: null, products: [], unavailable: ["customer", "products"] },
  });
});

test("an order that is not there, or somebody else's, is told as order-service tells it", async () => {
  expect(await details("8")).toMatchObject({
    status: 404,
    body: { code: "order-not-found", instance: "/api/orders/8/details" },
  });
  expect(calls).toHaveLength(1);
});

test("without order-service there is no answer", async () => {
  instead = { "/api/orders/7": () => new Response("<html>", { status: 200 }) };
  expect(await details()).toMatchObject({ status: 502, body: { code: "upstream-unavailable" } });
});
