export interface ListenOptions {
  /** Port 0 asks for any free one. */
  readonly port: number;
  readonly hostname: string;
  readonly fetch: (request: Request) => Response | Promise<Response>;
}

export interface Listener {
  readonly port: number;
  /** Takes no new connection and resolves when the requests under way are answered, at the latest after `withinMs`. */
  stop(withinMs?: number): Promise<void>;
}

/**
 * Serves HTTP with whichever runtime this is. With `tcp-on-bun.ts` and the local launcher the only place that knows their names.
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

/** Seconds without traffic after which a connection is closed. */
const idleSeconds = 60;

function listenWithBun({ fetch, port, hostname }: ListenOptions): Listener {
  const server = Bun.serve({
    port,
    hostname,
    idleTimeout: idleSeconds,
    fetch: (request) => fetch(request),
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

function listenWithDeno(runtime: DenoRuntime, { fetch, port, hostname }: ListenOptions): Listener {
  let answering = 0;
  const server = runtime.serve({ port, hostname, onListen() {} }, async (request) => {
    answering += 1;
    try {
      return await fetch(request);
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
    handler: (request: Request) => Response | Promise<Response>,
  ): { addr: { port?: number }; shutdown(): Promise<void> };
}
declare const Deno: DenoRuntime | undefined;
