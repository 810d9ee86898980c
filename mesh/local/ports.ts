import { freePorts, isFree } from "./free-ports.ts";
import { LocalFailure } from "./local-failure.ts";
import { portHolder } from "./port-holder.ts";

const designed = {
  gateway: 8080,
  admin: 9080,
  user: 8081,
  product: 8082,
  order: 8083,
  payment: 8084,
  notification: 8085,
  mailbox: 8025,
  smtp: 1025,
  sandbox: 8090,
  page: 8099,
};
export type Ports = Readonly<Record<keyof typeof designed, number>>;

/** The designed ports, all moved by ECOTRACK_PORT_OFFSET. */
export function developmentPorts(offset = process.env.ECOTRACK_PORT_OFFSET ?? "0"): Ports {
  const moved = /^\d+$/.test(offset) ? Number(offset) : Number.NaN;
  if (!(moved <= 56_000)) {
    throw new LocalFailure(
      `ECOTRACK_PORT_OFFSET is ${JSON.stringify(offset)}, expected an integer from 0 to 56000`,
    );
  }
  return mapPorts(([, port]) => port + moved);
}

/** Ports that nobody uses now, beside whatever else runs. */
export async function testPorts(): Promise<Ports> {
  const free = await freePorts(Object.keys(designed).length);
  return mapPorts((_, index) => free[index] ?? 0);
}

function mapPorts(change: (entry: [string, number], index: number) => number): Ports {
  const moved = Object.entries(designed).map((entry, index) => [entry[0], change(entry, index)]);
  return Object.fromEntries(moved);
}

/** @throws LocalFailure that names the taken port and, where that can be found, who has it */
export async function refuseTakenPorts(ports: Ports): Promise<void> {
  for (const [name, port] of Object.entries(ports)) {
    if (await isFree(port)) continue;
    const holder = portHolder(port) ?? "another process";
    const offset = await freeOffset();
    const way = offset === undefined ? "" : `, or move EcoTrack with ECOTRACK_PORT_OFFSET=${offset}`;
    throw new LocalFailure(`Port ${port} (${name}) is taken by ${holder}: stop it${way}`);
  }
}

/**
 * Not 1000, whose gateway has the designed admin port, and not 2000, whose gateway's 10080 browsers refuse to open
 * (Fetch standard, "bad port").
 */
export const suggestedOffsets: readonly number[] = [3000, 5000, 10_000, 12_000, 15_000];

/** The first suggested offset whose ports are all free now: never the one that was just refused. */
async function freeOffset(): Promise<number | undefined> {
  for (const offset of suggestedOffsets) {
    const ports = Object.values(developmentPorts(String(offset)));
    const free = await Promise.all(ports.map((port) => isFree(port)));
    if (free.every(Boolean)) return offset;
  }
  return undefined;
}
