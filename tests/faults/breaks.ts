import type { PaymentWeights } from "./purchase.ts";
import type { Fault } from "./schedule.ts";

/** One safeguard that is switched off, and how the prover has to notice. */
export interface Break {
  readonly name: string;
  /** What is missing in the broken copy. */
  readonly missing: string;
  readonly changes: readonly Change[];
  /** What one of the violations has to say. */
  readonly violation: RegExp;
  readonly cards?: PaymentWeights;
  readonly cancelShare?: number;
  /** Which part of the buyers sends the same request twice at once. */
  readonly twiceShare?: number;
  /** How many of each scarce product there are. */
  readonly hotStock?: number;
  readonly faults?: readonly Fault[];
  /** How long the violation has to last, in ms: what is on its way looks the same for a moment. */
  readonly lastsMs?: number;
  /** Settings of the system that are other than usual. */
  readonly chosen?: Readonly<Record<string, string>>;
}

/** `from` stands exactly once in the file, else the break is out of date. */
export interface Change {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

const onlyVisa: PaymentWeights = [[1, "pm_card_visa"]];

export const breaks: readonly Break[] = [
  {
    name: "inbox-claim",
    missing: "an event's effect is no longer claimed in the inbox",
    changes: [
      {
        file: "mesh/inbox/consume.ts",
        from:
          "insert into inbox (event_id) select distinct unnest($" +
          "{[...ids]}::uuid[]) order by 1\n    on conflict do nothing returning event_id",
        to: "select distinct unnest($" + "{[...ids]}::uuid[]) as event_id",
      },
    ],
    violation: /was published and nobody claimed it/,
    cards: onlyVisa,
  },
  {
    name: "provider-key",
    missing: "the provider is asked with another idempotency key each time",
    changes: [
      {
        file: "services/payment/stripe-gateway.ts",
        from: "{ idempotencyKey: `charge-$" + "{orderId}` }",
        to: "{ idempotencyKey: `charge-$" + "{orderId}-$" + "{crypto.randomUUID()}` }",
      },
    ],
    violation: /was charged \d+ times/,
    cards: [[1, "pm_sandbox_timeoutAfterCharging"]],
    // Else the provider's own news settles the charge before it is asked again.
    faults: [{ at: 0, kind: "cut", link: "webhooks", forMs: 45_000, delayMs: 0 }],
  },
  {
    name: "stock-lock",
    missing: "stock is looked at without a lock before it is taken, and the database lets it become negative",
    changes: [
      {
        file: "services/product/migrations/0001_products.sql",
        from: "on_hand int not null check (on_hand >= 0)",
        to: "on_hand int not null",
      },
      {
        file: "services/product/migrations/0002_many_orders_at_once.sql",
        from: "select s.product_id, s.on_hand, s.for_sale from stock s\n      where s.product_id = any (p_products) order by s.product_id for update",
        to: "select s.product_id, s.on_hand, s.for_sale from stock s, pg_sleep(0.5)\n      where s.product_id = any (p_products)",
      },
      {
        // One at a time, and all at once: a batch looks at what its own orders take together.
        file: "services/product/app.ts",
        from: "holdStock: gather({",
        to: "holdStock: gather({ most: 1, apartMs: 0, patienceMs: 0,",
      },
    ],
    violation: /stock of \S+ -\d+ are on hand/,
    cards: onlyVisa,
    hotStock: 5,
  },
  {
    name: "relay-order",
    missing: "the relay marks events as published before the bus has them",
    changes: [
      {
        file: "mesh/outbox/relay.ts",
        from: '      crashPoint("relay-publish:before");',
        to: '      await tx`commit`;\n      crashPoint("relay-publish:before");',
      },
    ],
    violation: /counts as published and is not on the bus/,
    cards: onlyVisa,
    faults: [{ at: 1500, kind: "crash", process: "order-service-1", point: "relay-publish:before", pass: 3 }],
  },
  {
    name: "event-order",
    missing: "the relay hands the newest event of a batch over first",
    changes: [
      {
        file: "mesh/outbox/outbox-store.ts",
        from: "from turn left join taken on true order by id`;",
        to: "from turn left join taken on true order by id desc`;",
      },
    ],
    violation: /is number \d+ on the bus and was written as number \d+/,
    cards: onlyVisa,
  },
  {
    name: "event-content",
    missing: "the relay changes what it hands over",
    changes: [
      {
        file: "mesh/outbox/relay.ts",
        from: "({ topic, key, value: payload })",
        to: '({ topic, key, value: payload.replace(\'"specversion":"1.0"\', \'"specversion": "1.0"\') })',
      },
    ],
    violation: /is on the bus with another content than was written/,
    cards: onlyVisa,
  },
  {
    name: "approval-once",
    missing: "what a buyer approved at PayPal may pay for more than one order",
    changes: [
      {
        file: "services/payment/migrations/0002_more_ways_to_pay.sql",
        from: "create unique index payments_one_per_approval",
        to: "create index payments_one_per_approval",
      },
      {
        file: "services/payment/paypal-gateway.ts",
        from: "  if (ofOrder !== orderId) {",
        to: "  if (ofOrder === undefined) {",
      },
    ],
    violation: /is confirmed at \d+, charged 0/,
    cards: [
      [1, "paypal success"],
      [2, "paypal used"],
    ],
  },
  {
    name: "compensation",
    missing: "a saga that turns round undoes nothing",
    changes: [
      {
        file: "services/order/run-saga.ts",
        from: 'known, decision.compensate)) step = "cancel-payment"',
        to: 'known, decision.compensate)) step = "cancel-order"',
      },
    ],
    violation: /is cancelled and its stock held/,
    cards: [[1, "pm_card_chargeDeclined"]],
  },
  {
    name: "refund-on-cancel",
    missing: "cancelling a paid order sends nothing back",
    changes: [
      {
        file: "services/payment/cancel-payment.ts",
        from: "return await sendRest(deps, payment);",
        to: 'return "refunded";',
      },
    ],
    violation: /is cancelled and keeps \d+/,
    cards: onlyVisa,
    cancelShare: 0.8,
  },
  {
    name: "ledger-entry",
    missing: "a capture is not booked in the ledger",
    changes: [
      {
        file: "services/payment/settle-store.ts",
        from: "'orders:receivable', amount, currency from payment",
        to: "'orders:receivable', amount, currency from payment where false",
      },
    ],
    violation: /the provider's net is \d+, the ledger's 0/,
    cards: onlyVisa,
  },
  {
    name: "ledger-once",
    missing: "a capture is booked twice, and the database lets it",
    changes: [
      {
        file: "services/payment/migrations/0001_payments.sql",
        from: "create unique index ledger_one_capture on ledger (payment_id) where kind = 'capture';",
        to: "",
      },
      {
        file: "services/payment/settle-store.ts",
        from: "'orders:receivable', amount, currency from payment",
        to: "'orders:receivable', amount, currency from payment cross join generate_series(1, 2)",
      },
    ],
    violation: /the provider's net is (\d+), the ledger's (?!\1)\d+/,
    cards: onlyVisa,
  },
  {
    name: "dispute-withdrawal",
    missing: "what the bank takes for a dispute is not booked",
    changes: [
      {
        file: "services/payment/apply-dispute.ts",
        from: 'const took = isTaken && (await bookDispute(tx, "dispute-withdrawal", dispute));',
        to: "const took = isTaken && false;",
      },
    ],
    violation: /the provider has withdrawn \d+, the ledger 0/,
    cards: [[1, "pm_card_createDispute"]],
  },
  {
    name: "dispute-sweep",
    missing: "the comparison of the books leaves out disputes",
    changes: [
      {
        file: "services/payment/reconcile-dispute.ts",
        from: "for await (const told of gateway.disputes(from, untilNow)) {",
        to: "for await (const told of gateway.disputes(from, untilNow)) {\n    if (told) continue;",
      },
    ],
    violation: /dispute (stripe|paypal) \S+ is not known here/,
    cards: [
      [1, "pm_sandbox_untoldDispute"],
      [1, "paypal untold"],
    ],
    chosen: { RECONCILE_MINUTES: "0.05" },
    lastsMs: 10_000,
  },
  {
    name: "refund-reversal",
    missing: "a refund that comes back is not booked back",
    changes: [
      {
        file: "services/payment/apply-refund-failure.ts",
        from: 'if (refund.status !== "succeeded" && refund.status !== "pending") return "nothing-to-do";',
        to: 'if (refund.status !== "pending") return "nothing-to-do";',
      },
    ],
    violation: /the provider has refunded 0, the ledger \d+/,
    cards: [
      [1, "pm_sandbox_refundFailsOnce cancels"],
      [1, "paypal refundfailonce"],
    ],
    lastsMs: 5000,
  },
  {
    name: "early-news",
    missing: "news of a charge that is not recorded yet counts as not ours",
    changes: [
      {
        file: "services/payment/payment-of-charge.ts",
        from: "  const orderId = await gatewayNamed(gateways, gateway).orderOf(reference);",
        to: '  if (gateway === "paypal") return "not-ours";\n  const orderId = await gatewayNamed(gateways, gateway).orderOf(reference);',
      },
    ],
    violation: /dispute paypal \S+ is not known here/,
    cards: [[1, "paypal dispute"]],
    // The answer to a capture comes later than the news of its dispute.
    faults: [{ at: 0, kind: "delay", link: "provider", forMs: 20_000, delayMs: 600 }],
  },
  {
    name: "charge-before-confirm",
    missing: "a declined charge counts as one that was made",
    changes: [
      {
        file: "services/order/payment-client.ts",
        from: "if (status === 402 && declinedBody.Check(body)) {",
        to: 'if (status === 402) return { kind: "done", paymentId: crypto.randomUUID() };\n  if (status === 402 && declinedBody.Check(body)) {',
      },
    ],
    violation: /is confirmed at \d+, charged 0/,
    cards: [[1, "pm_card_chargeDeclined"]],
  },
  {
    name: "order-key",
    missing: "an Idempotency-Key that is in use is given to a second order",
    changes: [
      {
        file: "services/order/saga-store.ts",
        from: "on conflict (user_id, key) do nothing",
        to: "on conflict (user_id, key) do update set order_id = excluded.order_id",
      },
    ],
    violation: /its key made \d+ orders/,
    cards: onlyVisa,
    twiceShare: 1,
  },
];
