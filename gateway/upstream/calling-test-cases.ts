import assert from "node:assert/strict";
import { eventually } from "#mesh/eventually";
import type { Cases } from "#mesh/local/both-runtimes";
import { parseOrigin } from "./origin.ts";
import { answered, aWhile, plain, textOf, withUpstream } from "./test-upstream.ts";
import { UpstreamClient } from "./upstream-client.ts";

const ok = plain("ok");

export const callingCases: Cases = {
  "calls one after the other use one connection, calls at once one each, and the one used last goes first":
    () =>
      withUpstream(
        async ({ socket, path }) => {
          if (path === "/slow") await aWhile(30);
          socket.write(ok);
        },
        async ({ call, asked, client }) => {
          for (let round = 0; round < 3; round++) await answered(call());
          assert.deepEqual([asked.at(-1)?.connection, asked.at(-1)?.request], [1, 3]);
          await Promise.all([call({ path: "/slow" }), call()]);
          assert.equal(client.stats()[0]?.open, 2);
          await answered(call());
          assert.equal(asked.at(-1)?.connection, 1);
        },
      ),

  "head and small body arrive together, a large body whole": () =>
    withUpstream(
      ({ socket, body }) => socket.write(plain(String(body.length))),
      async ({ call, asked }) => {
        await answered(call({ method: "POST", body: "small" }));
        assert.equal(asked[0]?.body, "small");
        const large = new Uint8Array(8_000_000).fill(65);
        assert.equal(await textOf(await answered(call({ method: "POST", body: large }))), "8000000");
        assert.equal(asked[1]?.connection, 1);
      },
    ),

  "calls beyond the bound wait in order, and beyond the queue are refused": () =>
    withUpstream(
      async ({ socket, path }) => {
        await aWhile(20);
        socket.write(plain(path));
      },
      async ({ call, asked, client }) => {
        const calls = ["/1", "/2", "/3", "/4", "/5"].map((path) => call({ path }));
        assert.equal(client.stats()[0]?.waiting, 2);
        assert.equal(await calls[4], "unavailable");
        for (const [at, path] of ["/1", "/2", "/3", "/4"].entries())
          assert.equal(await textOf(await answered(calls[at] as (typeof calls)[0])), path);
        assert.deepEqual(
          asked.map(({ path }) => path),
          ["/1", "/2", "/3", "/4"],
        );
      },
      { maxConnectionsPerOrigin: 2, maxWaitingPerOrigin: 2 },
    ),

  "a call that waits for a connection in vain is a timeout": () =>
    withUpstream(
      () => {},
      async ({ call, client }) => {
        const first = call({ timeoutMs: 400 });
        const leaving = { gone: false };
        const left = call({ client: leaving });
        assert.equal(await call({ timeoutMs: 100 }), "timeout");
        leaving.gone = true;
        assert.equal(await left, "client-gone");
        assert.equal(await first, "timeout");
        const { open = 0, waiting = 0 } = client.stats()[0] ?? {};
        assert.deepEqual({ open, waiting }, { open: 0, waiting: 0 });
      },
      { maxConnectionsPerOrigin: 1 },
    ),

  "idle connections are closed before the service would": () =>
    withUpstream(
      ({ socket }) => socket.write(ok),
      async ({ call, sockets, client }) => {
        let reset = false;
        await answered(call());
        sockets[0]?.on("error", () => {
          reset = true;
        });
        await eventually(() => client.stats()[0]?.open === 0 || undefined, { withinMs: 1000 });
        await eventually(() => sockets[0]?.destroyed || undefined);
        assert.equal(reset, false);
      },
      { idleMs: 200 },
    ),

  "an answer that does not come in time is a timeout, and one that comes after it nobody's": () =>
    withUpstream(
      async ({ socket, path }) => {
        if (path === "/late") await aWhile(350);
        socket.write(plain(path));
      },
      async ({ call, asked }) => {
        assert.equal(await call({ path: "/late", timeoutMs: 50 }), "timeout");
        for (let round = 0; round < 5; round++) {
          assert.equal(await textOf(await answered(call({ path: `/${round}` }))), `/${round}`);
          await aWhile(80);
        }
        assert.ok(asked.slice(1).every(({ connection }) => connection === 2));
      },
    ),

  "half a head is no answer": () =>
    withUpstream(
      ({ socket }) => socket.write(ok.slice(0, 20)),
      async ({ call }) => assert.equal(await call({ timeoutMs: 150 }), "timeout"),
    ),

  "a client that leaves ends its call, before the answer and in the middle of it": () =>
    withUpstream(
      ({ socket, path }) => {
        if (path === "/body") socket.write(`${plain("x".repeat(10)).slice(0, -5)}`);
      },
      async ({ call, sockets }) => {
        const client = { gone: false };
        const call1 = call({ client });
        const { body } = await answered(call({ path: "/body", client }));
        const failed = new Promise<boolean>((resolve) => {
          body.start({ data: () => {}, end: () => resolve(false), fail: () => resolve(true) });
        });
        client.gone = true;
        const leftAt = performance.now();
        assert.equal(await call1, "client-gone");
        assert.equal(await failed, true);
        assert.ok(performance.now() - leftAt < 250);
        await eventually(
          () => sockets.every(({ readableEnded, destroyed }) => readableEnded || destroyed) || undefined,
        );
      },
    ),

  "a service that does not listen is tried once more, a little later": async () => {
    const client = new UpstreamClient();
    const call = {
      origin: parseOrigin("http://127.0.0.1:1"),
      method: "POST",
      head: "POST / HTTP/1.1\r\n\r\n",
      body: undefined,
      timeoutMs: 2000,
      client: { gone: false },
    };
    const began = performance.now();
    assert.equal(await client.call(call), "unavailable");
    const took = performance.now() - began;
    assert.ok(took > 95 && took < 1000, `${took} ms`);
    client.close();
    assert.equal(await client.call(call), "unavailable");
  },

  "one that can be reached but never connects is unavailable": () =>
    withUpstream(
      () => {},
      async ({ call }) => assert.equal(await call({ timeoutMs: 5000 }), "unavailable"),
      { scheme: "https", connectTimeoutMs: 200 },
    ),

  "while nothing is heard of a service one call at a time tries, and the others do not wait": () =>
    withUpstream(
      () => {},
      async ({ call, sockets, client }) => {
        assert.deepEqual(await Promise.all([call(), call(), call()]), Array(3).fill("unavailable"));
        assert.ok(sockets.length <= 6, `${sockets.length} attempts`);
        const trying = call({ timeoutMs: 5000 });
        const began = performance.now();
        assert.equal(await call(), "unavailable");
        assert.ok(performance.now() - began < 100);
        assert.equal(await trying, "unavailable");
        assert.equal(client.stats()[0]?.open ?? 0, 0);
      },
      { scheme: "https", connectTimeoutMs: 200 },
    ),

  "a connection that closes at the moment it is used again: what may be repeated is, at once": () =>
    withUpstream(
      ({ socket, connection, request }) => {
        if (connection % 2 === 1 && request > 1) socket.resetAndDestroy();
        else socket.write(ok);
      },
      async ({ call, asked }) => {
        await answered(call());
        const began = performance.now();
        assert.equal(await textOf(await answered(call({ method: "PUT", body: "x" }))), "ok");
        assert.ok(performance.now() - began < 90);
        assert.deepEqual(
          asked.map(({ connection }) => connection),
          [1, 1, 2],
        );
      },
    ),

  "what may not be repeated is not, when it may have been done": () =>
    withUpstream(
      ({ socket, request }) => {
        if (request > 1) socket.resetAndDestroy();
        else socket.write(ok);
      },
      async ({ call, asked }) => {
        await answered(call());
        assert.equal(await call({ method: "POST", body: "x" }), "unavailable");
        assert.equal(await call({ method: "POST", body: "x", path: "/fresh" }).then(textOrFailure), "ok");
        assert.deepEqual(
          asked.map(({ method }) => method),
          ["GET", "POST", "POST"],
        );
      },
    ),

  "a fresh connection that closes without an answer: what may be repeated is, once": () =>
    withUpstream(
      ({ socket, connection }) => {
        if (connection === 2) socket.write(plain("ok", "connection: close\r\n"));
        else socket.end();
      },
      async ({ call, asked }) => {
        assert.equal(await textOf(await answered(call())), "ok");
        assert.equal(await call({ method: "POST" }), "unavailable");
        assert.equal(asked.length, 3);
      },
    ),

  "an answer that began is never asked for again": () =>
    withUpstream(
      ({ socket }) => socket.end("HTTP/1.1 200"),
      async ({ call, asked }) => {
        assert.equal(await call(), "unavailable");
        assert.equal(asked.length, 1);
      },
    ),
};

async function textOrFailure(
  answer: Awaited<ReturnType<UpstreamClient["call"]>>,
): Promise<string | undefined> {
  return typeof answer === "string" ? answer : textOf(answer);
}
