import { describe, expect, test } from "bun:test";
import { meetAtLock } from "#mesh/postgres/interleaving";
import { uuidV7 } from "#mesh/uuid-v7";
import { orderUnderTest } from "./order-under-test.ts";
import { gatewayNamed } from "./payment-gateway.ts";
import { paypalTeller, stripeTeller, type Told } from "./provider-teller.ts";
import { reconcile } from "./reconcile.ts";
import { takeNews } from "./take-news.ts";

const order = orderUnderTest({ webhooks: false });
const window = () => ({ from: new Date(Date.now() - 60_000), to: new Date(Date.now() + 60_000) });

describe.each([stripeTeller(order), paypalTeller(order)])("a dispute at $gateway", (provider) => {
  const { gateway } = provider;
  const run = async () =>
    await reconcile(order.service.deps, gatewayNamed(order.service.deps.gateways, gateway), window());

  /** Told when it was opened; lost since, without a word. */
  async function lostInSilence(): Promise<void> {
    await order.service.charge(order.id, provider.token("dispute"));
    expect(await tell(provider.disputed())).toBe("applied");
    await provider.lose();
  }
  const tell = async ({ type, object }: Told, id = `evt_${uuidV7()}`) =>
    await takeNews(
      order.service.deps,
      gateway,
      JSON.stringify(
        gateway === "stripe" ? { id, type, data: { object } } : { id, event_type: type, resource: object },
      ),
    );
  const takenTimes = async () =>
    (await order.kinds()).filter((kind) => kind === "dispute-withdrawal" || kind === "reversal").length;
  const booksAgree = async () =>
    expect(await order.balance(gateway)).toBe(order.service.atProvider(order.id).net);
  const status = async () => {
    const [row] = await order.service.sql<{ status: string }[]>`
      select d.status from disputes d join payments p on p.id = d.payment_id where p.order_id = ${order.id}`;
    return row?.status;
  };

  test("whose end was never told does not keep a cancellation waiting", async () => {
    await lostInSilence();
    expect(await status()).toBe("open");
    expect(await order.service.cancel(order.id)).toMatchObject({ status: 200, body: { status: "refunded" } });
    expect(await status()).toBe("lost");
    expect((await order.kinds()).filter((kind) => kind === "dispute-withdrawal")).toHaveLength(1);
    expect(await order.balance(gateway)).toBe(order.service.atProvider(order.id).net);
  });

  test("of which the provider says nothing at all keeps it waiting", async () => {
    await lostInSilence();
    order.service.network.before = async () => new Response("gone", { status: 502 });
    expect(await order.service.cancel(order.id)).toMatchObject({
      status: 202,
      body: { status: "processing" },
    });
    expect(await status()).toBe("open");
    delete order.service.network.before;
    expect(await order.service.cancel(order.id)).toMatchObject({ status: 200, body: { status: "refunded" } });
  });

  test("whose end was never told is found by the reconciliation, once", async () => {
    await lostInSilence();
    expect(await run()).toMatchObject({ repairs: 1 });
    expect(await status()).toBe("lost");
    expect(await order.balance(gateway)).toBe(order.service.atProvider(order.id).net);
    expect(await run()).toMatchObject({ repairs: 0 });
  });

  test("of whose opening nobody ever heard is booked by the reconciliation, and its end too, each once", async () => {
    await order.service.charge(order.id, provider.token("dispute"));
    expect(await run()).toMatchObject({ repairs: 1, findings: [] });
    expect(await status()).toBe("open");
    expect(await order.kinds()).toEqual(["capture", ...provider.withdrawn]);
    expect(await run()).toMatchObject({ repairs: 0 });
    await provider.lose();
    expect(await run()).toMatchObject({ repairs: 1, findings: [] });
    expect(await status()).toBe("lost");
    expect(await takenTimes()).toBe(1);
    expect(await tell(provider.disputed())).toBe("nothing-to-do");
    expect(await run()).toMatchObject({ repairs: 0, findings: [] });
    await booksAgree();
  });

  test("that was opened and lost without a word is booked with its charge, whose answer is lost too", async () => {
    order.service.network.before = async (request, go) => {
      const answer = await go();
      return provider.charging.test(`${request.method} ${new URL(request.url).pathname}`)
        ? new Response("gone", { status: 502 })
        : answer;
    };
    expect(await order.service.charge(order.id, provider.token("dispute"))).toMatchObject({ status: 202 });
    delete order.service.network.before;
    await provider.lose();
    await run();
    expect(await status()).toBe("lost");
    expect(await takenTimes()).toBe(1);
    await booksAgree();
  });

  for (const first of ["the reconciliation", "the late news"] as const) {
    test(`that is booked by the reconciliation and told late, ${first} being first at the payment`, async () => {
      await order.service.charge(order.id, provider.token("dispute"));
      await provider.lose();
      const told = provider.disputed();
      const acts = [run, () => tell(told), () => tell(told)] as const;
      const meeting = first === "the late news" ? acts.toReversed() : acts;
      await meetAtLock(
        order.service.sql,
        (tx) => tx`select from payments where order_id = ${order.id} for update`,
        meeting,
      );
      expect(await status()).toBe("lost");
      expect(await takenTimes()).toBe(1);
      const events = await order.service.events(order.id);
      expect(events.filter((event) => event === "disputed")).toHaveLength(1);
      await booksAgree();
    });
  }

  test("that is told between the list and its booking is booked once", async () => {
    await order.service.charge(order.id, provider.token("dispute"));
    const told = provider.disputed();
    order.service.network.before = async (request, go) => {
      const answer = await go();
      if (!new URL(request.url).pathname.endsWith("/disputes")) return answer;
      delete order.service.network.before;
      expect(await tell(told)).toBe("applied");
      return answer;
    };
    expect(await run()).toMatchObject({ repairs: 0, findings: [] });
    expect(await order.kinds()).toEqual(["capture", ...provider.withdrawn]);
  });

  test("of a charge that no payment asked for is reported as long as it is there", async () => {
    await order.service.charge(order.id, provider.token("dispute"));
    const { sql } = order.service;
    await sql`alter table ledger disable trigger user`;
    await sql`delete from ledger where payment_id in (select id from payments where order_id = ${order.id})`;
    await sql`alter table ledger enable trigger user`;
    await sql`delete from payments where order_id = ${order.id}`;
    const { findings } = await run();
    expect(findings).toContainEqual(expect.objectContaining({ kind: "dispute-without-payment" }));
  });

  test("that is still open costs one row however often it is asked for", async () => {
    await order.service.charge(order.id, provider.token("dispute"));
    await tell(provider.disputed(), "evt_open");
    for (let i = 0; i < 3; i++) expect(await run()).toMatchObject({ repairs: 0 });
    const asked = await order.service.sql`
      select id from provider_events where gateway = ${gateway} and id like 'asked-%'
        and applied_at > (select applied_at from provider_events where gateway = ${gateway} and id = 'evt_open')`;
    expect(asked).toHaveLength(1);
  });
});
