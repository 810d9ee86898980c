import { afterEach, describe, expect, test } from "bun:test";
import { eventually } from "#mesh/eventually";
import { Fields } from "../http/fields.ts";
import type { EdgeRequest } from "./edge-request.ts";
import { type BodySink, type EdgeResponse, problemAnswer } from "./edge-response.ts";
import { HttpListener, type ListenerLimits } from "./http-listener.ts";
import { openTestClient, type TestClient } from "./test-client.ts";

const patient: ListenerLimits = {
  timeouts: { headersMs: 10_000, bodyMs: 30_000, idleMs: 60_000, writeMs: 30_000 },
  perAddress: 256,
  most: 20_000,
  proxyProtocol: false,
};
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

interface Wanted {
  serve?: (request: EdgeRequest) => void;
  limits?: Partial<ListenerLimits>;
  trusted?: (address: string) => boolean;
}

/** Answers every request with its method, target and body, unless a test serves otherwise. */
async function listener({ serve = echo, limits, trusted = () => false }: Wanted = {}) {
  const served: string[] = [];
  const refused: string[] = [];
  const edge = await HttpListener.open({
    port: 0,
    hostname: "127.0.0.1",
    limits: () => ({ ...patient, ...limits }),
    trusted,
    serve: (request) => {
      served.push(`${request.method} ${request.head.target}`);
      serve(request);
    },
    refuse: (problem) => {
      refused.push(problem.code);
      return problemAnswer(problem, "/");
    },
  });
  ends.push(() => edge.stop(0));
  const client = async (): Promise<TestClient> => {
    const opened = await openTestClient(edge.port);
    ends.push(() => opened.close());
    return opened;
  };
  return { edge, served, refused, client };
}

function echo(request: EdgeRequest): void {
  void (async () => {
    const problem = await request.readBody(100_000);
    request.respond(problem ? problemAnswer(problem, "/") : plain(echoOf(request)));
  })();
}

const echoOf = ({ method, head, body }: EdgeRequest): string =>
  `${method} ${head.target} ${Buffer.from(body ?? "").toString("latin1")}`;

function plain(text: string): EdgeResponse {
  const fields = new Fields();
  fields.append("content-type", "text/plain");
  return { status: 200, fields, body: Buffer.from(text, "latin1") };
}

const statusOf = (text: string): number => Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]);
const host = "Host: shop.test\r\n";

/** Sends bytes and gives the status; the connection has to be closed after a refusal. */
async function refusal(bytes: string): Promise<number> {
  const { client, served } = await listener();
  const one = await client();
  one.send(Buffer.from(bytes, "latin1"));
  const text = await one.untilEnd();
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
    ["an empty line first", `\r\nGET / HTTP/1.1\r\n${host}\r\n`, 400],
    ["HTTP/0.9", "GET /\r\n\r\n", 400],
    ["HTTP/2", `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`, 505],
    ["HTTP/1.2", `GET / HTTP/1.2\r\n${host}\r\n`, 505],
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
    const { client, served } = await listener();
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
      const { client, served } = await listener();
      const one = await client();
      one.send(`${head}${bytes}GET /smuggled HTTP/1.1\r\n${host}\r\n`);
      const text = await one.untilEnd();
      expect([400, 413]).toContain(statusOf(text));
      expect(text.match(/HTTP\/1\.1 \d/g)).toHaveLength(1);
      expect(served).toEqual(["POST /a"]);
    });
  }

  test("that the client leaves unfinished is never complete", async () => {
    const { client, served, edge } = await listener({
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

describe("a connection", () => {
  test("takes requests in any pieces, also all at once, and answers in order", async () => {
    const { client } = await listener({
      serve: (request) => {
        // The first answers last, by itself: order is the listener's business.
        const ms = request.head.target === "/0" ? 30 : 0;
        setTimeout(() => request.respond(plain(`<${request.head.target}>`)), ms);
      },
    });
    const one = await client();
    const all = ["/0", "/1", "/2", "/3"].map((path) => `GET ${path} HTTP/1.1\r\n${host}\r\n`).join("");
    one.send(all);
    const text = await one.until(/<\/3>/);
    expect([...text.matchAll(/<(.*?)>/g)].map((match) => match[1])).toEqual(["/0", "/1", "/2", "/3"]);

    const other = await client();
    for (const character of all) {
      other.send(character);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect([...(await other.until(/<\/3>/)).matchAll(/<(.*?)>/g)]).toHaveLength(4);
  });

  test("goes on after a small body that nobody read, and ends after a large one", async () => {
    const { client } = await listener({ serve: (request) => request.respond(plain("unread")) });
    const one = await client();
    one.send(`POST / HTTP/1.1\r\n${host}Content-Length: 5\r\n\r\nabcdeGET / HTTP/1.1\r\n${host}\r\n`);
    expect((await one.until(/unread.*unread/s)).match(/HTTP\/1\.1 200/g)).toHaveLength(2);
    const other = await client();
    other.send(`POST / HTTP/1.1\r\n${host}Content-Length: 500000\r\n\r\nabc`);
    expect(await other.untilEnd()).toContain("connection: close");
  });

  test("is closed when the client wants it, and of HTTP/1.0 always", async () => {
    const { client } = await listener();
    const one = await client();
    one.send(`GET /a HTTP/1.1\r\n${host}Connection: close\r\n\r\n`);
    expect(await one.untilEnd()).toContain("GET /a");
    const other = await client();
    other.send(`GET /a HTTP/1.0\r\n${host}\r\n`);
    expect(await other.untilEnd()).toContain("GET /a");
  });

  test("is told to go on before it sends a body that is wanted, and not otherwise", async () => {
    const { client } = await listener({
      serve: (request) => (request.head.target === "/no" ? request.respond(plain("no")) : echo(request)),
    });
    const one = await client();
    one.send(`POST /yes HTTP/1.1\r\n${host}Expect: 100-continue\r\nContent-Length: 3\r\n\r\n`);
    await one.until(/HTTP\/1\.1 100 Continue\r\n\r\n/);
    one.send("abc");
    await one.until(/POST \/yes abc/);
    const other = await client();
    other.send(`POST /no HTTP/1.1\r\n${host}Expect: 100-continue\r\nContent-Length: 3\r\n\r\n`);
    expect(await other.untilEnd()).not.toContain("100 Continue");
  });

  test("HEAD has the length and no body; 204 has neither", async () => {
    const { client } = await listener({
      serve: (request) =>
        request.respond(
          request.method === "HEAD" ? plain("12345") : { ...plain(""), status: 204, body: undefined },
        ),
    });
    const one = await client();
    one.send(`HEAD / HTTP/1.1\r\n${host}\r\nDELETE / HTTP/1.1\r\n${host}\r\n`);
    const text = await one.until(/204 No Content.*\r\n\r\n$/s);
    const [first, second] = text.split(/(?=HTTP\/1\.1 204)/);
    expect(first).toContain("content-length: 5\r\n");
    expect(first?.endsWith("\r\n\r\n")).toBe(true);
    expect(second).not.toContain("content-length");
  });
});

describe("a slow client", () => {
  const fast = { headersMs: 300, bodyMs: 300, idleMs: 300, writeMs: 500 };

  test("with its head or body gets 408", async () => {
    const { client } = await listener({ limits: { timeouts: fast } });
    const one = await client();
    one.send("GET / HT");
    expect(statusOf(await one.untilEnd())).toBe(408);
    const other = await client();
    other.send(`POST / HTTP/1.1\r\n${host}Content-Length: 3\r\n\r\na`);
    const text = await other.untilEnd();
    expect(statusOf(text)).toBe(408);
    expect(text).toContain("connection: close");
  });

  test("that says nothing is let go without a word", async () => {
    const { client } = await listener({ limits: { timeouts: fast } });
    const one = await client();
    expect(await one.untilEnd()).toBe("");
  });

  test("that never reads is let go, and its answer with it; memory stays bounded meanwhile", async () => {
    let cancelled = 0;
    let most = 0;
    let paused = false;
    const { client, edge } = await listener({
      limits: { timeouts: fast },
      serve: (request) => {
        const chunk = new Uint8Array(65_536);
        request.respond({
          status: 200,
          fields: new Fields(),
          body: {
            length: undefined,
            start(sink: BodySink) {
              const pump = () => {
                if (cancelled > 0) return;
                for (let times = 0; times < 8 && !paused; times++) {
                  sink.data(chunk);
                  most += chunk.length;
                }
                setTimeout(pump, 1);
              };
              pump();
            },
            pause: () => {
              paused = true;
            },
            resume: () => {
              paused = false;
            },
            cancel: () => {
              cancelled += 1;
            },
          },
        });
      },
    });
    const one = await client();
    one.socket.pause();
    one.send(`GET / HTTP/1.1\r\n${host}\r\n`);
    await eventually(() => (cancelled > 0 ? true : undefined), { withinMs: 5000 });
    expect(cancelled).toBe(1);
    // What the two kernels buffer for a socket, and little more.
    expect(most).toBeLessThan(16 * 1024 * 1024);
    expect(edge.connections).toBe(0);
  });
});

describe("many connections", () => {
  test("from one address are too many at some point; a trusted proxy's are not counted", async () => {
    const { client } = await listener({ limits: { perAddress: 2 } });
    await client();
    await client();
    const third = await client();
    expect(statusOf(await third.untilEnd())).toBe(429);
    const proxied = await listener({ limits: { perAddress: 1 }, trusted: () => true });
    await proxied.client();
    const second = await proxied.client();
    second.send(`GET /in HTTP/1.1\r\n${host}\r\n`);
    await second.until(/GET \/in/);
  });

  test("closed ones make room", async () => {
    const { client, edge } = await listener({ limits: { perAddress: 1 } });
    for (let round = 0; round < 3; round++) {
      const one = await client();
      one.send(`GET /in HTTP/1.1\r\n${host}\r\n`);
      await one.until(/GET \/in/);
      one.close();
      await eventually(() => (edge.connections === 0 ? true : undefined), { withinMs: 2000 });
    }
  });
});

describe("the PROXY protocol", () => {
  const limits = { proxyProtocol: true };
  const addressOf = {
    serve: (request: EdgeRequest) => request.respond(plain(`from ${request.remoteAddress}.`)),
  };
  const request = `GET / HTTP/1.1\r\n${host}\r\n`;

  test("tells the client's address, in text and in binary", async () => {
    const { client } = await listener({ limits, trusted: () => true, ...addressOf });
    const one = await client();
    one.send(`PROXY TCP4 203.0.113.7 10.0.0.1 5000 443\r\n${request}`);
    await one.until(/from 203\.0\.113\.7\./);
    const other = await client();
    const header = Buffer.from(
      "0d0a0d0a000d0a515549540a2111000ccb0071090a0000011388 01bb".replace(" ", ""),
      "hex",
    );
    other.send(header.subarray(0, 14));
    other.send(Buffer.concat([header.subarray(14), Buffer.from(request)]));
    await other.until(/from 203\.0\.113\.9\./);
  });

  test.each([
    "PROXY TCP4 999.0.0.1 127.0.0.1 1 80",
    "PROXY TCP4 203.0.113.05 127.0.0.1 1 80",
    "PROXY TCP6 203.0.113.5 ::1 1 80",
    "PROXY TCP4 203.0.113.5",
  ])("with an address that is none ends the connection: %s", async (line) => {
    const { client } = await listener({ limits, trusted: () => true, ...addressOf });
    const one = await client();
    one.send(`${line}\r\n${request}`);
    expect(await one.untilEnd()).toBe("");
  });

  test("is believed of nobody else, and wanted where it is configured", async () => {
    const strange = await listener({ limits, ...addressOf });
    const one = await strange.client();
    one.send(`PROXY TCP4 203.0.113.7 10.0.0.1 5000 443\r\n${request}`);
    expect(await one.untilEnd()).toBe("");
    const { client } = await listener({ limits, trusted: () => true, ...addressOf });
    const other = await client();
    other.send(request);
    expect(await other.untilEnd()).toBe("");
  });
});

describe("stopping", () => {
  test("answers what is under way, closes what is idle, and takes nothing new", async () => {
    let answer = () => {};
    const { client, edge } = await listener({
      serve: (request) => {
        answer = () => request.respond(plain("late"));
      },
    });
    const busy = await client();
    const idle = await client();
    busy.send(`GET / HTTP/1.1\r\n${host}\r\n`);
    await eventually(() => (edge.connections === 2 ? true : undefined), { withinMs: 2000 });
    await new Promise((resolve) => setTimeout(resolve, 50));
    const stopped = edge.stop(3000);
    expect(await idle.untilEnd()).toBe("");
    expect(openTestClient(edge.port)).rejects.toThrow();
    answer();
    const text = await busy.untilEnd();
    expect(text).toContain("connection: close");
    expect(text).toContain("late");
    busy.close();
    idle.close();
    await stopped;
  });

  test("answers a request that was on its way on an idle connection, and tells that it was the last", async () => {
    const { client, edge } = await listener();
    const one = await client();
    one.send(`GET /a HTTP/1.1\r\n${host}\r\n`);
    await one.until(/GET \/a/);
    const stopped = edge.stop(3000);
    one.send(`GET /b HTTP/1.1\r\n${host}\r\n`);
    const text = await one.untilEnd();
    expect(text).toContain("GET /b");
    expect(text.match(/connection: close/g)).toHaveLength(1);
    one.close();
    await stopped;
  });
});
