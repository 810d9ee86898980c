interface Entry<T> {
  readonly value: T;
  readonly until: number;
}

/** Values that expire, at most `max` of them: the one that was not asked for the longest leaves first. */
export interface BoundedMemory<T> {
  get(key: string): T | undefined;
  set(key: string, value: T): void;
  delete(key: string): void;
}

/** @param now milliseconds, from any clock that only goes forward */
export function createBoundedMemory<T>({
  max,
  ttlMs,
  now,
}: {
  max: number;
  ttlMs: number;
  now: () => number;
}): BoundedMemory<T> {
  const entries = new Map<string, Entry<T>>();
  return {
    get(key) {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      entries.delete(key);
      if (entry.until <= now()) return undefined;
      // A Map keeps the order of insertion, so what was used last stands last.
      entries.set(key, entry);
      return entry.value;
    },
    set(key, value) {
      entries.delete(key);
      entries.set(key, { value, until: now() + ttlMs });
      if (entries.size <= max) return;
      const [oldest] = entries.keys();
      if (oldest !== undefined) entries.delete(oldest);
    },
    delete: (key) => void entries.delete(key),
  };
}
