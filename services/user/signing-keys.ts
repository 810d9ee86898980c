/** When a signing key was made and from when on it signs. */
export interface KeyTimes {
  readonly kid: string;
  readonly createdAt: Date;
  readonly activeFrom: Date;
}

/** All in milliseconds. */
export interface KeySchedule {
  /** How long one key signs before the next one takes over. */
  readonly rotation: number;
  /** How long a key is published before it signs; longer than any verifier keeps the key set. */
  readonly lead: number;
  /** How long a key stays published after its last signature; longer than an access token lives. */
  readonly overlap: number;
}

export interface KeyPlan<K extends KeyTimes> {
  /** Undefined only as long as there is no key at all. */
  readonly signing: K | undefined;
  readonly published: readonly K[];
  /** No token of theirs can be valid any more, so their private halves are to be destroyed. */
  readonly retired: readonly K[];
  /** Set when a further key is due; the time from which it will sign. */
  readonly next: { readonly activeFrom: Date } | undefined;
}

const minute = 60_000;

/** Verifiers keep the key set for ten minutes at most; access tokens live for fifteen. */
export const keySchedule = (rotationHours: number): KeySchedule => ({
  rotation: rotationHours * 60 * minute,
  lead: 60 * minute,
  overlap: 20 * minute,
});

/**
 * Which key signs at the time `at`, which are published, which are done with, and whether the next one is due.
 * A key signs until its successor takes over, however late that is: when nothing ran for a month, the old key signs
 * on until the new one has been published for the lead time.
 */
export function planKeys<K extends KeyTimes>(
  keys: readonly K[],
  at: Date,
  schedule: KeySchedule,
): KeyPlan<K> {
  const inOrder = keys.toSorted((a, b) => a.activeFrom.getTime() - b.activeFrom.getTime());
  const now = at.getTime();
  const newest = inOrder.at(-1);
  if (!newest) return { signing: undefined, published: [], retired: [], next: { activeFrom: at } };
  const isRetired = (index: number) => {
    const successor = inOrder[index + 1];
    return successor !== undefined && successor.activeFrom.getTime() + schedule.overlap < now;
  };
  const due = newest.activeFrom.getTime() + schedule.rotation;
  return {
    // The clock of the process that made the first key may be ahead of ours.
    signing: inOrder.findLast((key) => key.activeFrom.getTime() <= now) ?? inOrder[0],
    published: inOrder.filter((_, index) => !isRetired(index)),
    retired: inOrder.filter((_, index) => isRetired(index)),
    next:
      now >= due - schedule.lead ? { activeFrom: new Date(Math.max(due, now + schedule.lead)) } : undefined,
  };
}
