import { LatencyCounts } from "./latency-counts.ts";
import type { LoadResult, LoadSpec } from "./load-spec.ts";

interface Connection {
  readonly socket: Bun.Socket<Connection>;
  /** When the request under way was due. */
  due: number;
  measured: boolean;
  /** Bytes of its answer that are still to come; -1 before the head is here, Infinity for chunks until the last. */
  left: number;
}

const headEnd = Buffer.from("\r\n\r\n");
/** Sent when a request comes in time between two answers, else with the next of these. */
const tickMs = 1;

/**
 * Latency counts from when a request was due, not from when it was sent: one that has to wait for a free connection, or
 * for this generator, was late, and so were those behind it (coordinated omission).
 */
export class LoadGenerator {
  readonly #latencies = new LatencyCounts();
  readonly #lateness = new LatencyCounts();
  readonly #idle: Connection[] = [];
  readonly #open: Connection[] = [];
  #begun = 0;
  #ended = 0;
  readonly #byStatus: Record<string, number> = {};
  #wrong = 0;
  #firstWrong = "";
  #nextDue = 0;
  /** The last moment at which there was no free connection. */
  #starved = 0;
  #finish: (error?: Error) => void = () => {};

  constructor(
    private readonly spec: LoadSpec,
    /** The nth request, whole. */
    private readonly request: (nth: number) => string,
  ) {}

  async run(): Promise<LoadResult> {
    const { port, connections, rate } = this.spec;
    await Promise.all(Array.from({ length: connections }, () => this.#connect(port)));
    const finished = new Promise<void>((resolve, reject) => {
      this.#finish = (error) => (error ? reject(error) : resolve());
    });
    const start = performance.now();
    this.#nextDue = start;
    const timer = rate === undefined ? undefined : setInterval(() => this.#pump(performance.now()), tickMs);
    this.#pump(start);
    await finished;
    clearInterval(timer);
    const seconds = (performance.now() - start) / 1000;
    for (const { socket } of this.#open) socket.end();
    return {
      requests: this.#ended,
      seconds,
      p50Ms: this.#latencies.at(0.5),
      p99Ms: this.#latencies.at(0.99),
      p999Ms: this.#latencies.at(0.999),
      maxMs: this.#latencies.maxMs,
      lateP50Ms: this.#lateness.at(0.5),
      lateP99Ms: this.#lateness.at(0.99),
      byStatus: this.#byStatus,
      wrong: this.#wrong,
      firstWrong: this.#firstWrong,
    };
  }

  async #connect(port: number): Promise<void> {
    await Bun.connect<Connection>({
      hostname: "127.0.0.1",
      port,
      socket: {
        open: (socket) => {
          socket.data = { socket, due: 0, measured: false, left: -1 };
          socket.setNoDelay(true);
          this.#open.push(socket.data);
          this.#idle.push(socket.data);
        },
        data: (socket, bytes) => this.#receive(socket.data, bytes),
        close: () => {
          if (this.#ended < this.spec.requests) this.#finish(new Error("A connection was closed under load"));
        },
        error: (_, error) => this.#finish(error),
      },
    });
  }

  #pump(now: number): void {
    const { rate, requests } = this.spec;
    while (this.#begun < requests && (rate === undefined || this.#nextDue <= now)) {
      const connection = this.#idle.pop();
      if (!connection) {
        this.#starved = now;
        return;
      }
      this.#send(connection, rate === undefined ? now : this.#nextDue, now);
      // Distances as between people who do not know of each other (a Poisson process).
      if (rate !== undefined) this.#nextDue += (-Math.log(1 - Math.random()) * 1000) / rate;
    }
  }

  #send(connection: Connection, due: number, now: number): void {
    const nth = this.#begun++;
    connection.due = due;
    connection.left = -1;
    connection.measured = nth >= this.spec.warmUp;
    if (connection.measured && due > this.#starved) this.#lateness.add(now - due);
    const text = this.request(nth);
    if (connection.socket.write(text) < text.length) this.#finish(new Error("A request was not taken whole"));
  }

  #receive(connection: Connection, bytes: Buffer): void {
    if (connection.left === -1) this.#readHead(connection, bytes);
    else if (connection.left !== Number.POSITIVE_INFINITY) connection.left -= bytes.length;
    const chunked = connection.left === Number.POSITIVE_INFINITY;
    if (chunked ? !endsChunks(bytes) : connection.left > 0) return;
    const now = performance.now();
    if (connection.measured) this.#latencies.add(now - connection.due);
    this.#idle.push(connection);
    if (++this.#ended === this.spec.requests) this.#finish();
    else this.#pump(now);
  }

  /** The head of an answer comes in one piece here: it is a few hundred bytes over the loopback. */
  #readHead(connection: Connection, bytes: Buffer): void {
    const end = bytes.indexOf(headEnd);
    const head = bytes.toString("latin1", 0, end === -1 ? bytes.length : end);
    const status = head.slice(9, 12);
    this.#byStatus[status] = (this.#byStatus[status] ?? 0) + 1;
    if (!this.spec.statuses.includes(Number(status)) || end === -1) {
      if (this.#wrong++ === 0) this.#firstWrong = bytes.toString("latin1", 0, 600);
    }
    const length = /\r\ncontent-length: ?(\d+)/i.exec(head)?.[1];
    connection.left =
      length === undefined
        ? Number.POSITIVE_INFINITY
        : Number(length) - (bytes.length - end - headEnd.length);
  }
}

/** `0\r\n\r\n`, the end of a chunked body. */
const endsChunks = (bytes: Buffer): boolean =>
  bytes.at(-5) === 0x30 && bytes.at(-1) === 0x0a && bytes.at(-3) === 0x0a;
