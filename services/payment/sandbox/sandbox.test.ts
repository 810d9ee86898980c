import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import Stripe from "stripe";
import { eventually } from "#mesh/eventually";
import { type Listener, listen } from "#mesh/listen";
import { page } from "./page.ts";
import { createSandbox, type Sandbox } from "./sandbox.ts";

const secretKey = "sk_test_sandbox";
const webhookSecret = "whsec_sandbox";

interface Received {
  readonly event: Stripe.Event;
}

let listener: Listener;
let hooks: Listener;
let sandbox: Sandbox;
let stripe: Stripe;
let received: Received[];
let refuseFirst = 0;

const client = (key = secretKey, timeout = 400) =>
  new Stripe(key, {
    host: "127.0.0.1",
    port: listener.port,
    protocol: "http",
    maxNetworkRetries: 0,
    telemetry: false,
    timeout,
  });

beforeAll(() => {
  hooks = listen({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const body = await request.text();
      const signature = request.headers.get("stripe-signature") ?? "";
      const event = await stripe.webhooks.constructEventAsync(body, signature, webhookSecret);
      if (refuseFirst-- > 0) return new Response("busy", { status: 503 });
      received.push({ event });
      return new Response("ok");
    },
  });
  listener = listen({ port: 0, hostname: "127.0.0.1", fetch: (request) => sandbox.fetch(request) });
  stripe = client();
});

beforeEach(() => {
  sandbox?.close();
  received = [];
  refuseFirst = 0;
  sandbox = createSandbox({
    secretKey,
    webhookSecret,
    webhookUrl: `http://127.0.0.1:${hooks.port}/`,
    webhookAfterMs: 0,
    webhookBackoffMs: 10,
    hangMs: 1_000,
  });
});

afterAll(async () => {
  sandbox.close();
  await listener.stop(0);
  await hooks.stop(0);
});

const charge = (token: string, key?: string, amount = 2500) =>
  stripe.paymentIntents.create(
    { amount, currency: "eur", confirm: true, payment_method: token, metadata: { orderId: "order-1" } },
    key === undefined ? {} : { idempotencyKey: key },
  );

const failureOf = async (work: Promise<unknown>): Promise<Stripe.errors.StripeError> =>
  await work.then(
    () => Promise.reject(new Error("It was not refused")),
    (error: unknown) => error as Stripe.errors.StripeError,
  );

test("a test card is charged and stands in the books", async () => {
  const intent = await charge("pm_card_visa");
  expect(intent).toMatchObject({
    status: "succeeded",
    amount_received: 2500,
    metadata: { orderId: "order-1" },
  });
  expect(intent.lastResponse.requestId).toStartWith("req_");
  expect(sandbox.state().orders).toEqual([
    {
      provider: "stripe",
      orderId: "order-1",
      currency: "eur",
      charges: 1,
      captured: 2500,
      refunded: 0,
      withdrawn: 0,
      fees: 0,
      net: 2500,
    },
  ]);
  expect(await stripe.paymentIntents.retrieve(intent.id)).toMatchObject({ id: intent.id });
});

test.each([
  ["pm_card_chargeDeclined", "card_declined", "generic_decline"],
  ["pm_card_visa_chargeDeclined", "card_declined", "generic_decline"],
  ["pm_card_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"],
  ["pm_card_chargeDeclinedExpiredCard", "expired_card", "expired_card"],
])("%s is declined with %s, %s", async (token, code, declineCode) => {
  const error = await failureOf(charge(token));
  expect(error).toBeInstanceOf(Stripe.errors.StripeCardError);
  expect(error).toMatchObject({ statusCode: 402, code, decline_code: declineCode });
  expect(sandbox.state().orders).toEqual([]);
});

test("a card that needs authentication asks for it, or is declined where nobody can be asked", async () => {
  const intent = await charge("pm_card_authenticationRequired");
  expect(intent.status).toBe("requires_action");
  const error = await failureOf(
    stripe.paymentIntents.create({
      amount: 2500,
      currency: "eur",
      confirm: true,
      payment_method: "pm_card_authenticationRequired",
      error_on_requires_action: true,
    }),
  );
  expect(error).toMatchObject({ statusCode: 402, code: "authentication_required" });
});

test("a key replays its first answer, declines included", async () => {
  const first = await charge("pm_card_visa", "key-1");
  const second = await charge("pm_card_visa", "key-1");
  expect(second.id).toBe(first.id);
  expect(new Headers(second.lastResponse.headers).get("idempotent-replayed")).toBe("true");
  await failureOf(charge("pm_card_chargeDeclined", "key-2"));
  expect(await failureOf(charge("pm_card_chargeDeclined", "key-2"))).toMatchObject({ statusCode: 402 });
  expect(sandbox.state().charges).toHaveLength(2);
});

test("a key with other parameters is refused, and stays free after a refused request", async () => {
  await charge("pm_card_visa", "key-1");
  const error = await failureOf(charge("pm_card_visa", "key-1", 2501));
  expect(error).toBeInstanceOf(Stripe.errors.StripeIdempotencyError);
  expect(error.statusCode).toBe(400);
  expect(await failureOf(charge("pm_nothing", "key-2"))).toMatchObject({ code: "resource_missing" });
  expect(await charge("pm_card_visa", "key-2")).toMatchObject({ status: "succeeded" });
});

test("a key whose first request is under way is refused", async () => {
  const slow = charge("pm_sandbox_slow", "key-1").catch(() => undefined);
  await eventually(async () => {
    const error = await failureOf(charge("pm_sandbox_slow", "key-1"));
    expect(error).toMatchObject({ statusCode: 409, code: "idempotency_key_in_use" });
    return true;
  });
  await slow;
});

test("a timeout after charging: the charge is in the books, and the key tells of it", async () => {
  const error = await failureOf(charge("pm_sandbox_timeoutAfterCharging", "key-1"));
  expect(error).toBeInstanceOf(Stripe.errors.StripeConnectionError);
  expect(await charge("pm_sandbox_timeoutAfterCharging", "key-1")).toMatchObject({ status: "succeeded" });
  expect(sandbox.state().orders).toMatchObject([{ charges: 1, net: 2500 }]);
});

test("manual capture: held, then captured in part, or cancelled", async () => {
  const hold = () =>
    stripe.paymentIntents.create({
      amount: 2500,
      currency: "eur",
      confirm: true,
      payment_method: "pm_card_mastercard",
      capture_method: "manual",
    });
  const first = await hold();
  expect(first).toMatchObject({ status: "requires_capture", amount_capturable: 2500 });
  expect(await failureOf(stripe.paymentIntents.capture(first.id, { amount_to_capture: 2501 }))).toMatchObject(
    {
      statusCode: 400,
    },
  );
  expect(await stripe.paymentIntents.capture(first.id, { amount_to_capture: 2000 })).toMatchObject({
    status: "succeeded",
    amount_received: 2000,
  });
  const second = await hold();
  expect(await stripe.paymentIntents.cancel(second.id)).toMatchObject({ status: "canceled" });
  expect(await failureOf(stripe.paymentIntents.capture(second.id))).toMatchObject({
    code: "payment_intent_unexpected_state",
  });
});

test("refunds: in parts, never above what was captured", async () => {
  const { id } = await charge("pm_card_visa");
  const refund = await stripe.refunds.create({ payment_intent: id, amount: 1000 });
  expect(await stripe.refunds.retrieve(refund.id)).toMatchObject({ amount: 1000, status: "succeeded" });
  expect(await failureOf(stripe.refunds.create({ payment_intent: id, amount: 1501 }))).toMatchObject({
    statusCode: 400,
  });
  await stripe.refunds.create({ payment_intent: id });
  expect(await failureOf(stripe.refunds.create({ payment_intent: id }))).toMatchObject({
    code: "charge_already_refunded",
  });
  expect((await stripe.refunds.list({ payment_intent: id })).data).toHaveLength(2);
  expect(sandbox.state().orders).toMatchObject([{ captured: 2500, refunded: 2500, net: 0 }]);
});

test("lists in pages, and searches by order", async () => {
  for (let i = 0; i < 3; i++) await charge("pm_card_visa");
  const first = await stripe.paymentIntents.list({ limit: 2 });
  expect(first.has_more).toBe(true);
  const rest = await stripe.paymentIntents.list({ limit: 2, starting_after: first.data[1]?.id ?? "" });
  expect(rest).toMatchObject({ has_more: false, data: [{}] });
  const found = await stripe.paymentIntents.search({ query: "metadata['orderId']:'order-1'" });
  expect(found.data).toHaveLength(3);
});

test.each([
  ["no amount", { currency: "eur" }, "parameter_missing"],
  ["a fraction", { amount: 1.5, currency: "eur" }, "parameter_invalid_integer"],
  ["too little", { amount: 49, currency: "eur" }, "amount_too_small"],
  ["too much", { amount: 100_000_000, currency: "eur" }, "amount_too_large"],
])("%s is refused", async (_, parameters, code) => {
  const error = await failureOf(stripe.paymentIntents.create(parameters as Stripe.PaymentIntentCreateParams));
  expect(error).toMatchObject({ statusCode: 400, code });
});

test("a wrong key, an unknown path and an unknown id are refused", async () => {
  expect(await failureOf(client("sk_test_other").paymentIntents.list())).toMatchObject({ statusCode: 401 });
  expect(await failureOf(stripe.paymentIntents.retrieve("pi_none"))).toMatchObject({ statusCode: 404 });
  expect(await failureOf(stripe.customers.list())).toMatchObject({ statusCode: 404 });
});

test("events are signed, and delivered again until they are taken", async () => {
  refuseFirst = 2;
  const intent = await charge("pm_card_visa");
  await stripe.refunds.create({ payment_intent: intent.id, amount: 500 });
  await failureOf(charge("pm_card_chargeDeclined"));
  await eventually(() => {
    expect(received.map(({ event }) => event.type).sort()).toEqual([
      "charge.refunded",
      "payment_intent.payment_failed",
      "payment_intent.succeeded",
    ]);
    expect(sandbox.state().webhooks).toEqual({ delivered: 3, pending: 0, failed: 0 });
    return true;
  });
});

test("pm_sandbox_duplicateWebhook delivers one event three times", async () => {
  await charge("pm_sandbox_duplicateWebhook");
  await eventually(() => {
    expect(received).toHaveLength(3);
    return true;
  });
  expect(new Set(received.map(({ event }) => event.id)).size).toBe(1);
});

test("pm_sandbox_lateWebhook keeps its event back", async () => {
  await charge("pm_sandbox_lateWebhook");
  expect(sandbox.state().webhooks).toEqual({ delivered: 0, pending: 1, failed: 0 });
});

test("books that were saved and read back know every charge and key", async () => {
  const first = await charge("pm_card_visa", "key-1");
  const saved = JSON.parse(JSON.stringify(sandbox.saved()));
  sandbox.close();
  sandbox = createSandbox({ secretKey, webhookSecret, saved });
  expect((await charge("pm_card_visa", "key-1")).id).toBe(first.id);
  await stripe.refunds.create({ payment_intent: first.id });
  expect(sandbox.state().orders).toMatchObject([{ charges: 1, net: 0 }]);
});

test("the page shows the books and escapes what clients sent", async () => {
  await stripe.paymentIntents.create({
    amount: 2500,
    currency: "eur",
    confirm: true,
    payment_method: "pm_card_visa",
    metadata: { orderId: "<script>" },
  });
  const html = await page(sandbox.state()).text();
  expect(html).toContain(">25.00 EUR<");
  expect(html).not.toContain("<script>");
});
