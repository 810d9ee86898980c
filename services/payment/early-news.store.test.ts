import { afterEach, describe, expect, test } from "bun:test";
import { uuidV7 } from "#mesh/uuid-v7";
import { orderUnderTest } from "./order-under-test.ts";
import { paypalTeller, stripeTeller, type Teller, type Told } from "./provider-teller.ts";
import { takeNews, takeWaitingNews } from "./take-news.ts";
import { claimDueNews, keepWaiting } from "./waiting-news-store.ts";

const order = orderUnderTest({ webhooks: false, providerTimeoutMs: 5_000 });
const stripe = stripeTeller(order);
const paypal = paypalTeller(order);

const bodyOf = (gateway: Teller["gateway"], { type, object }: Told, id: string) =>
  JSON.stringify(
    gateway === "stripe" ? { id, type, data: { object } } : { id, event_type: type, resource: object },
  );
const waiting = async (): Promise<{ id: string; object: string }[]> =>
  await order.service.sql`select id, object from waiting_news`;
async function whenDue(): Promise<void> {
  await order.service.sql`update waiting_news set next_attempt_at = now()`;
  await takeWaitingNews(order.service.deps);
}
afterEach(async () => {
  delete order.service.network.before;
  await order.service.sql`delete from waiting_news`;
});

describe.each([stripe, paypal])("what $gateway tells", (provider) => {
  const { gateway } = provider;
  const tell = (told: Told, id = `evt_${uuidV7()}`) =>
    takeNews(order.service.deps, gateway, bodyOf(gateway, told, id));
  /** Does something between the provider's act and its answer to a call. */
  function beforeAnswer(to: RegExp, act: () => Promise<unknown>): void {
    order.service.network.before = async (request, go) => {
      const answer = await go();
      if (!to.test(`${request.method} ${new URL(request.url).pathname}`)) return answer;
      delete order.service.network.before;
      await act();
      return answer;
    };
  }
  function answering(to: RegExp, answer: () => Response): { ends(): void } {
    order.service.network.before = async (request, go) =>
      to.test(`${request.method} ${new URL(request.url).pathname}`) ? answer() : await go();
    return { ends: () => delete order.service.network.before };
  }
  const charge = (does: "pay" | "dispute") => order.service.charge(order.id, provider.token(does));
  const booksAgree = async () =>
    expect(await order.balance(gateway)).toBe(order.service.atProvider(order.id).net);

  test("of a dispute before the charge was answered is booked with the charge, once", async () => {
    beforeAnswer(provider.charging, async () => {
      expect(await tell(provider.disputed(), "evt_first")).toBe("applied");
      expect(await tell(provider.disputed(), "evt_first")).toBe("nothing-to-do");
    });
    expect(await charge("dispute")).toMatchObject({ status: 200, body: { status: "captured" } });
    expect(await order.shown()).toBe("disputed");
    expect(await order.kinds()).toEqual(["capture", ...provider.withdrawn]);
    expect(await tell(provider.disputed())).toBe("nothing-to-do");
    expect(await order.service.events(order.id)).toEqual(["initiated", "processed", "disputed"]);
    await booksAgree();
  });

  test("of a dispute that was lost, before the charge was answered and before its opening", async () => {
    let opened: Told | undefined;
    beforeAnswer(provider.charging, async () => {
      opened = provider.disputed();
      await provider.lose();
      expect(await tell(provider.disputed())).toBe("applied");
    });
    await charge("dispute");
    if (opened) await tell(opened);
    expect(await order.shown()).toBe("disputed");
    expect((await order.kinds()).filter((kind) => kind === "dispute-withdrawal")).toHaveLength(1);
    await booksAgree();
  });

  test("of a dispute at both processes at once, while the charge is answered, is booked once", async () => {
    beforeAnswer(provider.charging, async () => {
      const told = provider.disputed();
      const results = await Promise.all([tell(told), tell(told), tell(told)]);
      expect(results.filter((result) => result === "applied")).toHaveLength(1);
    });
    await charge("dispute");
    expect(await order.kinds()).toEqual(["capture", ...provider.withdrawn]);
    await booksAgree();
  });

  test("of a refund in its own pages before the charge was answered is booked with the charge, once", async () => {
    beforeAnswer(provider.charging, async () => {
      await provider.refund(700);
      expect(await tell(provider.refunded(), "evt_refund")).toBe("applied");
      expect(await tell(provider.refunded(), "evt_refund")).toBe("nothing-to-do");
    });
    expect(await charge("pay")).toMatchObject({ status: 200 });
    expect(await tell(provider.refunded())).toBe("nothing-to-do");
    expect(await order.kinds()).toEqual(["capture", "refund"]);
    await booksAgree();
  });

  test("of a refund that came back, before its making and before the charge was answered", async () => {
    beforeAnswer(provider.charging, async () => {
      await provider.refund(700);
      const made = provider.refunded();
      const failed = provider.failRefund();
      expect(await tell(failed, "evt_failed")).toBe("applied");
      expect(await tell(made, "evt_made")).toBe("nothing-to-do");
      expect(await tell(failed, "evt_failed")).toBe("nothing-to-do");
      expect(await tell(failed)).toBe("nothing-to-do");
    });
    expect(await charge("pay")).toMatchObject({ status: 200 });
    expect(await order.kinds()).toEqual(["capture"]);
    expect(await order.payment()).toEqual({ status: "captured", refunded: 0, refunding: 0 });
    await booksAgree();
  });

  test("of a refund that comes back while its making is looked at is not booked as made", async () => {
    await charge("pay");
    await provider.refund(700);
    const made = provider.refunded();
    beforeAnswer(provider.asking, async () => {
      expect(await tell(provider.failRefund())).toBe("applied");
    });
    expect(await tell(made)).toBe("waits");
    await whenDue();
    expect(await waiting()).toEqual([]);
    expect(await order.kinds()).toEqual(["capture"]);
    await booksAgree();
  });

  test("of two refunds of the same amount, of which one comes back, twice: the other stays", async () => {
    await charge("pay");
    for (let i = 0; i < 2; i++) {
      await provider.refund(300);
      await tell(provider.refunded());
    }
    const failed = provider.failRefund();
    expect(await tell(failed)).toBe("applied");
    expect(await tell(failed)).toBe("nothing-to-do");
    expect(await order.kinds()).toEqual(["capture", "refund", "refund", "refund-reversal"]);
    await booksAgree();
  });

  test("of a refund in its own pages while one of ours is under way waits for that, and is booked", async () => {
    const { body } = await charge("pay");
    await provider.refund(300);
    const made = provider.refunded();
    await order.service.sql`update payments set refunding = 500 where id = ${body.id}`;
    expect(await tell(made)).toBe("waits");
    await whenDue();
    expect(await order.kinds()).toEqual(["capture"]);
    await order.service.sql`update payments set refunding = 0 where id = ${body.id}`;
    await whenDue();
    expect(await order.kinds()).toEqual(["capture", "refund"]);
    expect(await waiting()).toEqual([]);
    await booksAgree();
  });

  test.each<[string, () => Response]>([
    ["does not answer", () => new Response("gone", { status: 502 })],
    ["does not know the charge itself", () => provider.unknown()],
  ])("while it %s is kept once, and applied once when it does", async (_, answer) => {
    beforeAnswer(provider.charging, async () => {
      const told = provider.disputed();
      const down = answering(provider.asking, answer);
      expect(await tell(told, `evt_${order.id}`)).toBe("waits");
      expect(await tell(told, `evt_${order.id}`)).toBe("waits");
      await whenDue();
      expect((await waiting()).map(({ id }) => id)).toEqual([`evt_${order.id}`]);
      expect(await order.kinds()).toEqual([]);
      down.ends();
    });
    expect(await charge("dispute")).toMatchObject({ status: 200 });
    expect(await order.kinds()).toEqual(["capture"]);
    await Promise.all([whenDue(), whenDue()]);
    expect(await order.kinds()).toEqual(["capture", ...provider.withdrawn]);
    expect(await waiting()).toEqual([]);
    expect(await tell(provider.disputed(), `evt_${order.id}`)).toBe("nothing-to-do");
    await booksAgree();
  });

  test("waits without what nobody here uses, at most three days, and is given up aloud", async () => {
    await charge("dispute");
    const told = provider.disputed();
    const nowhere = { disputed_transactions: [{ seller_transaction_id: "X1" }], payment_intent: "pi_x" };
    const id = `evt_${order.id}`;
    const named = { ...told.object, ...nowhere, evidence: { customer_name: "Ada Lovelace" } };
    expect(await tell({ type: told.type, object: named }, id)).toBe("waits");
    const [kept] = await waiting();
    expect(JSON.parse(kept?.object ?? "")).toMatchObject(
      gateway === "stripe" ? { payment_intent: "pi_x" } : { disputed_transactions: [{}] },
    );
    expect(kept?.object).not.toContain("Ada");
    await order.service.sql`update waiting_news set received_at = now() - interval '73 hours'`;
    await takeWaitingNews(order.service.deps);
    expect(await waiting()).toEqual([]);
    const said = order.service.lines.filter((line) => line.includes(id) && line.includes("given up"));
    expect(said).toHaveLength(1);
    expect(await order.kinds()).toEqual(["capture"]);
  });

  test("of a charge that carries no order of ours is not ours, and does not wait", async () => {
    await charge("dispute");
    const told = provider.disputed();
    for (const orderId of [undefined, "1234", uuidV7()]) {
      order.service.network.before = async () => provider.foreign(orderId);
      const other = { disputed_transactions: [{ seller_transaction_id: "X1" }], payment_intent: "pi_x" };
      expect(await tell({ type: told.type, object: { ...told.object, ...other } })).toBe("not-ours");
    }
    expect(await waiting()).toEqual([]);
    expect(await order.kinds()).toEqual(["capture"]);
  });
});

test("the next time is as far away as the news is old, and never more than an hour", async () => {
  const { sql, deps } = order.service;
  const news = { gateway: "stripe", id: "evt_old", type: "charge.dispute.created", object: {} } as const;
  for (const [age, next] of [
    ["0 s", 2],
    ["60 s", 60],
    ["1 day", 3600],
  ] as const) {
    await sql`delete from waiting_news`;
    expect(await keepWaiting(sql, news)).toBe(true);
    await sql`update waiting_news set received_at = now() - ${age}::interval`;
    expect(await claimDueNews(deps.sql, 5)).toEqual([news]);
    expect(await claimDueNews(deps.sql, 5)).toEqual([]);
    const [row] = await sql<{ seconds: number }[]>`
      select round(extract(epoch from next_attempt_at - now()))::int as seconds from waiting_news`;
    expect(Math.abs((row?.seconds ?? 0) - next)).toBeLessThan(2);
  }
});

test("when too much waits the provider is asked to come again", async () => {
  const { sql } = order.service;
  await order.service.charge(order.id, "pm_card_createDispute");
  await sql`insert into waiting_news (gateway, id, type, object, next_attempt_at)
    select 'stripe', 'evt_' || n, 'charge.dispute.created', '{}', now() + interval '1 hour'
    from generate_series(1, 10000) n`;
  const { type, object } = stripe.disputed();
  const event = { id: "evt_more", type, data: { object: { ...object, payment_intent: "pi_x" } } };
  expect(await order.service.webhook(event)).toMatchObject({ status: 503 });
  await sql`delete from waiting_news where id = 'evt_1'`;
  expect(await order.service.webhook(event)).toMatchObject({ status: 200, body: { received: true } });
});
