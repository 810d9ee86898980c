import type { Deadlines } from "./deadlines.ts";

export interface UpstreamCall {
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  readonly body: Uint8Array<ArrayBuffer> | undefined;
  /** Until the answer's headers are there. */
  readonly timeoutMs: number;
  /** The client's request, for whose sake this is done; when it is aborted, so is the call. */
  readonly request: Request;
}

/** Why there is no answer. `client-gone`: nobody is left to answer to. */
export type UpstreamFailure = "timeout" | "unavailable" | "client-gone";

/** Long enough for a process that is being replaced to take connections again, short enough to go unnoticed. */
const retryAfterMs = 100;
const idempotent = new Set(["GET", "HEAD", "PUT", "DELETE", "OPTIONS"]);
const neverConnected = new Set(["ECONNREFUSED", "ENOTFOUND", "EHOSTUNREACH", "ENETUNREACH", "EAI_AGAIN"]);

/**
 * Calls an upstream; the answer's body streams. A call is made twice when the first certainly did nothing, that is,
 * found no connection, or may be repeated by its method (RFC 9110 §9.2.2).
 */
export async function callUpstream(
  deadlines: Deadlines,
  { url, method, headers, body, timeoutMs, request }: UpstreamCall,
): Promise<Response | UpstreamFailure> {
  // Until the answer's headers are there. After that the runtime itself drops the body of a client that has left.
  const waiting = deadlines.start(timeoutMs, request);
  const init = {
    method,
    headers,
    redirect: "manual",
    signal: waiting.controller.signal,
    // Bodies travel on as they are encoded. Bun obeys this; Deno leaves bodies alone where `accept-encoding` is set.
    decompress: false,
    ...(body && { body }),
  } as const;
  try {
    for (let attempt = 1; ; attempt++) {
      try {
        return await fetch(url, init);
      } catch (error) {
        if (waiting.expired) return "timeout";
        if (request.signal.aborted) return "client-gone";
        if (attempt === 2 || !(didNotConnect(error) || idempotent.has(method))) return "unavailable";
      }
      await new Promise((resolve) => setTimeout(resolve, retryAfterMs));
    }
  } finally {
    deadlines.end(waiting);
  }
}

/** Bun and Node name the system's error; Deno says it in the words of its HTTP library. */
function didNotConnect(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, cause } = error as Error & { code?: unknown };
  if (typeof code === "string") return neverConnected.has(code);
  return cause instanceof Error && cause.message.includes("(Connect)");
}
