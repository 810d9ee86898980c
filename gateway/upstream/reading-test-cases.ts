import assert from "node:assert/strict";
import type { Cases } from "#mesh/local/both-runtimes";
import { answered, aWhile, plain, textOf, withUpstream } from "./test-upstream.ts";

interface Sample {
  readonly wire: string;
  readonly status: number;
  readonly text: string;
  readonly method?: string;
  /** Whether the connection may be used again. */
  readonly reused: boolean;
}

const chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";

const samples: Readonly<Record<string, Sample>> = {
  length: { wire: plain("hello"), status: 200, text: "hello", reused: true },
  "no body": { wire: plain(""), status: 200, text: "", reused: true },
  chunked: {
    wire: `${chunked}3\r\nabc\r\n0A\r\n0123\r\n\r\n89\r\n0\r\n\r\n`,
    status: 200,
    text: "abc0123\r\n\r\n89",
    reused: true,
  },
  trailers: { wire: `${chunked}1\r\nx\r\n0\r\nsum: 1\r\n\r\n`, status: 200, text: "x", reused: true },
  "204": { wire: "HTTP/1.1 204 No Content\r\nx: y\r\n\r\n", status: 204, text: "", reused: true },
  "304": { wire: "HTTP/1.1 304 \r\ncontent-length: 9\r\n\r\n", status: 304, text: "", reused: true },
  HEAD: {
    wire: "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n",
    method: "HEAD",
    status: 200,
    text: "",
    reused: true,
  },
  "early hints": {
    wire: `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${plain("late")}`,
    status: 200,
    text: "late",
    reused: true,
  },
  "connection: close": {
    wire: plain("bye", "connection: close\r\n"),
    status: 200,
    text: "bye",
    reused: false,
  },
  "HTTP/1.0": {
    wire: "HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok",
    status: 200,
    text: "ok",
    reused: false,
  },
};

/** Answers that must not be taken for any. */
const refused: Readonly<Record<string, string>> = {
  "not HTTP": "SSH-2.0-OpenSSH_9.6\r\n\r\n",
  "HTTP/2": "HTTP/2 200 OK\r\ncontent-length: 0\r\n\r\n",
  "two lengths": "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 1\r\n\r\nx",
  "length and chunks": "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
  "a negative length": "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
  "another coding": "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
  "chunks in HTTP/1.0": "HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
  "a space before the colon": "HTTP/1.1 200 OK\r\ncontent-length : 0\r\n\r\n",
  "a folded field": "HTTP/1.1 200 OK\r\nx: a\r\n b\r\ncontent-length: 0\r\n\r\n",
  "a bare line feed": "HTTP/1.1 200 OK\r\nx: a\ncontent-length: 0\r\n\r\n",
  "a bare carriage return": "HTTP/1.1 200 OK\r\nx: a\rb\r\ncontent-length: 0\r\n\r\n",
  "a null": "HTTP/1.1 200 OK\r\nx: a\0b\r\ncontent-length: 0\r\n\r\n",
  "another protocol": "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n",
  "a bad chunk size": `${chunked}zz\r\n`,
  "a chunk extension": `${chunked}1;a=b\r\nx\r\n0\r\n\r\n`,
  "too many fields": `HTTP/1.1 200 OK\r\n${"x: y\r\n".repeat(101)}\r\n`,
  "a head that is too long": `HTTP/1.1 200 OK\r\nx: ${"y".repeat(70_000)}\r\n\r\n`,
  "a head without an end": `HTTP/1.1 200 OK\r\nx: ${"y".repeat(70_000)}`,
};

async function readSplit({ wire, method = "GET", status, text, reused }: Sample): Promise<void> {
  let cut: number[] = [];
  await withUpstream(
    async ({ socket }) => {
      let from = 0;
      for (const to of [...cut, wire.length]) {
        socket.write(Buffer.from(wire.slice(from, to), "latin1"));
        from = to;
        if (from < wire.length) await aWhile(1);
      }
    },
    async ({ call, sockets }) => {
      for (let at = 0; at < wire.length; at++) {
        cut = at === 0 ? Array.from(wire, (_, index) => index).slice(1) : [at];
        const answer = await answered(call({ method }));
        assert.deepEqual([answer.status, await textOf(answer)], [status, text], `cut at ${cut.join()}`);
      }
      assert.equal(sockets.length, reused ? 1 : wire.length);
    },
  );
}

export const readingCases: Cases = {
  ...Object.fromEntries(
    Object.entries(samples).map(([name, sample]) => [
      `an answer is the same wherever its bytes are split: ${name}`,
      () => readSplit(sample),
    ]),
  ),

  ...Object.fromEntries(
    Object.entries(refused).map(([name, wire]) => [
      `an answer that cannot be trusted is none: ${name}`,
      () =>
        withUpstream(
          ({ socket }) => socket.write(Buffer.from(wire, "latin1")),
          async ({ call, client, asked }) => {
            assert.equal(await call(), "unavailable");
            assert.equal(client.stats()[0]?.open, 0);
            assert.equal(asked.length, 1);
          },
        ),
    ]),
  ),

  "a small answer is whole, and its fields keep their order and their bytes": () =>
    withUpstream(
      ({ socket }) =>
        socket.write(
          Buffer.from(plain("ü", "Set-Cookie: a\r\nset-cookie: b\r\nX-Name: Zo\xeb\r\n"), "latin1"),
        ),
      async ({ call }) => {
        const { fields, body } = await answered(call());
        assert.deepEqual(fields.names, ["content-length", "set-cookie", "set-cookie", "x-name"]);
        assert.equal(fields.get("x-name"), "Zo\xeb");
        assert.deepEqual([body.length, body.whole && [...body.whole]], [1, [0xfc]]);
        const heard: string[] = [];
        body.start({
          data: (content) => heard.push(`data ${content.length}`),
          end: () => heard.push("end"),
          fail: () => heard.push("fail"),
        });
        assert.deepEqual(heard, ["data 1", "end"]);
      },
    ),

  "a body of unknown length ends with its connection, and fails with a reset": () =>
    withUpstream(
      async ({ socket, path }) => {
        socket.write("HTTP/1.1 200 OK\r\n\r\nbegun");
        await aWhile(20);
        if (path === "/ends") socket.end(", ended");
        else socket.resetAndDestroy();
      },
      async ({ call, client }) => {
        const ends = await answered(call({ path: "/ends" }));
        assert.deepEqual([ends.body.length, await textOf(ends)], [undefined, "begun, ended"]);
        assert.equal(await textOf(await answered(call({ path: "/breaks" }))), undefined);
        assert.equal(client.stats()[0]?.open, 0);
      },
    ),

  "a body that breaks off fails, whatever said how long it is": async () => {
    for (const wire of [
      plain("hello").slice(0, -1),
      `${chunked}5\r\nhello\r\n`,
      `${chunked}5\r\nhello\r\nzz\r\n`,
    ]) {
      await withUpstream(
        async ({ socket }) => {
          const { length } = wire.split("\r\n\r\n")[0] as string;
          socket.write(wire.slice(0, length + 5));
          await aWhile(20);
          socket.end(wire.slice(length + 5));
        },
        async ({ call }) => {
          const { body } = await answered(call());
          const heard: string[] = [];
          await new Promise<void>((resolve) => {
            body.start({
              data: () => {},
              end: () => resolve(void heard.push("end")),
              fail: () => resolve(void heard.push("fail")),
            });
          });
          assert.deepEqual(heard, ["fail"]);
        },
      );
    }
  },
};
