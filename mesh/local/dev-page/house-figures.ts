import { type Samples, sumOf } from "./prometheus-text.ts";

/** What the shop has done since its processes were started; undefined where nobody says. */
export interface HouseFigures {
  readonly ordersConfirmed: number | undefined;
  readonly ordersCancelled: number | undefined;
  readonly sagasUnfinished: number | undefined;
  readonly sagasStuck: number | undefined;
  readonly paymentsCaptured: number | undefined;
  readonly mailsSent: number | undefined;
  readonly carbonKg: number | undefined;
  readonly spansDropped: number | undefined;
}

/** The events of one service. */
export interface BusFigures {
  readonly service: string;
  readonly published: number;
  /** Written, and not yet published. */
  readonly waiting: number;
  /** How long the oldest of them has waited. */
  readonly lagSeconds: number;
  readonly handled: number;
  /** Set aside: `bun run dlq list`. */
  readonly deadLetters: number;
}

export function houseFigures(processes: readonly Samples[]): HouseFigures {
  // A counter with labels is not there before it first counts.
  const none = processes.some(({ size }) => size > 0) ? 0 : undefined;
  const sum = (name: string, labels: Readonly<Record<string, string>> = {}) => {
    const wanted = Object.entries(labels);
    const passes = (found: Readonly<Record<string, string>>) =>
      wanted.every(([key, value]) => found[key] === value);
    const found = processes
      .map((samples) => sumOf(samples, name, passes))
      .filter((each) => each !== undefined);
    return found.length === 0 ? none : found.reduce((a, b) => a + b, 0);
  };
  return {
    ordersConfirmed: sum("orders_total", { order_status: "confirmed" }),
    ordersCancelled: sum("orders_total", { order_status: "cancelled" }),
    sagasUnfinished: sum("sagas_unfinished"),
    sagasStuck: sum("sagas_stuck"),
    paymentsCaptured: sum("payments_total", { outcome: "captured" }),
    mailsSent: sum("notifications_total", { outcome: "sent" }),
    carbonKg: sum("carbon_sold_kg_total"),
    spansDropped: sum("trace_spans_dropped_total"),
  };
}

/** Undefined for a process that has nothing to do with the bus. */
export function busFigures(service: string, samples: Samples): BusFigures | undefined {
  if (!samples.has("outbox_published_total")) return undefined;
  return {
    service,
    published: sumOf(samples, "outbox_published_total") ?? 0,
    waiting: sumOf(samples, "outbox_waiting_events") ?? 0,
    lagSeconds: sumOf(samples, "outbox_lag_seconds") ?? 0,
    handled: sumOf(samples, "events_consumed_total", ({ outcome }) => outcome === "handled") ?? 0,
    deadLetters: sumOf(samples, "dead_letters") ?? 0,
  };
}
