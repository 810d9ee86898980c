import { beforeAll, describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { eventually } from "#mesh/eventually";
import { address, call, newEmail, type Product, password, productBody } from "./person.ts";
import { openScene } from "./scene.ts";
import { system } from "./system.ts";

let token: string;
let adminToken: string;
let product: Product;
let paymentId: string;

const counter = async (name: string): Promise<number> => {
  const text = await (await fetch(`${system.admin}/metrics`)).text();
  const lines = text.split("\n").filter((line) => line.startsWith(name));
  return lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
};

beforeAll(async () => {
  ({ token, adminToken, product, paymentId } = await openScene());
  // Once a document is there, nothing goes on unchecked any more.
  await eventually(async () => {
    const before = await counter("gateway_validation_unavailable_total");
    await call("GET", "/api/orders?limit=0", { token });
    return (await counter("gateway_validation_unavailable_total")) === before || undefined;
  });
});

type Bodies = readonly (readonly [name: string, body: unknown])[];
const without = (body: object, name: string) => ({ ...body, [name]: undefined });

/** Bodies that services refuse, of which some are all but good. */
const spoilt = (good: Record<string, unknown>): Bodies => [
  ["nothing", undefined],
  ["null", "null"],
  ["a list", "[]"],
  ["no JSON", "{"],
  ["deep nesting", `${"[".repeat(40)}${"]".repeat(40)}`],
  ["an empty object", {}],
  ["an unknown field", { ...good, isAdmin: true }],
  ["__proto__", `{"__proto__":{},${JSON.stringify(good).slice(1)}`],
  ["U+0000", JSON.stringify({ ...good, "\0": 1 })],
  ...Object.keys(good).flatMap(
    (name): Bodies => [
      [`no ${name}`, without(good, name)],
      [`${name} null`, { ...good, [name]: null }],
      [`${name} a number`, { ...good, [name]: -1 }],
      [`${name} a text`, { ...good, [name]: "\u0001" }],
      [`${name} a long text`, { ...good, [name]: "x".repeat(5000) }],
      [`${name} empty`, { ...good, [name]: {} }],
      [`${name} a list`, { ...good, [name]: [{}, 1] }],
    ],
  ),
];

const calls: [
  string,
  keyof typeof system.services,
  string,
  () => [string, Record<string, unknown>],
  () => string,
][] = [
  [
    "an order",
    "order",
    "POST",
    () => [
      "/api/orders",
      {
        items: [{ productId: product.id, quantity: 0 }],
        shippingAddress: address,
        paymentMethod: { type: "card", token: "pm_card_visa" },
      },
    ],
    () => token,
  ],
  [
    "a product",
    "product",
    "POST",
    () => ["/api/products", { ...productBody({ onHand: -1, price: 100 }) }],
    () => adminToken,
  ],
  [
    "a change of a product",
    "product",
    "PATCH",
    () => [`/api/products/${product.id}`, { name: "", stock: { onHand: 1, delivered: 1 } }],
    () => adminToken,
  ],
  [
    "a refund",
    "payment",
    "POST",
    () => [
      `/api/payments/${paymentId}/refunds`,
      { amount: { amount: 0, currency: "EUR" }, reason: "broken" },
    ],
    () => adminToken,
  ],
  [
    "a registration",
    "user",
    "POST",
    () => [
      "/api/auth/register",
      { email: newEmail(), password, firstName: "Ada", lastName: "x".repeat(1025) },
    ],
    () => "",
  ],
];

describe("the edge refuses what the service would refuse, in the same way", () => {
  for (const [what, service, method, of, who] of calls) {
    test(what, async () => {
      const [path, good] = of();
      const before = await counter("gateway_validation_unavailable_total");
      for (const [name, body] of [["all but good", good] as const, ...spoilt(good)]) {
        const sending = {
          body,
          headers: { "idempotency-key": randomUUID(), "content-type": "application/json" },
          ...(who() !== "" && { token: who() }),
        };
        const [edge, direct] = await Promise.all([
          call(method, path, sending),
          call(method, path, { ...sending, base: system.services[service] }),
        ]);
        const told = ({ status, body: problem }: typeof edge) => ({
          name,
          status,
          code: problem.code,
          at: (problem.errors as { pointer: string }[] | undefined)?.map(({ pointer }) => pointer).sort(),
        });
        expect(told(edge)).toEqual(told(direct));
        expect(edge.status).toBeGreaterThanOrEqual(400);
      }
      expect(await counter("gateway_validation_unavailable_total")).toBe(before);
    });
  }
});
