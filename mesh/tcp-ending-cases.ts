import assert from "node:assert/strict";
import { eventually } from "./eventually.ts";
import type { Cases } from "./local/both-runtimes.ts";
import { bytesOf, came, connect, greeting, settled, withServer } from "./tcp-test-connection.ts";

/** How a connection ends. */
export const endingCases: Cases = {
  "the other end's end leaves this direction open": async () => {
    let got = "";
    await withServer(
      (socket) =>
        socket
          .on("data", (chunk: Buffer) => {
            got += chunk.toString();
          })
          .end(greeting),
      async (port) => {
        const { connection, events } = connect(port);
        await came(events, "end");
        assert.equal(connection.closed, false);
        connection.write(Buffer.from("still here"));
        await eventually(() => got === "still here" || undefined);
        connection.end();
        await came(events, "close");
        assert.deepEqual(events.at(-1), "close:");
        assert.equal(connection.closed, true);
      },
    );
  },

  "after this end's end what comes is still read": async () => {
    await withServer(
      (socket) => socket.on("end", () => socket.end(greeting)).resume(),
      async (port) => {
        const { connection, events } = connect(port, { onOpen: (opened) => opened.end() });
        await came(events, "close");
        assert.equal(bytesOf(events), 5);
        assert.equal(events.at(-1), "close:");
        connection.write(greeting);
      },
    );
  },

  "a reset closes with its cause": async () => {
    await withServer(
      (socket) => socket.once("data", () => socket.resetAndDestroy()),
      async (port) => {
        const { connection, events } = connect(port);
        connection.write(greeting);
        await came(events, "close");
        assert.equal(events.at(-1), "close:ECONNRESET");
      },
    );
  },

  "calls on one that is closed do nothing, and close is told once": async () => {
    await withServer(
      (socket) => socket.resume(),
      async (port) => {
        const { connection, events } = connect(port);
        await came(events, "open");
        connection.destroy();
        await came(events, "close");
        connection.write(greeting);
        connection.pause();
        connection.resume();
        connection.end();
        connection.close();
        connection.destroy();
        await settled();
        assert.deepEqual(events, ["open", "close:"]);
        assert.equal(connection.pendingBytes, 0);
      },
    );
  },

  "a handler that throws ends its own connection and nothing else": async () => {
    let closed = false;
    await withServer(
      (socket) => {
        for (const event of ["end", "close"]) {
          socket.on(event, () => {
            closed = true;
          });
        }
        socket.write(greeting);
        socket.resume();
      },
      async (port) => {
        const { events } = connect(port, {
          onData: () => {
            throw new Error("a mistake");
          },
        });
        await came(events, "close");
        assert.deepEqual(events, ["open", "data:5", "close:a mistake"]);
        await eventually(() => closed || undefined);
      },
    );
  },
};
