import type { TcpConnection, TcpConnectOptions, TcpHandlers, TcpListener, TcpListenOptions } from "./tcp.ts";
import { encoded, encodeInto } from "./tcp-text.ts";

/** What is written goes to the system before anybody else writes: all connections can put their text together here. */
const desk = Buffer.allocUnsafeSlow(65_536);

class BunConnection<State> implements TcpConnection<State> {
  socket: Bun.Socket<BunConnection<State>> | undefined;
  pendingBytes = 0;
  sentBytes = 0;
  closed = false;
  #queue: Uint8Array[] = [];
  #open = false;
  #ending = false;
  #closing = false;
  #paused = false;

  constructor(
    readonly state: State,
    readonly handlers: TcpHandlers<State>,
    readonly tls = false,
  ) {}

  get remoteAddress(): string {
    return this.socket?.remoteAddress ?? "";
  }

  /** There is a socket. With TLS nothing is said on it before the other end is known. */
  connected(socket: Bun.Socket<BunConnection<State>>): void {
    if (this.closed) {
      socket.terminate();
      return;
    }
    this.socket = socket;
    socket.setNoDelay(true);
    if (!this.tls) this.opened(socket);
  }

  opened(socket: Bun.Socket<BunConnection<State>>): void {
    if (this.closed) return;
    this.#open = true;
    if (this.#paused) socket.pause();
    this.handlers.open?.(this);
    this.flush();
  }

  write(data: Uint8Array): void {
    if (this.closed || this.#ending) return;
    if (this.pendingBytes > 0 || !this.#open || this.socket === undefined) {
      this.#keep(data);
      return;
    }
    const written = this.#send(this.socket, data);
    // The write itself may have found the connection closed.
    if (written < data.byteLength && !this.closed) this.#keep(written === 0 ? data : data.subarray(written));
  }

  writeText(text: string, content?: Uint8Array): void {
    if (this.closed || this.#ending) return;
    const { socket } = this;
    const length = text.length + (content?.byteLength ?? 0);
    const atOnce = this.#open && this.pendingBytes === 0 && length <= desk.byteLength;
    // With TLS what the system did not take has to stay where it was.
    if (socket === undefined || !atOnce || this.tls) {
      this.write(encoded(text, content));
      return;
    }
    encodeInto(desk, text, content);
    const written = Math.max(0, socket.write(desk, 0, length));
    this.sentBytes += written;
    if (written < length && !this.closed) this.#keep(Buffer.from(desk.subarray(written, length)));
  }

  #send(socket: Bun.Socket<BunConnection<State>>, data: Uint8Array): number {
    // How much of an encrypted record has left is not told.
    if (this.tls) this.sentBytes += data.byteLength;
    const written = Math.max(0, socket.write(data));
    if (!this.tls) this.sentBytes += written;
    return written;
  }

  #keep(data: Uint8Array): void {
    this.#queue.push(data);
    this.pendingBytes += data.byteLength;
  }

  /** The system takes data again. */
  flush(): void {
    if (this.closed || !this.#open || this.socket === undefined) return;
    const had = this.pendingBytes;
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      const written = this.#send(this.socket, next);
      if (this.closed) return;
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
    if (this.pendingBytes === 0 && this.#open) this.socket?.shutdown();
  }

  close(): void {
    if (this.closed || this.#closing) return;
    this.#closing = true;
    this.#ending = true;
    if (this.pendingBytes > 0) return;
    if (this.#open) this.socket?.end();
    else this.destroy();
  }

  destroy(): void {
    this.failed(undefined);
  }

  /** A handler threw, or the other end is not who it should be: Bun leaves the socket open then. */
  failed(error: Error | undefined): void {
    if (this.closed) return;
    this.ended(error);
    this.socket?.terminate();
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
    error: (socket, error) => socket.data?.failed(error),
    close: (socket, error) => socket.data?.ended(error),
    connectError: (socket, error) => socket.data.ended(error),
  };
}

function verified<State>(
  { data: connection }: Bun.Socket<BunConnection<State>>,
  success: boolean,
  refusal: Error | null,
): void {
  if (success && refusal === null && connection.socket) connection.opened(connection.socket);
  else connection.failed(refusal ?? new Error("The TLS handshake failed"));
}

export function listenWithBun<State>(options: TcpListenOptions<State>): TcpListener {
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
        socket.data.connected(socket);
      },
    },
  });
  return { port: listener.port, stop: () => listener.stop(false) };
}

export function connectWithBun<State>(options: TcpConnectOptions<State>): TcpConnection<State> {
  const { hostname, port, tlsServerName, state, handlers } = options;
  const tls = tlsServerName !== undefined;
  const connection = new BunConnection(state, handlers, tls);
  Bun.connect<BunConnection<State>>({
    hostname,
    port,
    allowHalfOpen: true,
    data: connection,
    ...(tls && { tls: { serverName: tlsServerName } }),
    socket: {
      ...bunHandlers<State>(),
      open: (socket) => socket.data.connected(socket),
      ...(tls && { handshake: verified<State> }),
    },
  }).catch((error: Error) => connection.ended(error));
  return connection;
}
