import { expect, test } from "bun:test";
import fc from "fast-check";
import { createFakeServices, lost } from "./fake-services.ts";
import { cancelled, confirmed, draftOrder, type Order } from "./order.ts";
import { createPaymentClient } from "./payment-client.ts";
import { createProductClient } from "./product-client.ts";
import { decide, type Outcome, patienceMs, resumeAt, retryDelayMs, type SagaStep } from "./saga.ts";
import { takeStep } from "./take-step.ts";

const done: Outcome = { kind: "done" };
const unknown: Outcome = { kind: "unknown", detail: "timeout" };
const at = new Date("2025-06-01T12:00:00Z");

test("each step that is done leads to the next", () => {
  expect(decide("reserve", done, 0)).toEqual({ go: "charge" });
  expect(decide("charge", done, 0)).toEqual({ go: "confirm-reservation" });
  expect(decide("confirm-reservation", done, 0)).toEqual({ go: "confirm-order" });
  expect(decide("confirm-reservation", done, 0, true)).toEqual({ go: "capture" });
  expect(decide("capture", done, 0, true)).toEqual({ go: "confirm-order" });
  expect(decide("cancel-payment", done, 0)).toEqual({ go: "release-stock" });
  expect(decide("release-stock", done, 0)).toEqual({ go: "cancel-order" });
});

test("an unknown outcome is asked again, until patience ends; undoing never gives up", () => {
  expect(decide("charge", unknown, patienceMs - 1)).toEqual({ retry: "timeout" });
  expect(decide("charge", unknown, patienceMs)).toEqual({ compensate: "timed-out" });
  expect(decide("cancel-payment", unknown, patienceMs * 1000)).toEqual({ retry: "timeout" });
});

test("an order waits for its buyer as long as its stock is kept", () => {
  expect(decide("charge", { kind: "waiting" }, patienceMs - 1)).toEqual({ wait: "payment-action" });
  expect(decide("charge", { kind: "waiting" }, patienceMs)).toEqual({ compensate: "timed-out" });
});

test("a refusal turns the saga round, and an undoing that is refused is tried again", () => {
  const refused: Outcome = { kind: "refused", reason: "payment-declined" };
  expect(decide("charge", refused, 0)).toEqual({ compensate: "payment-declined" });
  expect(decide("release-stock", refused, 0)).toEqual({ retry: "refused: payment-declined" });
});

test("retries come later and later, never all at once, and at least every ten seconds", () => {
  const longest = [1, 2, 3, 4, 20, 5000].map((attempt) => retryDelayMs(attempt, 1));
  expect(longest).toEqual([200, 400, 800, 1600, 10_000, 10_000]);
  expect(retryDelayMs(1, 0)).toBe(100);
});

/** What may happen to a call: it works, its answer gets lost, it never arrives, or it arrives much later. */
const fates = ["works", "answer-lost", "lost", "late", "crash-before", "crash-after"] as const;
type Fate = (typeof fates)[number];

type Action =
  | { do: "advance"; runner: number; fate: Fate }
  | { do: "claim" | "cancel"; runner: number }
  | { do: "arrive" | "expire" };

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("advance" as const),
      runner: fc.nat(2),
      fate: fc.constantFrom(...fates),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("advance" as const),
      runner: fc.nat(2),
      fate: fc.constant<Fate>("works"),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("claim" as const), runner: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("cancel" as const), runner: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.constant({ do: "arrive" as const }) },
  { weight: 1, arbitrary: fc.constant({ do: "expire" as const }) },
);

test("whatever crashes, freezes, gets lost or comes late: confirmed with stock and money, or cancelled with neither", async () => {
  const reached = { confirmed: 0, cancelled: 0 };
  await fc.assert(
    fc.asyncProperty(
      fc.array(action, { maxLength: 60 }),
      fc.constantFrom("pm_card_visa", "pm_held", "pm_card_chargeDeclined"),
      fc.constantFrom(5, 5, 1),
      async (actions, token, onHand) => {
        const model = createModel(token, onHand);
        for (const each of actions) {
          await model.act(each);
          model.check();
        }
        await model.settle();
        reached[model.order().status as "confirmed" | "cancelled"] += 1;
      },
    ),
    { numRuns: 1500 },
  );
  expect(Math.min(reached.confirmed, reached.cancelled)).toBeGreaterThan(100);
});

interface Runner {
  readonly lease: number;
  step: SagaStep;
  paymentId?: string;
  held?: boolean;
}

/** The stored row of one saga, three processes that may hold it, and a network that does its worst. */
function createModel(paymentToken: string, onHand: number) {
  const services = createFakeServices();
  const productId = services.addProduct(onHand);
  const clients = {
    products: createProductClient(services.productService),
    payments: createPaymentClient(services.paymentService),
  };
  const drafted = draftOrder(
    {
      id: "order",
      userId: "user",
      items: [{ productId, quantity: 2 }],
      shippingAddress: { fullName: "A", line1: "1", city: "B", postalCode: "1", country: "DE" },
      paymentMethod: "card",
      at,
    },
    [{ id: productId, name: "Soap", price: { amount: 1999, currency: "EUR" }, carbon: { kgCO2e: "1" } }],
  );
  if ("refused" in drafted) throw new Error(drafted.refused);
  let leases = 1;
  const row: { order: Order; step: SagaStep | undefined; lease: number } = {
    order: drafted,
    step: "reserve",
    lease: 1,
  };
  const runners: (Runner | undefined)[] = [{ lease: 1, step: "reserve" }, undefined, undefined];
  const late: (() => void)[] = [];

  async function advance(index: number, fate: Fate): Promise<void> {
    const runner = runners[index];
    if (!runner) return;
    const { step } = runner;
    if (step === "confirm-order" || step === "cancel-order") {
      if (fate !== "crash-before" && row.lease === runner.lease) end(runner, step);
      runners[index] = undefined;
      return;
    }
    services.network.pass = async ({ deliver }) => {
      if (fate === "late") late.push(deliver);
      if (fate === "lost" || fate === "late" || fate === "crash-before") throw lost();
      const answer = deliver();
      if (fate !== "works") throw lost();
      return answer;
    };
    const outcome = await takeStep(clients, { order: row.order, paymentToken }, step);
    if (fate.startsWith("crash")) runners[index] = undefined;
    else learn(index, runner, step, outcome);
  }

  function learn(
    index: number,
    runner: Runner,
    step: Exclude<SagaStep, "confirm-order" | "cancel-order">,
    outcome: Outcome,
  ) {
    if (outcome.kind === "done" && outcome.paymentId) runner.paymentId = outcome.paymentId;
    if (outcome.kind === "done" && step === "charge") runner.held = outcome.held ?? false;
    const decision = decide(step, outcome, 0, runner.held);
    const held = row.lease === runner.lease;
    if ("go" in decision) {
      runner.step = decision.go;
    } else if ("compensate" in decision && held) {
      row.order = { ...row.order, cancelReason: decision.compensate };
      row.step = runner.step = "cancel-payment";
    } else {
      if (held) Object.assign(row, { step, lease: 0 });
      runners[index] = undefined;
    }
  }

  function end(runner: Runner, step: "confirm-order" | "cancel-order"): void {
    const { order } = row;
    row.order =
      step === "confirm-order"
        ? confirmed(order, runner.paymentId ?? "", at)
        : cancelled(order, order.cancelReason ?? "timed-out", at);
    Object.assign(row, { step: undefined, lease: 0 });
  }

  /** Any lease may have run out at any moment. */
  function claim(index: number): void {
    if (!row.step) return;
    row.lease = ++leases;
    runners[index] = { lease: leases, step: resumeAt(row.step) };
  }

  function cancel(index: number): void {
    const { status, cancelReason } = row.order;
    if (cancelReason || status === "cancelled") return;
    row.order = { ...row.order, cancelReason: "requested-by-customer" };
    Object.assign(row, { step: "cancel-payment", lease: ++leases });
    runners[index] = { lease: leases, step: "cancel-payment" };
  }

  function check(): void {
    const { status, cancelReason } = row.order;
    const reservation = services.reservations.get("order");
    const payment = services.payments.get("order");
    expect(payment?.charges ?? 0).toBeLessThanOrEqual(1);
    if (status === "confirmed" && !cancelReason) {
      expect([reservation?.status, payment?.status]).toEqual(["confirmed", "captured"]);
      expect(row.order.paymentId).toBe(payment?.id ?? "none");
    }
    if (status === "cancelled") {
      expect(reservation?.status).toBe("released");
      expect(payment?.status).not.toBe("captured");
      expect(services.products.get(productId)?.onHand).toBe(onHand);
    }
  }

  async function act(each: Action): Promise<void> {
    if (each.do === "advance") return advance(each.runner, each.fate);
    if (each.do === "claim") claim(each.runner);
    else if (each.do === "cancel") cancel(each.runner);
    else if (each.do === "arrive") late.pop()?.();
    else services.expire("order");
  }

  /** The faults end: one process goes on, then what was late arrives, and those that were frozen wake up. */
  async function settle(): Promise<void> {
    claim(0);
    for (let steps = 0; row.step && steps < 20; steps += 1) {
      if (!runners[0]) claim(0);
      await advance(0, "works");
    }
    for (const arrive of late.splice(0)) arrive();
    for (const index of [1, 2]) while (runners[index]) await advance(index, "works");
    expect(row.step).toBeUndefined();
    expect(row.order.status).not.toBe("pending");
    check();
  }

  return { act, check, settle, order: () => row.order };
}
