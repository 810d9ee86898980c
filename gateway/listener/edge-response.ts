import { type Problem, problemDocument } from "#mesh/problem";
import { Fields } from "../http/fields.ts";

/** The body of an answer that did not come in one piece: content without framing. */
export interface BodyStream {
  /** In bytes; undefined when only the end will tell. */
  readonly length: number | undefined;
  start(sink: BodySink): void;
  pause(): void;
  resume(): void;
  /** Nobody wants the rest. */
  cancel(): void;
}

export interface BodySink {
  data(content: Uint8Array): void;
  end(): void;
  /** It broke off: what was sent on must not look complete. */
  fail(): void;
}

/** What goes back to the client. Framing, date and connection are the listener's and never among the fields. */
export interface EdgeResponse {
  readonly status: number;
  readonly fields: Fields;
  readonly body: Uint8Array | BodyStream | undefined;
}

const encoder = new TextEncoder();

/** @param traceId of the context, which is not asked for when a head was refused before there was one */
export function problemAnswer(problem: Problem, instance: string, traceId?: string): EdgeResponse {
  const fields = new Fields();
  fields.append("content-type", "application/problem+json");
  fields.append("cache-control", "no-store");
  for (const [name, value] of Object.entries(problem.headers ?? {})) fields.append(name, value);
  const document = problemDocument(problem, instance);
  if (traceId !== undefined) document.traceId = traceId;
  return { status: problem.status, fields, body: encoder.encode(JSON.stringify(document)) };
}

/** For what is answered here with the web's own type; it is taken in whole. */
export async function fromWebResponse(response: Response): Promise<EdgeResponse> {
  const fields = new Fields();
  response.headers.forEach((value, name) => {
    if (name !== "content-length" && name !== "transfer-encoding") fields.append(name, value);
  });
  const body = response.body === null ? undefined : new Uint8Array(await response.arrayBuffer());
  return { status: response.status, fields, body };
}
