import type { Problem } from "#mesh/problem";
import type { TcpConnection } from "#mesh/tcp";
import { isOnlyLineEnd, maxRequestLineBytes, refuseIncomplete } from "../http/incomplete-head.ts";
import { maxHeadBytes, messageProblems } from "../http/message-problems.ts";
import { methodOf } from "../http/method-of.ts";
import { parseRequestHead, type RequestHead } from "../http/request-head.ts";
import { AnswerWriter } from "./answer-writer.ts";
import type { ConnectionHost } from "./connection-host.ts";
import { EdgeRequest } from "./edge-request.ts";
import type { EdgeResponse } from "./edge-response.ts";
import { readProxyHeader } from "./proxy-protocol.ts";

type Phase = "proxy" | "idle" | "head" | "serving" | "skipping" | "lingering" | "closed";

/** What may wait unread behind the request that is being answered, before the client is made to wait. */
const maxAheadBytes = 65_536;
/** A body that nobody asked for is read away up to this size, so that the connection can go on. */
const maxSkippedBytes = 65_536;
/** After the last answer a client's rest is read away for a while, else the system's reset would take the answer with it. */
const lingerMs = 2000;
const maxLingerBytes = 1_048_576;
/** How long an idle connection is left to send one more request, when the process is to end. */
const drainIdleMs = 1000;
/** A longer head is not kept for the next request, and none by a connection that has been idle for so long. */
const maxRememberedLength = 4096;
const rememberedMs = 5000;
const headEnd = Buffer.from("\r\n\r\n");

/** One client's connection: heads in, one request at a time to `serve`, answers out in the same order (RFC 9112 §9.3). */
export class ClientConnection {
  tcp!: TcpConnection<ClientConnection>;
  remoteAddress = "";
  phase: Phase;
  /** When `phase` has taken too long, in the listener's time. */
  deadline = Number.POSITIVE_INFINITY;
  request: EdgeRequest | undefined = undefined;
  #writer!: AnswerWriter;
  #input: Buffer | undefined = undefined;
  #searched = 0;
  /** The head of the last request. */
  #before: RequestHead | undefined = undefined;
  #advancing = false;
  #skipBytes = 0;
  #lingered = 0;

  constructor(readonly host: ConnectionHost) {
    this.phase = host.proxyProtocol ? "proxy" : "idle";
  }

  opened(tcp: TcpConnection<ClientConnection>): void {
    this.tcp = tcp;
    this.#writer = new AnswerWriter(tcp, this);
    this.remoteAddress = tcp.remoteAddress;
    this.deadline = this.host.now + this.host.timeouts.idleMs;
  }

  received(chunk: Buffer): void {
    if (this.phase === "lingering" || this.phase === "closed") {
      this.#lingered += chunk.length;
      if (this.#lingered > maxLingerBytes) this.tcp.destroy();
      return;
    }
    this.#input = this.#input === undefined ? chunk : Buffer.concat([this.#input, chunk]);
    this.#advance();
  }

  /** The client sends no more. With a request under way it has left: that is what clients mean by it nearly always. */
  ended(): void {
    if (this.request === undefined) this.tcp.close();
    else this.tcp.destroy();
  }

  closed(): void {
    this.phase = "closed";
    this.#input = undefined;
    this.#writer.closed();
    this.request?.left();
    this.request = undefined;
  }

  /** Everything written was taken. */
  drained(): void {
    this.#writer.drained();
  }

  /** Looks whether something has taken too long; called by the listener's sweep. */
  check(now: number): void {
    if (this.#writer.untakenFor(now) > this.host.timeouts.writeMs) this.tcp.destroy();
    else if (now >= this.deadline) this.#late();
    else if (this.phase === "idle" && this.deadline - now < this.host.timeouts.idleMs - rememberedMs)
      this.#before = undefined;
  }

  #late(): void {
    this.deadline = Number.POSITIVE_INFINITY;
    if (this.phase === "head") this.refuse(messageProblems.tooSlow(), this.#input);
    else if (this.phase === "serving") this.request?.bodyBroke(messageProblems.tooSlow());
    else if (this.phase === "idle") this.#finishWriting();
    else this.tcp.destroy();
  }

  /**
   * The next answer is the last one. What is idle is not closed at once: a request may be on its way that nobody would answer,
   * and a client that is busy sends its next one soon.
   */
  drain(): void {
    if (this.phase === "idle" || this.phase === "proxy")
      this.deadline = Math.min(this.deadline, performance.now() + drainIdleMs);
  }

  #advance(): void {
    if (this.#advancing) return;
    this.#advancing = true;
    while (this.#step());
    this.#advancing = false;
  }

  /** @returns whether there may be more to do with what is here */
  #step(): boolean {
    const input = this.#input;
    if (input === undefined) return false;
    switch (this.phase) {
      case "proxy":
        return this.#readProxyHeader(input);
      case "idle":
      case "head":
        return this.#readHead(input);
      case "serving":
        if (this.request?.wantsBody) return this.request.feed();
        if (input.length > maxAheadBytes) this.tcp.pause();
        return false;
      case "skipping":
        return this.#skip(input);
      default:
        return false;
    }
  }

  #readProxyHeader(input: Buffer): boolean {
    const found = readProxyHeader(input);
    if (found === "more") {
      this.deadline = Math.min(this.deadline, this.host.now + this.host.timeouts.headersMs);
      return false;
    }
    if (found === "bad" || !this.host.believe(this, found.address ?? this.remoteAddress)) {
      this.tcp.destroy();
      return false;
    }
    this.phase = "idle";
    this.take(found.bytes);
    return true;
  }

  #readHead(input: Buffer): boolean {
    const end = input.indexOf(headEnd, Math.max(0, this.#searched - 3));
    if (end === -1 || end > maxHeadBytes) return this.#incomplete(input);
    this.#searched = 0;
    this.take(end + 4);
    this.deadline = Number.POSITIVE_INFINITY;
    // Latin-1: a byte is a character, so that nothing is lost or changed on the way.
    const head = parseRequestHead(input.toString("latin1", 0, end), this.#before);
    if ("code" in head) return this.refuse(head, input);
    if (head.target.length > maxRequestLineBytes) {
      return this.refuse(messageProblems.uriTooLong(maxRequestLineBytes), input);
    }
    this.#before = head.lines.length <= maxRememberedLength ? head : undefined;
    this.phase = "serving";
    const request = new EdgeRequest(head, this);
    this.request = request;
    this.host.serve(request);
    return true;
  }

  #incomplete(input: Buffer): boolean {
    const problem = refuseIncomplete(input);
    if (problem) return this.refuse(problem, input);
    this.#searched = input.length;
    if (this.phase === "idle" && !isOnlyLineEnd(input)) {
      this.phase = "head";
      this.deadline = this.host.now + this.host.timeouts.headersMs;
    }
    return false;
  }

  /** What has arrived and belongs to no head; `take` says how much of it was used. */
  get input(): Buffer | undefined {
    return this.#input;
  }

  take(bytes: number): void {
    const input = this.#input as Buffer;
    this.#input = input.length === bytes ? undefined : input.subarray(bytes);
  }

  /** Of what is one too many nothing is read: reading it away is what a flood wants. */
  turnAway(problem: Problem): void {
    this.refuse(problem);
    this.tcp.close();
  }

  /** @param head as far as it came */
  refuse(problem: Problem, head?: Buffer): false {
    const method = head && methodOf(head);
    this.#writer.write(this.host.refuse(problem, this.remoteAddress, method), "GET", 1, true);
    return false;
  }

  /** Called by the request, once. */
  respond(request: EdgeRequest, response: EdgeResponse): void {
    if (request !== this.request) {
      AnswerWriter.drop(response);
      return;
    }
    const { method, minor, keepAlive } = request.head;
    this.#skipBytes = request.unreadBytes(maxSkippedBytes);
    const close = !keepAlive || this.host.draining || this.#skipBytes === -1;
    this.#writer.write(response, method, minor, close);
  }

  /** Called by the writer, when an answer is written to its end. */
  answered(last: boolean): void {
    this.request = undefined;
    if (this.phase === "closed") return;
    if (last) {
      this.#finishWriting();
      return;
    }
    this.phase = this.#skipBytes > 0 ? "skipping" : "idle";
    this.deadline = this.host.now + (this.host.draining ? drainIdleMs : this.host.timeouts.idleMs);
    this.tcp.resume();
    this.#advance();
  }

  #finishWriting(): void {
    this.request = undefined;
    this.#input = undefined;
    this.phase = "lingering";
    this.deadline = this.host.now + lingerMs;
    this.tcp.resume();
    this.tcp.end();
  }

  #skip(input: Buffer): boolean {
    const bytes = Math.min(input.length, this.#skipBytes);
    this.#skipBytes -= bytes;
    this.take(bytes);
    if (this.#skipBytes === 0) this.phase = "idle";
    return this.#skipBytes === 0;
  }

  /** More of the body is wanted, by `deadline`. */
  wantBody(): void {
    this.deadline = this.host.now + this.host.timeouts.bodyMs;
    this.tcp.resume();
  }

  hasBody(): void {
    this.deadline = Number.POSITIVE_INFINITY;
  }

  sayContinue(): void {
    this.tcp.writeText("HTTP/1.1 100 Continue\r\n\r\n");
  }
}
