import assert from "node:assert/strict";
import { eventually } from "#mesh/eventually";
import type { Cases } from "#mesh/local/both-runtimes";
import { SimulatedTime } from "../testing/simulated-time.ts";
import { already, answered, aWhile, plain, textOf, withUpstream } from "./test-upstream.ts";

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

  "a call that waits for a connection in vain is a timeout": () => {
    const time = new SimulatedTime();
    return withUpstream(
      () => {},
      async ({ call, client }) => {
        const first = call({ timeoutMs: 400 });
        const leaving = { gone: false };
        const left = call({ client: leaving });
        const second = call({ timeoutMs: 100 });
        await time.pass(100);
        assert.equal(await already(second), "timeout");
        assert.equal(await already(left), undefined);
        leaving.gone = true;
        await time.pass(100);
        assert.equal(await already(left), "client-gone");
        assert.equal(await already(first), undefined);
        await time.pass(200);
        assert.equal(await already(first), "timeout");
        const { open = 0, waiting = 0 } = client.stats()[0] ?? {};
        assert.deepEqual({ open, waiting }, { open: 0, waiting: 0 });
      },
      { maxConnectionsPerOrigin: 1, timing: time },
    );
  },

  "idle connections are closed before the service would": () => {
    const time = new SimulatedTime();
    return withUpstream(
      ({ socket }) => socket.write(ok),
      async ({ call, sockets, client }) => {
        let reset = false;
        await answered(call());
        sockets[0]?.on("error", () => {
          reset = true;
        });
        await time.pass(100);
        assert.equal(client.stats()[0]?.open, 1);
        await time.pass(100);
        assert.equal(client.stats()[0]?.open, 0);
        await eventually(() => sockets[0]?.destroyed || undefined);
        assert.equal(reset, false);
      },
      { idleMs: 200, timing: time },
    );
  },

  "an answer that does not come in time is a timeout, and one that comes after it nobody's": () => {
    const time = new SimulatedTime();
    return withUpstream(
      async ({ socket, path }) => {
        if (path === "/late") await new Promise<void>((resolve) => void time.after(250, resolve));
        socket.write(plain(path));
      },
      async ({ call, asked }) => {
        const late = call({ path: "/late", timeoutMs: 50 });
        await eventually(() => asked.length === 1 || undefined);
        await time.pass(100);
        assert.equal(await already(late), "timeout");
        for (let round = 0; round < 5; round++) {
          assert.equal(await textOf(await answered(call({ path: `/${round}` }))), `/${round}`);
          await time.pass(50);
        }
        assert.ok(asked.slice(1).every(({ connection }) => connection === 2));
      },
      { timing: time },
    );
  },

  "an answer that came while this process was busy is in time": () =>
    withUpstream(
      ({ socket }) => {
        socket.write(ok, () => {
          for (const until = performance.now() + 400; performance.now() < until; );
        });
      },
      async ({ call }) => {
        assert.equal(await textOf(await answered(call({ timeoutMs: 250 }))), "ok");
      },
    ),

  "half a head is no answer": () =>
    withUpstream(
      ({ socket }) => socket.write(ok.slice(0, 20)),
      async ({ call }) => assert.equal(await call({ timeoutMs: 150 }), "timeout"),
    ),

  "a client that leaves ends its call within 100 ms, before the answer and in the middle of it": () => {
    const time = new SimulatedTime();
    return withUpstream(
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
        await time.pass(100);
        assert.equal(await already(call1), "client-gone");
        assert.equal(await already(failed), true);
        await eventually(
          () => sockets.every(({ readableEnded, destroyed }) => readableEnded || destroyed) || undefined,
        );
      },
      { timing: time },
    );
  },
};
