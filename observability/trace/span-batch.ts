/** Of a batch that holds spans of the usual size; one that is longer gets a batch of its own size. */
const usualBytes = 256 * 1024;
/** UTF-8 needs no more for a character of a string. */
const mostBytesEach = 3;

/**
 * The body of a request that spans are written to as they end. As objects or strings that wait for seconds they cost the
 * collector of garbage more than they cost to make; of bytes it knows nothing.
 */
export class SpanBatch {
  spans = 0;
  readonly #end: string;
  readonly #opened: number;
  #bytes: Buffer<ArrayBuffer>;
  #used: number;

  /** @param opening what stands before the spans, which a comma parts; `end` stands after them */
  constructor(opening: string, end: string) {
    this.#bytes = Buffer.allocUnsafe(usualBytes);
    this.#opened = this.#bytes.write(opening);
    this.#used = this.#opened;
    this.#end = end;
  }

  /** @returns whether there was room for it, as in an empty batch there always is */
  add(span: string): boolean {
    const needed = this.#used + (span.length + this.#end.length) * mostBytesEach + 1;
    if (needed > this.#bytes.length) {
      if (this.spans > 0) return false;
      this.#bytes = Buffer.concat([this.#bytes.subarray(0, this.#used)], needed);
    }
    if (this.spans > 0) this.#bytes[this.#used++] = 0x2c;
    this.#used += this.#bytes.write(span, this.#used);
    this.spans++;
    return true;
  }

  /** Everything as it is sent. It stays as it is until something is added or removed. */
  body(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#used + this.#bytes.write(this.#end, this.#used));
  }

  /** For spans that come later: bytes that were asked for once are cheaper than new ones. */
  clear(): void {
    this.#used = this.#opened;
    this.spans = 0;
  }
}
