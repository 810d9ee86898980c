import {
  type AddressInfo,
  connect as connectNode,
  createServer,
  isIP,
  type Socket as NodeSocket,
} from "node:net";
import { checkServerIdentity, connect as connectNodeTls } from "node:tls";
import type { TcpConnection, TcpConnectOptions, TcpHandlers, TcpListener, TcpListenOptions } from "./tcp.ts";
import { encoded } from "./tcp-text.ts";

class NodeConnection<State> implements TcpConnection<State> {
  closed = false;

  constructor(
    readonly socket: NodeSocket,
    readonly state: State,
    handlers: TcpHandlers<State>,
  ) {
    let failure: Error | undefined;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => this.guard(() => handlers.data(this, chunk)));
    socket.on("drain", () => this.guard(() => handlers.drain?.(this)));
    socket.on("end", () => this.guard(() => handlers.end(this)));
    socket.on("error", (error) => {
      failure = error;
    });
    socket.on("close", () => {
      this.closed = true;
      handlers.close(this, failure);
    });
  }

  /** What a handler throws ends its own connection, as it does on Bun, and not the process. */
  guard(handle: () => void): void {
    try {
      handle();
    } catch (error) {
      this.socket.destroy(error as Error);
    }
  }

  get remoteAddress(): string {
    return this.socket.remoteAddress ?? "";
  }
  get pendingBytes(): number {
    return this.socket.writableLength;
  }
  get sentBytes(): number {
    return this.socket.bytesWritten;
  }
  write(data: Uint8Array): void {
    if (!this.closed && !this.socket.writableEnded) this.socket.write(data);
  }
  writeText(text: string, content?: Uint8Array): void {
    this.write(encoded(text, content));
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

export async function listenWithNode<State>(options: TcpListenOptions<State>): Promise<TcpListener> {
  const { port, hostname, reusePort = false, newState, handlers } = options;
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const connection = new NodeConnection(socket, newState(), handlers);
    connection.guard(() => handlers.open?.(connection));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, host: hostname, ...(reusePort && { reusePort }) }, resolve);
  });
  return { port: (server.address() as AddressInfo).port, stop: () => void server.close() };
}

export function connectWithNode<State>(options: TcpConnectOptions<State>): TcpConnection<State> {
  const { hostname, port, tlsServerName, state, handlers } = options;
  const plain = { host: hostname, port, allowHalfOpen: true };
  const socket =
    tlsServerName === undefined
      ? connectNode(plain)
      : connectNodeTls({
          ...plain,
          // An address is no server name (RFC 6066 §3), but can stand in a certificate.
          ...(!isIP(tlsServerName) && { servername: tlsServerName }),
          checkServerIdentity: (_host, certificate) => checkServerIdentity(tlsServerName, certificate),
        });
  const connection = new NodeConnection(socket, state, handlers);
  socket.once(tlsServerName === undefined ? "connect" : "secureConnect", () =>
    connection.guard(() => handlers.open?.(connection)),
  );
  return connection;
}
