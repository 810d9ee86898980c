/** The moments at which a process that dies leaves the most behind: on each side of every durable or outside effect. */
export const crashPointNames = [
  "order-insert:before",
  "order-insert:after",
  "saga-end:before",
  "saga-end:after",
  "reservation-hold:before",
  "reservation-hold:after",
  "reservation-confirm:before",
  "reservation-confirm:after",
  "charge-record:before",
  "charge-record:after",
  "provider-call:before",
  "provider-call:after",
  "charge-book:before",
  "charge-book:after",
  "provider-refund:before",
  "provider-refund:after",
  "relay-publish:before",
  "relay-publish:after",
  "inbox-commit:before",
  "inbox-commit:after",
  "offset-commit:before",
  "offset-commit:after",
  "mail-handover:before",
  "mail-handover:after",
] as const;

export type CrashPoint = (typeof crashPointNames)[number];

/** Set by `tests/faults/` in the processes that it starts, and nowhere else. */
export const crashPoints: { reached?: (name: CrashPoint) => void } = {};

/** Marks a moment at which the prover may let the process die. Otherwise it costs one read of a property. */
export function crashPoint(name: CrashPoint): void {
  crashPoints.reached?.(name);
}
