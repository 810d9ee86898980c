import { expect, test } from "bun:test";
import fc from "fast-check";
import { ChunkedDecoder } from "./chunked-decoder.ts";

/** Feeds the text in pieces of the given sizes and tells what came of it. */
function decode(text: string, sizes: readonly number[]): { state: string; content: string; rest: string } {
  const decoder = new ChunkedDecoder();
  let content = "";
  let from = 0;
  for (let at = 0; from < text.length; at++) {
    const to = from + (sizes[at] ?? text.length);
    const piece = Buffer.from(text.slice(from, to), "latin1");
    const state = decoder.push(piece, (part) => {
      content += Buffer.from(part).toString("latin1");
    });
    if (state === "done") return { state, content, rest: text.slice(from + decoder.consumed) };
    if (state === "bad") return { state, content, rest: "" };
    from = to;
  }
  return { state: "more", content, rest: "" };
}

const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;

test("content comes out as it went in, however it is chunked and split, and what follows is left alone", () => {
  const latin1 = fc.string({
    unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
  });
  fc.assert(
    fc.property(
      fc.array(latin1.filter((part) => part.length > 0)),
      fc.array(fc.integer({ min: 1, max: 40 })),
      fc.constantFrom("", "Sum: 1\r\n", "a: b\r\nc: d\r\n"),
      latin1,
      (parts, sizes, trailers, after) => {
        const wire = `${parts.map(chunk).join("")}0\r\n${trailers}\r\n${after}`;
        expect(decode(wire, sizes)).toEqual({ state: "done", content: parts.join(""), rest: after });
      },
    ),
  );
});

test("framing that two readers may read differently is bad, wherever it is split", () => {
  const bad = [
    "5;a=b\r\nhello\r\n0\r\n\r\n",
    "5 \r\nhello\r\n0\r\n\r\n",
    " 5\r\nhello\r\n0\r\n\r\n",
    "+5\r\nhello\r\n0\r\n\r\n",
    "0x5\r\nhello\r\n0\r\n\r\n",
    "5\nhello\n0\n\n",
    "5\r\r\nhello\r\n0\r\n\r\n",
    "5\r\nhello0\r\n\r\n",
    "5\r\nhello!\r\n0\r\n\r\n",
    "123456789\r\n",
    "\r\n",
    "0\r\n: no name\r\n\r\n",
    "0\r\nno colon\r\n\r\n",
    `0\r\n${"a: b\r\n".repeat(1000)}\r\n`,
    "f".repeat(100),
  ];
  for (const wire of bad) {
    expect(decode(wire, []).state).toBe("bad");
    expect(decode(wire, Array(wire.length).fill(1)).state).toBe("bad");
  }
});

test("what is not all there is waited for", () => {
  const wire = `${chunk("hello")}0\r\nsum: 1\r\n\r\n`;
  for (let end = 1; end < wire.length; end++) expect(decode(wire.slice(0, end), []).state).toBe("more");
});
