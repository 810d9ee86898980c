import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { eventually } from "#mesh/eventually";
import { uuidV7 } from "#mesh/uuid-v7";
import { sweepPayments } from "./sweep-payments.ts";
import { startTestService, type TestService } from "./test-service.ts";

const threeDSecure = "pm_card_threeDSecure2Required";
const minutes = 60_000;

let service: TestService;
let orderId: string;

beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.stop());
beforeEach(() => {
  orderId = uuidV7();
  service.clock.offsetMs = 0;
  delete service.network.before;
});

async function waitingCharge(): Promise<string> {
  const { status, body } = await service.charge(orderId, threeDSecure);
  expect({ status, body }).toMatchObject({
    status: 202,
    body: { status: "requires-action", nextAction: { type: "redirect" } },
  });
  return body.nextAction.url;
}
const decide = async (url: string, decision: "approve" | "deny") =>
  (await fetch(`${url}/${decision}`, { method: "POST", redirect: "manual" })).status;
const read = async () =>
  (await service.call("GET", `/api/payments?orderId=${orderId}`, service.tokens.user)).body.data[0];
const intentOf = () => service.sandbox.state().intents.find(({ metadata }) => metadata.orderId === orderId);

async function sweepAgain(): Promise<void> {
  await service.passTime();
  await sweepPayments(service.deps);
}

describe("a charge that the bank wants the buyer to confirm", () => {
  test("tells the buyer where to go, the order and the reader alike, and takes nothing", async () => {
    const url = await waitingCharge();
    expect(await read()).toMatchObject({ status: "requires-action", nextAction: { type: "redirect", url } });
    expect(await service.charge(orderId, threeDSecure)).toMatchObject({
      status: 202,
      body: { nextAction: { url } },
    });
    const page = await fetch(url);
    expect(await page.text()).toContain("Your bank asks");
    expect(service.atProvider(orderId)).toMatchObject({ charges: 0 });
    expect(await service.events(orderId)).toEqual(["initiated", "action-required"]);
  });

  test("is captured once when approved, found by asking", async () => {
    expect(await decide(await waitingCharge(), "approve")).toBe(303);
    await sweepAgain();
    expect(await service.charge(orderId, threeDSecure)).toMatchObject({
      status: 200,
      body: { status: "captured" },
    });
    expect(await read()).not.toHaveProperty("nextAction");
    expect(service.atProvider(orderId)).toMatchObject({ charges: 1, net: 1999 });
    expect(await service.ledger(orderId)).toEqual([{ kind: "capture", amount: 1999 }]);
  });

  test("is declined when denied", async () => {
    await decide(await waitingCharge(), "deny");
    await sweepAgain();
    expect(await service.charge(orderId, threeDSecure)).toMatchObject({
      status: 402,
      body: { declineCode: "payment_intent_authentication_failure" },
    });
    expect(await service.ledger(orderId)).toEqual([]);
  });

  test("goes on waiting while nobody decides, and ends at the provider and here when time is over", async () => {
    const url = await waitingCharge();
    await sweepAgain();
    expect(await read()).toMatchObject({ status: "requires-action", nextAction: { url } });
    service.clock.offsetMs = 16 * minutes;
    await sweepAgain();
    expect(await service.charge(orderId, threeDSecure)).toMatchObject({
      status: 402,
      body: { declineCode: "authentication_expired" },
    });
    expect(intentOf()).toMatchObject({ status: "canceled" });
    expect(await service.events(orderId)).toEqual(["initiated", "action-required", "failed"]);
  });

  test("that is approved in the last moment is captured, not lost", async () => {
    await decide(await waitingCharge(), "approve");
    service.clock.offsetMs = 16 * minutes;
    await sweepAgain();
    expect(await service.charge(orderId, threeDSecure)).toMatchObject({ status: 200 });
    expect(await service.ledger(orderId)).toHaveLength(1);
  });

  test("is ended at the provider by a cancellation", async () => {
    const url = await waitingCharge();
    expect(await service.cancel(orderId)).toMatchObject({ status: 200, body: { status: "voided" } });
    expect(intentOf()).toMatchObject({ status: "canceled" });
    await decide(url, "approve");
    expect(service.atProvider(orderId)).toMatchObject({ charges: 0 });
    expect(await service.charge(orderId, threeDSecure)).toMatchObject({ status: 409 });
  });

  test("and is approved before a cancellation is paid back", async () => {
    await decide(await waitingCharge(), "approve");
    expect(await service.cancel(orderId)).toMatchObject({ status: 200, body: { status: "refunded" } });
    expect(service.atProvider(orderId)).toMatchObject({ net: 0 });
  });

  test("is settled by its webhook", async () => {
    const live = await startTestService({ webhooks: true });
    try {
      const { body } = await live.charge(orderId, threeDSecure);
      await decide(body.nextAction.url, "approve");
      await eventually(async () => {
        expect(await live.ledger(orderId)).toEqual([{ kind: "capture", amount: 1999 }]);
        return true;
      });
    } finally {
      await live.stop();
    }
  });

  test("keeps its address and the card's name sealed in the database and out of the log", async () => {
    const url = await waitingCharge();
    const [row] = await service.sql<{ token: string; url: string }[]>`
      select card_token as token, next_action_url as url from payments where order_id = ${orderId}`;
    expect(row?.token).toStartWith("v1.k1.");
    expect(row?.url).toStartWith("v1.k1.");
    expect(service.lines.join("\n")).not.toContain(url);
    expect(service.lines.join("\n")).not.toContain(threeDSecure);
  });
});

describe("with delayed capture", () => {
  let held: TestService;
  beforeAll(async () => {
    held = await startTestService({ capture: "delayed" });
  });
  afterAll(() => held.stop());
  beforeEach(() => {
    held.clock.offsetMs = 0;
    delete held.network.before;
  });

  test("money is held with the charge and taken when asked, once", async () => {
    expect(await held.charge(orderId)).toMatchObject({ status: 200, body: { status: "authorized" } });
    expect(await held.ledger(orderId)).toEqual([]);
    const replies = await Promise.all([held.capture(orderId), held.capture(orderId, held.twin)]);
    for (const { status } of replies) expect([200, 202]).toContain(status);
    expect(await held.capture(orderId)).toMatchObject({ status: 200, body: { status: "captured" } });
    expect(held.atProvider(orderId)).toMatchObject({ charges: 1, net: 1999 });
    expect(await held.events(orderId)).toEqual(["initiated", "authorized", "processed"]);
  });

  test("a capture whose answer is lost is finished by the sweep", async () => {
    await held.charge(orderId);
    held.network.before = async (_, go) => {
      await go();
      return new Response("gone", { status: 502 });
    };
    expect(await held.capture(orderId)).toMatchObject({ status: 202, body: { status: "processing" } });
    delete held.network.before;
    await held.passTime();
    await sweepPayments(held.deps);
    expect(await held.capture(orderId)).toMatchObject({ status: 200 });
    expect(await held.ledger(orderId)).toEqual([{ kind: "capture", amount: 1999 }]);
  });

  test("a cancellation lets it go, and a capture after it is refused", async () => {
    await held.charge(orderId);
    expect(await held.cancel(orderId)).toMatchObject({ status: 200, body: { status: "voided" } });
    expect(await held.capture(orderId)).toMatchObject({ status: 409, body: { code: "payment-cancelled" } });
    expect(held.atProvider(orderId)).toMatchObject({ charges: 0 });
    expect(await held.ledger(orderId)).toEqual([]);
  });

  test("racing a capture with a cancellation leaves no money behind", async () => {
    for (let i = 0; i < 5; i++) {
      const raced = uuidV7();
      await held.charge(raced);
      await Promise.all([held.capture(raced), held.cancel(raced, held.twin)]);
      for (let round = 0; round < 3; round++) {
        await held.passTime();
        await sweepPayments(held.deps);
      }
      expect((await held.cancel(raced)).body.status).toBeOneOf(["voided", "refunded"]);
      expect(held.atProvider(raced).net).toBe(0);
    }
  });

  test("what nobody takes is let go before the bank does", async () => {
    await held.charge(orderId);
    held.clock.offsetMs = 7 * 24 * 60 * minutes;
    await held.passTime();
    await sweepPayments(held.deps);
    held.clock.offsetMs = 0;
    expect(await held.charge(orderId)).toMatchObject({
      status: 402,
      body: { declineCode: "authorization_expired" },
    });
  });

  test("nothing is taken where nothing is held", async () => {
    expect(await held.capture(uuidV7())).toMatchObject({
      status: 409,
      body: { code: "nothing-authorized" },
    });
    await held.charge(orderId, "pm_card_chargeDeclined");
    expect(await held.capture(orderId)).toMatchObject({ status: 402 });
  });
});
