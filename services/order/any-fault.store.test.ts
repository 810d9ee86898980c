import { afterAll, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { eventually } from "#mesh/eventually";
import { isPricing, lost } from "./fake-services.ts";
import { orderOf, startTestService } from "./test-service.ts";

const service = await startTestService({ answerWithinMs: 400 });
const { services, place, sql } = service;

afterAll(() => service.close());

/** Leases that end faster than a run takes would never let one finish. */
const slowly = { withinMs: 20_000, everyMs: 100 };

/** The process dies: nothing after this moment happens in it. */
class Crash extends Error {}

const fates = ["fine", "fine", "fine", "answer-lost", "lost", "crash-before", "crash-after"] as const;

/** Gives each call of the sagas its fate; `beforeCall` is told its number. */
function disturb(given: readonly (typeof fates)[number][], beforeCall: (number: number) => void): void {
  let calls = 0;
  services.network.pass = async (passing) => {
    if (isPricing(passing)) return passing.deliver();
    const fate = given[calls] ?? "fine";
    beforeCall(calls++);
    if (fate === "lost") throw lost();
    if (fate === "crash-before") throw new Crash();
    const answer = passing.deliver();
    if (fate === "answer-lost") throw lost();
    if (fate === "crash-after") throw new Crash();
    return answer;
  };
}

async function orderOfKey(key: string): Promise<string> {
  const [row] = await sql<{ order_id: string }[]>`select order_id from idempotency_keys where key = ${key}`;
  return row?.order_id ?? "";
}

async function check(given: readonly (typeof fates)[number][], cancelAt: number | null, token: string) {
  const product = services.addProduct(3);
  const key = randomUUID();
  const cancels: Promise<unknown>[] = [];
  disturb(given, (number) => {
    if (number === cancelAt) cancels.push(orderOfKey(key).then((id) => service.cancel(id)));
  });
  await place(orderOf([{ productId: product, quantity: 2 }], token), key);
  const id = await orderOfKey(key);
  const end = () =>
    eventually(async () => {
      await service.passTime();
      return service.ended(id);
    }, slowly);
  await end();
  // A cancellation may have begun at the very end; what it begins, it finishes.
  await Promise.all(cancels);
  const { status, reservation, payment } = await end();
  const onHand = services.products.get(product)?.onHand;
  if (status === "confirmed") {
    expect([reservation, payment, onHand]).toEqual(["confirmed", "captured", 1]);
  } else {
    expect([status, reservation, onHand]).toEqual(["cancelled", "released", 3]);
    expect(payment).not.toBe("captured");
  }
  return status;
}

test("whatever gets lost, crashes or is cancelled meanwhile, an order keeps stock and money or neither", async () => {
  const ends = new Set<string>();
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...fates), { maxLength: 12 }),
      fc.option(fc.nat(8)),
      fc.constantFrom("pm_card_visa", "pm_held", "pm_card_chargeDeclined"),
      async (given, cancelAt, token) => void ends.add(await check(given, cancelAt, token)),
    ),
    { numRuns: 30 },
  );
  expect([...ends].sort()).toEqual(["cancelled", "confirmed"]);
}, 60_000);
