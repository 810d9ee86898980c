import { createServer } from "node:net";

/** Below the range from which systems take the ports of outgoing connections, so that none is taken in between. */
const first = 20_000;
const last = 32_000;

/** Different ports of 127.0.0.1 that nobody listens on now. */
export async function freePorts(count: number): Promise<number[]> {
  const found = new Set<number>();
  while (found.size < count) {
    const candidate = first + Math.floor(Math.random() * (last - first));
    if (await isFree(candidate)) found.add(candidate);
  }
  return [...found];
}

/** Whether this process could listen there. */
export function isFree(port: number, host = "127.0.0.1"): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
