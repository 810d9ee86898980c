import assert from "node:assert/strict";
import { eventually } from "./eventually.ts";
import type { Cases } from "./local/both-runtimes.ts";
import { bytesOf, came, connect, greeting, settled, withServer } from "./tcp-test-connection.ts";

/** Data that comes, and data that goes. */
export const flowCases: Cases = {
  "nothing more comes while it is paused, and no end either": async () => {
    await withServer(
      (socket) => socket.end(greeting),
      async (port) => {
        const { connection, events } = connect(port, { onOpen: (opened) => opened.pause() });
        await came(events, "open");
        await settled();
        assert.deepEqual(events, ["open"]);
        connection.resume();
        await came(events, "end");
        assert.deepEqual(events, ["open", "data:5", "end"]);
        connection.destroy();
      },
    );
  },

  "pausing in the middle of much data makes the other end wait": async () => {
    const bytes = 32 * 1024 * 1024;
    await withServer(
      (socket) => socket.end(Buffer.alloc(bytes)),
      async (port) => {
        const { connection, events } = connect(port, { onData: (from) => from.pause() });
        await came(events, "data");
        await settled();
        assert.ok(bytesOf(events) < 2 * 1024 * 1024, `${bytesOf(events)} bytes came`);
        while (!events.includes("end")) {
          connection.resume();
          await new Promise((resolve) => setImmediate(resolve));
        }
        assert.equal(bytesOf(events), bytes);
        connection.destroy();
      },
    );
  },

  "much data that is written arrives whole, in order, before the end": async () => {
    const pieces = Array.from({ length: 40 }, (_, at) => Buffer.alloc(500_000 + at, at));
    const expected = Buffer.concat(pieces);
    const got: Buffer[] = [];
    let ended = false;
    await withServer(
      (socket) => {
        // Slow at first, so that writes are taken in part.
        socket.pause();
        setTimeout(() => socket.resume(), 100);
        socket.on("data", (chunk: Buffer) => void got.push(chunk));
        socket.on("end", () => {
          ended = true;
        });
      },
      async (port) => {
        const { connection, events } = connect(port);
        for (const piece of pieces) connection.write(piece);
        await came(events, "open");
        assert.ok(connection.pendingBytes > 0);
        connection.end();
        await eventually(() => ended || undefined);
        assert.ok(Buffer.concat(got).equals(expected));
        connection.destroy();
      },
    );
  },

  "closing delivers what was written": async () => {
    let got = 0;
    let ended = false;
    await withServer(
      (socket) =>
        socket
          .on("data", (chunk: Buffer) => {
            got += chunk.length;
          })
          .on("end", () => {
            ended = true;
          }),
      async (port) => {
        const { connection, events } = connect(port);
        await came(events, "open");
        connection.write(Buffer.alloc(5_000_000));
        connection.close();
        await eventually(() => ended || undefined);
        assert.equal(got, 5_000_000);
        await came(events, "close");
      },
    );
  },
};
