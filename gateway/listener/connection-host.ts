import type { Problem } from "#mesh/problem";
import type { ClientConnection } from "./client-connection.ts";
import type { EdgeRequest } from "./edge-request.ts";
import type { EdgeResponse } from "./edge-response.ts";

/** What a connection needs of the listener that took it. */
export interface ConnectionHost {
  /** Of `performance.now()`, as of the last sweep: what is late by a quarter of a second here is late enough. */
  readonly now: number;
  readonly draining: boolean;
  readonly timeouts: Timeouts;
  readonly proxyProtocol: boolean;
  serve(request: EdgeRequest): void;
  /** The answer to what never became a request. @param method as far as it could be read */
  refuse(problem: Problem, remoteAddress: string, method?: string): EdgeResponse;
  /** The address that a PROXY header named; undefined when its sender may not say so. */
  believe(connection: ClientConnection, address: string): boolean;
}

/** In milliseconds. */
export interface Timeouts {
  /** For a head to arrive whole, from its first byte. */
  readonly headersMs: number;
  /** For a body to arrive whole, from when it is wanted. */
  readonly bodyMs: number;
  /** Between two requests. */
  readonly idleMs: number;
  /** Without the client taking anything of an answer. */
  readonly writeMs: number;
}
