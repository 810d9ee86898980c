import type { Order } from "./order.ts";
import type { Outcome, SagaStep } from "./saga.ts";

/** The right to act on the saga of one order, until the lease runs out or somebody else takes it. */
export interface SagaRun {
  readonly order: Order;
  readonly lease: string;
  /** Where to take it up. */
  readonly step: SagaStep;
  /** 1 for the first run in this direction. */
  readonly attempt: number;
  /** Since the order was placed, at the start of this run. */
  readonly ageMs: number;
  /** Known as long as the saga goes forward. */
  readonly paymentToken: string | undefined;
  readonly idempotencyKey: string;
}

/** One line of an order's history. */
export interface HistoryEntry {
  readonly at: Date;
  readonly kind: "status" | "decision" | "step";
  readonly name: string;
  readonly outcome?: Outcome["kind"];
  readonly attempt?: number;
  readonly detail?: string;
  /** What the event that changed the order said; see `rebuild-order.ts`. */
  readonly data?: unknown;
}

/** What a client is told about the order it places: the status and the exact body, so that it can be said again. */
export interface Answer {
  readonly status: number;
  readonly body: string;
}
