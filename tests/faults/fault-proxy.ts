import { connect as connectTo, createServer, type Server, type Socket } from "node:net";
import { createStream, type Stream } from "./proxied-stream.ts";
import type { Disturbance } from "./schedule.ts";

/** A TCP proxy on the way to one part of the system, that can do to it what networks do. */
export interface FaultProxy {
  readonly port: number;
  /** Does that to the connections that are open and those that come, until `calm`. */
  disturb(kind: Disturbance, delayMs: number): void;
  calm(): void;
  close(): void;
}

interface Connection {
  readonly client: Socket;
  readonly server: Socket;
  readonly towards: Stream;
  readonly back: Stream;
}

/**
 * Listens on a port of its own and spreads connections over the ports in `targets`, in turn; one that does not take
 * the connection is passed over. Under
 * - `delay` everything comes later, in order;
 * - `cut` connections are closed and none is taken;
 * - `reset` open connections are reset, new ones as soon as the other side answers: it did what was asked, nobody hears of it;
 * - `blackhole` nothing passes, and everything that was held arrives late.
 */
export async function openFaultProxy(targets: readonly number[]): Promise<FaultProxy> {
  const connections = new Set<Connection>();
  let disturbance: Disturbance | undefined;
  let delayMs = 0;
  let turn = 0;

  function take(client: Socket): void {
    client.on("error", () => {});
    client.setNoDelay(true);
    if (disturbance === "cut") client.destroy();
    else dial(client, 0);
  }

  function dial(client: Socket, tried: number): void {
    if (tried === targets.length || client.destroyed) return void client.destroy();
    const target = targets[turn++ % targets.length] ?? 0;
    const server = connectTo({ port: target, host: "127.0.0.1", noDelay: true });
    const next = () => dial(client, tried + 1);
    server.once("error", next);
    server.once("connect", () => {
      server.off("error", next);
      server.on("error", () => {});
      join(client, server);
    });
    client.pause();
  }

  function join(client: Socket, server: Socket): void {
    const [towards, back] = [createStream(client, server), createStream(server, client)];
    const connection = { client, server, towards, back };
    connections.add(connection);
    client.once("close", () => towards.whenEmpty(() => server.end()));
    server.once("close", () => {
      connections.delete(connection);
      client.destroy();
    });
    if (client.destroyed) return void server.destroy();
    apply(connection);
    client.resume();
  }

  function apply(connection: Connection): void {
    const { towards, back } = connection;
    const holdMs = { delay: delayMs, blackhole: Number.POSITIVE_INFINITY, cut: 0, reset: 0 };
    for (const stream of [towards, back]) stream.holdFor(disturbance ? holdMs[disturbance] : 0);
    back.onData(disturbance === "reset" ? () => reset(connection) : undefined);
  }

  function reset({ client, server }: Connection): void {
    client.resetAndDestroy();
    server.resetAndDestroy();
  }

  const server = createServer(take);
  const port = await listening(server);
  return {
    port,
    disturb(kind, by) {
      disturbance = kind;
      delayMs = by;
      for (const connection of connections) {
        if (kind === "reset") reset(connection);
        else if (kind === "cut") connection.client.destroy();
        else apply(connection);
      }
    },
    calm() {
      disturbance = undefined;
      for (const connection of connections) apply(connection);
    },
    close() {
      server.close();
      for (const { client, server: other } of connections) {
        client.destroy();
        other.destroy();
      }
    },
  };
}

function listening(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port: 0, host: "127.0.0.1" }, () => {
      const address = server.address();
      resolve(typeof address === "object" && address ? address.port : 0);
    });
  });
}
