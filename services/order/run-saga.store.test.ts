import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { eventually } from "#mesh/eventually";
import type { Answer } from "#mesh/http/client";
import { isPricing, lost, type Passing } from "./fake-services.ts";
import { replayOrder } from "./replay-order.ts";
import { orderOf, type Settled, startTestService } from "./test-service.ts";

const service = await startTestService({ answerWithinMs: 400 });
const { services, place, settled, sql } = service;
const stocked = services.addProduct(1_000_000);
const one = orderOf([{ productId: stocked, quantity: 1 }]);
const declined = orderOf([{ productId: stocked, quantity: 1 }], "pm_card_chargeDeclined");
const calm = services.network.pass;
const calmCommits = service.fates.around;

const kept: Settled = { status: "confirmed", reservation: "confirmed", payment: "captured" };

beforeEach(() => {
  services.network.pass = calm;
  service.fates.around = calmCommits;
});
afterAll(() => service.close());

const isCharge = ({ call }: Passing) => call.method === "PUT" && call.path.startsWith("/internal/payments/");

/** The process dies: nothing after this moment happens in it. */
class Crash extends Error {}

describe("an outcome that is not known in time", () => {
  test("is answered with the pending order, which is confirmed later by asking again", async () => {
    let charges = 0;
    services.network.pass = async (passing) => {
      const answer = passing.deliver();
      if (isCharge(passing) && ++charges === 1) throw lost();
      return answer;
    };
    const key = randomUUID();
    const { status, text, body } = await place(one, key);
    expect([status, body.status]).toEqual([201, "pending"]);
    expect(await settled(body.id)).toEqual(kept);
    expect(services.payments.get(body.id)?.charges).toBe(1);
    expect(await service.eventTypes(body.id)).toEqual(["created", "confirmed"]);
    expect((await service.read(body.id)).body.status).toBe("confirmed");
    const history = await service.call("GET", `/api/orders/${body.id}/history`, { token: service.admin });
    expect(history.body.data).toContainEqual(
      expect.objectContaining({
        name: "charge",
        outcome: "unknown",
        attempt: 1,
        detail: "fake gave no answer: timeout",
      }),
    );
    expect(history.body.data).toContainEqual(
      expect.objectContaining({ name: "charge", outcome: "done", attempt: 2 }),
    );
    const again = await place(one, key);
    expect([again.text, again.headers.get("idempotency-replayed")]).toEqual([text, "true"]);
  });

  test("and a payment that is still processing, are asked again with the same call", async () => {
    const asked: unknown[] = [];
    services.network.pass = async (passing) => {
      if (!isCharge(passing)) return passing.deliver();
      asked.push(passing.call.body);
      return asked.length < 3 ? { status: 202, body: { status: "processing" } } : passing.deliver();
    };
    const { body } = await place(one);
    expect(body.status).toBe("pending");
    expect(await settled(body.id)).toEqual(kept);
    expect(asked).toEqual([asked[0], asked[0], asked[0]]);
  });

  test("lets the client go after its time, and the same run goes on", async () => {
    const gate = Promise.withResolvers<void>();
    services.network.pass = async (passing) => {
      if (isCharge(passing)) await gate.promise;
      return passing.deliver();
    };
    const key = randomUUID();
    const first = place(one, key);
    await eventually(async () => (await sql`select from idempotency_keys where key = ${key}`)[0]);
    const second = await place(one, key);
    expect([second.status, second.body.code]).toEqual([409, "idempotency-key-in-flight"]);
    const { status, text, body } = await first;
    expect([status, body.status]).toEqual([201, "pending"]);
    gate.resolve();
    expect(await settled(body.id)).toEqual(kept);
    expect((await place(one, key)).text).toBe(text);
  });

  test("is given up after a quarter of an hour, and everything goes back", async () => {
    services.network.pass = async (passing) => {
      if (isCharge(passing)) throw lost();
      return passing.deliver();
    };
    const { body } = await place(one);
    await sql`update sagas set started_at = now() - interval '15 minutes' where order_id = ${body.id}`;
    expect(await settled(body.id)).toEqual({
      status: "cancelled",
      reservation: "released",
      payment: "cancelled",
    });
    expect((await service.read(body.id)).body.cancelReason).toBe("timed-out");
  });
});

describe("a crash", () => {
  /** Lets the process die at the `nth` moment at which it could; gives how many moments there were. */
  function crashAt(nth: number): { moments: number } {
    const seen = { moments: 0 };
    const moment = () => {
      seen.moments += 1;
      if (seen.moments === nth) throw new Crash();
    };
    services.network.pass = async (passing): Promise<Answer> => {
      if (isPricing(passing)) return passing.deliver();
      moment();
      const answer = passing.deliver();
      moment();
      return answer;
    };
    service.fates.around = async (commit) => {
      moment();
      const result = await commit();
      moment();
      return result;
    };
    return seen;
  }

  const onHand = () => services.products.get(stocked)?.onHand ?? 0;

  test.each([
    ["an order that can be paid", one, 201, kept, -1],
    [
      "an order that is declined",
      declined,
      402,
      { status: "cancelled", reservation: "released", payment: "declined" },
      0,
    ],
  ])(
    "at any moment of %s changes nothing but the time it takes",
    async (_name, body, status, end, pieces) => {
      let crashed = true;
      for (let nth = 1; crashed; nth += 1) {
        const before = onHand();
        const key = randomUUID();
        const seen = crashAt(nth);
        const first = await place(body, key);
        crashed = seen.moments >= nth;
        services.network.pass = calm;
        service.fates.around = calmCommits;
        const [row] = await sql<
          { order_id: string }[]
        >`select order_id from idempotency_keys where key = ${key}`;
        if (!row) throw new Error(`Moment ${nth}: ${first.text}`);
        // In flight until its saga has ended, which it has where only the answer could not be given.
        const ended = (await service.row(row.order_id)).step === null;
        expect((await place(body, key)).status).toBe(ended ? status : 409);
        await service.passTime();
        expect([nth, await settled(row.order_id)]).toEqual([nth, end]);
        expect((await place(body, key)).status).toBe(status);
        const turned = (await service.eventTypes(row.order_id)).includes("cancellation-started");
        expect((await service.eventTypes(row.order_id)).length).toBe(turned ? 3 : 2);
        const replay = await replayOrder(sql, row.order_id);
        expect("differences" in replay && replay.differences).toEqual([]);
        expect(onHand()).toBe(before + pieces);
      }
    },
  );
});

describe("a process that freezes", () => {
  test.each(["reservations", "payments", "confirm"])(
    "at %s and wakes after another one finished changes nothing",
    async (part) => {
      const gate = Promise.withResolvers<void>();
      let frozen = false;
      services.network.pass = async (passing) => {
        const answer = passing.deliver();
        if (!frozen && passing.call.path.includes(part)) {
          frozen = true;
          await gate.promise;
        }
        return answer;
      };
      const { body } = await place(one);
      expect(body.status).toBe("pending");
      await service.passTime();
      expect(await settled(body.id)).toEqual(kept);
      gate.resolve();
      await service.deps.background.settled(2000);
      expect(await settled(body.id)).toEqual(kept);
      expect(await service.eventTypes(body.id)).toEqual(["created", "confirmed"]);
      expect(services.payments.get(body.id)?.charges).toBe(1);
    },
  );

  test("and wakes after another one undid the order takes neither stock nor money", async () => {
    const gate = Promise.withResolvers<void>();
    let frozen = false;
    services.network.pass = async (passing) => {
      if (!frozen && isCharge(passing)) {
        frozen = true;
        await gate.promise;
      }
      return passing.deliver();
    };
    const { body } = await place(one);
    expect((await service.cancel(body.id)).body.status).toBe("cancelled");
    gate.resolve();
    await service.deps.background.settled(2000);
    expect(await settled(body.id)).toEqual({
      status: "cancelled",
      reservation: "released",
      payment: "cancelled",
    });
    expect(await service.eventTypes(body.id)).toEqual(["created", "cancellation-started", "cancelled"]);
  });
});

test("two processes never take up the same saga", async () => {
  services.network.pass = async (passing) => {
    if (isCharge(passing)) throw lost();
    return passing.deliver();
  };
  const orders = await Promise.all(Array.from({ length: 20 }, () => place(one)));
  const others = [service.another(), service.another()];
  services.network.pass = calm;
  await service.passTime();
  for (const { body } of orders) {
    expect(await settled(body.id)).toEqual(kept);
    expect(await service.eventTypes(body.id)).toEqual(["created", "confirmed"]);
  }
  for (const each of others) await each.close();
});
