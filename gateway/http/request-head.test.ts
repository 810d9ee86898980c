import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ChunkedDecoder } from "./chunked-decoder.ts";
import { parseRequestHead, type RequestHead } from "./request-head.ts";

const name = fc.stringMatching(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,20}$/);
const value = fc.stringMatching(/^(?:[!-~\x80-\xff](?:[\t !-~\x80-\xff]{0,30}[!-~\x80-\xff])?)?$/);
const target = fc.stringMatching(/^\/[!-~]{0,40}$/);
const special = new Set([
  "host",
  "content-length",
  "transfer-encoding",
  "authorization",
  "x-api-key",
  "content-type",
  "origin",
  "idempotency-key",
  "expect",
  "connection",
]);
const fields = fc
  .array(fc.tuple(name, value), { maxLength: 20 })
  .map((pairs) => pairs.filter(([each]) => !special.has(each.toLowerCase())));
const method = fc.constantFrom("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD");

const asHead = (parsed: ReturnType<typeof parseRequestHead>): RequestHead => {
  if ("code" in parsed) throw new Error(parsed.detail ?? parsed.code);
  return parsed;
};

test("what is well formed is read as it stands", () => {
  fc.assert(
    fc.property(method, target, fields, (verb, path, pairs) => {
      const lines = pairs.map(([key, text]) => `${key}: ${text}`);
      const head = asHead(
        parseRequestHead([`${verb} ${path} HTTP/1.1`, "Host: a.test", ...lines].join("\r\n")),
      );
      expect(head.method).toBe(verb);
      expect(head.target).toBe(path);
      expect(head.fields.names.slice(1)).toEqual(pairs.map(([key]) => key.toLowerCase()));
      expect(head.fields.values.slice(1)).toEqual(pairs.map(([, text]) => text));
      expect(head.keepAlive).toBe(true);
    }),
  );
});

test("whatever is accepted can be written again without becoming something else", () => {
  const base =
    "POST /api/orders?x=1 HTTP/1.1\r\nHost: a.test\r\nContent-Length: 12\r\nX-Trace: a b\r\nAccept: */*";
  const change = fc.tuple(
    fc.nat({ max: base.length }),
    fc.nat({ max: 3 }),
    fc.string({
      unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
      maxLength: 4,
    }),
  );
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
      let text = base;
      for (const [at, gone, added] of changes) text = text.slice(0, at) + added + text.slice(at + gone);
      const parsed = parseRequestHead(text);
      if ("code" in parsed) return;
      const { names, values } = parsed.fields;
      const again = [`${parsed.method} ${parsed.target} HTTP/1.${parsed.minor}`];
      for (const [at, each] of names.entries()) again.push(`${each}: ${values[at]}`);
      const second = asHead(parseRequestHead(again.join("\r\n")));
      expect({ ...second, lines: parsed.lines }).toEqual(parsed);
      expect(again.join("\r\n").split(/\r|\n/).filter(Boolean)).toHaveLength(again.length);
    }),
    { numRuns: 2000 },
  );
});

test("what was read of a connection's last head makes no difference to the next one", () => {
  const lines = ["GET", "POST", "CONNECT", "get"].flatMap((verb) =>
    ["/", "/other", "/\x01", "/ "].flatMap((path) =>
      ["1.0", "1.1", "2.0"].map((version) => `${verb} ${path} HTTP/${version}`),
    ),
  );
  const fieldLines = [
    "",
    "\r\nHost: a.test",
    "\r\nHost: a.test\r\nConnection: close",
    "\r\nHost: a.test\r\nExpect: 100-continue\r\nContent-Length: 3",
    "\r\nHost: a.test\r\nTransfer-Encoding: chunked",
    "\r\nHost: a.test\r\nHost: b.test",
    "\r\nHost: a.test\r\nX: \x00",
    "\r\nHost: a.test\nX: y",
  ];
  const heads = lines.flatMap((line) => fieldLines.map((rest) => line + rest));
  let taken = 0;
  for (const former of heads) {
    const before = parseRequestHead(former);
    if ("code" in before) continue;
    for (const next of heads) {
      const read = parseRequestHead(next, before);
      expect(read).toEqual(parseRequestHead(next));
      if (!("code" in read) && read.fields === before.fields) taken++;
    }
  }
  expect(taken).toBeGreaterThan(50);
});

describe("a chunked body", () => {
  const encode = (pieces: readonly Uint8Array[]) =>
    Buffer.concat([
      ...pieces
        .filter((piece) => piece.length > 0)
        .map((piece) =>
          Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from("\r\n")]),
        ),
      Buffer.from("0\r\n\r\n"),
    ]);

  test("is the same however it arrives, and ends exactly where it ends", () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 40 }),
        (pieces, cuts) => {
          const wire = Buffer.concat([encode(pieces), Buffer.from("GET / next")]);
          const decoder = new ChunkedDecoder();
          const content: Uint8Array[] = [];
          let at = 0;
          for (let turn = 0; ; turn++) {
            const piece = wire.subarray(at, at + (cuts[turn % cuts.length] as number));
            const state = decoder.push(piece, (part) => content.push(part));
            expect(state).not.toBe("bad");
            if (state === "done") {
              at += decoder.consumed;
              break;
            }
            at += piece.length;
          }
          expect(Buffer.concat(content)).toEqual(Buffer.concat(pieces));
          expect(wire.subarray(at).toString()).toBe("GET / next");
        },
      ),
    );
  });
});
