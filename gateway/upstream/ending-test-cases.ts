import assert from "node:assert/strict";
import { connect } from "node:net";
import { eventually } from "#mesh/eventually";
import type { Cases } from "#mesh/local/both-runtimes";
import { SimulatedTime } from "../testing/simulated-time.ts";
import { already, answered, aWhile, plain, textOf, withUpstream } from "./test-upstream.ts";

const ok = plain("ok");

/** How connections and bodies end that do not end well. */
export const endingCases: Cases = {
  "what an idle connection says ends it": () =>
    withUpstream(
      async ({ socket, connection }) => {
        socket.write(ok);
        if (connection > 1) return;
        await aWhile(20);
        socket.write(plain("second"));
      },
      async ({ call, client, asked }) => {
        await answered(call());
        await eventually(() => (client.stats()[0]?.open ?? 0) === 0 || undefined);
        assert.equal(await textOf(await answered(call())), "ok");
        assert.equal(asked.at(-1)?.connection, 2);
      },
    ),

  "two answers to one request: the first is given, the second nobody's": () =>
    withUpstream(
      ({ socket, path }) => socket.write(plain(path) + plain("second")),
      async ({ call, client }) => {
        for (let round = 0; round < 5; round++) {
          assert.equal(await textOf(await answered(call({ path: `/${round}` }))), `/${round}`);
          assert.equal(client.stats()[0]?.open, 0);
        }
      },
    ),

  "an answer before the request has been sent is given, and the connection not used again": () =>
    withUpstream(
      ({ socket, connection }) => {
        // Reads no more of this request, which is larger than what the system takes.
        if (connection === 1) socket.pause();
        socket.write(connection === 1 ? "HTTP/1.1 413 \r\ncontent-length: 3\r\n\r\nbig" : ok);
      },
      async ({ call, client, asked }) => {
        const answer = await answered(call({ method: "POST", body: new Uint8Array(16_000_000) }));
        assert.deepEqual([answer.status, await textOf(answer)], [413, "big"]);
        assert.equal(client.stats()[0]?.open, 0);
        assert.equal(await textOf(await answered(call())), "ok");
        assert.equal(asked.length, 2);
      },
      { readBodies: false },
    ),

  "a body that falls silent fails": () => {
    const time = new SimulatedTime();
    return withUpstream(
      ({ socket }) => socket.write(plain("hello").slice(0, -1)),
      async ({ call, client }) => {
        const text = textOf(await answered(call())).then((got) => got ?? "failed");
        // Until the first of these moments something was heard.
        await time.pass(200);
        assert.equal(await already(text), undefined);
        await time.pass(100);
        assert.equal(await already(text), "failed");
        assert.deepEqual(client.stats()[0]?.open ?? 0, 0);
      },
      { silentBodyMs: 200, timing: time },
    );
  },

  "a reader that pauses makes the service wait, and nothing is lost": () => {
    const bytes = 24_000_000;
    let taken = 0;
    return withUpstream(
      ({ socket }) => {
        socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${bytes}\r\n\r\n`);
        for (let at = 0; at < bytes; at += 1_000_000)
          socket.write(Buffer.alloc(1_000_000, 1), () => {
            taken += 1_000_000;
          });
      },
      async ({ call, client }) => {
        const { body } = await answered(call());
        await aWhile(300);
        assert.ok(taken < 12_000_000, `${taken} bytes were taken by nobody`);
        let got = 0;
        const ended = new Promise<string>((resolve) => {
          body.start({
            data: (content) => {
              got += content.length;
              body.pause();
              setTimeout(() => body.resume(), 1);
            },
            end: () => resolve("ended"),
            fail: () => resolve("failed"),
          });
        });
        assert.equal(await ended, "ended");
        assert.equal(got, bytes);
        assert.equal(client.stats()[0]?.idle, 1);
      },
    );
  },

  "a body that nobody wants ends its connection, and one that is too long to collect too": () =>
    withUpstream(
      ({ socket, path }) => {
        socket.write("HTTP/1.1 200 OK\r\ncontent-length: 3000000\r\n\r\n");
        if (path === "/long") socket.write(Buffer.alloc(3_000_000));
      },
      async ({ call, client, sockets }) => {
        const unwanted = await answered(call());
        unwanted.body.cancel();
        assert.equal(await (await answered(call({ path: "/long" }))).body.collect(1_000_000), undefined);
        assert.equal(client.stats()[0]?.open, 0);
        await eventually(
          () => sockets.every((socket) => socket.readableEnded || socket.destroyed) || undefined,
        );
      },
    ),

  "a head that would arrive as something else is not sent": () =>
    withUpstream(
      ({ socket }) => socket.write(ok),
      async ({ call, asked }) => {
        for (const path of ["/\u010d\u010aX-Admin: 1", "/ HTTP/1.1\r\n\r\nGET /admin"])
          await assert.rejects(call({ path }), /not that of one request/);
        await answered(call({ path: "/\xfc" }));
        assert.deepEqual(
          asked.map(({ path }) => path),
          ["/\xfc"],
        );
      },
    ),

  "closing ends calls and bodies": () =>
    withUpstream(
      ({ socket, path }) => {
        if (path === "/body") socket.write(plain("hello").slice(0, -1));
      },
      async ({ call, client, port }) => {
        const waiting = [call(), call(), call()];
        const body = textOf(await answered(call({ path: "/body" })));
        client.close();
        assert.deepEqual(await Promise.all(waiting), ["unavailable", "unavailable", "unavailable"]);
        assert.equal(await body, undefined);
        assert.equal(await call(), "unavailable");
        // The server still listens: it was the client that ended.
        await new Promise<void>((resolve) => {
          const probe = connect(port, "127.0.0.1", () => resolve(void probe.destroy()));
        });
      },
    ),
};
