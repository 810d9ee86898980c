import { afterEach, describe, expect, test } from "bun:test";
import { eventually } from "#mesh/eventually";
import { Fields } from "../http/fields.ts";
import type { BodySink } from "./edge-response.ts";
import { openTestClient } from "./test-client.ts";
import { endTestListeners, host, openTestListener, plain, statusOf } from "./test-listener.ts";

afterEach(endTestListeners);

describe("a slow client", () => {
  const fast = { headersMs: 300, bodyMs: 300, idleMs: 300, writeMs: 500 };

  test("with its head or body gets 408", async () => {
    const { client } = await openTestListener({ limits: { timeouts: fast } });
    const one = await client();
    one.send("GET / HT");
    expect(statusOf(await one.untilEnd())).toBe(408);
    const other = await client();
    other.send(`POST / HTTP/1.1\r\n${host}Content-Length: 3\r\n\r\na`);
    const text = await other.untilEnd();
    expect(statusOf(text)).toBe(408);
    expect(text).toContain("connection: close");
  });

  test("that says nothing is let go without a word", async () => {
    const { client } = await openTestListener({ limits: { timeouts: fast } });
    const one = await client();
    expect(await one.untilEnd()).toBe("");
  });

  test("that never reads is let go, and its answer with it; memory stays bounded meanwhile", async () => {
    let cancelled = 0;
    let most = 0;
    let paused = false;
    const { client, edge } = await openTestListener({
      limits: { timeouts: fast },
      serve: (request) => {
        const chunk = new Uint8Array(65_536);
        request.respond({
          status: 200,
          fields: new Fields(),
          body: {
            length: undefined,
            start(sink: BodySink) {
              const pump = () => {
                if (cancelled > 0) return;
                for (let times = 0; times < 8 && !paused; times++) {
                  sink.data(chunk);
                  most += chunk.length;
                }
                setTimeout(pump, 1);
              };
              pump();
            },
            pause: () => {
              paused = true;
            },
            resume: () => {
              paused = false;
            },
            cancel: () => {
              cancelled += 1;
            },
          },
        });
      },
    });
    const one = await client();
    one.socket.pause();
    one.send(`GET / HTTP/1.1\r\n${host}\r\n`);
    await eventually(() => (cancelled > 0 ? true : undefined), { withinMs: 5000 });
    expect(cancelled).toBe(1);
    // What the two kernels buffer for a socket, and little more.
    expect(most).toBeLessThan(16 * 1024 * 1024);
    expect(edge.connections).toBe(0);
  });
});

describe("many connections", () => {
  test("from one address are too many at some point; a trusted proxy's are not counted", async () => {
    const { client } = await openTestListener({ limits: { perAddress: 2 } });
    await client();
    await client();
    const third = await client();
    expect(statusOf(await third.untilEnd())).toBe(429);
    const proxied = await openTestListener({ limits: { perAddress: 1 }, trusted: () => true });
    await proxied.client();
    const second = await proxied.client();
    second.send(`GET /in HTTP/1.1\r\n${host}\r\n`);
    await second.until(/GET \/in/);
  });

  test("closed ones make room", async () => {
    const { client, edge } = await openTestListener({ limits: { perAddress: 1 } });
    for (let round = 0; round < 3; round++) {
      const one = await client();
      one.send(`GET /in HTTP/1.1\r\n${host}\r\n`);
      await one.until(/GET \/in/);
      one.close();
      await eventually(() => (edge.connections === 0 ? true : undefined), { withinMs: 2000 });
    }
  });
});

describe("stopping", () => {
  test("answers what is under way, closes what is idle, and takes nothing new", async () => {
    let answer = () => {};
    const { client, edge, served } = await openTestListener({
      serve: (request) => {
        answer = () => request.respond(plain("late"));
      },
    });
    const busy = await client();
    const idle = await client();
    busy.send(`GET / HTTP/1.1\r\n${host}\r\n`);
    await eventually(() => (edge.connections === 2 && served.length === 1) || undefined, { withinMs: 2000 });
    const stopped = edge.stop(3000);
    expect(await idle.untilEnd()).toBe("");
    expect(await openTestClient(edge.port).catch((error: unknown) => error)).toBeInstanceOf(Error);
    answer();
    const text = await busy.untilEnd();
    expect(text).toContain("connection: close");
    expect(text).toContain("late");
    busy.close();
    idle.close();
    await stopped;
  });

  test("answers a request that was on its way on an idle connection, and tells that it was the last", async () => {
    const { client, edge } = await openTestListener();
    const one = await client();
    one.send(`GET /a HTTP/1.1\r\n${host}\r\n`);
    await one.until(/GET \/a/);
    const stopped = edge.stop(3000);
    one.send(`GET /b HTTP/1.1\r\n${host}\r\n`);
    const text = await one.untilEnd();
    expect(text).toContain("GET /b");
    expect(text.match(/connection: close/g)).toHaveLength(1);
    one.close();
    await stopped;
  });
});
