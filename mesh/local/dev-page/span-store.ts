import type { Span, SpanRef } from "./read-spans.ts";

export interface SpanStoreLimits {
  readonly traces: number;
  /** Of one trace; further ones are only counted. */
  readonly spansOfTrace: number;
}

interface Trace {
  readonly traceId: string;
  readonly spans: Map<string, Span>;
  /** The spans of other traces that lead to this one. */
  readonly leading: Map<string, SpanRef>;
  /** What did not fit. */
  dropped: number;
  /** The count of all additions when something was last added. */
  changed: number;
}

/** What a list of traces shows of one. */
export interface TraceSummary {
  readonly traceId: string;
  readonly name: string;
  readonly service: string;
  readonly kind: Span["kind"];
  readonly status: unknown;
  /** Milliseconds since the epoch. */
  readonly start: number;
  /** Of its first span: how long who asked had to wait. In milliseconds. */
  readonly ms: number;
  readonly spans: number;
  readonly services: readonly string[];
  readonly failed: boolean;
}

/** The latest traces. The one that was begun first goes first, however long it goes on. */
export class SpanStore {
  readonly #traces = new Map<string, Trace>();
  readonly #limits: SpanStoreLimits;
  readonly #versions = new Map<string, string>();
  #changes = 0;

  constructor(limits: SpanStoreLimits = { traces: 500, spansOfTrace: 2000 }) {
    this.#limits = limits;
  }

  /** Goes up with every addition. */
  get changes(): number {
    return this.#changes;
  }

  versionOf(service: string): string | undefined {
    return this.#versions.get(service);
  }

  add(spans: readonly Span[]): void {
    for (const span of spans) {
      this.#changes += 1;
      if (span.version !== undefined && this.#versions.size < 100) {
        this.#versions.set(span.service, span.version);
      }
      const trace = this.#open(span.traceId);
      trace.changed = this.#changes;
      if (trace.spans.size >= this.#limits.spansOfTrace) trace.dropped += 1;
      else trace.spans.set(span.spanId, span);
      for (const link of span.links) this.#lead(link, span);
    }
  }

  get(traceId: string): readonly Span[] {
    return [...(this.#traces.get(traceId)?.spans.values() ?? [])];
  }

  find({ traceId, spanId }: SpanRef): Span | undefined {
    return this.#traces.get(traceId)?.spans.get(spanId);
  }

  droppedOf(traceId: string): number {
    return this.#traces.get(traceId)?.dropped ?? 0;
  }

  /** The spans of other traces that have a link to this one. */
  leadingTo(traceId: string): readonly Span[] {
    const refs = [...(this.#traces.get(traceId)?.leading.values() ?? [])];
    return refs.map((ref) => this.find(ref)).filter((span) => span !== undefined);
  }

  /** The latest first; only those to which something was added after `since`. */
  summaries(since = 0): TraceSummary[] {
    const changed = [...this.#traces.values()].filter(
      (trace) => trace.changed > since && trace.spans.size > 0,
    );
    return changed.map(summaryOf).sort((a, b) => b.start - a.start);
  }

  #open(traceId: string): Trace {
    const known = this.#traces.get(traceId);
    if (known) return known;
    const trace = { traceId, spans: new Map(), leading: new Map(), dropped: 0, changed: this.#changes };
    this.#traces.set(traceId, trace);
    const [oldest = ""] = this.#traces.keys();
    if (this.#traces.size > this.#limits.traces) this.#traces.delete(oldest);
    return trace;
  }

  #lead(link: SpanRef, { traceId, spanId }: Span): void {
    if (link.traceId === traceId) return;
    const { leading } = this.#open(link.traceId);
    if (leading.size < this.#limits.spansOfTrace) leading.set(traceId + spanId, { traceId, spanId });
  }
}

function summaryOf({ traceId, spans }: Trace): TraceSummary {
  const all = [...spans.values()].sort((a, b) => a.start - b.start);
  const root = rootOf(all);
  return {
    traceId,
    name: root.name,
    service: root.service,
    kind: root.kind,
    status: root.attributes["http.response.status_code"],
    start: root.start,
    ms: root.end - root.start,
    spans: all.length,
    services: [...new Set(all.map(({ service }) => service))],
    failed: all.some(({ failed }) => failed),
  };
}

/** The one without a parent, else the earliest of those whose parent has not come. */
function rootOf(spans: readonly Span[]): Span {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const weight = ({ parentSpanId }: Span) => (parentSpanId === undefined ? 0 : ids.has(parentSpanId) ? 2 : 1);
  return spans.reduce((best, span) => {
    const before = weight(span) - weight(best) || span.start - best.start;
    return before < 0 ? span : best;
  });
}
