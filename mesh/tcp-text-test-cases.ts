import assert from "node:assert/strict";
import { eventually } from "./eventually.ts";
import type { Cases } from "./local/both-runtimes.ts";
import { connect, withServer } from "./tcp-test-connection.ts";

/** Far more than the system takes of a connection whose other end does not read. */
const pieces = 600;
const piece = (of: string, at: number): string =>
  `${of}${String(at).padStart(4, "0")}${of.repeat(20_000)}é\r\n`;

export const cases: Cases = {
  "text and content go out together, before it opens and after": async () => {
    const got: Buffer[] = [];
    await withServer(
      (socket) => socket.on("data", (chunk: Buffer) => got.push(chunk)),
      async (port) => {
        const { connection, events } = connect(port);
        connection.writeText("hé ", Buffer.from([0, 255]));
        await eventually(() =>
          events.includes("open") && Buffer.concat(got).length === 5 ? true : undefined,
        );
        connection.writeText("only text");
        connection.writeText("", Buffer.from("!"));
        await eventually(() => Buffer.concat(got).toString("latin1") === "hé \0ÿonly text!" || undefined);
        assert.deepEqual([connection.sentBytes, connection.pendingBytes], [15, 0]);
        connection.destroy();
      },
    );
  },

  "text that the system does not take at once is what it was, whatever others write meanwhile": async () => {
    const read = new Map<number, { text: string; resume: () => void }>();
    await withServer(
      (socket) => {
        const seen = { text: "", resume: () => void socket.resume() };
        read.set(socket.remotePort ?? 0, seen);
        socket.on("data", (chunk: Buffer) => {
          seen.text += chunk.toString("latin1");
        });
        socket.pause();
      },
      async (port) => {
        const both = ["a", "b"].map((of) => ({ of, ...connect(port) }));
        await eventually(
          () => (both.every(({ events }) => events.includes("open")) && read.size === 2) || undefined,
        );
        for (let at = 0; at < pieces; at++)
          for (const { of, connection } of both) connection.writeText(piece(of, at));
        assert.ok(both.every(({ connection }) => connection.pendingBytes > 0));
        for (const { resume } of read.values()) resume();
        const wanted = both.map(({ of }) =>
          Array.from({ length: pieces }, (_, at) => piece(of, at)).join(""),
        );
        const lengths = () => [...read.values()].every(({ text }) => text.length === wanted[0]?.length);
        await eventually(() => lengths() || undefined, { withinMs: 20_000 });
        assert.ok([...read.values()].every(({ text }) => wanted.includes(text)));
        for (const { connection } of both) connection.destroy();
      },
    );
  },
};
