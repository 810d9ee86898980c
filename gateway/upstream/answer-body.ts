/** Who is given the content of a body: `end` or `fail` once, and last. */
export interface BodySink {
  data(content: Uint8Array): void;
  end(): void;
  /** It broke off; what came is not all. */
  fail(): void;
}

/** The content of an answer, without the framing it came in. */
export interface AnswerBody {
  /** In bytes; undefined when only the end will tell. */
  readonly length: number | undefined;
  /** All of it, when it came along with the head, as small ones do: nothing has to be waited for. */
  readonly whole: Uint8Array | undefined;
  /** Delivers what is there at once, and the rest as it comes. */
  start(sink: BodySink): void;
  /** Nothing is delivered until `resume`. */
  pause(): void;
  resume(): void;
  /** Nobody wants the rest: the sink hears nothing more. */
  cancel(): void;
  /** In place of `start`. @returns undefined when it is longer, or broke off */
  collect(maxBytes: number): Promise<Uint8Array | undefined>;
}

/** Where the pieces come from. */
export interface BodySource {
  pause(): void;
  resume(): void;
  abandon(): void;
}

/** What may wait here for `start`, before the other end is made to wait. */
const maxHeldBytes = 256 * 1024;

/** A body that is all there. */
export class WholeBody implements AnswerBody {
  constructor(readonly whole: Uint8Array) {}

  get length(): number {
    return this.whole.length;
  }
  start(sink: BodySink): void {
    if (this.whole.length > 0) sink.data(this.whole);
    sink.end();
  }
  pause(): void {}
  resume(): void {}
  cancel(): void {}
  collect(maxBytes: number): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.whole.length <= maxBytes ? this.whole : undefined);
  }
}

/** A body of which more is to come. What is delivered too early waits here, and the source with it. */
export class StreamedBody implements AnswerBody {
  readonly whole = undefined;
  #source: BodySource | undefined;
  #sink: BodySink | undefined;
  #outcome: "open" | "ended" | "failed" = "open";
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #paused = false;

  constructor(
    source: BodySource,
    readonly length: number | undefined,
  ) {
    this.#source = source;
  }

  /** Whether it is the reader that is waited for. */
  get paused(): boolean {
    return this.#paused || this.#heldBytes > maxHeldBytes;
  }

  push(content: Uint8Array): void {
    if (this.#sink && !this.#paused && this.#held.length === 0) {
      this.#sink.data(content);
      return;
    }
    this.#held.push(content);
    this.#heldBytes += content.length;
    if (this.#heldBytes > maxHeldBytes) this.#source?.pause();
  }

  /** No more comes, because that was all, or because it broke off. */
  finish(outcome: "ended" | "failed"): void {
    if (this.#outcome !== "open") return;
    this.#outcome = outcome;
    this.#source = undefined;
    this.#deliver();
  }

  start(sink: BodySink): void {
    this.#sink = sink;
    this.#deliver();
  }

  pause(): void {
    this.#paused = true;
    this.#source?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#deliver();
  }

  cancel(): void {
    const source = this.#source;
    this.#source = undefined;
    this.#sink = undefined;
    this.#outcome = "failed";
    this.#held = [];
    this.#heldBytes = 0;
    source?.abandon();
  }

  collect(maxBytes: number): Promise<Uint8Array | undefined> {
    return new Promise((resolve) => {
      const pieces: Uint8Array[] = [];
      let bytes = 0;
      this.start({
        data: (content) => {
          bytes += content.length;
          pieces.push(content);
          if (bytes <= maxBytes) return;
          this.cancel();
          resolve(undefined);
        },
        end: () => resolve(joined(pieces)),
        fail: () => resolve(undefined),
      });
    });
  }

  /** The sink may pause, cancel or be told the end at any step. */
  #deliver(): void {
    if (!this.#sink) return;
    if (this.#outcome === "failed") this.#held = [];
    while (this.#held.length > 0) {
      if (this.#paused) return;
      const content = this.#held.shift() as Uint8Array;
      this.#heldBytes -= content.length;
      this.#sink?.data(content);
    }
    if (this.#outcome === "open") {
      if (!this.#paused) this.#source?.resume();
      return;
    }
    const sink = this.#sink;
    if (this.#paused && this.#outcome === "ended") return;
    this.#sink = undefined;
    if (this.#outcome === "ended") sink?.end();
    else sink?.fail();
  }
}

export function joined(pieces: readonly Uint8Array[]): Uint8Array {
  if (pieces.length === 1) return pieces[0] as Uint8Array;
  const all = new Uint8Array(pieces.reduce((bytes, piece) => bytes + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
