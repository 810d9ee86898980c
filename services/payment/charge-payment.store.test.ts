import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { uuidV7 } from "#mesh/uuid-v7";
import { sweepPayments } from "./sweep-payments.ts";
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
});

/** The provider charges, and its answer is lost. */
const loseAnswer: NonNullable<TestService["network"]["before"]> = async (_, go) => {
  await go();
  return new Response("gone", { status: 502 });
};
/** The provider is not even reached. */
const unreachable: NonNullable<TestService["network"]["before"]> = async () =>
  new Response("no", { status: 503 });

const statusOf = async () => {
  const [row] = await service.sql<
    { status: string }[]
  >`select status from payments where order_id = ${orderId}`;
  return row?.status;
};

describe("charging", () => {
  test("takes the money once, books it in balance and tells of it", async () => {
    const { status, body } = await service.charge(orderId);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      orderId,
      status: "captured",
      amount: { amount: 1999, currency: "EUR" },
      refunded: { amount: 0, currency: "EUR" },
      gateway: "stripe",
    });
    expect(service.atProvider(orderId)).toMatchObject({ charges: 1, net: 1999, currency: "eur" });
    expect(await service.ledger(orderId)).toEqual([{ kind: "capture", amount: 1999 }]);
    expect(await service.events(orderId)).toEqual(["initiated", "processed"]);
  });

  test("a repeat gets the same payment and charges nothing", async () => {
    const first = await service.charge(orderId);
    const second = await service.charge(orderId);
    expect(second).toMatchObject({ status: 200, body: first.body });
    expect(service.atProvider(orderId)).toMatchObject({ charges: 1 });
    expect(await service.events(orderId)).toEqual(["initiated", "processed"]);
  });

  test.each([
    ["pm_card_chargeDeclined", "generic_decline"],
    ["pm_card_chargeDeclinedInsufficientFunds", "insufficient_funds"],
    ["pm_unheard_of", "resource_missing"],
  ])("%s is declined, and stays so", async (token, declineCode) => {
    for (let i = 0; i < 2; i++) {
      const { status, body } = await service.charge(orderId, token);
      expect(status).toBe(402);
      expect(body).toMatchObject({ code: "payment-declined", declineCode });
    }
    expect(await service.ledger(orderId)).toEqual([]);
    expect(await service.events(orderId)).toEqual(["initiated", "failed"]);
  });

  test("another charge under the same order id is refused", async () => {
    await service.charge(orderId);
    expect(await service.charge(orderId, "pm_card_visa", 2000)).toMatchObject({
      status: 409,
      body: { code: "payment-differs" },
    });
    expect(service.atProvider(orderId)).toMatchObject({ net: 1999 });
  });

  test("from many callers and two processes at once takes the money once", async () => {
    const replies = await Promise.all(
      Array.from({ length: 12 }, (_, i) =>
        service.charge(orderId, "pm_card_visa", 1999, i % 2 === 0 ? undefined : service.twin),
      ),
    );
    expect(replies.filter(({ status }) => status === 200).length).toBeGreaterThan(0);
    for (const { status } of replies) expect([200, 202]).toContain(status);
    expect(service.atProvider(orderId)).toMatchObject({ charges: 1, net: 1999 });
    expect(await service.ledger(orderId)).toHaveLength(1);
    expect(await service.events(orderId)).toEqual(["initiated", "processed"]);
  });
});

describe("an unknown outcome", () => {
  test("a timeout after charging is processing, and asking again finds the one charge", async () => {
    const token = "pm_sandbox_timeoutAfterCharging";
    expect(await service.charge(orderId, token)).toMatchObject({
      status: 202,
      body: { status: "processing" },
    });
    expect(await statusOf()).toBe("unknown");
    expect(await service.charge(orderId, token)).toMatchObject({ status: 200, body: { status: "captured" } });
    expect(service.atProvider(orderId)).toMatchObject({ charges: 1, net: 1999 });
    expect(await service.ledger(orderId)).toEqual([{ kind: "capture", amount: 1999 }]);
  });

  test.each([
    ["an answer that is lost", loseAnswer],
    ["a provider that is down", unreachable],
  ])("%s is resolved by the sweep", async (_, failure) => {
    service.network.before = failure;
    expect(await service.charge(orderId)).toMatchObject({ status: 202 });
    delete service.network.before;
    expect(await sweepPayments(service.deps)).toBe(0);
    await service.passTime();
    await sweepPayments(service.deps);
    expect(await statusOf()).toBe("captured");
    expect(service.atProvider(orderId)).toMatchObject({ charges: 1, net: 1999 });
    expect(await service.ledger(orderId)).toHaveLength(1);
  });

  test("an answer that is not the provider's decides nothing", async () => {
    for (const answer of [
      Response.json({}, { status: 500 }),
      Response.json({ ok: true }),
      new Response(""),
    ]) {
      service.network.before = async () => answer;
      expect(await service.charge(orderId)).toMatchObject({ status: 202 });
    }
    expect(await statusOf()).toBe("unknown");
  });

  test("a process that died before it asked is replaced, by two sweeps at once too", async () => {
    service.network.before = () => new Promise(() => {});
    const dead = service.charge(orderId);
    await dead;
    await service.sql`update payments set status = 'initiated' where order_id = ${orderId}`;
    delete service.network.before;
    await service.passTime();
    await Promise.all([sweepPayments(service.deps), sweepPayments(service.deps)]);
    expect(await statusOf()).toBe("captured");
    expect(service.atProvider(orderId)).toMatchObject({ charges: 1 });
  });

  test("who asks while somebody else asks the provider is told to come again", async () => {
    const slow = service.charge(orderId, "pm_sandbox_timeoutAfterCharging");
    const meanwhile = await service.charge(orderId, "pm_sandbox_timeoutAfterCharging");
    expect(meanwhile).toMatchObject({ status: 202 });
    await slow;
  });

  test("a fault that the provider repeats for the key is overcome by looking for the charge", async () => {
    service.network.before = loseAnswer;
    await service.charge(orderId);
    await service.sql`update payments set attempts = 5 where order_id = ${orderId}`;
    service.network.before = async (request, go) =>
      request.method === "POST" ? new Response("{}", { status: 500 }) : await go();
    expect(await service.charge(orderId)).toMatchObject({ status: 200 });
  });

  test("a key that the provider may have forgotten is not used again", async () => {
    service.network.before = unreachable;
    await service.charge(orderId);
    delete service.network.before;
    service.clock.offsetMs = 21 * 60 * 60 * 1000;
    expect(await service.charge(orderId)).toMatchObject({
      status: 402,
      body: { declineCode: "never_charged" },
    });
    service.clock.offsetMs = 0;
    expect(service.atProvider(orderId)).toEqual({ charges: 0, net: 0 });
  });
});

describe("the ledger", () => {
  test("cannot be changed, emptied, unbalanced or given a second capture", async () => {
    const { body } = await service.charge(orderId);
    const { sql } = service;
    const refused = async (work: PromiseLike<unknown>, message: string) => {
      const error = await Promise.resolve(work).then(
        () => new Error("It was not refused"),
        (reason: unknown) => reason as Error,
      );
      expect(error.message).toContain(message);
    };
    await refused(sql`update ledger set amount = 1`, "append-only");
    await refused(sql`delete from ledger`, "append-only");
    await refused(sql`truncate ledger`, "append-only");
    const movement = (kind: string, from: string, to: string, amount: number) => sql`
      insert into ledger (kind, payment_id, debit_account, credit_account, amount, currency)
      values (${kind}, ${body.id}, ${to}, ${from}, ${amount}, 'EUR')`;
    await refused(movement("capture", "a", "b", 1), "ledger_one_capture");
    await refused(movement("capture", "a", "a", 1), "violates check constraint");
    await refused(movement("capture", "a", "b", -1), "violates check constraint");
    await refused(sql`update payments set refunded = 2000 where order_id = ${orderId}`, "check constraint");
    await refused(sql`update payments set card_token = '4242424242424242'`, "check constraint");
  });

  test("says the same as payments and the provider, summed over everything", async () => {
    await service.passTime();
    await sweepPayments(service.deps);
    const [books] = await service.sql<{ captured: number; refunded: number; balance: number }[]>`
      select (select coalesce(sum(amount), 0)::bigint from payments where status in ('captured', 'refunded')) as captured,
        (select coalesce(sum(refunded), 0)::bigint from payments) as refunded,
        (select coalesce(sum(amount), 0)::bigint from ledger_entries where account = 'stripe:balance') as balance`;
    const [zero] = await service.sql<
      { sum: number }[]
    >`select sum(amount)::bigint as sum from ledger_entries`;
    const net = service.sandbox.state().orders.reduce((sum, each) => sum + each.net, 0);
    expect(zero?.sum).toBe(0);
    expect(books?.balance).toBe((books?.captured ?? 0) - (books?.refunded ?? 0));
    expect(books?.balance).toBe(net);
  });
});
