import { afterEach, expect, test } from "bun:test";
import { connect, createServer, type Server, type Socket } from "node:net";
import { eventually } from "#mesh/eventually";
import { type FaultProxy, openFaultProxy } from "./fault-proxy.ts";

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

/** Answers what it hears, with its name before it, and remembers it. */
async function echo(name: string): Promise<{ port: number; heard: string[] }> {
  const heard: string[] = [];
  const server: Server = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      heard.push(bytes.toString());
      socket.write(`${name}:${bytes.toString()}`);
    });
  });
  await new Promise<void>((resolve) => server.listen({ port: 0, host: "127.0.0.1" }, resolve));
  ends.push(() => server.close());
  const address = server.address();
  return { port: typeof address === "object" && address ? address.port : 0, heard };
}

async function proxyTo(...ports: number[]): Promise<FaultProxy> {
  const proxy = await openFaultProxy(ports);
  ends.push(() => proxy.close());
  return proxy;
}

function dial({ port }: FaultProxy): { socket: Socket; told: () => string; closed: () => boolean } {
  const socket = connect({ port, host: "127.0.0.1" });
  let told = "";
  let closed = false;
  socket.on("data", (bytes) => {
    told += bytes.toString();
  });
  socket.on("error", () => {});
  socket.on("close", () => {
    closed = true;
  });
  ends.push(() => socket.destroy());
  return { socket, told: () => told, closed: () => closed };
}

const until = (holds: () => boolean) => eventually(() => holds() || undefined);

test("connections are spread over the targets, and one that is away is passed over", async () => {
  const [one, two] = await Promise.all([echo("one"), echo("two")]);
  const proxy = await proxyTo(one.port, two.port, 1);
  const callers = Array.from({ length: 6 }, () => dial(proxy));
  for (const { socket } of callers) socket.write("hello");
  await until(() => callers.every(({ told }) => told() !== ""));
  expect(new Set(callers.map(({ told }) => told()))).toEqual(new Set(["one:hello", "two:hello"]));
});

test("a cut closes what is open and takes nobody, until it is over", async () => {
  const proxy = await proxyTo((await echo("a")).port);
  const open = dial(proxy);
  open.socket.write("1");
  await until(() => open.told() === "a:1");
  proxy.disturb("cut", 0);
  await until(open.closed);
  const refused = dial(proxy);
  await until(refused.closed);
  proxy.calm();
  const later = dial(proxy);
  later.socket.write("2");
  await until(() => later.told() === "a:2");
});

test("under reset the other side does what was asked and nobody hears of it", async () => {
  const server = await echo("a");
  const proxy = await proxyTo(server.port);
  proxy.disturb("reset", 0);
  const caller = dial(proxy);
  caller.socket.write("charge");
  await until(caller.closed);
  expect(server.heard).toEqual(["charge"]);
  expect(caller.told()).toBe("");
});

test("a black hole holds everything back, and lets it arrive after the caller has gone", async () => {
  const server = await echo("a");
  const proxy = await proxyTo(server.port);
  const caller = dial(proxy);
  caller.socket.write("1");
  await until(() => caller.told() === "a:1");
  proxy.disturb("blackhole", 0);
  caller.socket.write("2");
  await new Promise((resolve) => setTimeout(resolve, 50));
  caller.socket.destroy();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(server.heard).toEqual(["1"]);
  proxy.calm();
  await until(() => server.heard.length === 2);
  expect(server.heard).toEqual(["1", "2"]);
});

test("a delay keeps the order", async () => {
  const server = await echo("a");
  const proxy = await proxyTo(server.port);
  proxy.disturb("delay", 60);
  const caller = dial(proxy);
  const began = performance.now();
  caller.socket.write("first ");
  setTimeout(() => caller.socket.write("second"), 20);
  await until(() => server.heard.join("") === "first second");
  expect(performance.now() - began).toBeGreaterThanOrEqual(60);
  proxy.calm();
});
