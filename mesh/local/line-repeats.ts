export interface LineRepeats {
  /** Shows the line, or counts it when one like it was shown a short while ago. */
  readonly add: (line: string) => void;
  /** Shows what was counted and not shown yet. */
  readonly flush: () => void;
}

interface Counted {
  /** Not shown yet. */
  more: number;
  readonly line: string;
  readonly timer: ReturnType<typeof setTimeout>;
}

/**
 * Keeps a flood of one message from hiding all others: a line is shown once, then at most one count of those
 * like it (alike but for numbers and ids) every `everyMs`. After as long without one it is shown again.
 */
export function lineRepeats(show: (line: string) => void, everyMs = 10_000): LineRepeats {
  const counts = new Map<string, Counted>();

  const told = ({ more, line }: Counted) => {
    if (more > 0) show(`… and ${more} more like it: ${line}`);
  };
  function later(key: string): ReturnType<typeof setTimeout> {
    const timer = setTimeout(() => {
      const counted = counts.get(key);
      if (!counted) return;
      told(counted);
      if (counted.more === 0) counts.delete(key);
      else counts.set(key, { ...counted, more: 0, timer: later(key) });
    }, everyMs);
    timer.unref();
    return timer;
  }
  return {
    add(line) {
      const key = line.replace(/[0-9a-f]{8}[0-9a-f-]*|\d+/gi, "#");
      const counted = counts.get(key);
      if (counted) {
        counted.more++;
        return;
      }
      show(line);
      counts.set(key, { more: 0, line, timer: later(key) });
    },
    flush() {
      for (const counted of counts.values()) {
        clearTimeout(counted.timer);
        told(counted);
      }
      counts.clear();
    },
  };
}
