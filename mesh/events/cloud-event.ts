import { currentContext, traceparent } from "#observability/context";

/** A CloudEvent 1.0 in JSON, with the extensions for distributed tracing and correlation. */
export interface CloudEvent<Type extends string = string, Data = unknown> {
  readonly specversion: "1.0";
  readonly id: string;
  /** The producer, as in `/order-service`. */
  readonly source: string;
  readonly type: Type;
  /** The id of the aggregate; also the key, so that the events of one aggregate stay in order. */
  readonly subject: string;
  /** RFC 3339. */
  readonly time: string;
  readonly datacontenttype: "application/json";
  readonly traceparent?: string;
  readonly correlationid?: string;
  readonly data: Data;
}

/** What the producer says of an event; the rest follows from the producer and the work it is doing. */
export interface NewEvent<Data> {
  readonly id: string;
  readonly subject: string;
  readonly time: Date;
  readonly data: Data;
}

export function cloudEvent<Type extends string, Data>(
  source: string,
  type: Type,
  { id, subject, time, data }: NewEvent<Data>,
): CloudEvent<Type, Data> {
  const context = currentContext();
  return {
    specversion: "1.0",
    id,
    source,
    type,
    subject,
    time: time.toISOString(),
    datacontenttype: "application/json",
    ...(context && { traceparent: traceparent(context), correlationid: context.correlationId }),
    data,
  };
}
