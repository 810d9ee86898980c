import { expect, test } from "bun:test";
import type { TcpConnection } from "#mesh/tcp";
import { encoded } from "#mesh/tcp-text";
import { Fields } from "../http/fields.ts";
import { AnswerWriter } from "./answer-writer.ts";
import type { BodySink, BodyStream } from "./edge-response.ts";

/** A connection that takes what a test says, and a body that a test plays. */
function setUp({ leavesAtWrite = false } = {}) {
  const calls: string[] = [];
  const tcp = {
    closed: false,
    pendingBytes: 0,
    write(data: Uint8Array) {
      tcp.pendingBytes += data.length;
      if (!leavesAtWrite) return;
      tcp.closed = true;
      writer.closed();
    },
    writeText: (text: string, content?: Uint8Array) => tcp.write(encoded(text, content)),
    destroy: () => void calls.push("destroy"),
  };
  const writer = new AnswerWriter(tcp as unknown as TcpConnection<unknown>, {
    answered: (last) => void calls.push(last ? "last answered" : "answered"),
  });
  let sink: BodySink | undefined;
  const body: BodyStream = {
    length: undefined,
    start(to) {
      sink = to;
      calls.push("start");
    },
    pause: () => void calls.push("pause"),
    resume: () => void calls.push("resume"),
    cancel: () => void calls.push("cancel"),
  };
  const write = (method = "GET") =>
    writer.write({ status: 200, fields: new Fields(), body }, method, 1, false);
  return { calls, tcp, writer, write, sink: () => sink as BodySink };
}

test("a stream is told to pause when the client does not take it, and goes on when it has", () => {
  const { calls, write, writer, sink } = setUp();
  write();
  sink().data(new Uint8Array(200_000));
  expect(calls).toEqual(["start"]);
  sink().data(new Uint8Array(200_000));
  writer.drained();
  sink().end();
  expect(calls).toEqual(["start", "pause", "resume", "answered"]);
});

test("a stream whose client leaves while the head is written is not started", () => {
  const { calls, write } = setUp({ leavesAtWrite: true });
  write();
  expect(calls).toEqual(["cancel"]);
});

test("a stream is stopped when the client leaves, and what still comes of it goes nowhere", () => {
  const { calls, tcp, write, writer, sink } = setUp();
  write();
  const before = tcp.pendingBytes;
  writer.closed();
  sink().data(new Uint8Array(10));
  sink().end();
  expect({ calls, written: tcp.pendingBytes - before }).toEqual({ calls: ["start", "cancel"], written: 0 });
});

test("what has no body for the client is not read from the service", () => {
  const { calls, write } = setUp();
  write("HEAD");
  expect(calls).toEqual(["cancel", "answered"]);
});

test("a body that breaks off ends the connection", () => {
  const { calls, write, sink } = setUp();
  write();
  sink().fail();
  expect(calls).toEqual(["start", "destroy"]);
});
