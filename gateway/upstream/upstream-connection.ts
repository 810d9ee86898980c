import { connectTcp, type TcpConnection, type TcpHandlers } from "#mesh/tcp";
import { ChunkedDecoder } from "../http/chunked-decoder.ts";
import { parseResponseHead, type ResponseHead } from "../http/response-head.ts";
import { type BodySource, joined, StreamedBody, WholeBody } from "./answer-body.ts";
import type { Origin } from "./origin.ts";
import type { UpstreamJob } from "./upstream-job.ts";

/** Who keeps the connections. */
export interface ConnectionOwner {
  /** It is there, and knows the other end. */
  opened(): void;
  /** It may carry another call. */
  free(connection: UpstreamConnection): void;
  /** It is no more. @param job the one that it leaves without an answer */
  lost(connection: UpstreamConnection, job: UpstreamJob | undefined): void;
}

export const maxHeadBytes = 64 * 1024;
/** Larger bodies are not copied behind their head. */
const oneWriteBytes = 64 * 1024;
const headEnd = Buffer.from("\r\n\r\n");
const nothing = new Uint8Array(0);

/** One connection to an upstream, which carries one call at a time and is only used again when there is no doubt left. */
export class UpstreamConnection implements BodySource {
  /** The call that it carries, until its answer has ended. */
  job: UpstreamJob | undefined;
  /** What is being read of an answer whose head has been given away. */
  body: StreamedBody | undefined;
  /** How many answers came over it. */
  answers = 0;
  opened = false;
  dead = false;
  /** Whether something came since `job` began. */
  heard = false;
  /** On the client's clock: since when it is idle, connecting or silent. */
  since: number;

  readonly #tcp: TcpConnection<UpstreamConnection>;
  readonly #owner: ConnectionOwner;
  #partialHead: Buffer | undefined;
  readonly #tls: boolean;
  #keepAlive = false;
  /** Of the connection, when `job` began. */
  #sentBefore = 0;
  /** Of the body: still to come; -1 when the closing ends it, -2 when chunks tell. */
  #left = 0;
  #decoder: ChunkedDecoder | undefined;

  constructor(owner: ConnectionOwner, { hostname, port, tls }: Origin, now: number) {
    this.#owner = owner;
    this.#tls = tls;
    this.since = now;
    this.#tcp = connectTcp({
      hostname,
      port,
      ...(tls && { tlsServerName: hostname }),
      state: this,
      handlers,
    });
  }

  send(job: UpstreamJob): void {
    const { head, body } = job.call;
    this.job = job;
    this.heard = false;
    this.#sentBefore = this.#tcp.sentBytes;
    const together = body !== undefined && body.length <= oneWriteBytes ? body.length : 0;
    this.#tcp.writeText(head, together > 0 ? body : undefined);
    if (body !== undefined && together === 0 && body.length > 0) this.#tcp.write(body);
  }

  pause(): void {
    this.#tcp.pause();
  }

  resume(): void {
    this.#tcp.resume();
  }

  /** The reader of the body wants no more. */
  abandon(): void {
    this.body = undefined;
    this.destroy();
  }

  /** Whether nothing of what was sent can have left. */
  get unsent(): boolean {
    return this.#tcp.sentBytes === this.#sentBefore;
  }

  /** Ends it; the call on it, if there is one, is the caller's to settle. */
  destroy(): void {
    if (!this.dead) this.#end(undefined, false);
  }

  /** Ends it as one does among friends: nothing is on its way, and the other end need not log a reset. */
  retire(): void {
    if (!this.dead) this.#end(undefined, true);
  }

  /** The other end closed it, or sent what cannot be read. */
  broken(): void {
    if (this.dead) return;
    const { body, job } = this;
    this.#end(body ? undefined : job, false);
    body?.finish("failed");
  }

  #end(unanswered: UpstreamJob | undefined, friendly: boolean): void {
    this.dead = true;
    this.#owner.lost(this, unanswered);
    this.job = undefined;
    this.body = undefined;
    // A close of TLS would wait for the other end's.
    if (friendly && !this.#tls && this.#tcp.pendingBytes === 0) this.#tcp.close();
    else this.#tcp.destroy();
  }

  connected(): void {
    this.opened = true;
    this.#owner.opened();
  }

  received(chunk: Buffer): void {
    if (this.dead) return;
    this.heard = true;
    if (this.body) this.#readBody(this.body, chunk);
    else if (this.job) this.#readHead(this.job, chunk);
    // Nobody asked: whatever it is, the next answer would begin with it.
    else this.destroy();
  }

  /** The other end sends no more, which ends a body of unknown length and breaks everything else off. */
  ended(): void {
    const { body } = this;
    if (!body || this.#left !== untilClose) {
      this.broken();
      return;
    }
    this.destroy();
    body.finish("ended");
  }

  #readHead(job: UpstreamJob, chunk: Buffer): void {
    const bytes = this.#partialHead ? Buffer.concat([this.#partialHead, chunk]) : chunk;
    this.#partialHead = undefined;
    for (let at = 0; ; ) {
      const end = bytes.indexOf(headEnd, at);
      if (end === -1 && bytes.length - at <= maxHeadBytes) {
        if (at < bytes.length) this.#partialHead = at === 0 ? bytes : bytes.subarray(at);
        return;
      }
      const fits = end !== -1 && end - at <= maxHeadBytes;
      const head = fits ? parseResponseHead(bytes.toString("latin1", at, end), job.call.method) : undefined;
      if (head === undefined || head.status === 101) {
        this.broken();
        return;
      }
      at = end + headEnd.length;
      // RFC 9110 §15.2: what comes before the answer is nobody's who did not ask for it.
      if (head.status >= 200) {
        this.#answer(job, head, at === bytes.length ? nothing : bytes.subarray(at));
        return;
      }
    }
  }

  /** @param rest what came along with the head */
  #answer(job: UpstreamJob, head: ResponseHead, rest: Uint8Array): void {
    // An answer to a request that was not read to its end may leave the other end in the middle of it.
    this.#keepAlive = head.keepAlive && this.#tcp.pendingBytes === 0;
    const { status, fields, framing } = head;
    let whole: Uint8Array | undefined;
    let first: Uint8Array = rest;
    if (framing.kind === "chunked") {
      this.#left = inChunks;
      this.#decoder = new ChunkedDecoder();
      const pieces: Uint8Array[] = [];
      const state = this.#decode(rest, (content) => pieces.push(content));
      if (state === "bad") {
        this.broken();
        return;
      }
      first = joined(pieces);
      if (state === "done") whole = first;
    } else if (framing.kind === "until-close") {
      this.#left = untilClose;
    } else {
      const bytes = framing.kind === "length" ? framing.bytes : 0;
      if (rest.length > bytes) this.#keepAlive = false;
      if (rest.length >= bytes) whole = rest.length === bytes ? rest : rest.subarray(0, bytes);
      this.#left = bytes - rest.length;
    }
    if (whole !== undefined) {
      this.#finished();
      job.settle({ status, fields, body: new WholeBody(whole) });
      return;
    }
    const body = new StreamedBody(this, framing.kind === "length" ? framing.bytes : undefined);
    this.body = body;
    if (first.length > 0) body.push(first);
    job.settle({ status, fields, body });
  }

  #readBody(body: StreamedBody, chunk: Uint8Array): void {
    const left = this.#left;
    if (left === untilClose) {
      body.push(chunk);
      return;
    }
    if (left === inChunks) {
      const state = this.#decode(chunk, (content) => body.push(content));
      // The reader may have given up in between.
      if (this.body !== body || state === "more") return;
      if (state === "bad") {
        this.broken();
        return;
      }
    } else {
      if (chunk.length > left) this.#keepAlive = false;
      this.#left = Math.max(0, left - chunk.length);
      body.push(chunk.length > left ? chunk.subarray(0, left) : chunk);
      if (this.#left > 0 || this.body !== body) return;
    }
    this.#finished();
    body.finish("ended");
  }

  #decode(bytes: Uint8Array, take: (content: Uint8Array) => void): "more" | "done" | "bad" {
    const decoder = this.#decoder as ChunkedDecoder;
    const state = bytes.length === 0 ? "more" : decoder.push(bytes, take);
    if (state === "done" && decoder.consumed < bytes.length) this.#keepAlive = false;
    return state;
  }

  /** The answer was read to its end. */
  #finished(): void {
    this.answers++;
    if (!this.#keepAlive) {
      this.retire();
      return;
    }
    this.job = undefined;
    this.body = undefined;
    this.#decoder = undefined;
    this.#owner.free(this);
  }
}

const untilClose = -1;
const inChunks = -2;

const handlers: TcpHandlers<UpstreamConnection> = {
  open: ({ state }) => state.connected(),
  data: ({ state }, chunk) => state.received(chunk),
  end: ({ state }) => state.ended(),
  close: ({ state }) => state.broken(),
};
