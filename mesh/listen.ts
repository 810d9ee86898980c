/** What the listener knows of a connection. */
export interface ConnectionInfo {
  readonly remoteAddress: string;
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
  const server = Bun.serve({
    port,
    hostname,
    idleTimeout: idleTimeout ?? 60,
    ...(maxRequestBodySize !== undefined && { maxRequestBodySize }),
    fetch: (request, self) => fetch(request, { remoteAddress: self.requestIP(request)?.address ?? "" }),
  });
  return {
    port: server.port ?? port,
    async stop(withinMs = 10_000) {
      await within(server.stop(), withinMs);
      await server.stop(true);
    },
  };
}

function listenWithDeno(runtime: DenoRuntime, { fetch, port, hostname }: ListenOptions): Listener {
  const server = runtime.serve({ port, hostname, onListen() {} }, (request, info) =>
    fetch(request, { remoteAddress: info.remoteAddr.hostname ?? "" }),
  );
  return {
    port: server.addr.port ?? port,
    stop: (withinMs = 10_000) => within(server.shutdown(), withinMs),
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
