import { createSocket } from "node:dgram";
import { createServer } from "node:net";

/** Below the range from which systems take the ports of outgoing connections, so that none is taken in between. */
const first = 20_000;
const last = 32_000;

/**
 * Different ports of 127.0.0.1 that nobody listens on now, and that no other call gives while this process lives, in
 * whatever process: between this look and whoever listens there lie seconds.
 */
export async function freePorts(count: number): Promise<number[]> {
  const found: number[] = [];
  while (found.length < count) {
    const candidate = first + Math.floor(Math.random() * (last - first));
    if (await claim(candidate)) found.push(candidate);
  }
  return found;
}

/** Takes UDP's port of the same number, which nothing here uses and which the system gives back when this process ends. */
async function claim(port: number): Promise<boolean> {
  const socket = createSocket("udp4");
  const claimed = await new Promise<boolean>((resolve) => {
    socket.once("error", () => resolve(false));
    socket.bind({ port, address: "127.0.0.1", exclusive: true }, () => resolve(true));
  });
  if (claimed && (await isFree(port))) {
    socket.unref();
    return true;
  }
  socket.close();
  return false;
}

/** Whether this process could listen there. */
export function isFree(port: number, host = "127.0.0.1"): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
