import { connect, type Socket } from "node:net";
import { eventually } from "#mesh/eventually";

/** A client that sends bytes as they are. For tests only. */
export interface TestClient {
  readonly socket: Socket;
  /** Everything that came so far, Latin-1. */
  readonly received: () => string;
  readonly ended: () => boolean;
  send(bytes: string | Uint8Array): void;
  /** Waits until what came matches. */
  until(pattern: RegExp): Promise<string>;
  /** Waits until the other side has ended the connection, and gives all that came. */
  untilEnd(): Promise<string>;
  close(): void;
}

export async function openTestClient(port: number): Promise<TestClient> {
  let received = "";
  let ended = false;
  const socket = connect({ port, host: "127.0.0.1" });
  socket.on("data", (data) => {
    received += data.toString("latin1");
  });
  socket.on("error", () => {
    ended = true;
  });
  socket.on("end", () => {
    ended = true;
  });
  socket.on("close", () => {
    ended = true;
  });
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", reject);
  });
  const wait = (done: () => boolean) =>
    eventually(() => (done() ? received : undefined), { withinMs: 5000 }).catch(() => {
      throw new Error(`Received only ${JSON.stringify(received)}${ended ? ", and the end" : ""}`);
    });
  return {
    socket,
    received: () => received,
    ended: () => ended,
    send: (bytes) => void socket.write(bytes),
    until: (pattern) => wait(() => pattern.test(received)),
    untilEnd: () => wait(() => ended),
    close: () => socket.destroy(),
  };
}

/** Sends bytes, Latin-1, and gives all that comes until the other side closes. */
export async function exchangeBytes(port: number, bytes: string): Promise<string> {
  const client = await openTestClient(port);
  client.send(Buffer.from(bytes, "latin1"));
  const text = await client.untilEnd();
  client.close();
  return text;
}
