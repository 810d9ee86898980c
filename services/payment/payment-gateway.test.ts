import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { type Listener, listen } from "#mesh/listen";
import { uuidV7 } from "#mesh/uuid-v7";
import {
  type KnownCharge,
  type PaymentGateway,
  type ProviderMovement,
  ProviderSilent,
  type ToldDispute,
} from "./payment-gateway.ts";
import { openPaypal } from "./paypal-gateway.ts";
import { createSandbox, type Sandbox } from "./sandbox/sandbox.ts";
import { openStripe } from "./stripe-gateway.ts";

let sandbox: Sandbox;
let provider: Listener;
/** What stands between us and the provider. */
let between: (request: Request, go: () => Promise<Response>) => Promise<Response>;

beforeAll(() => {
  sandbox = createSandbox({
    secretKey: "sk_test",
    webhookSecret: "whsec",
    hangMs: 1_000,
    paypal: { clientId: "client", clientSecret: "secret", webhookId: "WH1", webhookUrl: undefined },
  });
  provider = listen({
    port: 0,
    hostname: "127.0.0.1",
    fetch: (request) => between(request, () => sandbox.fetch(request)),
  });
});
afterAll(async () => {
  sandbox.close();
  await provider.stop(0);
});
beforeEach(() => {
  between = (_, go) => go();
});

interface Provider {
  open(): PaymentGateway;
  /** What pays, by what it does. */
  token(behaviour: "success" | "decline" | "timeout" | "approval" | "dispute" | "unheard-of"): string;
  approve(url: string): Promise<unknown>;
}

const amount = { amount: 1999, currency: "EUR" };
const at = () => `http://127.0.0.1:${provider.port}`;
const posted = (url: string) => fetch(url, { method: "POST", redirect: "manual" });

const providers: [string, Provider][] = [
  [
    "Stripe",
    {
      open: () =>
        openStripe({
          secretKey: "sk_test",
          apiUrl: at(),
          returnUrl: "https://shop.test/",
          timeoutMs: 300,
        }),
      token: (behaviour) =>
        ({
          success: "pm_card_visa",
          decline: "pm_card_chargeDeclined",
          timeout: "pm_sandbox_timeoutAfterCharging",
          approval: "pm_card_threeDSecure2Required",
          dispute: "pm_card_createDispute",
          "unheard-of": "pm_unheard_of",
        })[behaviour],
      approve: (url) => posted(`${url}/approve`),
    },
  ],
  [
    "PayPal",
    {
      open: () => openPaypal({ clientId: "client", clientSecret: "secret", apiUrl: at(), timeoutMs: 300 }),
      token: (behaviour) =>
        behaviour === "unheard-of"
          ? "UNHEARDOF"
          : `SANDBOX_${behaviour}_1999_EUR_${Math.random().toString(36).slice(2, 8)}`,
      approve: (url) => posted(url.replace("checkoutnow", "checkoutnow/approve")),
    },
  ],
];

describe.each(providers)("%s", (name, { open, token, approve }) => {
  let gateway: PaymentGateway;
  let order: KnownCharge;
  beforeEach(() => {
    gateway = open();
    order = chargeOf(token("success"));
  });
  const chargeOf = (named: string): KnownCharge => ({
    orderId: uuidV7(),
    amount,
    token: named,
    capture: "automatic",
    createdAt: new Date(),
    reference: null,
  });
  const booksOf = ({ orderId }: KnownCharge) =>
    sandbox.state().orders.find((each) => each.orderId === orderId) ?? { charges: 0, net: 0 };
  async function charged(): Promise<KnownCharge> {
    const outcome = await gateway.charge(order);
    expect(outcome).toMatchObject({ outcome: "captured" });
    return { ...order, reference: (outcome as { reference: string }).reference };
  }

  test("charges once, however often and by how many it is asked", async () => {
    const outcomes = await Promise.all([gateway.charge(order), open().charge(order), gateway.charge(order)]);
    for (const { outcome } of outcomes) expect(["captured", "unknown"]).toContain(outcome);
    const first = await gateway.charge(order);
    expect(await open().charge(order)).toEqual(first);
    expect(booksOf(order)).toMatchObject({ charges: 1, net: 1999 });
  });

  test("a decline is final and says why", async () => {
    const declined = chargeOf(token("decline"));
    for (let i = 0; i < 2; i++) {
      const outcome = await gateway.charge(declined);
      expect(outcome).toMatchObject({ outcome: "declined" });
      expect((outcome as { code: string }).code).toMatch(/^[a-z_]+$/);
    }
    expect(booksOf(declined)).toMatchObject({ charges: 0 });
  });

  test("what the provider never heard of is declined", async () => {
    expect(await gateway.charge(chargeOf(token("unheard-of")))).toMatchObject({ outcome: "declined" });
  });

  test("an answer that never comes is unknown, and asking again finds the one charge", async () => {
    const hangs = chargeOf(token("timeout"));
    expect(await gateway.charge(hangs)).toMatchObject({ outcome: "unknown" });
    expect(await gateway.charge(hangs)).toMatchObject({ outcome: "captured" });
    expect(await gateway.find(hangs)).toMatchObject({ outcome: "captured" });
    expect(booksOf(hangs)).toMatchObject({ charges: 1, net: 1999 });
  });

  test.each([
    ["a fault", () => new Response("no", { status: 503 })],
    ["too many calls", () => Response.json({ error: {}, name: "RATE_LIMIT_REACHED" }, { status: 429 })],
    ["a page of a proxy", () => new Response("<html>", { status: 200 })],
    ["JSON that is not its own", () => Response.json({ ok: true })],
    ["a 404 that is not its own", () => new Response("", { status: 404 })],
    ["refused credentials", () => Response.json({ error: { message: "no" } }, { status: 401 })],
  ])("%s decides nothing", async (_name, answer) => {
    const known = await charged();
    between = async () => answer();
    expect(await gateway.charge({ ...order, orderId: uuidV7() })).toMatchObject({ outcome: "unknown" });
    expect(await gateway.find(known)).toMatchObject({ outcome: "unknown" });
    expect(await gateway.void(known)).toBe("unknown");
    const refund = { refundId: uuidV7(), reference: known.reference ?? "", token: order.token, amount };
    expect(await gateway.refund(refund)).toMatchObject({ outcome: "unknown" });
    expect(await gateway.findRefund(refund)).toMatchObject({ outcome: "unknown" });
    expect(gateway.totals(known)).rejects.toThrow();
    expect(gateway.orderOf(known.reference ?? "")).rejects.toThrow();
  });

  test("a charge that waits for the buyer names the place, and is taken once the buyer agreed", async () => {
    const waiting = chargeOf(token("approval"));
    const outcome = await gateway.charge(waiting);
    if (outcome.outcome !== "requires-action") throw new Error(`It is ${outcome.outcome}`);
    const known = { ...waiting, reference: outcome.reference };
    expect(await gateway.find(known)).toEqual(outcome);
    expect(booksOf(waiting)).toMatchObject({ charges: 0 });
    await approve(outcome.url);
    expect(await gateway.find(known)).toMatchObject({ outcome: "captured" });
    expect(await gateway.void(known)).toBe("captured");
    expect(booksOf(waiting)).toMatchObject({ charges: 1, net: 1999 });
  });

  test("a charge that waits can be ended", async () => {
    const waiting = chargeOf(token("approval"));
    const outcome = await gateway.charge(waiting);
    const { reference } = outcome as { reference: string };
    expect(await gateway.void({ ...waiting, reference })).toBe("voided");
    expect(booksOf(waiting)).toMatchObject({ charges: 0 });
  });

  test("refunds each once, and never more than there is", async () => {
    const { reference, token: paid } = await charged();
    const refund = { refundId: uuidV7(), reference: reference ?? "", token: paid };
    const part = { ...refund, amount: { amount: 500, currency: "EUR" } };
    const made = await gateway.refund(part);
    expect(made).toMatchObject({ outcome: "succeeded" });
    expect(await open().refund(part)).toEqual(made);
    expect(await gateway.findRefund(part)).toEqual(made);
    const other = { ...refund, refundId: uuidV7(), amount };
    expect(await gateway.refund(other)).toMatchObject({ outcome: "refused" });
    expect(await gateway.findRefund(other)).toEqual({ outcome: "refused", code: "never_refunded" });
    expect(booksOf(order)).toMatchObject({ net: 1499 });
    const known = { ...order, reference };
    expect(await gateway.totals(known)).toEqual({
      captured: 1999,
      refunded: 500,
      countsTaken: name === "PayPal",
      currency: "EUR",
    });
    expect(await gateway.find(known)).toMatchObject({ outcome: "captured", reference });
    expect(await gateway.orderOf(reference ?? "")).toBe(order.orderId);
    expect(await gateway.orderOf("nothing")).toBeUndefined();
  });

  test("lists what moved, with our ids", async () => {
    const from = new Date(Date.now() - 1000);
    const { reference } = await charged();
    const refundId = uuidV7();
    await gateway.refund({ refundId, reference: reference ?? "", token: order.token, amount });
    const listed: ProviderMovement[] = [];
    for await (const each of gateway.movements(from, new Date(Date.now() + 1000))) listed.push(each);
    expect(listed).toContainEqual(
      expect.objectContaining({ kind: "charge", reference, orderId: order.orderId, amount }),
    );
    expect(listed).toContainEqual(
      expect.objectContaining({ kind: "refund", chargeReference: reference, refundId, amount }),
    );
    const earlier: ProviderMovement[] = [];
    for await (const each of gateway.movements(new Date(0), new Date(1e9))) earlier.push(each);
    expect(earlier).toEqual([]);
  });
});

describe.each(providers)("disputes at %s", (_, { open, token }) => {
  const listed = async (from: Date, to: Date): Promise<ToldDispute[]> => {
    const found: ToldDispute[] = [];
    for await (const each of open().disputes(from, to)) found.push(each);
    return found;
  };

  test("are listed over as many pages as there are, as asking for each of them tells", async () => {
    const soon = () => new Date(Date.now() + 2_000);
    const from = new Date(Date.now() - 60_000);
    const before = (await listed(from, soon())).length;
    for (let at = 0; at < 120; at++) {
      const order = { orderId: uuidV7(), amount, token: token("dispute"), capture: "automatic" } as const;
      await open().charge({ ...order, createdAt: new Date() });
    }
    const found = await listed(from, soon());
    expect(new Set(found.map(({ id }) => id)).size).toBe(before + 120);
    const { id, type, object } = found.at(-1) ?? { id: "" };
    expect(await open().disputeNow(id)).toEqual({ type, object } as Pick<ToldDispute, "type" | "object">);
    expect(await listed(new Date(Date.now() - 120_000), from)).toEqual([]);
  });

  test("of a provider that says nothing are not none", async () => {
    between = async () => new Response("no", { status: 503 });
    expect(listed(new Date(Date.now() - 1000), new Date())).rejects.toBeInstanceOf(ProviderSilent);
  });
});

describe("PayPal", () => {
  const paypal = () =>
    openPaypal({ clientId: "client", clientSecret: "secret", apiUrl: at(), timeoutMs: 300 });
  const order = (token: string, money = amount): KnownCharge => ({
    orderId: uuidV7(),
    amount: money,
    token,
    capture: "automatic",
    createdAt: new Date(),
    reference: null,
  });

  test("takes only what the buyer approved: to the cent and in its currency", async () => {
    for (const money of [
      { amount: 2000, currency: "EUR" },
      { amount: 1998, currency: "EUR" },
      { amount: 1999, currency: "USD" },
    ]) {
      expect(await paypal().charge(order("SANDBOX_success_1999_EUR_x", money))).toMatchObject({
        outcome: "declined",
        code: "approval_differs",
      });
    }
    expect(
      await paypal().charge(order("SANDBOX_success_100_KWD", { amount: 100, currency: "KWD" })),
    ).toMatchObject({ outcome: "declined", code: "currency_not_taken" });
  });

  test("an approval pays one order only", async () => {
    const token = "SANDBOX_success_1999_EUR_once";
    expect(await paypal().charge(order(token))).toMatchObject({ outcome: "captured" });
    expect(await paypal().charge(order(token))).toMatchObject({
      outcome: "declined",
      code: "approval_used",
    });
  });

  test("an order made by its API waits at its page", async () => {
    const credentials = btoa("client:secret");
    const answer = await fetch(`${at()}/v1/oauth2/token`, {
      method: "POST",
      headers: { authorization: `Basic ${credentials}` },
    });
    const { access_token } = (await answer.json()) as { access_token: string };
    const made = await fetch(`${at()}/v2/checkout/orders`, {
      method: "POST",
      headers: { authorization: `Bearer ${access_token}` },
      body: JSON.stringify({
        intent: "CAPTURE",
        purchase_units: [{ amount: { currency_code: "JPY", value: "1999" } }],
      }),
    });
    const { id } = (await made.json()) as { id: string };
    const yen = order(id, { amount: 1999, currency: "JPY" });
    const waiting = await paypal().charge(yen);
    if (waiting.outcome !== "requires-action") throw new Error(`It is ${waiting.outcome}`);
    expect(await (await fetch(waiting.url)).text()).toContain("1999 JPY");
    await posted(waiting.url.replace("checkoutnow", "checkoutnow/approve"));
    expect(await paypal().charge(yen)).toMatchObject({ outcome: "captured", payer: "SANDBOXPAYER1" });
  });

  test("a token that ended is renewed without anybody noticing", async () => {
    const gateway = paypal();
    expect(await gateway.charge(order("SANDBOX_success_1999_EUR_t1"))).toMatchObject({ outcome: "captured" });
    let refusals = 1;
    between = async (request, go) =>
      refusals-- > 0 && !request.url.includes("oauth2")
        ? Response.json({ name: "AUTHENTICATION_FAILURE" }, { status: 401 })
        : await go();
    expect(await gateway.charge(order("SANDBOX_success_1999_EUR_t2"))).toMatchObject({ outcome: "captured" });
  });
});
