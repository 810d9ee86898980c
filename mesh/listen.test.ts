import { expect, test } from "bun:test";
import { connect } from "node:net";
import { listen } from "./listen.ts";

const host = "127.0.0.1";

test("a port that is taken is named", async () => {
  const first = listen({ port: 0, hostname: host, fetch: () => new Response() });
  expect(() => listen({ port: first.port, hostname: host, fetch: () => new Response() })).toThrow(
    `Port ${first.port} of 127.0.0.1 is taken`,
  );
  await first.stop(100);
});

test("stopping answers what was begun and does not wait for a connection that says nothing", async () => {
  let release = () => {};
  const begun = new Promise<void>((resolve) => {
    release = resolve;
  });
  const listener = listen({
    port: 0,
    hostname: host,
    fetch: async () => {
      release();
      await new Promise((resolve) => setTimeout(resolve, 200));
      return new Response("done");
    },
  });
  const silent = connect(listener.port, host);
  const answer = fetch(`http://${host}:${listener.port}/`).then((response) => response.text());
  await begun;
  const started = performance.now();
  await listener.stop(5000);
  expect(await answer).toBe("done");
  expect(performance.now() - started).toBeLessThan(2000);
  silent.destroy();
});
