import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { eventually } from "./eventually.ts";
import { connectTcp, type TcpConnection } from "./tcp.ts";

/** One connection and what happened to it: `open`, `data:<bytes>`, `end`, `close:<code or message>`. */
export interface Seen {
  readonly connection: TcpConnection<string[]>;
  readonly events: string[];
}

type Reaction = (connection: TcpConnection<string[]>) => void;

interface Options {
  readonly hostname?: string;
  readonly tlsServerName?: string;
  readonly onOpen?: Reaction;
  readonly onData?: Reaction;
}

export function connect(
  port: number,
  { hostname = "127.0.0.1", tlsServerName, onOpen, onData }: Options = {},
): Seen {
  const events: string[] = [];
  const connection = connectTcp<string[]>({
    hostname,
    port,
    ...(tlsServerName !== undefined && { tlsServerName }),
    state: events,
    handlers: {
      open(opened) {
        events.push("open");
        onOpen?.(opened);
      },
      data(from, chunk) {
        events.push(`data:${chunk.length}`);
        onData?.(from);
      },
      end: () => void events.push("end"),
      close: (_connection, error) =>
        void events.push(`close:${(error as { code?: string } | undefined)?.code ?? error?.message ?? ""}`),
    },
  });
  return { connection, events };
}

/** A server of `node:net`, which lets every trick be played. */
export async function withServer(
  onSocket: (socket: Socket) => void,
  run: (port: number, server: Server) => Promise<void>,
): Promise<void> {
  const sockets: Socket[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await run((server.address() as AddressInfo).port, server);
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}

export const came = (events: readonly string[], event: string) =>
  eventually(() => events.find((seen) => seen.startsWith(event)));
export const bytesOf = (events: readonly string[]) =>
  events.reduce((sum, event) => sum + (event.startsWith("data:") ? Number(event.slice(5)) : 0), 0);
export const greeting = Buffer.from("hello");
export const settled = () => new Promise((resolve) => setTimeout(resolve, 50));
