import { expect, test } from "bun:test";
import { randomBytes, randomUUID } from "node:crypto";
import { eventually } from "#mesh/eventually";
import { address, admin, buy, call, newPerson, newProduct, type Order } from "./person.ts";
import { system } from "./system.ts";

const within = { withinMs: 15_000, everyMs: 200 };

test("an order is shipped, which its buyer is told, and delivered; then it cannot be cancelled", async () => {
  const { accessToken: token, user } = await newPerson();
  const product = await newProduct();
  const { body: order } = await buy({ token, items: [{ productId: product.id, quantity: 1 }] });
  const parcel = { carrier: "DHL", trackingNumber: "JJD000390007777" };
  const path = `/api/orders/${order.id}`;
  expect((await call("POST", `${path}/ship`, { token, body: parcel })).status).toBe(403);
  const toShip = await call<{ data: Order[] }>("GET", "/api/orders?scope=all&status=confirmed&limit=100", {
    token: await admin(),
  });
  expect(toShip.body.data.map(({ id }) => id)).toContain(order.id);
  const shipped = await call("POST", `${path}/ship`, { token: await admin(), body: parcel });
  expect(shipped).toMatchObject({ status: 200, body: { status: "shipped", shipment: parcel } });
  const mail = await eventually(async () => {
    const { body } = await call<{ text: string }[]>(
      "GET",
      `/api/messages?to=${encodeURIComponent(user.email)}`,
      { base: system.mailbox },
    );
    return body.find(({ text }) => text.includes(parcel.trackingNumber));
  }, within);
  expect(mail.text).toContain(order.id);
  expect((await call("POST", `${path}/deliver`, { token: await admin() })).status).toBe(200);
  expect(await call("POST", `${path}/cancel`, { token })).toMatchObject({
    status: 409,
    body: { code: "order-not-cancellable" },
  });
  const { body: history } = await call<{ data: { name: string; by?: string }[] }>("GET", `${path}/history`, {
    token,
  });
  expect(history.data.map(({ name }) => name).slice(-2)).toEqual(["shipped", "delivered"]);
  expect(JSON.stringify(history)).not.toContain('"by"');
}, 30_000);

test("a card whose bank asks: the buyer is told where to go, approves, and gets the order; or denies, and does not", async () => {
  const { accessToken: token } = await newPerson();
  const product = await newProduct({ onHand: 10 });
  const place = async () => {
    const items = [{ productId: product.id, quantity: 2 }];
    const { status, body } = await buy({ token, items, card: "pm_card_threeDSecure2Required" });
    expect([status, body]).toMatchObject([201, { status: "pending", waitingFor: "payment-action" }]);
    const { body: payments } = await call<{ data: { status: string; nextAction: { url: string } }[] }>(
      "GET",
      `/api/payments?orderId=${body.id}`,
      { token },
    );
    expect(payments.data).toMatchObject([{ status: "requires-action", nextAction: { type: "redirect" } }]);
    return { id: body.id, url: payments.data[0]?.nextAction.url ?? "" };
  };
  const decide = async (url: string, decision: "approve" | "deny") => {
    expect(await (await fetch(url)).text()).toContain(decision);
    expect((await fetch(`${url}/${decision}`, { method: "POST" })).ok).toBe(true);
  };
  const ended = (id: string) =>
    eventually(async () => {
      const { body } = await call<Order>("GET", `/api/orders/${id}`, { token });
      return body.status === "pending" ? undefined : body;
    }, within);
  const [approved, denied] = [await place(), await place()];
  await decide(approved.url, "approve");
  await decide(denied.url, "deny");
  expect(await ended(approved.id)).toMatchObject({ status: "confirmed" });
  expect(await ended(denied.id)).toMatchObject({ status: "cancelled", cancelReason: "payment-declined" });
}, 40_000);

test("PayPal pays for an order, once, and a refund goes back to it", async () => {
  const { accessToken: token } = await newPerson();
  const product = await newProduct({ price: 2100 });
  const approved = (does: string) => `SANDBOX_${does}_2100_EUR_${randomBytes(4).toString("hex")}`;
  const pay = (paypalOrder: string) =>
    call<Order>("POST", "/api/orders", {
      token,
      headers: { "idempotency-key": randomUUID() },
      body: {
        items: [{ productId: product.id, quantity: 1 }],
        shippingAddress: address,
        paymentMethod: { type: "paypal", token: paypalOrder },
      },
    });
  const paypalOrder = approved("success");
  const order = await pay(paypalOrder);
  expect(order).toMatchObject({
    status: 201,
    body: { status: "confirmed", paymentMethod: { type: "paypal" } },
  });
  expect(await pay(paypalOrder)).toMatchObject({ status: 402, body: { code: "payment-declined" } });
  expect(await pay(approved("decline"))).toMatchObject({ status: 402, body: { code: "payment-declined" } });
  const { body } = await call<{ data: { id: string; gateway: string }[] }>(
    "GET",
    `/api/payments?orderId=${order.body.id}`,
    { token },
  );
  expect(body.data).toMatchObject([{ gateway: "paypal", status: "captured" }]);
  const refund = await call("POST", `/api/payments/${body.data[0]?.id}/refunds`, {
    token: await admin(),
    headers: { "idempotency-key": randomUUID() },
    body: { amount: { amount: 600, currency: "EUR" }, reason: "a scratch" },
  });
  expect(refund).toMatchObject({ status: 201, body: { status: "succeeded" } });
}, 30_000);
