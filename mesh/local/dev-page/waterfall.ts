import { ownTime } from "./own-time.ts";
import type { Span, SpanRef } from "./read-spans.ts";

/** A line of the picture: a span, where it stands and what has to be said of it. */
export interface WaterfallRow extends Span {
  readonly depth: number;
  /** Milliseconds after the beginning of the picture, corrected by `shiftMs`. */
  readonly offset: number;
  readonly ms: number;
  /** Of that, in what is not told by a line below it. */
  readonly ownMs: number;
  /** By how much a clock that does not agree with its caller's was corrected. */
  readonly shiftMs: number;
  /** Its parent has not come, or never will. */
  readonly orphan: boolean;
  /** It is not a child of the line above it: a link leads from the one to the other, for work that came later. */
  readonly linked: boolean;
}

export interface Waterfall {
  /** Milliseconds since the epoch. */
  readonly start: number;
  readonly ms: number;
  readonly rows: readonly WaterfallRow[];
}

export interface WaterfallSources {
  /** The spans of the trace, in any order. */
  readonly spans: readonly Span[];
  /** Spans of other traces that have a link to this one. */
  readonly leading?: readonly Span[];
  /** A span of another trace to which this one has a link. */
  readonly find?: (ref: SpanRef) => Span | undefined;
  /** All spans of another trace, for what is below such a span. */
  readonly traceOf?: (traceId: string) => readonly Span[];
}

interface Placed {
  readonly span: Span;
  readonly depth: number;
  readonly shiftMs: number;
  readonly orphan: boolean;
  readonly linked: boolean;
}

/** No picture shows more. */
const mostRows = 2000;
const keyOf = ({ traceId, spanId }: SpanRef): string => traceId + spanId;

const timesOf = ({ span, shiftMs }: Placed) => ({ start: span.start + shiftMs, end: span.end + shiftMs });

/** The tree of a trace from the top down, siblings by time, and below a span what a link leads to. */
export function waterfall(sources: WaterfallSources): Waterfall {
  const placed = placeAll(sources);
  const start = Math.min(...placed.map(({ span, shiftMs }) => span.start + shiftMs));
  const end = Math.max(...placed.map(({ span, shiftMs }) => span.end + shiftMs));
  const below = Map.groupBy(placed, ({ span, linked }) =>
    linked || span.parentSpanId === undefined ? "" : keyOf({ ...span, spanId: span.parentSpanId }),
  );
  const rows = placed.map(({ span, ...place }) => ({
    ...span,
    ...place,
    offset: span.start + place.shiftMs - start,
    ms: span.end - span.start,
    ownMs: ownTime(timesOf({ span, ...place }), (below.get(keyOf(span)) ?? []).map(timesOf)),
  }));
  return { start: rows.length > 0 ? start : 0, ms: rows.length > 0 ? end - start : 0, rows };
}

function placeAll({ spans, leading = [], find = () => undefined, traceOf = () => [] }: WaterfallSources) {
  const ownTrace = new Set(spans.map(({ traceId }) => traceId));
  const known = new Map(spans.map((span) => [keyOf(span), span]));
  const own = childrenIn(spans);
  const placed: Placed[] = [];
  const seen = new Set<string>();

  function place(top: Placed, children: ReadonlyMap<string, readonly Span[]>): void {
    // With a list of what is to be done: a chain of calls may be deeper than the stack.
    const waiting = [{ top, children }];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const { span, depth, shiftMs } = next.top;
      if (seen.has(keyOf(span)) || placed.length >= mostRows) continue;
      seen.add(keyOf(span));
      placed.push(next.top);
      const below = (next.children.get(keyOf(span)) ?? []).map((child) => ({
        top: {
          span: child,
          depth: depth + 1,
          shiftMs: shiftMs + skewOf(span, child, shiftMs),
          orphan: false,
          linked: false,
        },
        children: next.children,
      }));
      const aside = next.children === own ? linkedTo(span) : [];
      const linked = aside.map((other) => ({
        top: { span: other, depth: depth + 1, shiftMs: 0, orphan: false, linked: true },
        children: childrenIn(traceOf(other.traceId)),
      }));
      waiting.push(...[...below, ...linked].reverse());
    }
  }

  /** In both directions: a link points to what was before. */
  function linkedTo(span: Span): Span[] {
    const to = span.links.filter(({ traceId }) => !ownTrace.has(traceId)).map(find);
    const from = leading.filter(({ links }) => links.some((link) => keyOf(link) === keyOf(span)));
    return [...to, ...from].filter((other) => other !== undefined).sort(byStart);
  }

  const isOrphan = ({ traceId, parentSpanId }: Span) =>
    parentSpanId !== undefined && !known.has(keyOf({ traceId, spanId: parentSpanId }));
  const tops = spans.filter((span) => span.parentSpanId === undefined || isOrphan(span)).sort(byStart);
  for (const span of tops) place({ span, depth: 0, shiftMs: 0, orphan: isOrphan(span), linked: false }, own);
  // Whoever is left is below itself: bad data, but data.
  for (const span of [...spans].sort(byStart)) {
    if (!seen.has(keyOf(span))) place({ span, depth: 0, shiftMs: 0, orphan: true, linked: false }, own);
  }
  return placed;
}

const byStart = (a: Span, b: Span): number => a.start - b.start || b.end - a.end;

function childrenIn(spans: readonly Span[]): ReadonlyMap<string, readonly Span[]> {
  const children = new Map<string, Span[]>();
  for (const span of [...spans].sort(byStart)) {
    if (span.parentSpanId === undefined) continue;
    const parent = keyOf({ traceId: span.traceId, spanId: span.parentSpanId });
    const siblings = children.get(parent);
    if (siblings) siblings.push(span);
    else children.set(parent, [span]);
  }
  return children;
}

/**
 * By how much a server's clock is off, in milliseconds to be added, when it says that it answered before it was asked or
 * began after its caller had the answer: then its work is drawn in the middle of the call. Nothing is changed where
 * both may be true, such as work that goes on after its caller gave up.
 */
function skewOf(caller: Span, server: Span, shiftMs: number): number {
  if (caller.service === server.service || caller.kind !== "client" || server.kind !== "server") return 0;
  const start = server.start + shiftMs;
  const callerStart = caller.start + shiftMs;
  const callerMs = caller.end - caller.start;
  if (start >= callerStart && start <= callerStart + callerMs) return 0;
  const room = Math.max(0, callerMs - (server.end - server.start));
  return callerStart + room / 2 - start;
}
