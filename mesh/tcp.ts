import { type AddressInfo, connect as connectNode, createServer, type Socket as NodeSocket } from "node:net";
import { connect as connectNodeTls } from "node:tls";

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
  readonly closed: boolean;
  /** The buffer belongs to the connection from then on. */
  write(data: Uint8Array): void;
  /** Stops reading: the other end feels it as a full window. */
  pause(): void;
  resume(): void;
  /** Says that nothing more comes, once all that was written has gone; reading goes on. */
  end(): void;
  /** Ends both directions once all that was written has gone; nothing that comes is looked at any more. */
  close(): void;
  /** Ends both directions now; what was not sent is lost. */
  destroy(): void;
}

/** What happens to a connection, in words of the one who owns it. `close` is called once, always, and last. */
export interface TcpHandlers<State> {
  readonly open?: (connection: TcpConnection<State>) => void;
  /** The chunk may be kept. */
  readonly data: (connection: TcpConnection<State>, chunk: Buffer) => void;
  /** Everything that was written has gone. */
  readonly drain?: (connection: TcpConnection<State>) => void;
  /** The other end sends no more. */
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

class BunConnection<State> implements TcpConnection<State> {
  socket: Bun.Socket<BunConnection<State>> | undefined;
  pendingBytes = 0;
  closed = false;
  #queue: Uint8Array[] = [];
  #ending = false;
  #closing = false;
  #paused = false;

  constructor(
    readonly state: State,
    readonly handlers: TcpHandlers<State>,
  ) {}

  get remoteAddress(): string {
    return this.socket?.remoteAddress ?? "";
  }

  opened(socket: Bun.Socket<BunConnection<State>>): void {
    this.socket = socket;
    socket.setNoDelay(true);
    if (this.closed) {
      socket.terminate();
      return;
    }
    if (this.#paused) socket.pause();
    this.handlers.open?.(this);
    this.flush();
  }

  write(data: Uint8Array): void {
    if (this.closed || this.#ending) return;
    if (this.pendingBytes > 0 || this.socket === undefined) {
      this.#keep(data);
      return;
    }
    const written = Math.max(0, this.socket.write(data));
    if (written < data.byteLength) this.#keep(written === 0 ? data : data.subarray(written));
  }

  #keep(data: Uint8Array): void {
    this.#queue.push(data);
    this.pendingBytes += data.byteLength;
  }

  /** The system takes data again. */
  flush(): void {
    if (this.closed || this.socket === undefined) return;
    const had = this.pendingBytes;
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      const written = Math.max(0, this.socket.write(next));
      this.pendingBytes -= written;
      if (written < next.byteLength) {
        this.#queue[0] = next.subarray(written);
        return;
      }
      this.#queue.shift();
    }
    if (this.#closing) this.socket.end();
    else if (this.#ending) this.socket.shutdown();
    else if (had > 0) this.handlers.drain?.(this);
  }

  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.socket?.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.socket?.resume();
  }

  end(): void {
    if (this.#ending || this.closed) return;
    this.#ending = true;
    if (this.pendingBytes === 0) this.socket?.shutdown();
  }

  close(): void {
    if (this.closed || this.#closing) return;
    this.#closing = true;
    this.#ending = true;
    if (this.pendingBytes === 0) this.socket?.end();
  }

  destroy(): void {
    if (this.closed) return;
    if (this.socket) this.socket.terminate();
    else this.ended();
  }

  ended(error?: Error): void {
    if (this.closed) return;
    this.closed = true;
    this.#queue = [];
    this.pendingBytes = 0;
    this.handlers.close(this, error);
  }
}

function bunHandlers<State>(): Bun.SocketHandler<BunConnection<State>> {
  return {
    binaryType: "buffer",
    data(socket, chunk) {
      socket.data.handlers.data(socket.data, chunk);
    },
    drain: (socket) => socket.data.flush(),
    end: (socket) => socket.data.handlers.end(socket.data),
    error: (socket, error) => socket.data?.ended(error),
    close: (socket, error) => socket.data?.ended(error),
    connectError: (socket, error) => socket.data.ended(error),
  };
}

function listenWithBun<State>(options: TcpListenOptions<State>): TcpListener {
  const { port, hostname, reusePort = false, newState, handlers } = options;
  const listener = Bun.listen<BunConnection<State>>({
    port,
    hostname,
    // Without `exclusive` Bun lets a second process take the port without a word.
    ...(reusePort ? { reusePort: true } : { exclusive: true }),
    allowHalfOpen: true,
    socket: {
      ...bunHandlers<State>(),
      open(socket) {
        socket.data = new BunConnection(newState(), handlers);
        socket.data.opened(socket);
      },
    },
  });
  return { port: listener.port, stop: () => listener.stop(false) };
}

function connectWithBun<State>(options: TcpConnectOptions<State>): TcpConnection<State> {
  const { hostname, port, tlsServerName, state, handlers } = options;
  const connection = new BunConnection(state, handlers);
  Bun.connect<BunConnection<State>>({
    hostname,
    port,
    allowHalfOpen: true,
    data: connection,
    ...(tlsServerName !== undefined && { tls: { serverName: tlsServerName } }),
    socket: { ...bunHandlers<State>(), open: (socket) => socket.data.opened(socket) },
  }).catch((error: Error) => connection.ended(error));
  return connection;
}

class NodeConnection<State> implements TcpConnection<State> {
  closed = false;

  constructor(
    readonly socket: NodeSocket,
    readonly state: State,
    handlers: TcpHandlers<State>,
  ) {
    let failure: Error | undefined;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => handlers.data(this, chunk));
    socket.on("drain", () => handlers.drain?.(this));
    socket.on("end", () => handlers.end(this));
    socket.on("error", (error) => {
      failure = error;
    });
    socket.on("close", () => {
      this.closed = true;
      handlers.close(this, failure);
    });
  }

  get remoteAddress(): string {
    return this.socket.remoteAddress ?? "";
  }
  get pendingBytes(): number {
    return this.socket.writableLength;
  }
  write(data: Uint8Array): void {
    if (!this.closed && !this.socket.writableEnded) this.socket.write(data);
  }
  pause(): void {
    this.socket.pause();
  }
  resume(): void {
    this.socket.resume();
  }
  end(): void {
    this.socket.end();
  }
  close(): void {
    this.socket.destroySoon();
  }
  destroy(): void {
    this.socket.destroy();
  }
}

async function listenWithNode<State>(options: TcpListenOptions<State>): Promise<TcpListener> {
  const { port, hostname, reusePort = false, newState, handlers } = options;
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    handlers.open?.(new NodeConnection(socket, newState(), handlers));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, host: hostname, ...(reusePort && { reusePort }) }, resolve);
  });
  return { port: (server.address() as AddressInfo).port, stop: () => void server.close() };
}

function connectWithNode<State>(options: TcpConnectOptions<State>): TcpConnection<State> {
  const { hostname, port, tlsServerName, state, handlers } = options;
  const plain = { host: hostname, port, allowHalfOpen: true };
  const socket =
    tlsServerName === undefined
      ? connectNode(plain)
      : connectNodeTls({ ...plain, servername: tlsServerName });
  const connection = new NodeConnection(socket, state, handlers);
  socket.once(tlsServerName === undefined ? "connect" : "secureConnect", () => handlers.open?.(connection));
  return connection;
}
