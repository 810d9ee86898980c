import { describe, expect, test } from "bun:test";
import { uuidV7 } from "#mesh/uuid-v7";
import { orderUnderTest } from "./order-under-test.ts";
import { gatewayNamed } from "./payment-gateway.ts";
import { paypalTeller, stripeTeller } from "./provider-teller.ts";
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
    const { type, object } = provider.disputed();
    const id = `evt_${uuidV7()}`;
    const body =
      gateway === "stripe" ? { id, type, data: { object } } : { id, event_type: type, resource: object };
    expect(await takeNews(order.service.deps, gateway, JSON.stringify(body))).toBe("applied");
    await provider.lose();
  }
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

  test("that is still open costs one row however often it is asked for", async () => {
    await order.service.charge(order.id, provider.token("dispute"));
    const { type, object } = provider.disputed();
    const body =
      gateway === "stripe"
        ? { id: "evt_open", type, data: { object } }
        : { id: "evt_open", event_type: type, resource: object };
    await takeNews(order.service.deps, gateway, JSON.stringify(body));
    for (let i = 0; i < 3; i++) expect(await run()).toMatchObject({ repairs: 0 });
    const asked = await order.service.sql`
      select id from provider_events where gateway = ${gateway} and id like 'asked-%'
        and applied_at > (select applied_at from provider_events where gateway = ${gateway} and id = 'evt_open')`;
    expect(asked).toHaveLength(1);
  });
});
