import assert from "node:assert/strict";
import { eventually } from "#mesh/eventually";
import type { Cases } from "#mesh/local/both-runtimes";
import { SimulatedTime } from "../testing/simulated-time.ts";
import { parseOrigin } from "./origin.ts";
import { already, answered, plain, textOf, withUpstream } from "./test-upstream.ts";
import { UpstreamClient } from "./upstream-client.ts";

const ok = plain("ok");

/** What is done about calls that come to nothing. */
export const tryingAgainCases: Cases = {
  "a service that does not listen is tried once more, a little later": async () => {
    const time = new SimulatedTime();
    const client = new UpstreamClient({ timing: time });
    const call = {
      origin: parseOrigin("http://127.0.0.1:1"),
      method: "POST",
      head: "POST / HTTP/1.1\r\n\r\n",
      body: undefined,
      timeoutMs: 2000,
      client: { gone: false },
    };
    // Half way between two sweeps: the first of them comes too early for it.
    await time.pass(50);
    const tried = client.call(call);
    await eventually(() => client.stats()[0]?.waiting === 1 || undefined);
    await time.pass(50);
    assert.equal(client.stats()[0]?.waiting, 1);
    await time.pass(100);
    assert.equal(await tried, "unavailable");
    client.close();
    assert.equal(await client.call(call), "unavailable");
  },

  "one that can be reached but never connects is unavailable": () =>
    withUpstream(
      () => {},
      async ({ call }) => assert.equal(await call({ timeoutMs: 5000 }), "unavailable"),
      { scheme: "https", connectTimeoutMs: 200 },
    ),

  "while nothing is heard of a service one call at a time tries, and the others do not wait": () => {
    const time = new SimulatedTime();
    return withUpstream(
      () => {},
      async ({ call, sockets, client }) => {
        const calls = [call(), call(), call()];
        await eventually(() => sockets.length === 3 || undefined);
        await time.pass(200);
        assert.deepEqual([client.stats()[0]?.open, client.stats()[0]?.waiting], [0, 3]);
        await time.pass(100);
        assert.deepEqual(await Promise.all(calls.map(already)), [undefined, "unavailable", "unavailable"]);
        assert.equal(await already(call()), "unavailable");
        await eventually(() => sockets.length === 4 || undefined);
        await time.pass(200);
        assert.equal(await already(calls[0] as (typeof calls)[0]), "unavailable");
        assert.equal(client.stats()[0]?.open, 0);
        assert.equal(sockets.length, 4);
      },
      { scheme: "https", connectTimeoutMs: 200, timing: time },
    );
  },

  "calls that found no connection one after the other are tried again one at a time": () => {
    const time = new SimulatedTime();
    return withUpstream(
      () => {},
      async ({ call, sockets, client }) => {
        const first = call();
        await time.pass(50);
        const second = call();
        await eventually(() => sockets.length === 2 || undefined);
        // The first has failed, and the second is still trying.
        await time.pass(150);
        assert.deepEqual([client.stats()[0]?.open, client.stats()[0]?.waiting], [1, 1]);
        await time.pass(100);
        assert.deepEqual([client.stats()[0]?.open, client.stats()[0]?.waiting], [1, 1]);
        await eventually(() => sockets.length === 3 || undefined);
        await time.pass(100);
        assert.equal(await already(second), "unavailable");
        assert.equal(await already(first), undefined);
        await time.pass(100);
        assert.equal(await already(first), "unavailable");
        assert.equal(sockets.length, 3);
      },
      { scheme: "https", connectTimeoutMs: 200, timing: time },
    );
  },

  "a connection that closes at the moment it is used again: what may be repeated is, at once": () =>
    withUpstream(
      ({ socket, connection, request }) => {
        if (connection % 2 === 1 && request > 1) socket.resetAndDestroy();
        else socket.write(ok);
      },
      async ({ call, asked }) => {
        await answered(call());
        assert.equal(await textOf(await answered(call({ method: "PUT", body: "x" }))), "ok");
        assert.deepEqual(
          asked.map(({ connection }) => connection),
          [1, 1, 2],
        );
      },
      // Nothing that has to wait would ever be done.
      { timing: new SimulatedTime() },
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
