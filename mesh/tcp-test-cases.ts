import assert from "node:assert/strict";
import { eventually } from "./eventually.ts";
import type { Cases } from "./local/both-runtimes.ts";
import { listenTcp } from "./tcp.ts";
import { bytesOf, came, connect, greeting, settled, withServer } from "./tcp-test-connection.ts";

/** What whoever uses connections relies on, whichever runtime makes them. */
export const cases: Cases = {
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

  "a listener serves what connects, each with its own state": async () => {
    let states = 0;
    const listener = await listenTcp<{ id: number }>({
      port: 0,
      hostname: "127.0.0.1",
      newState: () => ({ id: ++states }),
      handlers: {
        open: (connection) => connection.write(Buffer.from(`you are ${connection.state.id}`)),
        data: (connection, chunk) => connection.write(chunk),
        end: (connection) => connection.end(),
        close: () => {},
      },
    });
    const first = connect(listener.port);
    await came(first.events, "data:9");
    const second = connect(listener.port);
    await came(second.events, "data:9");
    first.connection.end();
    await came(first.events, "close");
    listener.stop();
    second.connection.write(greeting);
    await came(second.events, "data:5");
    second.connection.destroy();
    assert.equal(states, 2);
    const late = connect(listener.port);
    await came(late.events, "close");
    assert.deepEqual(late.events, ["close:ECONNREFUSED"]);
  },

  "a port that is taken is named": async () => {
    const options = {
      hostname: "127.0.0.1",
      newState: () => 0,
      handlers: { data: () => {}, end: () => {}, close: () => {} },
    };
    const listener = await listenTcp({ ...options, port: 0 });
    await assert.rejects(listenTcp({ ...options, port: listener.port }), {
      message: `Port ${listener.port} of 127.0.0.1 is taken`,
    });
    listener.stop();
  },
};
