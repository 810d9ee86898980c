/** What became of a piece of a chunked body. */
export type ChunkedState = "more" | "done" | "bad";

const maxSizeLine = 64;
const maxTrailerBytes = 4096;
enum Part {
  Size,
  Data,
  DataEnd,
  Trailer,
}
const lineFeed = 10;
const carriageReturn = 13;

/**
 * Takes the framing off a chunked body (RFC 9112 §7.1), strictly: hexadecimal sizes of at most eight digits, both
 * characters at each line end, no extensions, which nobody needs and parsers read differently. Trailers are read and dropped.
 */
export class ChunkedDecoder {
  #part: Part = Part.Size;
  #left = 0;
  #line = "";
  #trailerBytes = 0;

  /** How many bytes of the last piece belong to the body, when it is done; the rest is the next message. */
  consumed = 0;

  /** @param take is given the content, in pieces of `piece` itself */
  push(piece: Uint8Array, take: (content: Uint8Array) => void): ChunkedState {
    let at = 0;
    while (at < piece.length) {
      if (this.#part === Part.Data) {
        const end = Math.min(piece.length, at + this.#left);
        take(piece.subarray(at, end));
        this.#left -= end - at;
        at = end;
        if (this.#left === 0) this.#part = Part.DataEnd;
        continue;
      }
      const feed = piece.indexOf(lineFeed, at);
      const end = feed === -1 ? piece.length : feed + 1;
      if (!this.#collect(piece, at, end)) return "bad";
      at = end;
      if (feed === -1) return "more";
      const state = this.#lineEnded();
      if (state !== "more") {
        this.consumed = at;
        return state;
      }
    }
    return "more";
  }

  #collect(piece: Uint8Array, from: number, to: number): boolean {
    if (to - from + this.#line.length > (this.#part === Part.Trailer ? maxTrailerBytes : maxSizeLine))
      return false;
    for (let at = from; at < to; at++) {
      const code = piece[at] as number;
      // A carriage return is good only right before the line feed.
      if (this.#line.endsWith("\r") && code !== lineFeed) return false;
      if (code < 32 && code !== carriageReturn && code !== lineFeed && code !== 9) return false;
      this.#line += String.fromCharCode(code);
    }
    return true;
  }

  #lineEnded(): ChunkedState {
    const line = this.#line;
    this.#line = "";
    if (!line.endsWith("\r\n")) return "bad";
    const text = line.slice(0, -2);
    if (this.#part === Part.DataEnd) {
      this.#part = Part.Size;
      return text === "" ? "more" : "bad";
    }
    if (this.#part === Part.Trailer) return this.#trailer(text, line.length);
    if (!/^[0-9a-fA-F]{1,8}$/.test(text)) return "bad";
    this.#left = Number.parseInt(text, 16);
    this.#part = this.#left === 0 ? Part.Trailer : Part.Data;
    return "more";
  }

  #trailer(text: string, bytes: number): ChunkedState {
    if (text === "") return "done";
    this.#trailerBytes += bytes;
    const good = this.#trailerBytes <= maxTrailerBytes && /^[\w!#$%&'*+.^`|~-]+:/.test(text);
    return good ? "more" : "bad";
  }
}
