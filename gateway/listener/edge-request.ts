import { type Problem, problems } from "#mesh/problem";
import { ChunkedDecoder } from "../http/chunked-decoder.ts";
import type { RequestFields } from "../http/fields.ts";
import { messageProblems } from "../http/message-problems.ts";
import type { RequestHead } from "../http/request-head.ts";
import type { ClientConnection } from "./client-connection.ts";
import type { EdgeResponse } from "./edge-response.ts";

/** One request, whose head is here and whose body may still be on its way. */
export class EdgeRequest {
  /** There when `readBody` has said so, and when the request has one. */
  body: Uint8Array | undefined = undefined;
  /** The client has left: nobody is there to answer to. */
  gone = false;
  wantsBody = false;
  #left: number;
  #limit = 0;
  #parts: Uint8Array[] = [];
  #size = 0;
  #decoder: ChunkedDecoder | undefined = undefined;
  #chunksEnded = false;
  #continued = false;
  #broken = false;
  #resolve: ((problem: Problem | undefined) => void) | undefined = undefined;

  constructor(
    readonly head: RequestHead,
    private readonly connection: ClientConnection,
  ) {
    this.#left = head.framing.kind === "length" ? head.framing.bytes : 0;
  }

  get method(): string {
    return this.head.method;
  }
  get fields(): RequestFields {
    return this.head.fields;
  }
  get remoteAddress(): string {
    return this.connection.remoteAddress;
  }

  /**
   * Takes in the body, at most so many bytes. Answers at once where all of it is here; `body` has it then.
   * @returns what is wrong with it
   */
  readBody(limitBytes: number): Problem | undefined | Promise<Problem | undefined> {
    const { framing, expectsContinue } = this.head;
    if (framing.kind === "none") return undefined;
    if (framing.kind === "length" && framing.bytes > limitBytes) return problems.tooLarge(limitBytes);
    if (framing.kind === "chunked") this.#decoder = new ChunkedDecoder();
    this.#limit = limitBytes;
    this.wantsBody = true;
    let outcome: Problem | undefined | "waiting" = "waiting";
    this.#resolve = (problem) => {
      outcome = problem;
    };
    this.feed();
    if (outcome !== "waiting") return outcome;
    if (expectsContinue && !this.#continued) {
      this.#continued = true;
      this.connection.sayContinue();
    }
    this.connection.wantBody();
    return new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** Takes what has arrived. @returns whether the connection may go on with the rest: never before the answer */
  feed(): false {
    const input = this.connection.input;
    if (input === undefined) return false;
    if (this.#decoder) this.#feedChunks(input, this.#decoder);
    else this.#feedLength(input);
    return false;
  }

  #feedLength(input: Buffer): void {
    const bytes = Math.min(input.length, this.#left);
    this.#left -= bytes;
    this.#keep(input.subarray(0, bytes));
    this.connection.take(bytes);
    if (this.#left === 0) this.#complete();
  }

  #feedChunks(input: Buffer, decoder: ChunkedDecoder): void {
    const state = decoder.push(input, (content) => this.#keep(content));
    this.connection.take(state === "done" ? decoder.consumed : input.length);
    if (state === "bad") this.bodyBroke(messageProblems.badChunk());
    else if (this.#size > this.#limit) this.bodyBroke(problems.tooLarge(this.#limit));
    else if (state === "done") {
      this.#chunksEnded = true;
      this.#complete();
    }
  }

  #keep(content: Uint8Array): void {
    this.#size += content.length;
    if (this.#size <= this.#limit) this.#parts.push(content);
  }

  #complete(): void {
    this.body = this.#parts.length === 1 ? this.#parts[0] : Buffer.concat(this.#parts);
    this.#settle(undefined);
  }

  bodyBroke(problem: Problem): void {
    this.#broken = true;
    this.#settle(problem);
  }

  #settle(problem: Problem | undefined): void {
    if (!this.wantsBody) return;
    this.wantsBody = false;
    this.#parts = [];
    this.connection.hasBody();
    this.#resolve?.(problem);
  }

  /** The connection is no more. */
  left(): void {
    this.gone = true;
    this.#settle(problems.malformed("The body ended before it was complete"));
  }

  /** What of the body is still to come and has to be read away; -1 when that is not known, not small, or may never come. */
  unreadBytes(mostBytes: number): number {
    const { framing, expectsContinue } = this.head;
    if (framing.kind === "none") return 0;
    if (this.#broken) return -1;
    if (framing.kind === "chunked") return this.#chunksEnded ? 0 : -1;
    if (this.#left > mostBytes || (this.#left > 0 && expectsContinue && !this.#continued)) return -1;
    return this.#left;
  }

  /** Answers, once; a second answer and one to a client that has left are dropped. */
  respond(response: EdgeResponse): void {
    this.connection.respond(this, response);
  }
}
