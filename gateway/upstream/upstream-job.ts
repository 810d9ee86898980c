import type { Fields } from "../http/fields.ts";
import type { AnswerBody } from "./answer-body.ts";
import type { Origin } from "./origin.ts";

export interface UpstreamCall {
  readonly origin: Origin;
  readonly method: string;
  /** Request line and fields, with the empty line; Latin-1. */
  readonly head: string;
  readonly body: Uint8Array | undefined;
  /** Until the answer's head is there. */
  readonly timeoutMs: number;
  /** For whose sake this is done; when it has gone, the call is given up, body included. */
  readonly client: { readonly gone: boolean };
}

/** Why there is no answer. `client-gone`: nobody is left to answer to. */
export type UpstreamFailure = "timeout" | "unavailable" | "client-gone";

export interface UpstreamAnswer {
  readonly status: number;
  readonly fields: Fields;
  readonly body: AnswerBody;
}

/** RFC 9110 §9.2.2; TRACE and CONNECT are not proxied. */
const idempotent = new Set(["GET", "HEAD", "PUT", "DELETE", "OPTIONS"]);

/** A call on its way: the one object that is made for it. */
export class UpstreamJob {
  /** How often it was begun in vain, connections that had been idle aside. */
  failures = 0;
  /** When it is begun again. */
  retryAt = 0;

  constructor(
    readonly call: UpstreamCall,
    /** On the client's clock. */
    readonly expiresAt: number,
    readonly settle: (outcome: UpstreamAnswer | UpstreamFailure) => void,
  ) {}

  get mayRepeat(): boolean {
    return idempotent.has(this.call.method);
  }

  /** Why it is to be given up now, if it is. */
  lapsed(now: number): UpstreamFailure | undefined {
    if (this.call.client.gone) return "client-gone";
    return this.expiresAt <= now ? "timeout" : undefined;
  }
}
