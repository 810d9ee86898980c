/** How long the system needs to come back, seen from outside. */
export interface RecoveryWatch {
  /** A line of the supervisor. */
  heard(line: string): void;
  /** Something worth knowing when a violation is looked into. */
  note(line: string): void;
  /** An order was confirmed. */
  sold(): void;
  /** How often a process or a store ended. */
  deaths(): number;
  /** From the end of a process until it is ready again, in ms, by its name. */
  readonly backAfterMs: ReadonlyMap<string, readonly number[]>;
  /** The longest time in which nobody was told that an order is placed, in ms. */
  longestPauseMs(): number;
  /** What happened, with its time. */
  readonly diary: readonly string[];
}

export function createRecoveryWatch(): RecoveryWatch {
  const gone = new Map<string, number>();
  const backAfterMs = new Map<string, number[]>();
  const diary: string[] = [];
  let deaths = 0;
  let lastSale: number | undefined;
  let longest = 0;
  const note = (line: string) => diary.push(`${new Date().toISOString().slice(11, 23)} ${line}`);
  return {
    note,
    heard(line) {
      const ended = /^(\S+) (?:was ended by|ended with code)/.exec(line)?.[1];
      const back = /^(\S+) is back$/.exec(line)?.[1];
      if (ended) {
        deaths += 1;
        if (!gone.has(ended)) gone.set(ended, performance.now());
      }
      if (back) {
        const since = gone.get(back);
        gone.delete(back);
        if (since !== undefined)
          backAfterMs.set(back, [...(backAfterMs.get(back) ?? []), performance.now() - since]);
      }
      note(line);
    },
    sold() {
      const now = performance.now();
      if (lastSale !== undefined) longest = Math.max(longest, now - lastSale);
      lastSale = now;
    },
    deaths: () => deaths,
    backAfterMs,
    longestPauseMs: () => longest,
    diary,
  };
}
