import { afterEach, describe, expect, test } from "bun:test";
import { eventually } from "#mesh/eventually";
import { exchangeBytes } from "./test-client.ts";
import { endTestListeners, host, openTestListener, statusOf } from "./test-listener.ts";

afterEach(endTestListeners);

/** Sends bytes and gives the status; the connection has to be closed after a refusal. */
async function refusal(bytes: string): Promise<number> {
  const { edge, served } = await openTestListener();
  const text = await exchangeBytes(edge.port, bytes);
  expect(text).toContain("application/problem+json");
  expect(text).toContain("connection: close");
  expect(text.match(/HTTP\/1\.1 \d/g)).toHaveLength(1);
  expect(served).toEqual([]);
  return statusOf(text);
}

describe("what two parsers could read differently is refused, and the connection closed", () => {
  const cases: [name: string, bytes: string, status: number][] = [
    ["no Host would be refused later, two are here", `GET / HTTP/1.1\r\n${host}Host: other\r\n\r\n`, 400],
    ["two lengths", `POST / HTTP/1.1\r\n${host}Content-Length: 1\r\nContent-Length: 1\r\n\r\na`, 400],
    ["two lengths in one", `POST / HTTP/1.1\r\n${host}Content-Length: 1, 1\r\n\r\na`, 400],
    ["a negative length", `POST / HTTP/1.1\r\n${host}Content-Length: -1\r\n\r\n`, 400],
    ["a length with a sign", `POST / HTTP/1.1\r\n${host}Content-Length: +1\r\n\r\na`, 400],
    ["a hexadecimal length", `POST / HTTP/1.1\r\n${host}Content-Length: 0x1\r\n\r\na`, 400],
    ["an endless length", `POST / HTTP/1.1\r\n${host}Content-Length: 99999999999999999999\r\n\r\na`, 400],
    [
      "a length and a coding",
      `POST / HTTP/1.1\r\n${host}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`,
      400,
    ],
    [
      "two codings",
      `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n`,
      400,
    ],
    ["another coding", `POST / HTTP/1.1\r\n${host}Transfer-Encoding: gzip, chunked\r\n\r\n`, 501],
    ["a hidden coding", `POST / HTTP/1.1\r\n${host}Transfer-Encoding: xchunked\r\n\r\n`, 501],
    ["a coding with HTTP/1.0", `POST / HTTP/1.0\r\n${host}Transfer-Encoding: chunked\r\n\r\n`, 400],
    ["a space before the colon", `POST / HTTP/1.1\r\n${host}Content-Length : 1\r\n\r\na`, 400],
    ["a tab before the colon", `GET / HTTP/1.1\r\n${host}Transfer-Encoding\t: chunked\r\n\r\n`, 400],
    ["a folded line", `GET / HTTP/1.1\r\n${host}X-A: 1\r\n 2\r\n\r\n`, 400],
    ["a line without a colon", `GET / HTTP/1.1\r\n${host}nothing\r\n\r\n`, 400],
    ["a bare line feed", `GET / HTTP/1.1\r\n${host}X-A: 1\nX-B: 2\r\n\r\n`, 400],
    ["a bare line feed in a head that goes on", "GET / HTTP/1.1\nHost: shop.test\n", 400],
    ["a bare carriage return", `GET / HTTP/1.1\r\n${host}X-A: 1\rX-B: 2\r\n\r\n`, 400],
    ["NUL in a value", `GET / HTTP/1.1\r\n${host}X-A: a\0b\r\n\r\n`, 400],
    ["NUL in the target", `GET /a\0b HTTP/1.1\r\n${host}\r\n`, 400],
    ["two spaces in the request line", `GET  / HTTP/1.1\r\n${host}\r\n`, 400],
    ["a space in the target", `GET /a b HTTP/1.1\r\n${host}\r\n`, 400],
    ["a tab in the request line", `GET\t/ HTTP/1.1\r\n${host}\r\n`, 400],
    ["a method in lower case", `get / HTTP/1.1\r\n${host}\r\n`, 400],
    ["two empty lines first", `\r\n\r\nGET / HTTP/1.1\r\n${host}\r\n`, 400],
    ["half an empty line first", `\nGET / HTTP/1.1\r\n${host}\r\n`, 400],
    ["an empty line and then something else", "\r\n\x16\x03\x01", 400],
    ["HTTP/0.9", "GET /\r\n\r\n", 400],
    ["HTTP/2", `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`, 505],
    ["HTTP/1.10", `GET / HTTP/1.10\r\n${host}\r\n`, 400],
    ["HTTP/3.0", `GET / HTTP/3.0\r\n${host}\r\n`, 505],
    ["CONNECT", `CONNECT a.test:443 HTTP/1.1\r\n${host}\r\n`, 501],
    ["TRACE", `TRACE / HTTP/1.1\r\n${host}\r\n`, 501],
    ["TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400],
    ["another expectation", `POST / HTTP/1.1\r\n${host}Expect: a-miracle\r\nContent-Length: 1\r\n\r\n`, 417],
    [
      "two tokens",
      `GET / HTTP/1.1\r\n${host}Authorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n`,
      400,
    ],
    ["a long line", `GET /${"a".repeat(9000)} HTTP/1.1\r\n${host}\r\n`, 414],
    ["a line without an end", `GET /${"a".repeat(9000)}`, 414],
    ["large headers", `GET / HTTP/1.1\r\n${host}X-A: ${"a".repeat(17_000)}\r\n\r\n`, 431],
    ["many headers", `GET / HTTP/1.1\r\n${host}${"X-A: 1\r\n".repeat(101)}\r\n`, 431],
  ];
  for (const [name, bytes, status] of cases) {
    test(name, async () => expect(await refusal(bytes)).toBe(status));
  }
});

describe("a chunked body", () => {
  const head = `POST /a HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n`;

  test("is given on when all of it is here, and the next request is another one", async () => {
    const { client, served } = await openTestListener();
    const one = await client();
    one.send(`${head}3\r\nabc\r\n2\r\nde\r\n0\r\n`);
    one.send(`Trailer: x\r\n\r\nGET /b HTTP/1.1\r\n${host}\r\n`);
    const text = await one.until(/GET \/b /);
    expect(text).toContain("POST /a abcde");
    expect(served).toEqual(["POST /a", "GET /b"]);
  });

  for (const [name, bytes] of [
    ["without its line end", "3\r\nabcX\r\n0\r\n\r\n"],
    ["with a bare line feed", "3\nabc\r\n0\r\n\r\n"],
    ["with an extension", "3;a=b\r\nabc\r\n0\r\n\r\n"],
    ["with a size that is none", "0x3\r\nabc\r\n0\r\n\r\n"],
    ["with an endless size", "FFFFFFFFF\r\nabc"],
    ["with a broken end", "3\r\nabc\r\n0\r\nbroken\r\n\r\n"],
    ["that is larger than allowed", `186A1\r\n${"a".repeat(100_001)}`],
  ] as const) {
    test(`${name} is refused with one answer, and nothing after it is read`, async () => {
      const { client, served } = await openTestListener();
      const one = await client();
      one.send(`${head}${bytes}GET /smuggled HTTP/1.1\r\n${host}\r\n`);
      const text = await one.untilEnd();
      expect([400, 413]).toContain(statusOf(text));
      expect(text.match(/HTTP\/1\.1 \d/g)).toHaveLength(1);
      expect(served).toEqual(["POST /a"]);
    });
  }

  test("that the client leaves unfinished is never complete", async () => {
    const { client, served, edge } = await openTestListener({
      serve: (request) => {
        void (async () => {
          const problem = await request.readBody(1000);
          served.push(problem ? "broken" : "complete");
        })();
      },
    });
    const one = await client();
    one.send(`${head}3\r\nabc\r\n`);
    await eventually(() => (served.length === 1 ? true : undefined), { withinMs: 2000 });
    one.close();
    await eventually(() => (served.length === 2 ? true : undefined), { withinMs: 2000 });
    expect(served).toEqual(["POST /a", "broken"]);
    expect(edge.connections).toBe(0);
  });
});
