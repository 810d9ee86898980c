import { connectWithBun, listenWithBun } from "./tcp-on-bun.ts";
import { connectWithNode, listenWithNode } from "./tcp-on-node.ts";

/**
 * One TCP connection, from either side. Writing never blocks and never fails: what the system does not take yet waits here,
 * and `pendingBytes` says how much, so that whoever produces can be told to stop.
 */
export interface TcpConnection<State> {
  /** Whatever the owner keeps with the connection. */
  readonly state: State;
  readonly remoteAddress: string;
  /** Written, and not yet taken by the system. */
  readonly pendingBytes: number;
  /** Taken by the system so far, and so perhaps seen by the other end; rather too many than too few. */
  readonly sentBytes: number;
  readonly closed: boolean;
  /** The buffer belongs to the connection from then on. */
  write(data: Uint8Array): void;
  /** Latin-1 text and what follows it, together. Nothing of it is kept, so that usually nothing has to be allocated. */
  writeText(text: string, content?: Uint8Array): void;
  /** Stops reading: the other end feels it as a full window. */
  pause(): void;
  resume(): void;
  /** Says that nothing more comes, once all that was written has gone; reading goes on. */
  end(): void;
  /** Ends both directions once all that was written has gone; nothing that comes is looked at any more. */
  close(): void;
  /**
   * Ends both directions now; what was not sent is lost. `close` may be called before this returns. Of a connection that is
   * still being made Bun keeps the socket until the system gives up on it, which without any answer takes two minutes.
   */
  destroy(): void;
}

/**
 * What happens to a connection, in words of the one who owns it. `close` is called once, always, and last. A handler that
 * throws ends its connection, and `close` is given what it threw.
 */
export interface TcpHandlers<State> {
  /** With TLS: the other end has shown who it is. */
  readonly open?: (connection: TcpConnection<State>) => void;
  /** The chunk may be kept. One more may come after `pause`. */
  readonly data: (connection: TcpConnection<State>, chunk: Buffer) => void;
  /** Everything that was written has gone. */
  readonly drain?: (connection: TcpConnection<State>) => void;
  /** The other end sends no more. May be left out where this end has said the same: `close` follows at once. */
  readonly end: (connection: TcpConnection<State>) => void;
  readonly close: (connection: TcpConnection<State>, error?: Error) => void;
}

export interface TcpListenOptions<State> {
  /** Port 0 asks for any free one. */
  readonly port: number;
  readonly hostname: string;
  /** Whether other processes may listen on the same port; the system shares connections out among them. */
  readonly reusePort?: boolean;
  readonly newState: () => State;
  readonly handlers: TcpHandlers<State>;
}

export interface TcpListener {
  readonly port: number;
  /** Takes no new connections; those that are open stay. */
  stop(): void;
}

export interface TcpConnectOptions<State> {
  readonly hostname: string;
  readonly port: number;
  /** The name to verify the other end's certificate by. */
  readonly tlsServerName?: string;
  readonly state: State;
  readonly handlers: TcpHandlers<State>;
}

const isBun = typeof Bun !== "undefined";

/**
 * Listens with whichever runtime this is. Bun's own sockets cost a third of its `node:net`, and carry no streams.
 * @throws Error that names the port when it is taken
 */
export async function listenTcp<State>(options: TcpListenOptions<State>): Promise<TcpListener> {
  try {
    return isBun ? listenWithBun(options) : await listenWithNode(options);
  } catch (cause) {
    if ((cause as { code?: string }).code !== "EADDRINUSE") throw cause;
    throw new Error(`Port ${options.port} of ${options.hostname} is taken`, { cause });
  }
}

/** The connection is there at once and may be written to; `close` tells when it could not be made. */
export function connectTcp<State>(options: TcpConnectOptions<State>): TcpConnection<State> {
  return isBun ? connectWithBun(options) : connectWithNode(options);
}
