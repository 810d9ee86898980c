import { afterAll, beforeAll, expect, test } from "bun:test";
import fc from "fast-check";
import { exchangeBytes } from "./listener/test-client.ts";
import { startRecordedGateway } from "./testing/recorded-gateway.ts";
import type { RecordingUpstream } from "./testing/recording-upstream.ts";
import type { TestGateway } from "./testing/test-gateway.ts";

const file = `
upstreams: { shop: { url: "\${RAW_URL}" } }
limits: { default: { requests: 6000000, perSeconds: 60, burst: 1000000, by: [address] } }
connections: { headersTimeoutMs: 150, bodyTimeoutMs: 150, idleTimeoutMs: 150 }
defaults: { limits: [default], timeoutMs: 3000, bodyBytes: 2000 }
routes:
  - { path: "/a/{id}", methods: [GET, POST, PUT], upstream: shop, auth: anyone }
`;

let upstream: RecordingUpstream;
let gateway: TestGateway;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ upstream, gateway, close } = await startRecordedGateway(file));
});
afterAll(() => close());

const body = fc.string({
  unit: fc.constantFrom("a", "0", "\r", "\n", " ", "GET /a/x HTTP/1.1"),
  maxLength: 8,
});
const chunked = (content: string) => {
  const half = Math.ceil(content.length / 2);
  const chunks = [content.slice(0, half), content.slice(half)].filter((chunk) => chunk !== "");
  return `${chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join("")}0\r\n\r\n`;
};

/** A request that is in order; what follows it is another one. */
const request = fc
  .record({ method: fc.constantFrom("GET", "POST", "PUT"), framing: fc.nat(2), body })
  .map((wanted) => {
    const head = `${wanted.method} /a/1 HTTP/1.1\r\nHost: shop.test\r\n`;
    if (wanted.framing === 0 || wanted.method === "GET") return `${head}\r\n`;
    if (wanted.framing === 1) return `${head}Content-Length: ${wanted.body.length}\r\n\r\n${wanted.body}`;
    return `${head}Transfer-Encoding: chunked\r\n\r\n${chunked(wanted.body)}`;
  });

/** What parsers have been fooled with. */
const trick = fc.constantFrom(
  "\r",
  "\n",
  "\r\n",
  "\r\n\r\n",
  "\0",
  "\t",
  " ",
  ":",
  "0",
  "1",
  "\x0b",
  "\x85",
  ";a=b",
  "chunked",
  "Content-Length: 3\r\n",
  "Content-Length: 0\r\n",
  "content-length:+3\r\n",
  "Transfer-Encoding: chunked\r\n",
  "Transfer-Encoding : chunked\r\n",
  "\r\nTransfer-Encoding:\r\n chunked",
  "Transfer-Encoding: x\r\n",
  "0\r\n\r\n",
  "GET /a/2 HTTP/1.1\r\nHost: shop.test\r\n\r\n",
  "Connection: content-length\r\n",
  "Connection: close\r\n",
  "Expect: 100-continue\r\n",
  "Host: other\r\n",
  "HTTP/1.0",
);
/** At a line's beginning, at its end, or anywhere. */
const mutation = fc.record({
  where: fc.constantFrom("beginning", "end", "anywhere"),
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  remove: fc.nat(3),
  insert: trick,
});

const stream = fc
  .record({
    requests: fc.array(request, { minLength: 1, maxLength: 3 }),
    mutations: fc.array(mutation, { minLength: 1, maxLength: 2 }),
  })
  .map(({ requests, mutations }) => {
    let bytes = requests.join("");
    for (const { where, at, remove, insert } of mutations) {
      const lines = [...bytes.matchAll(/\r\n/g)].map(({ index }) => index + (where === "end" ? 0 : 2));
      const line = lines[Math.floor(at * lines.length)];
      const atLine = where !== "anywhere" && line !== undefined;
      const place = atLine ? line : Math.floor(at * bytes.length);
      bytes = bytes.slice(0, place) + insert + bytes.slice(place + (atLine ? 0 : remove));
    }
    return bytes;
  });

interface Framed {
  readonly method: string;
  readonly body: string;
}

/** What a client has framed, read by RFC 9112 as plainly as can be, up to the first thing that is not certain. */
function framedIn(bytes: string): Framed[] {
  const found: Framed[] = [];
  for (let rest = bytes; ; ) {
    // One empty line before a request is none of it (§2.2).
    if (rest.startsWith("\r\n")) rest = rest.slice(2);
    const end = rest.indexOf("\r\n\r\n");
    if (end === -1) return found;
    const [line = "", ...fields] = rest.slice(0, end).split("\r\n");
    rest = rest.slice(end + 4);
    const method = /^([A-Z]+) \S+ HTTP\/1\.\d$/.exec(line)?.[1];
    if (method === undefined || !fields.every((field) => /^[!-9;-~]+:[\t\x20-\x7e\x80-\xff]*$/.test(field)))
      return found;
    const named = (name: string) => fields.filter((field) => field.toLowerCase().startsWith(`${name}:`));
    const lengths = named("content-length");
    const codings = named("transfer-encoding");
    if (lengths.length + codings.length > 1) return found;
    const read = codings.length > 0 ? readChunks(rest) : readLength(rest, lengths[0]);
    // What a GET carries is not waited for, and does not travel on.
    if (!read && method === "GET") found.push({ method, body: "" });
    if (!read) return found;
    found.push({ method, body: read.body });
    rest = read.rest;
    if (line.endsWith("0") || named("connection").some((field) => /\bclose\b/i.test(field))) return found;
  }
}

function readLength(text: string, field: string | undefined): { body: string; rest: string } | undefined {
  const length = field === undefined ? 0 : Number(/^[^:]*:[ \t]*(\d+)[ \t]*$/.exec(field)?.[1]);
  if (!(text.length >= length)) return undefined;
  return { body: text.slice(0, length), rest: text.slice(length) };
}

function readChunks(text: string): { body: string; rest: string } | undefined {
  let content = "";
  for (let rest = text; ; ) {
    const size = /^([0-9a-fA-F]+)\r\n/.exec(rest);
    if (!size) return undefined;
    const bytes = Number.parseInt(size[1] ?? "", 16);
    rest = rest.slice(size[0].length);
    if (bytes === 0) {
      const trailer = /^(?:[!-9;-~]+:[^\r\n]*\r\n)*\r\n/.exec(rest);
      return trailer ? { body: content, rest: rest.slice(trailer[0].length) } : undefined;
    }
    if (rest.slice(bytes, bytes + 2) !== "\r\n") return undefined;
    content += rest.slice(0, bytes);
    rest = rest.slice(bytes + 2);
  }
}

/** The numbers of the requests that the upstream says it has answered for this client. */
async function send(bytes: string): Promise<number[]> {
  const text = await exchangeBytes(gateway.port, bytes);
  return [...text.matchAll(/#(\d+)/g)].map((match) => Number(match[1]));
}

test(
  "the upstream sees no request that a client did not frame, and each as it was framed",
  async () => {
    let forwarded = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(stream, { minLength: 40, maxLength: 40 }), async (streams) => {
        const before = upstream.requests.length;
        const numbers = await Promise.all(streams.map(send));
        // Each request that the upstream saw was answered to exactly one client.
        expect(numbers.flat().sort((a, b) => a - b)).toEqual(
          Array.from({ length: upstream.requests.length - before }, (_, at) => before + at + 1),
        );
        forwarded += numbers.flat().length;
        for (const [at, bytes] of streams.entries()) {
          const framed = framedIn(bytes).map(({ method, body: sent }) => (method === "GET" ? "" : sent));
          const seen = (numbers[at] ?? []).map((number) => upstream.requests[number - 1]?.body);
          // Some of what is framed is refused, such as another host; then nothing after it need be seen either.
          expect({ bytes, seen }).toEqual({ bytes, seen: subsequence(framed, seen) });
        }
      }),
      { numRuns: 40, endOnFailure: true },
    );
    // Else all of it were refused, and nothing shown.
    expect(forwarded).toBeGreaterThan(50);
  },
  { timeout: 60_000 },
);

/** `wanted` itself when it stands in `all` in that order, else what of it does. */
function subsequence(
  all: readonly string[],
  wanted: readonly (string | undefined)[],
): (string | undefined)[] {
  const found: (string | undefined)[] = [];
  let at = 0;
  for (const each of wanted) {
    while (at < all.length && all[at] !== each) at++;
    if (at === all.length) break;
    found.push(each);
    at++;
  }
  return found;
}
