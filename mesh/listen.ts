/** What the listener knows of a connection. */
export interface ConnectionInfo {
  readonly remoteAddress: string;
  /**
   * How many segments the path had when it was sent. Known where the runtime resolves dot segments and backslashes
   * before anyone sees the URL: a URL with another number of segments was not sent as it reads.
   */
  readonly sentSegments?: number;
}

export interface ListenOptions {
  /** Port 0 asks for any free one. */
  readonly port: number;
  readonly hostname: string;
  readonly fetch: (request: Request, info: ConnectionInfo) => Response | Promise<Response>;
  /** Bytes; a larger body is refused by the runtime where it can. */
  readonly maxRequestBodySize?: number;
  /** Seconds without traffic after which a connection is closed. */
  readonly idleTimeout?: number;
}

export interface Listener {
  readonly port: number;
  /** Takes no new connection and resolves when the requests under way are answered, at the latest after `withinMs`. */
  stop(withinMs?: number): Promise<void>;
}

/**
 * Serves HTTP with whichever runtime this is. The one file besides the local launcher that knows their names.
 * @throws Error that names the port when it is taken
 */
export function listen(options: ListenOptions): Listener {
  try {
    return typeof Deno === "undefined" ? listenWithBun(options) : listenWithDeno(Deno, options);
  } catch (cause) {
    if ((cause as { code?: string }).code !== "EADDRINUSE") throw cause;
    throw new Error(`Port ${options.port} of ${options.hostname} is taken`, { cause });
  }
}

function listenWithBun({ fetch, port, hostname, maxRequestBodySize, idleTimeout }: ListenOptions): Listener {
  const addressOf = (request: Request, server: Bun.Server<undefined>) =>
    server.requestIP(request)?.address ?? "";
  const server = Bun.serve({
    port,
    hostname,
    idleTimeout: idleTimeout ?? 60,
    ...(maxRequestBodySize !== undefined && { maxRequestBodySize }),
    routes: routesBySegments((request, server, sentSegments) =>
      fetch(request, { remoteAddress: addressOf(request, server), sentSegments }),
    ),
    fetch: (request, server) => fetch(request, { remoteAddress: addressOf(request, server) }),
  });
  return {
    port: server.port ?? port,
    async stop(withinMs = 10_000) {
      await within(server.stop(), withinMs);
      await server.stop(true);
    },
  };
}

/** Long enough for an answer that was just made to leave. */
const quietMs = 100;

type Handler = (
  request: Request,
  server: Bun.Server<undefined>,
  segments: number,
) => Response | Promise<Response>;

/** Deeper paths are served too, only without their number of segments. */
const countedSegments = 16;

/** Bun's router matches the path as it was sent, `Request.url` is already resolved. It costs nothing measurable. */
function routesBySegments(handle: Handler) {
  const routes: Record<
    string,
    (request: Request, server: Bun.Server<undefined>) => Response | Promise<Response>
  > = {};
  let pattern = "";
  for (let segments = 1; segments <= countedSegments; segments++) {
    pattern += `/:segment${segments}`;
    routes[pattern] = (request, server) => handle(request, server, segments);
  }
  return routes;
}

function listenWithDeno(runtime: DenoRuntime, { fetch, port, hostname }: ListenOptions): Listener {
  let answering = 0;
  const server = runtime.serve({ port, hostname, onListen() {} }, async (request, info) => {
    answering += 1;
    try {
      return await fetch(request, { remoteAddress: info.remoteAddr.hostname ?? "" });
    } finally {
      answering -= 1;
    }
  });
  /** Deno's own shutdown waits for clients that keep a connection and say nothing on it. */
  async function quiet(): Promise<void> {
    do await new Promise((resolve) => setTimeout(resolve, quietMs));
    while (answering > 0);
  }
  return {
    port: server.addr.port ?? port,
    stop: (withinMs = 10_000) => within(Promise.race([server.shutdown(), quiet()]), withinMs),
  };
}

/** Waits for `work`, but not longer than `ms`. */
async function within(work: Promise<unknown>, ms: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const expired = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, expired]);
  clearTimeout(timer);
}

/** The little of Deno that is used here; its own type package would hide Bun's. */
interface DenoRuntime {
  serve(
    options: { port: number; hostname: string; onListen(): void },
    handler: (request: Request, info: { remoteAddr: { hostname?: string } }) => Response | Promise<Response>,
  ): { addr: { port?: number }; shutdown(): Promise<void> };
}
declare const Deno: DenoRuntime | undefined;
