import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { uuidV7 } from "#mesh/uuid-v7";
import type { PaymentGateway } from "./payment-gateway.ts";
import { reconcile } from "./reconcile.ts";
import type { FindingKind } from "./reconciliation.ts";
import { claimRun, openFindings } from "./reconciliation-store.ts";
import { startTestService, type TestService } from "./test-service.ts";

const minute = 60_000;

describe.each(["stripe", "paypal"] as const)("reconciling with %s", (name) => {
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

  const gateway = (): PaymentGateway => {
    const found = service.deps.gateways[name];
    if (found === undefined) throw new Error(`No ${name}`);
    return found;
  };
  const tokenOf = (order: string) =>
    name === "stripe" ? "pm_card_visa" : `SANDBOX_success_1999_EUR_${order.slice(-12)}`;
  const token = () => tokenOf(orderId);
  const run = () =>
    reconcile(service.deps, gateway(), {
      from: new Date(Date.now() - 60 * minute),
      to: new Date(Date.now() + minute),
    });
  const charge = () => service.charge(orderId, token());
  const kinds = async () => (await service.ledger(orderId)).map(({ kind }) => kind);
  const lose: NonNullable<TestService["network"]["before"]> = async (_, go) => {
    await go();
    return new Response("gone", { status: 502 });
  };
  const ofThisOrder = async () =>
    (await openFindings(service.sql)).filter((each) => each.orderId === orderId).map(({ kind }) => kind);

  test("finds nothing where both agree", async () => {
    const { body } = await charge();
    await service.refund(body.id, 500);
    expect(await run()).toMatchObject({ repairs: 0, findings: [] });
  });

  test("finds nothing among more charges than are looked up at once", async () => {
    const orders = Array.from({ length: 120 }, () => uuidV7());
    for (let at = 0; at < orders.length; at += 12)
      await Promise.all(orders.slice(at, at + 12).map((order) => service.charge(order, tokenOf(order))));
    const { charges, repairs, findings } = await run();
    expect(charges).toBeGreaterThanOrEqual(120);
    expect({ repairs, findings }).toEqual({ repairs: 0, findings: [] });
  });

  test("books a charge whose outcome we do not know, once", async () => {
    service.network.before =
      name === "stripe"
        ? lose
        : async (request, go) => (request.url.includes("/capture") ? await lose(request, go) : await go());
    expect(await charge()).toMatchObject({ status: 202 });
    delete service.network.before;
    const [first, second] = await Promise.all([run(), run()]);
    expect((first?.repairs ?? 0) + (second?.repairs ?? 0)).toBeGreaterThan(0);
    expect(await run()).toMatchObject({ repairs: 0 });
    expect(await kinds()).toEqual(["capture"]);
    const acts = await service.sql`
      select 1 from audit_log where act = 'reconciliation-repair' and content like ${`%${orderId}%`}`;
    expect(acts.length).toBeGreaterThan(0);
  });

  test("books a refund of ours whose outcome we do not know, and one that somebody made there", async () => {
    const { body } = await charge();
    service.network.before = lose;
    await service.refund(body.id, 500);
    delete service.network.before;
    expect(await run()).toMatchObject({ repairs: 1 });
    await foreignRefund();
    expect(await run()).toMatchObject({ repairs: 1, findings: [] });
    expect(await run()).toMatchObject({ repairs: 0 });
    expect(await kinds()).toEqual(["capture", "refund", "refund"]);
  });

  async function foreignRefund(): Promise<void> {
    const [row] = await service.sql<{ reference: string }[]>`
      select provider_reference as reference from payments where order_id = ${orderId}`;
    const reference = row?.reference ?? "";
    if (name === "paypal") {
      const amount = { value: "3.00", currency_code: "EUR" };
      return await service.paypalPost(`/v2/payments/captures/${reference}/refund`, { amount });
    }
    await service.stripePost("/v1/refunds", { payment_intent: reference, amount: "300" });
  }

  test("reports a refund of ours that the bank sent back", async () => {
    if (name !== "stripe") return;
    const { body } = await charge();
    await service.refund(body.id, 500);
    service.network.before = async (request, go) => {
      const answer = await go();
      if (!request.url.includes("/v1/refunds?")) return answer;
      const list = (await answer.json()) as { data: object[] };
      return Response.json({ ...list, data: list.data.map((each) => ({ ...each, status: "failed" })) });
    };
    await run();
    expect(await ofThisOrder()).toEqual(["refund-missing"]);
    delete service.network.before;
    await run();
    expect(await ofThisOrder()).toEqual([]);
  });

  test("reports a charge that no payment asked for, as long as it is there", async () => {
    await charge();
    await service.sql`alter table ledger disable trigger user`;
    await service.sql`delete from ledger where payment_id in (select id from payments where order_id = ${orderId})`;
    await service.sql`alter table ledger enable trigger user`;
    await service.sql`delete from payments where order_id = ${orderId}`;
    const { findings } = await run();
    expect(findings).toContainEqual(expect.objectContaining({ kind: "charge-without-payment", orderId }));
    expect(await ofThisOrder()).toEqual(["charge-without-payment"]);
    await run();
    expect(await ofThisOrder()).toEqual(["charge-without-payment"]);
    const lines = service.lines.filter((line) => line.includes("books differ") && line.includes(orderId));
    expect(lines).toHaveLength(1);
  });

  test("reports another amount, a charge of a declined payment, and one that the provider does not have", async () => {
    await charge();
    await service.sql`update payments set amount = 2000 where order_id = ${orderId}`;
    await run();
    expect((await ofThisOrder()).sort()).toContain("amount-differs");
    await service.sql`update payments set amount = 1999 where order_id = ${orderId}`;
    await run();
    expect(await ofThisOrder()).toEqual([]);

    await service.sql`update payments set status = 'declined' where order_id = ${orderId}`;
    await run();
    expect(await ofThisOrder()).toEqual(["charge-of-ended-payment"]);
    await service.sql`
      update payments set status = 'captured', provider_reference = 'nothing_here' where order_id = ${orderId}`;
    await run();
    // PayPal is asked by the order that was approved, and has its charge.
    const missing: FindingKind[] = name === "stripe" ? ["payment-without-charge"] : [];
    expect((await ofThisOrder()).sort()).toEqual([...missing, "second-charge"]);
  });

  test("says that the provider did not answer, and resolves nothing then", async () => {
    const before = await openFindings(service.sql);
    service.network.before = async () => new Response("no", { status: 503 });
    expect(run()).rejects.toThrow();
    expect(await openFindings(service.sql)).toHaveLength(before.length);
  });

  test("is the turn of one process at a time", async () => {
    const turns = await Promise.all([1, 2, 3].map(() => claimRun(service.sql, name, 60)));
    expect(turns.filter(Boolean)).toHaveLength(1);
    expect(await claimRun(service.sql, name, 60)).toBe(false);
  });
});
