export interface CalendarPeriod {
  /** `2026-11-22` or `2026-11`. */
  readonly name: string;
  /** Milliseconds since the epoch; the first moment that no longer belongs to it. */
  readonly end: number;
}

/** The UTC day or month that holds `now` (ms since the epoch). */
export function periodAt(period: "day" | "month", now: number): CalendarPeriod {
  const date = new Date(now);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  const iso = date.toISOString();
  return period === "day"
    ? { name: iso.slice(0, 10), end: Date.UTC(year, month, date.getUTCDate() + 1) }
    : { name: iso.slice(0, 7), end: Date.UTC(year, month + 1) };
}
