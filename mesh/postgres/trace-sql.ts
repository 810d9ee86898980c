import { type Attributes, SpanKind } from "@opentelemetry/api";
import { currentContext, newSpanId, type RequestContext } from "#observability/context";
import { errorTypeOf } from "#observability/trace/error-type";
import { inSpan } from "#observability/trace/in-span";
import type { Tracing } from "#observability/trace/tracing";
import type { Sql, Transaction } from "./sql.ts";
import { statementSummary } from "./statement-summary.ts";

/** What is watched of postgres.js's own `Query`. It is lazy: the handler is called when it is sent. */
interface Query {
  handler: (query: Query) => unknown;
  resolve: (result: unknown) => unknown;
  reject: (error: unknown) => unknown;
}

type Tag = (strings: unknown, ...values: readonly unknown[]) => unknown;
type Begin = (...given: readonly unknown[]) => Promise<unknown>;

/**
 * The same connections, telling of each statement by a span where the trace is recorded, and of each transaction by one
 * around them, whose end without a statement is the commit. By OpenTelemetry's conventions for databases; the
 * text has no values in it. Elsewhere it costs a look at the context for each statement.
 */
export function traceSql(sql: Sql, url: string): Sql {
  const { hostname, port, pathname } = new URL(url);
  const about = {
    "db.system.name": "postgresql",
    "db.namespace": decodeURIComponent(pathname.slice(1)),
    "server.address": hostname,
    "server.port": Number(port || 5432),
  };
  const begin = sql.begin as unknown as Begin;
  const traced = watching(sql as unknown as Tag, about) as unknown as Sql;
  return Object.assign(traced, {
    begin: ((...given) => {
      const work = given.at(-1) as (tx: unknown) => unknown;
      if (!currentContext()?.tracing) return begin(...given);
      return inSpan("transaction", { attributes: about }, () =>
        begin(...given.slice(0, -1), (tx: Transaction) => work(watching(tx as unknown as Tag, about))),
      );
    }) satisfies Begin,
  });
}

/** The tag with everything that hangs on it. */
function watching(tag: Tag, about: Attributes): Tag {
  const traced: Tag = (strings, ...values) => {
    const made = tag(strings, ...values);
    const context = currentContext();
    if (context?.tracing && isTemplate(strings)) watch(made as Query, strings, context, about);
    return made;
  };
  return Object.assign(traced, tag);
}

const isTemplate = (strings: unknown): strings is readonly string[] =>
  Array.isArray(strings) && "raw" in strings;

/** A query that is only a part of another one is never sent by itself, and has no span. */
function watch(query: Query, parts: readonly string[], context: RequestContext, about: Attributes): void {
  const { handler, resolve, reject } = query;
  let startedAt = 0;
  query.handler = (sent) => {
    startedAt = performance.now();
    return handler(sent);
  };
  query.resolve = (result) => {
    record(context, { parts, startedAt, about: { ...about, ...rowsOf(result) }, failed: false });
    return resolve(result);
  };
  query.reject = (error) => {
    const code = errorTypeOf(error);
    const failure = { "error.type": code, "db.response.status_code": code };
    record(context, { parts, startedAt, about: { ...about, ...failure }, failed: true });
    return reject(error);
  };
}

function rowsOf(result: unknown): Attributes {
  const { count } = result as { count?: unknown };
  return typeof count === "number" ? { "db.response.returned_rows": count } : {};
}

interface Sent {
  readonly parts: readonly string[];
  readonly startedAt: number;
  readonly about: Attributes;
  readonly failed: boolean;
}

function record(context: RequestContext & { tracing?: Tracing | undefined }, sent: Sent): void {
  const { summary, table, text } = statementSummary(sent.parts);
  const { traceId, spanId: parentSpanId } = context;
  context.tracing?.record({
    traceId,
    spanId: newSpanId(),
    parentSpanId,
    name: summary,
    kind: SpanKind.CLIENT,
    startedAt: sent.startedAt,
    endedAt: performance.now(),
    attributes: {
      ...sent.about,
      "db.query.summary": summary,
      "db.query.text": text,
      ...(table !== undefined && { "db.collection.name": table }),
      ...(!summary.includes(",") && { "db.operation.name": summary.split(" ", 1)[0] }),
    },
    failed: sent.failed,
  });
}
