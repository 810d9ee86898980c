const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** A duration of Prometheus or Alertmanager, such as `1h30m`, in ms. @throws Error where it is none */
export function durationMs(text: string): number {
  const parts = [...text.matchAll(/(\d+)(ms|[smhdw])/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join("") !== text)
    throw new Error(`This is no duration of Prometheus: "${text}"`);
  return parts.reduce((sum, [, count, unit = ""]) => sum + Number(count) * (unitMs[unit] ?? 0), 0);
}

export const fasterDuration = (text: string, speed: number): string =>
  `${Math.max(1, Math.round(durationMs(text) / speed))}ms`;

/** What stands in quotes may look like a window: `route=~"/[.]well-known/.+"`. */
const strings = /("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')/;
const windows = /\[([\w:]+)\]/g;
const offsets = /\b(offset\s+)(\w+)/g;
/** What is compared with how long something has waited: it waits no faster. */
const ages = /(_(?:age|lag)_seconds(?:\[\w+\])?\)*\s*>\s*)(\d+(?:\.\d+)?)/g;

const outsideStrings = (expr: string): string[] => expr.split(strings).filter((_, at) => at % 2 === 0);

/**
 * The expression with its windows, offsets and ages divided by `speed`. Rates stay: nobody comes more often, so that
 * `rate(…[5m]) * 300 >= 10` asks for as many in a second as before.
 */
export function fasterExpression(expr: string, speed: number): string {
  if (speed === 1) return expr;
  const faster = (text: string) =>
    text
      .replaceAll(windows, (_, inner: string) => `[${fasterWindow(inner, speed)}]`)
      .replaceAll(offsets, (_, word: string, by: string) => word + fasterDuration(by, speed))
      .replaceAll(ages, (_, before: string, seconds: string) => before + Number(seconds) / speed);
  return expr
    .split(strings)
    .map((part, at) => (at % 2 === 0 ? faster(part) : part))
    .join("");
}

/** Of a subquery, `6h:5m`, both. */
const fasterWindow = (inner: string, speed: number): string =>
  inner
    .split(":")
    .map((each) => fasterDuration(each, speed))
    .join(":");

export interface Window {
  readonly metric: string;
  readonly ms: number;
  /** What is the highest of a window rises at once, and falls when the window is over. */
  readonly highest: boolean;
}

const windowed = /(max_over_time\()?([a-zA-Z_:][\w:]*)(?:\{[^{}]*\})?\[([\w:]+)\]/g;

/** How far back it looks, by what it looks at. */
export function windowsIn(expr: string): Window[] {
  const bare = outsideStrings(expr).join('""');
  return [...bare.matchAll(windowed)].map(([, highest, metric = "", window = ""]) => ({
    metric,
    ms: durationMs(window.split(":")[0] ?? ""),
    highest: highest !== undefined,
  }));
}

/** How long something has to have waited, in ms. */
export function longestAgeMs(expr: string): number {
  const found = outsideStrings(expr).flatMap((text) => [...text.matchAll(ages)]);
  return Math.max(0, ...found.map(([, , seconds]) => Number(seconds) * 1000));
}
