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
    throw new LocalFailure(
      `Port ${port} (${name}) is taken by ${holder}: stop it, or move EcoTrack with ECOTRACK_PORT_OFFSET=1000`,
    );
  }
}
