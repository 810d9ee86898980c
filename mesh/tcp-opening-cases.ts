import assert from "node:assert/strict";
import { eventually } from "./eventually.ts";
import type { Cases } from "./local/both-runtimes.ts";
import { came, connect, greeting, settled, withServer } from "./tcp-test-connection.ts";

/** How a connection comes about, or does not. */
export const openingCases: Cases = {
  "a port on which nobody listens closes without opening": async () => {
    const { events } = connect(1);
    await came(events, "close");
    assert.deepEqual(events, ["close:ECONNREFUSED"]);
  },

  "a name that nobody has closes without opening": async () => {
    const { events } = connect(80, { hostname: "nobody.invalid" });
    await came(events, "close");
    assert.equal(events.length, 1);
  },

  "a name with addresses of which only one answers is connected": async () => {
    await withServer(
      (socket) => socket.end(greeting),
      async (port) => {
        const { connection, events } = connect(port, { hostname: "localhost" });
        await came(events, "end");
        assert.deepEqual(events, ["open", "data:5", "end"]);
        connection.destroy();
      },
    );
  },

  "what is written before it opens is sent": async () => {
    const got: Buffer[] = [];
    await withServer(
      (socket) => socket.on("data", (chunk: Buffer) => got.push(chunk)),
      async (port) => {
        const { connection } = connect(port);
        assert.equal(connection.sentBytes, 0);
        connection.write(greeting);
        connection.write(Buffer.from(" there"));
        await eventually(() => Buffer.concat(got).toString() === "hello there" || undefined);
        assert.deepEqual([connection.sentBytes, connection.pendingBytes], [11, 0]);
        connection.destroy();
      },
    );
  },

  "one that is destroyed while it connects never opens, and leaves nothing behind": async () => {
    let closed = 0;
    let accepted = 0;
    await withServer(
      (socket) => {
        accepted++;
        socket
          .on("end", () => closed++)
          .on("close", (failed) => void (failed && closed++))
          .resume();
      },
      async (port) => {
        const { connection, events } = connect(port);
        connection.write(greeting);
        connection.destroy();
        await came(events, "close");
        await settled();
        assert.deepEqual(events, ["close:"]);
        assert.equal(closed, accepted);
      },
    );
  },

  "with TLS nothing is sent before the other end has shown who it is": async () => {
    let got = "";
    let closed = false;
    await withServer(
      (socket) => {
        socket.on("data", (chunk: Buffer) => {
          got += chunk.toString("latin1");
        });
        for (const event of ["end", "close"]) {
          socket.on(event, () => {
            closed = true;
          });
        }
      },
      async (port) => {
        const { connection, events } = connect(port, { tlsServerName: "localhost" });
        connection.write(Buffer.from("a secret"));
        await eventually(() => got.length > 0 || undefined);
        await settled();
        assert.deepEqual(events, []);
        assert.ok(!got.includes("a secret"));
        connection.destroy();
        await came(events, "close");
        await eventually(() => closed || undefined);
      },
    );
  },

  "with TLS an end that does not speak it is closed without opening": async () => {
    await withServer(
      (socket) => socket.write("HTTP/1.1 400 Bad Request\r\n\r\n"),
      async (port) => {
        const { events } = connect(port, { tlsServerName: "localhost" });
        await came(events, "close");
        assert.equal(events.length, 1);
        assert.notEqual(events[0], "close:");
      },
    );
  },
};
