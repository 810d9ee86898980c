import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { eventually } from "#mesh/eventually";
import { uuidV7 } from "#mesh/uuid-v7";
import { createSettledCharges } from "./settled-charges.ts";
import { startTestService, type TestService } from "./test-service.ts";

let service: TestService;
let orderId: string;

beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.stop());
beforeEach(() => {
  orderId = uuidV7();
  delete service.network.before;
  Object.assign(service.deps, { settled: createSettledCharges() });
});

const taken = { status: 200, body: { received: true } };
const intentOf = () => service.sandbox.state().intents.find(({ metadata }) => metadata.orderId === orderId);
const chargeOf = () => service.sandbox.state().charges.find(({ metadata }) => metadata.orderId === orderId);
const eventOf = (type: string, object: unknown, id = `evt_${uuidV7()}`) => ({
  id,
  object: "event",
  type,
  created: Math.floor(Date.now() / 1000),
  data: { object },
});
const statusOf = async () => {
  const [row] = await service.sql<
    { status: string }[]
  >`select status from payments where order_id = ${orderId}`;
  return row?.status;
};

/** Charges at the provider while the answer gets lost. */
async function chargeUnknown(token = "pm_card_visa"): Promise<void> {
  service.network.before = async (_, go) => {
    await go();
    return new Response("gone", { status: 502 });
  };
  expect(await service.charge(orderId, token)).toMatchObject({ status: 202 });
  delete service.network.before;
}

test("an event resolves a charge whose outcome was unknown, once however often it comes", async () => {
  await chargeUnknown();
  const event = eventOf("payment_intent.succeeded", intentOf());
  await Promise.all([service.webhook(event), service.webhook(event), service.webhook(event)]);
  expect(await service.webhook(event)).toMatchObject(taken);
  expect(await statusOf()).toBe("captured");
  expect(await service.ledger(orderId)).toEqual([{ kind: "capture", amount: 1999 }]);
  expect(await service.events(orderId)).toEqual(["initiated", "processed"]);
  expect(await service.charge(orderId)).toMatchObject({ status: 200 });
});

test("a failed one declines it; a failure after success changes nothing", async () => {
  await chargeUnknown("pm_card_chargeDeclined");
  expect(await service.webhook(eventOf("payment_intent.payment_failed", intentOf()))).toMatchObject(taken);
  expect(await statusOf()).toBe("declined");

  orderId = uuidV7();
  await service.charge(orderId);
  expect(await service.webhook(eventOf("payment_intent.payment_failed", intentOf()))).toMatchObject(taken);
  expect(await statusOf()).toBe("captured");
});

test("what is booked already costs no row and changes nothing", async () => {
  await service.charge(orderId);
  const event = eventOf("payment_intent.succeeded", intentOf());
  expect(await service.webhook(event)).toMatchObject(taken);
  expect(await service.sql`select 1 from provider_events where id = ${event.id}`).toHaveLength(0);
  expect(await service.ledger(orderId)).toHaveLength(1);
});

test("a refund made at the provider is booked once, and before the news of its charge too", async () => {
  await chargeUnknown();
  const { id } = intentOf() ?? { id: "" };
  await service.stripePost("/v1/refunds", { payment_intent: id, amount: "700" });
  const charge = { ...chargeOf() };
  const event = eventOf("charge.refunded", charge);
  expect(await service.webhook(event)).toMatchObject(taken);
  expect(await service.webhook(event)).toMatchObject(taken);
  expect(await service.webhook(eventOf("charge.refunded", charge))).toMatchObject(taken);
  expect(await service.webhook(eventOf("payment_intent.succeeded", { ...intentOf(), id }))).toMatchObject(
    taken,
  );
  expect(await service.ledger(orderId)).toEqual([
    { kind: "capture", amount: 1999 },
    { kind: "refund", amount: 700 },
  ]);
  expect(await service.events(orderId)).toEqual(["initiated", "processed", "refunded"]);
});

test("the event of a refund of our own changes nothing", async () => {
  const { body } = await service.charge(orderId);
  await service.refund(body.id, 500);
  expect(await service.webhook(eventOf("charge.refunded", chargeOf()))).toMatchObject(taken);
  expect(await service.ledger(orderId)).toHaveLength(2);
});

test("an event of a type that nobody here knows is taken, counted and reported; one that tells nothing new is not", async () => {
  const counted = async () => (await service.deps.metrics.webhooks.get()).values;
  const of = async (result: string) =>
    (await counted()).find(({ labels }) => labels.gateway === "stripe" && labels.result === result)?.value ??
    0;
  const [unknown, unused] = [await of("unknown-type"), await of("nothing-to-do")];
  expect(await service.webhook(eventOf("charge.confiscated", { id: "ch_1" }))).toMatchObject(taken);
  expect(await service.webhook(eventOf("payout.paid", { id: "po_1" }))).toMatchObject(taken);
  expect([await of("unknown-type"), await of("nothing-to-do")]).toEqual([unknown + 1, unused + 1]);
  const reported = service.lines.filter((line) => line.includes("a type that nobody here knows"));
  expect(reported.map((line) => (JSON.parse(line) as { type: string }).type)).toEqual(["charge.confiscated"]);
});

test("unknown payments, unknown types, other amounts and second charges are taken and ignored", async () => {
  await service.charge(orderId);
  const intent = intentOf();
  const ignored = [
    eventOf("payment_intent.succeeded", { ...intent, metadata: { orderId: uuidV7() } }),
    eventOf("payment_intent.succeeded", { ...intent, metadata: {} }),
    eventOf("payment_intent.succeeded", { ...intent, id: "pi_other" }),
    eventOf("charge.refunded", { ...chargeOf(), amount: 1, amount_refunded: 1 }),
    eventOf("customer.created", { id: "cus_1" }),
    eventOf("payment_intent.succeeded", null),
  ];
  for (const event of ignored) expect(await service.webhook(event)).toMatchObject(taken);
  expect(await service.ledger(orderId)).toHaveLength(1);
  expect(service.lines.some((line) => line.includes("second charge"))).toBe(true);
});

test("another amount never settles an open charge", async () => {
  await chargeUnknown();
  await service.webhook(eventOf("payment_intent.succeeded", { ...intentOf(), amount: 1 }));
  expect(await statusOf()).toBe("unknown");
});

test("a bad signature, an old or future time, and what is no event are refused and change nothing", async () => {
  await chargeUnknown();
  const event = eventOf("payment_intent.succeeded", intentOf());
  const refused = { status: 400, body: { code: "signature-invalid" } };
  expect(await service.webhook(event, { secret: "whsec_other" })).toMatchObject(refused);
  expect(await service.webhook(event, { atMs: Date.now() - 400_000 })).toMatchObject(refused);
  expect(await service.webhook(event, { atMs: Date.now() + 400_000 })).toMatchObject(refused);
  const unsigned = new Request("http://payment/webhooks/stripe", { method: "POST", body: "{}" });
  expect(await service.send(unsigned)).toMatchObject(refused);
  expect(await service.webhook("{")).toMatchObject({ status: 400, body: { code: "malformed-request" } });
  expect(await service.webhook([])).toMatchObject({ status: 400 });
  expect(await statusOf()).toBe("unknown");
});

test("with webhooks on, every order ends with its events delivered and one charge", async () => {
  const live = await startTestService({ webhooks: true });
  try {
    const orders = Array.from({ length: 6 }, () => uuidV7());
    const tokens = ["pm_card_visa", "pm_sandbox_duplicateWebhook", "pm_sandbox_timeoutAfterCharging"];
    await Promise.all(orders.map(async (id, i) => live.charge(id, tokens[i % 3])));
    await eventually(async () => {
      expect(live.sandbox.state().webhooks).toMatchObject({ pending: 0, failed: 0 });
      for (const id of orders) {
        expect(await live.ledger(id)).toEqual([{ kind: "capture", amount: 1999 }]);
        expect(live.atProvider(id)).toMatchObject({ charges: 1, net: 1999 });
      }
      return true;
    });
  } finally {
    await live.stop();
  }
});
