import type { Problem } from "#mesh/problem";
import { listenTcp, type TcpListener } from "#mesh/tcp";
import { messageProblems } from "../http/message-problems.ts";
import { ClientConnection } from "./client-connection.ts";
import type { ConnectionHost, Timeouts } from "./connection-host.ts";
import type { EdgeRequest } from "./edge-request.ts";
import type { EdgeResponse } from "./edge-response.ts";

export interface ListenerLimits {
  readonly timeouts: Timeouts;
  /** Open connections from one address; those of trusted proxies are not counted. */
  readonly perAddress: number;
  /** Open connections in all. */
  readonly most: number;
  /** Every connection begins with a PROXY header, and only trusted addresses may open one. */
  readonly proxyProtocol: boolean;
}

export interface HttpListenerOptions {
  readonly port: number;
  readonly hostname: string;
  readonly reusePort?: boolean;
  /** Asked at each connection and sweep, so that they may change while it runs. */
  readonly limits: () => ListenerLimits;
  /** Proxies of ours, whose connections are many people's. */
  readonly trusted: (address: string) => boolean;
  /** Every request that is one; it answers by `request.respond`. */
  readonly serve: (request: EdgeRequest) => void;
  /** Makes the answer to what never became a request. */
  readonly refuse: (problem: Problem, remoteAddress: string, method?: string) => EdgeResponse;
}

const sweepMs = 250;

/**
 * Serves HTTP/1.1 on sockets of our own, because at an edge it matters what is taken for a request (decision 0016): strict
 * heads, bodies in whole, one request after the other on a connection, and a time limit for everything a client can be slow at.
 */
export class HttpListener implements ConnectionHost {
  now = performance.now();
  draining = false;
  readonly #connections = new Set<ClientConnection>();
  readonly #perAddress = new Map<string, number>();
  readonly #sweep: ReturnType<typeof setInterval>;
  #limits: ListenerLimits;
  #tcp: TcpListener | undefined;
  #empty: (() => void) | undefined;

  private constructor(private readonly options: HttpListenerOptions) {
    this.#limits = options.limits();
    this.#sweep = setInterval(() => this.#check(), sweepMs);
    this.#sweep.unref();
  }

  /** @throws Error that names the port when it is taken */
  static async open(options: HttpListenerOptions): Promise<HttpListener> {
    const listener = new HttpListener(options);
    const { port, hostname, reusePort } = options;
    try {
      listener.#tcp = await listenTcp<ClientConnection>({
        port,
        hostname,
        ...(reusePort !== undefined && { reusePort }),
        newState: () => new ClientConnection(listener),
        handlers: {
          open: (tcp) => listener.#opened(tcp.state, tcp),
          data: ({ state }, chunk) => state.received(chunk),
          drain: ({ state }) => state.drained(),
          end: ({ state }) => state.ended(),
          close: ({ state }) => listener.#closed(state),
        },
      });
    } catch (error) {
      clearInterval(listener.#sweep);
      throw error;
    }
    return listener;
  }

  get port(): number {
    return this.#tcp?.port ?? 0;
  }
  get connections(): number {
    return this.#connections.size;
  }
  get timeouts(): Timeouts {
    return this.#limits.timeouts;
  }
  get proxyProtocol(): boolean {
    return this.#limits.proxyProtocol;
  }

  serve(request: EdgeRequest): void {
    this.options.serve(request);
  }
  refuse(problem: Problem, remoteAddress: string, method?: string): EdgeResponse {
    return this.options.refuse(problem, remoteAddress, method);
  }

  #opened(connection: ClientConnection, tcp: Parameters<ClientConnection["opened"]>[0]): void {
    connection.opened(tcp);
    this.#connections.add(connection);
    if (this.#connections.size > this.#limits.most) connection.turnAway(messageProblems.full());
    else if (!this.#count(connection.remoteAddress))
      connection.turnAway(messageProblems.tooManyConnections());
    else if (this.draining) connection.drain();
  }

  /** @returns whether the address may have one more */
  #count(address: string): boolean {
    const open = (this.#perAddress.get(address) ?? 0) + 1;
    this.#perAddress.set(address, open);
    return open <= this.#limits.perAddress || this.options.trusted(address);
  }

  #uncount(address: string): void {
    const open = (this.#perAddress.get(address) ?? 1) - 1;
    if (open > 0) this.#perAddress.set(address, open);
    else this.#perAddress.delete(address);
  }

  believe(connection: ClientConnection, address: string): boolean {
    if (!this.options.trusted(connection.remoteAddress)) return false;
    this.#uncount(connection.remoteAddress);
    connection.remoteAddress = address;
    return this.#count(address);
  }

  #closed(connection: ClientConnection): void {
    if (!this.#connections.delete(connection)) return;
    this.#uncount(connection.remoteAddress);
    connection.closed();
    if (this.#connections.size === 0) this.#empty?.();
  }

  #check(): void {
    this.now = performance.now();
    this.#limits = this.options.limits();
    for (const connection of this.#connections) connection.check(this.now);
  }

  /** Takes no new connection, answers what is under way, and ends the rest after `withinMs`. */
  async stop(withinMs: number): Promise<void> {
    this.draining = true;
    this.#tcp?.stop();
    const empty = new Promise<void>((resolve) => {
      this.#empty = resolve;
    });
    for (const connection of this.#connections) connection.drain();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, withinMs);
    });
    if (this.#connections.size > 0) await Promise.race([empty, late]);
    clearTimeout(timer);
    for (const connection of this.#connections) connection.tcp.destroy();
    clearInterval(this.#sweep);
  }
}
