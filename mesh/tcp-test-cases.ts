import assert from "node:assert/strict";
import type { Cases } from "./local/both-runtimes.ts";
import { listenTcp } from "./tcp.ts";
import { endingCases } from "./tcp-ending-cases.ts";
import { flowCases } from "./tcp-flow-cases.ts";
import { openingCases } from "./tcp-opening-cases.ts";
import { came, connect, greeting } from "./tcp-test-connection.ts";

/** What whoever uses connections relies on, whichever runtime makes them. */
export const cases: Cases = {
  ...openingCases,
  ...flowCases,
  ...endingCases,

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
