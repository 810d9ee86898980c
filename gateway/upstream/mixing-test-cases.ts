import assert from "node:assert/strict";
import type { Cases } from "#mesh/local/both-runtimes";
import { SimulatedTime } from "../testing/simulated-time.ts";
import { type Asked, aWhile, plain, type TestUpstream, textOf, withUpstream } from "./test-upstream.ts";

/** Numbers that look random and are the same each time (a linear congruential generator). */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** How the upstream answers; what a call may come to. */
const manners = [
  "length",
  "chunked",
  "close",
  "extra",
  "garbage",
  "half",
  "reset",
  "silent",
  "late",
  "early",
];
const good = new Set(["length", "chunked", "close", "extra"]);

/** Each text tells whose it is, and no other can be cut out of it. */
const textFor = (path: string, size: number) => `<${path}:${"abcdefghij".repeat(size)}>`;

function wireFor(manner: string, path: string, size: number): string {
  const text = textFor(path, size);
  const third = Math.ceil(text.length / 3);
  const parts = [text.slice(0, third), text.slice(third, 2 * third), text.slice(2 * third)].filter(
    (part) => part,
  );
  switch (manner) {
    case "chunked":
      return `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${parts
        .map((part) => `${part.length.toString(16)}\r\n${part}\r\n`)
        .join("")}0\r\n\r\n`;
    case "close":
      return `HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n${text}`;
    case "extra":
      return plain(text) + plain(textFor("/wrong", 3));
    case "garbage":
      return `\0\0${plain(text)}`;
    case "half":
    case "reset":
      return plain(text).slice(0, -1 - Math.floor(text.length / 2));
    default:
      return plain(text);
  }
}

async function misbehave(
  { socket, path }: Asked,
  random: (below: number) => number,
  time: SimulatedTime,
): Promise<void> {
  const manner = path.split("/")[1] as string;
  const size = Number(path.split("/")[2]);
  if (manner === "silent") return;
  if (manner === "late") await new Promise<void>((resolve) => void time.after(500, resolve));
  const wire = wireFor(manner, path, size);
  // In one piece: an answer that nobody asked for, which comes while the connection carries the next call, cannot be told
  // from that one's.
  if (manner === "extra") {
    socket.write(Buffer.from(wire, "latin1"));
    return;
  }
  for (let from = 0; from < wire.length; ) {
    const to = random(3) === 0 ? wire.length : from + 1 + random(wire.length - from);
    socket.write(Buffer.from(wire.slice(from, to), "latin1"));
    from = to;
    if (from < wire.length && random(2) === 0) await aWhile(1);
  }
  if (manner === "close" || manner === "half") socket.end();
  if (manner === "reset") socket.resetAndDestroy();
  if (manner === "early") socket.end();
}

async function callOften({ call }: TestUpstream, seed: number, calls: number): Promise<Map<string, number>> {
  const random = numbers(seed);
  const outcomes = new Map<string, number>();
  for (let left = calls; left > 0; left--) {
    const manner = manners[random(manners.length)] as string;
    const size = manner !== "extra" && random(4) === 0 ? 2000 + random(9000) : random(20);
    const path = `/${manner}/${size}/${seed}-${left}`;
    const post = random(3) === 0;
    const body = post ? "x".repeat(random(3) === 0 ? 300_000 : 20) : undefined;
    const answer = await call({
      path,
      method: post ? "POST" : "GET",
      ...(body !== undefined && { body }),
      timeoutMs: 250,
    });
    const text = typeof answer === "string" ? undefined : await textOf(answer);
    if (text !== undefined)
      assert.equal(text, textFor(path, size), "an answer is another one's, or not all of one");
    const came = typeof answer === "string" ? answer : text === undefined ? "broken" : "answered";
    const outcome = `${manner} ${came} ${post ? "POST" : "GET"}`;
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  }
  return outcomes;
}

export const mixingCases: Cases = {
  "among services that behave in every way, no call ever gets another's answer": async () => {
    const random = numbers(7);
    const time = new SimulatedTime();
    await withUpstream(
      (asked) => void misbehave(asked, random, time),
      async (upstream) => {
        const seeds = Array.from({ length: 16 }, (_, at) => at + 1);
        let busy = true;
        const calls = seeds.map((seed) => callOften(upstream, seed, 40));
        const done = Promise.all(calls).finally(() => {
          busy = false;
        });
        for (; busy; await time.pass(10)) await aWhile();
        const all = await done;
        const outcomes = new Set(all.flatMap((one) => [...one.keys()]));
        for (const manner of ["length", "chunked", "extra"]) {
          assert.ok(outcomes.has(`${manner} answered GET`), manner);
          // A POST may meet a connection that closes in that moment, and is not repeated.
          assert.ok(!outcomes.has(`${manner} unavailable GET`), `${manner} was refused`);
        }
        for (const outcome of outcomes) {
          const [manner = "", came] = outcome.split(" ");
          if (came === "answered") assert.ok(good.has(manner) || manner === "early", outcome);
        }
        assert.ok((upstream.client.stats()[0]?.open ?? 0) <= 16);
      },
      { timing: time },
    );
  },
};
