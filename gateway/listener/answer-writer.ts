import type { TcpConnection } from "#mesh/tcp";
import type { BodySink, BodyStream, EdgeResponse } from "./edge-response.ts";
import { responseHead } from "./write-head.ts";

/** What waits unsent before a stream is told to pause. */
const pauseAboveBytes = 262_144;
/** Pieces below this are copied behind their chunk's size rather than written by themselves. */
const joinBelowBytes = 16_384;
const lineEnd = Buffer.from("\r\n");

/** Whose answers they are; told when one is written to its end. */
interface Answering {
  /** @param last the connection has to end with it */
  answered(last: boolean): void;
}

/** Writes answers on one connection, one after the other, and never faster than the client takes them. */
export class AnswerWriter implements BodySink {
  #stream: BodyStream | undefined = undefined;
  #chunked = false;
  #last = false;
  #unread = 0;
  #unreadSince = 0;

  constructor(
    private readonly tcp: TcpConnection<unknown>,
    private readonly connection: Answering,
  ) {}

  /** @param close the connection is to end with this answer */
  write({ status, fields, body }: EdgeResponse, method: string, minor: 0 | 1, close: boolean): void {
    this.#last = close;
    if (method === "HEAD" || status === 204 || status === 304) {
      if (isStream(body)) body.cancel();
      const framing = body instanceof Uint8Array && status !== 204 && status !== 304 ? body.length : "none";
      this.#send(
        responseHead(status, fields, { framing, keepLength: framing === "none" && status !== 204, close }),
      );
      this.connection.answered(close);
      return;
    }
    if (!isStream(body)) {
      const framing = body?.length ?? 0;
      this.#send(responseHead(status, fields, { framing, keepLength: false, close }), body);
      this.connection.answered(close);
      return;
    }
    this.#chunked = body.length === undefined && minor === 1;
    this.#last ||= body.length === undefined && minor === 0;
    const framing = body.length ?? (this.#chunked ? "chunked" : "close");
    this.#send(responseHead(status, fields, { framing, keepLength: false, close: this.#last }));
    // Writing may have found that the client has left: nobody would ever stop what was started then.
    if (this.tcp.closed) {
      body.cancel();
      return;
    }
    this.#stream = body;
    body.start(this);
  }

  /** An answer that nobody is there for. */
  static drop({ body }: EdgeResponse): void {
    if (isStream(body)) body.cancel();
  }

  #send(head: string, body?: Uint8Array): void {
    const small = body === undefined || body.length < joinBelowBytes;
    this.tcp.writeText(head, small ? body : undefined);
    if (!small) this.tcp.write(body);
  }

  data(content: Uint8Array): void {
    if (this.#stream === undefined || content.length === 0) return;
    if (!this.#chunked) this.tcp.write(content);
    else if (content.length < joinBelowBytes) this.#writeChunk(content);
    else {
      this.tcp.writeText(`${content.length.toString(16)}\r\n`);
      this.tcp.write(content);
      this.tcp.write(lineEnd);
    }
    if (this.tcp.pendingBytes > pauseAboveBytes) this.#stream?.pause();
  }

  #writeChunk(content: Uint8Array): void {
    const size = `${content.length.toString(16)}\r\n`;
    const chunk = Buffer.allocUnsafe(size.length + content.length + 2);
    chunk.write(size, 0, "latin1");
    chunk.set(content, size.length);
    chunk.write("\r\n", size.length + content.length, "latin1");
    this.tcp.write(chunk);
  }

  end(): void {
    if (this.#stream === undefined) return;
    this.#stream = undefined;
    if (this.#chunked) this.tcp.writeText("0\r\n\r\n");
    this.connection.answered(this.#last);
  }

  /** The only way to say "that was not all" once the head is out (RFC 9112 §8). */
  fail(): void {
    this.#stream = undefined;
    this.tcp.destroy();
  }

  /** Everything written was taken. */
  drained(): void {
    this.#stream?.resume();
  }

  /** The connection is no more. */
  closed(): void {
    this.#stream?.cancel();
    this.#stream = undefined;
  }

  /** Asked now and then. @returns for how long the client has taken nothing of what waits for it, in milliseconds */
  untakenFor(now: number): number {
    const unread = this.tcp.pendingBytes;
    if (this.#unread === 0 || unread < this.#unread) this.#unreadSince = now;
    this.#unread = unread;
    return unread > 0 ? now - this.#unreadSince : 0;
  }
}

const isStream = (body: EdgeResponse["body"]): body is BodyStream =>
  body !== undefined && !(body instanceof Uint8Array);
