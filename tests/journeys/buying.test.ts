import { expect, test } from "bun:test";
import { eventually } from "#mesh/eventually";
import { available, buy, call, newPerson, newProduct, type Order, type Product } from "./person.ts";
import { system } from "./system.ts";

interface Mail {
  readonly to: string | readonly string[];
  readonly subject: string;
  readonly text: string;
}
interface List<T> {
  readonly data: readonly T[];
  readonly nextCursor: string | null;
}

const mailsTo = async (email: string) =>
  (await call<Mail[]>("GET", `/api/messages?to=${encodeURIComponent(email)}`, { base: system.mailbox })).body;

test("a person registers, finds a product by its footprint, orders it, pays, and gets one confirmation mail", async () => {
  const { accessToken: token, user } = await newPerson();

  const found = await call<List<Product> & { facets: object }>(
    "GET",
    "/api/products?sort=carbon&minScore=60&limit=10",
  );
  expect(found.status).toBe(200);
  const footprints = found.body.data.map(({ carbon }) => Number(carbon.kgCO2e));
  expect(footprints).toEqual(footprints.toSorted((a, b) => a - b));
  expect(found.body.data.every(({ sustainabilityScore }) => sustainabilityScore >= 60)).toBe(true);
  const product = found.body.data.find(({ stock }) => stock.available >= 2);
  if (!product) throw new Error("Nothing is in stock");

  const placed = await buy({ token, items: [{ productId: product.id, quantity: 2 }] });
  expect(placed).toMatchObject({
    status: 201,
    body: {
      status: "confirmed",
      total: { amount: product.price.amount * 2, currency: product.price.currency },
    },
  });
  expect(Number(placed.body.carbon.kgCO2e)).toBeCloseTo(Number(product.carbon.kgCO2e) * 2, 6);
  const orderId = placed.body.id;

  expect(await call("GET", `/api/orders/${orderId}`, { token })).toMatchObject({
    status: 200,
    body: { id: orderId, status: "confirmed" },
  });
  const payments = await call<List<object>>("GET", `/api/payments?orderId=${orderId}`, { token });
  expect(payments.body.data).toMatchObject([
    { orderId, status: "captured", amount: placed.body.total, refunded: { amount: 0 } },
  ]);
  const history = await call<List<{ kind: string; name: string }>>("GET", `/api/orders/${orderId}/history`, {
    token,
  });
  expect(history.body.data.filter(({ kind }) => kind === "status").map(({ name }) => name)).toEqual([
    "pending",
    "confirmed",
  ]);

  const details = await call("GET", `/api/orders/${orderId}/details`, { token });
  expect(details.status).toBe(200);
  expect(JSON.stringify(details.body)).toContain(user.email);
  expect(JSON.stringify(details.body)).toContain(product.name);

  const mails = await eventually(
    async () => {
      const about = (await mailsTo(user.email)).filter(({ text }) => text.includes(orderId));
      return about.length > 0 ? about : undefined;
    },
    { withinMs: 10_000 },
  );
  expect(mails.length).toBe(1);
  expect(mails[0]?.text).toContain(product.name);
  expect(mails[0]?.text).toMatch(/kg CO[2₂]e/);

  const notifications = await eventually(
    async () => {
      const { data } = (
        await call<List<{ type: string; status: string; subject: { orderId?: string } }>>(
          "GET",
          "/api/notifications",
          { token },
        )
      ).body;
      const mine = data.filter(({ subject }) => subject.orderId === orderId);
      return mine.some(({ status }) => status === "sent") ? mine : undefined;
    },
    { withinMs: 10_000 },
  );
  expect(notifications.length).toBe(1);
}, 30_000);

test("a declined card answers 402 and leaves stock and money as they were", async () => {
  const { accessToken: token } = await newPerson();
  const product = await newProduct({ onHand: 3 });
  const declined = await buy({
    token,
    items: [{ productId: product.id, quantity: 1 }],
    card: "pm_card_chargeDeclined",
  });
  expect(declined).toMatchObject({ status: 402, body: { code: "payment-declined" } });
  await eventually(async () => ((await available(product.id)) === 3 ? true : undefined), {
    withinMs: 10_000,
  });
  const orders = await call<List<Order>>("GET", "/api/orders", { token });
  expect(orders.body.data).toMatchObject([{ status: "cancelled", cancelReason: "payment-declined" }]);
}, 20_000);

/** How an order ended, once it has. */
const ended = (orderId: string, token: string): Promise<string> =>
  eventually(
    async () => {
      const { status, cancelReason } = (await call<Order>("GET", `/api/orders/${orderId}`, { token })).body;
      return status === "pending" ? undefined : cancelReason ? `${status} ${cancelReason}` : status;
    },
    { withinMs: 20_000, everyMs: 200 },
  );

test("of thirty people who want the last five, five get one", async () => {
  const product = await newProduct({ onHand: 5 });
  const people = await Promise.all(Array.from({ length: 6 }, () => newPerson()));
  const attempts = Array.from({ length: 30 }, (_, at) => people[at % people.length]?.accessToken ?? "");
  const answers = await Promise.all(
    attempts.map((token) => buy({ token, items: [{ productId: product.id, quantity: 1 }] })),
  );
  // What takes longer than a client is to wait is answered while it is pending, and ends the same way.
  const ends = await Promise.all(
    answers.map(({ status, body }, at) =>
      status === 201
        ? ended(body.id, attempts[at] ?? "")
        : Promise.resolve(`${status} ${(body as { code?: string }).code}`),
    ),
  );
  expect(ends.filter((end) => end === "confirmed").length).toBe(5);
  expect(ends.filter((end) => end.endsWith(" insufficient-stock")).length).toBe(25);
  await eventually(async () => ((await available(product.id)) === 0 ? true : undefined), {
    withinMs: 10_000,
  });
}, 40_000);

test("a charge whose answer got lost is found out, not repeated", async () => {
  const { accessToken: token } = await newPerson();
  const product = await newProduct({ onHand: 3 });
  const placed = await buy({
    token,
    items: [{ productId: product.id, quantity: 1 }],
    card: "pm_sandbox_timeoutAfterCharging",
  });
  expect(placed.status).toBe(201);
  await eventually(
    async () =>
      (await call<Order>("GET", `/api/orders/${placed.body.id}`, { token })).body.status === "confirmed"
        ? true
        : undefined,
    { withinMs: 25_000 },
  );
  const payments = await call<List<object>>("GET", `/api/payments?orderId=${placed.body.id}`, { token });
  expect(payments.body.data).toMatchObject([{ status: "captured" }]);
  const books = JSON.stringify((await call("GET", "/sandbox/state", { base: system.sandbox })).body);
  expect(books).toContain(placed.body.id);
  expect(await available(product.id)).toBe(2);
}, 40_000);

test("cancelling a confirmed order gives back the money and the stock, once", async () => {
  const { accessToken: token } = await newPerson();
  const product = await newProduct({ onHand: 4 });
  const { body: order } = await buy({ token, items: [{ productId: product.id, quantity: 3 }] });
  const answers = await Promise.all(
    Array.from({ length: 4 }, () => call<Order>("POST", `/api/orders/${order.id}/cancel`, { token })),
  );
  expect(answers.every(({ status }) => status === 200 || status === 409)).toBe(true);
  expect(answers.some(({ status }) => status === 200)).toBe(true);
  await eventually(
    async () =>
      (await call<Order>("GET", `/api/orders/${order.id}`, { token })).body.status === "cancelled"
        ? true
        : undefined,
    { withinMs: 10_000 },
  );
  await eventually(async () => ((await available(product.id)) === 4 ? true : undefined), {
    withinMs: 10_000,
  });
  const payments = await call<List<object>>("GET", `/api/payments?orderId=${order.id}`, { token });
  expect(payments.body.data).toMatchObject([{ refunded: order.total }]);
  const again = await call("POST", `/api/orders/${order.id}/cancel`, { token });
  expect(again).toMatchObject({ status: 409, body: { code: "order-already-cancelled" } });
}, 30_000);
