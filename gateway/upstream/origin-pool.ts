import type { Timing } from "../timing.ts";
import type { Origin } from "./origin.ts";
import { type ConnectionOwner, UpstreamConnection } from "./upstream-connection.ts";
import type { UpstreamJob } from "./upstream-job.ts";

export interface PoolLimits {
  readonly maxConnections: number;
  /** Calls that wait for a connection; one more is refused. */
  readonly maxWaiting: number;
  /** Less than the services wait (10 s and more), so that a request never meets a connection that is being closed. */
  readonly idleMs: number;
  readonly connectTimeoutMs: number;
  /** How long a body may stay silent. */
  readonly silentBodyMs: number;
}

/** Long enough for a process that is being replaced to take connections again, short enough to go unnoticed. */
const retryAfterMs = 100;
/** For so long it is remembered that nothing was heard of an upstream. */
const forgetAfterMs = 10_000;

/** The connections to one origin, and the calls that wait for one. */
export class OriginPool implements ConnectionOwner {
  readonly #connections = new Set<UpstreamConnection>();
  /** The one used last at the end, so that those that are not needed grow old. */
  readonly #idle: UpstreamConnection[] = [];
  readonly #waiting: UpstreamJob[] = [];
  /** They found no connection, or no answer on one, and are begun again a little later. */
  #resting: UpstreamJob[] = [];
  /** How many connections are being made. */
  #connecting = 0;
  /** Nothing was heard of the last attempt: neither a connection nor a refusal. */
  #unreachable = false;
  #usedAt = 0;
  #closed = false;

  constructor(
    readonly origin: Origin,
    readonly limits: PoolLimits,
    private readonly timing: Pick<Timing, "now">,
  ) {}

  get open(): number {
    return this.#connections.size;
  }
  get idle(): number {
    return this.#idle.length;
  }
  get waiting(): number {
    return this.#waiting.length + this.#resting.length;
  }

  /** Nothing is left of it, and nobody has asked for it lately: it may be forgotten. */
  unused(now: number): boolean {
    return this.open === 0 && this.waiting === 0 && now - this.#usedAt > forgetAfterMs;
  }

  start(job: UpstreamJob, now: number): void {
    this.#usedAt = now;
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      // The sweep may be late when the process was busy.
      if (now - idle.since < this.limits.idleMs) {
        idle.send(job);
        return;
      }
      idle.retire();
    }
    if (this.#connections.size < this.limits.maxConnections) this.#connect(job);
    else if (this.#waiting.length < this.limits.maxWaiting) this.#waiting.push(job);
    else job.settle("unavailable");
  }

  #connect(job: UpstreamJob): void {
    // One at a time finds out when it is back; Bun keeps the socket of each attempt that is given up for two minutes.
    if (this.#unreachable && this.#connecting > 0) {
      job.settle("unavailable");
      return;
    }
    const connection = new UpstreamConnection(this, this.origin, this.timing.now());
    this.#connecting++;
    this.#connections.add(connection);
    connection.send(job);
  }

  opened(): void {
    this.#connecting--;
    this.#unreachable = false;
  }

  free(connection: UpstreamConnection): void {
    const next = this.#waiting.shift();
    if (next) {
      connection.send(next);
      return;
    }
    connection.since = this.timing.now();
    this.#idle.push(connection);
  }

  lost(connection: UpstreamConnection, job: UpstreamJob | undefined): void {
    this.#connections.delete(connection);
    if (!connection.opened) this.#connecting--;
    const at = this.#idle.indexOf(connection);
    if (at !== -1) this.#idle.splice(at, 1);
    if (job) this.#again(job, connection);
    if (this.#waiting.length > 0 && this.#connections.size < this.limits.maxConnections)
      this.#connect(this.#waiting.shift() as UpstreamJob);
  }

  /** A call is made again when the first certainly did nothing, or may be repeated by its method (RFC 9110 §9.2.2). */
  #again(job: UpstreamJob, { opened, heard, answers, unsent }: UpstreamConnection): void {
    if (this.#closed || (opened && (heard || !(unsent || job.mayRepeat)))) {
      job.settle("unavailable");
      return;
    }
    // It had been idle, and was closed from the other end in that moment: nobody failed.
    if (opened && answers > 0) {
      this.#connect(job);
      return;
    }
    if (++job.failures === 2) {
      job.settle("unavailable");
      return;
    }
    job.retryAt = this.timing.now() + retryAfterMs;
    this.#resting.push(job);
  }

  /** Ends what has taken too long or is nobody's any more. */
  sweep(now: number): void {
    for (const connection of this.#connections) this.#check(connection, now);
    for (let at = this.#waiting.length - 1; at >= 0; at--) {
      const job = this.#waiting[at] as UpstreamJob;
      const lapse = job.lapsed(now);
      if (lapse === undefined) continue;
      this.#waiting.splice(at, 1);
      job.settle(lapse);
    }
    if (this.#resting.length === 0) return;
    const resting = this.#resting;
    this.#resting = [];
    for (const job of resting) {
      const lapse = job.lapsed(now);
      if (lapse !== undefined) job.settle(lapse);
      else if (job.retryAt <= now) this.start(job, now);
      else this.#resting.push(job);
    }
  }

  #check(connection: UpstreamConnection, now: number): void {
    const { job, body } = connection;
    if (!job) {
      if (now - connection.since >= this.limits.idleMs) connection.retire();
    } else if (body) {
      if (connection.heard || body.paused) connection.since = now;
      connection.heard = false;
      if (job.call.client.gone || now - connection.since >= this.limits.silentBodyMs) connection.broken();
    } else {
      const lapse = job.lapsed(now);
      if (lapse !== undefined) {
        if (lapse === "timeout" && !connection.opened) this.#unreachable = true;
        connection.destroy();
        job.settle(lapse);
      } else if (!connection.opened && now - connection.since >= this.limits.connectTimeoutMs) {
        this.#unreachable = true;
        connection.broken();
      }
    }
  }

  close(): void {
    this.#closed = true;
    for (const job of [...this.#waiting.splice(0), ...this.#resting.splice(0)]) job.settle("unavailable");
    for (const connection of this.#connections) connection.broken();
  }
}
