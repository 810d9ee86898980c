import type { CancelReason } from "./order.ts";

/**
 * Towards a confirmed order. `confirm-order` is a transaction here, the others are calls. `capture` is only taken for money
 * that the charge has held and not taken.
 */
export const forwardSteps = ["reserve", "charge", "confirm-reservation", "capture", "confirm-order"] as const;
/** Towards a cancelled order that keeps neither money nor stock. `cancel-order` is a transaction here. */
export const backwardSteps = ["cancel-payment", "release-stock", "cancel-order"] as const;

export type ForwardStep = (typeof forwardSteps)[number];
export type BackwardStep = (typeof backwardSteps)[number];
export type SagaStep = ForwardStep | BackwardStep;
/** Steps that another service takes for us. */
export type RemoteStep = Exclude<SagaStep, "confirm-order" | "cancel-order">;

/** What a remote step came to. `unknown` is anything that proves neither success nor refusal. */
export type Outcome =
  | {
      readonly kind: "done";
      readonly paymentId?: string;
      /** The money is held for us, and to be captured. */
      readonly held?: boolean;
    }
  | {
      readonly kind: "refused";
      readonly reason: CancelReason;
      /** For the client, such as which items are short. */
      readonly facts?: Readonly<Record<string, unknown>>;
    }
  /** Nothing happens until the buyer has done what payment-service tells them. */
  | { readonly kind: "waiting" }
  | { readonly kind: "unknown"; readonly detail: string };

export type Decision =
  | { readonly go: SagaStep }
  | { readonly compensate: CancelReason }
  | { readonly retry: string }
  | { readonly wait: "payment-action" };

/** A reservation lasts as long as the saga tries to go forward; after that it only goes back. */
export const patienceMs = 15 * 60_000;

const following = {
  reserve: "charge",
  charge: "confirm-reservation",
  "confirm-reservation": "confirm-order",
  capture: "confirm-order",
  "cancel-payment": "release-stock",
  "release-stock": "cancel-order",
} as const satisfies Record<RemoteStep, SagaStep>;

const isForward = (step: SagaStep): step is ForwardStep => forwardSteps.some((each) => each === step);

/**
 * The saga: a step and its outcome make the next step. An unknown outcome is never guessed, the same call is made
 * again; going forward is given up when patience ends, which is safe because undoing works from any point.
 * Undoing has no way to fail: whatever is not done is tried again.
 * @param ageMs since the order was placed
 * @param held whether the charge held the money without taking it
 */
export function decide(step: RemoteStep, outcome: Outcome, ageMs: number, held = false): Decision {
  if (outcome.kind === "done") {
    return { go: step === "confirm-reservation" && held ? "capture" : following[step] };
  }
  if (!isForward(step)) return { retry: detailOf(outcome) };
  if (outcome.kind === "refused") return { compensate: outcome.reason };
  if (ageMs >= patienceMs) return { compensate: "timed-out" };
  return outcome.kind === "waiting" ? { wait: "payment-action" } : { retry: outcome.detail };
}

function detailOf(outcome: Exclude<Outcome, { kind: "done" }>): string {
  if (outcome.kind === "waiting") return "it waits for the buyer";
  return outcome.kind === "refused" ? `refused: ${outcome.reason}` : outcome.detail;
}

/**
 * Where a run takes up a saga that stopped at `step`. Forward from the start: every step gives the answer it gave
 * before, the reservation may have lapsed since, and the payment's id has to be learned again. Backward where it was.
 */
export const resumeAt = (step: SagaStep): SagaStep => (isForward(step) ? "reserve" : step);

const firstRetryMs = 200;
const longestRetryMs = 10_000;

/** How often it is looked whether the buyer has done what the order waits for. */
export const lookAgainMs = 1000;

/** Doubled with every attempt, at least half of it, at random so that a thousand sagas do not come back at once. */
export function retryDelayMs(attempt: number, random: number): number {
  const longest = Math.min(firstRetryMs * 2 ** Math.min(attempt - 1, 10), longestRetryMs);
  return Math.round(longest / 2 + (random * longest) / 2);
}
