import type { AddressInfo } from "node:net";
import { createServer, type Socket } from "node:net";

/** One request as a careless server would read it. */
export interface Recorded {
  readonly head: string;
  readonly body: string;
}

/**
 * An upstream that writes down every byte, Latin-1, and reads requests from them as a careless server does: bare line feeds
 * end lines, a coding counts before a length. What was smuggled past the gateway would show as one request more.
 * For tests only.
 */
export interface RecordingUpstream {
  readonly url: string;
  readonly requests: Recorded[];
  readonly bytes: () => string;
  /** Answers to paths that end in /slow wait for this. */
  release(): void;
  close(): void;
}

export async function startRecordingUpstream(): Promise<RecordingUpstream> {
  const requests: Recorded[] = [];
  const waiting: (() => void)[] = [];
  const sockets = new Set<Socket>();
  let bytes = "";

  function read(socket: Socket, input: string): string {
    for (let rest = input; ; ) {
      const found = readCarelessly(rest);
      if (!found) return rest;
      requests.push(found.request);
      rest = found.rest;
      const text = `#${requests.length}`;
      const answer = () => {
        socket.write(
          `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
        );
      };
      if (/\/slow /.test(found.request.head)) waiting.push(answer);
      else answer();
    }
  }

  const server = createServer((socket) => {
    let input = "";
    sockets.add(socket);
    socket.on("data", (data) => {
      bytes += data.toString("latin1");
      input = read(socket, input + data.toString("latin1"));
    });
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    bytes: () => bytes,
    release: () => {
      for (const answer of waiting.splice(0)) answer();
    },
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function readCarelessly(input: string): { request: Recorded; rest: string } | undefined {
  const end = /\r?\n\r?\n/.exec(input);
  if (!end) return undefined;
  const head = input.slice(0, end.index);
  const after = input.slice(end.index + end[0].length);
  if (/^transfer-encoding.*chunked/im.test(head)) {
    const whole = /^(?:[\s\S]*?\n)?0+\r?\n\r?\n/.exec(after);
    if (!whole) return undefined;
    return { request: { head, body: whole[0] }, rest: after.slice(whole[0].length) };
  }
  const length = Number(/^content-length\s*:\s*(\d+)/im.exec(head)?.[1] ?? 0);
  if (after.length < length) return undefined;
  return { request: { head, body: after.slice(0, length) }, rest: after.slice(length) };
}
