import assert from "node:assert/strict";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { setImmediate } from "node:timers/promises";
import { parseOrigin } from "./origin.ts";
import { UpstreamClient, type UpstreamClientOptions } from "./upstream-client.ts";
import type { UpstreamAnswer, UpstreamFailure } from "./upstream-job.ts";

/** What an upstream got, and the raw socket to answer on as badly as it likes. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body: string;
  readonly socket: Socket;
  /** Of the connection and, on it, of the request; from 1. */
  readonly connection: number;
  readonly request: number;
}

export interface CallOptions {
  readonly method?: string;
  readonly path?: string;
  readonly body?: string | Uint8Array;
  readonly timeoutMs?: number;
  readonly client?: { gone: boolean };
}

/** An upstream made of raw sockets and a client of it. For tests only. */
export interface TestUpstream {
  readonly client: UpstreamClient;
  readonly port: number;
  /** All that came, in order. */
  readonly asked: Asked[];
  readonly sockets: Socket[];
  call(options?: CallOptions): Promise<UpstreamAnswer | UpstreamFailure>;
}

interface Setup extends UpstreamClientOptions {
  /** Whether the bodies of requests are read before they are answered. */
  readonly readBodies?: boolean;
  readonly scheme?: "http" | "https";
  readonly onConnect?: (socket: Socket) => void;
}

export async function withUpstream(
  answer: (asked: Asked) => unknown,
  run: (upstream: TestUpstream) => Promise<void>,
  { readBodies = true, scheme = "http", onConnect, ...options }: Setup = {},
): Promise<void> {
  const asked: Asked[] = [];
  const sockets: Socket[] = [];
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    const connection = sockets.push(socket);
    socket.on("error", () => {});
    onConnect?.(socket);
    readRequests(socket, readBodies, (request) => {
      const whole = { ...request, socket, connection };
      asked.push(whole);
      void answer(whole);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const origin = parseOrigin(`${scheme}://127.0.0.1:${port}`);
  const client = new UpstreamClient(options);
  const call = ({
    method = "GET",
    path = "/",
    body,
    timeoutMs = 3000,
    client: who = stays,
  }: CallOptions = {}) => {
    const bytes = typeof body === "string" ? Buffer.from(body) : body;
    const length = bytes ? `content-length: ${bytes.length}\r\n` : "";
    const head = `${method} ${path} HTTP/1.1\r\nhost: ${origin.hostHeader}\r\n${length}\r\n`;
    return client.call({ origin, method, head, body: bytes, timeoutMs, client: who });
  };
  try {
    await run({ client, port, asked, sockets, call });
  } finally {
    client.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}

const stays = { gone: false };

type Request = Pick<Asked, "method" | "path" | "body" | "request">;

function readRequests(socket: Socket, readBodies: boolean, take: (request: Request) => void): void {
  let text = "";
  let request = 0;
  let wanted = 0;
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
    if (text.length < wanted) return;
    for (let end = text.indexOf("\r\n\r\n"); end !== -1; end = text.indexOf("\r\n\r\n")) {
      const head = text.slice(0, end);
      const length = readBodies ? Number(/content-length: (\d+)/.exec(head)?.[1] ?? 0) : 0;
      wanted = end + 4 + length;
      if (text.length < wanted) return;
      wanted = 0;
      const [method = "", path = ""] = head.split(" ");
      const body = text.slice(end + 4, end + 4 + length);
      text = readBodies ? text.slice(end + 4 + length) : "";
      take({ method, path, body, request: ++request });
    }
  });
  socket.on("end", () => socket.end());
}

export async function answered(call: Promise<UpstreamAnswer | UpstreamFailure>): Promise<UpstreamAnswer> {
  const answer = await call;
  if (typeof answer === "string") assert.fail(`The call failed: ${answer}`);
  return answer;
}

export async function textOf({ body }: UpstreamAnswer): Promise<string | undefined> {
  const bytes = await body.collect(Number.POSITIVE_INFINITY);
  return bytes && Buffer.from(bytes).toString("latin1");
}

/** What has come of it so far: nothing is waited for. */
export const already = <T>(outcome: Promise<T>): Promise<T | undefined> =>
  Promise.race([outcome, setImmediate(undefined)]);

/** An answer with a length. */
export const plain = (text: string, fields = "") =>
  `HTTP/1.1 200 OK\r\ncontent-length: ${text.length}\r\n${fields}\r\n${text}`;

/** Long enough for what was written to have been read apart from what is written next. */
export const aWhile = (ms = 2) => new Promise((resolve) => setTimeout(resolve, ms));
