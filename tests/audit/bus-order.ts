import type { Findings } from "./findings.ts";

/** An event as its service wrote it. */
export interface Written {
  readonly id: string;
  /** Of the service that wrote it. */
  readonly about: string;
  readonly key: string;
  /** Ascending in the order in which the events of a service were written. */
  readonly position: number;
  /** Of its content; null where only its id is known. */
  readonly digest: string | null;
}

/** An event as it lies on the bus. */
export interface OnBus {
  readonly id: string;
  readonly key: string;
  readonly partition: string;
  readonly digest: string;
}

/** All that is on the bus, each partition from its beginning. */
export type BusReader = () => Promise<readonly OnBus[]>;

/**
 * For every key the bus has the events in the order in which they were written, from the first one on and without a gap.
 * One may be there again, since the bus promises at least once, but with the same content and behind those before it.
 */
export function auditBusOrder(
  written: readonly Written[],
  onBus: readonly OnBus[],
  { expect }: Pick<Findings, "expect">,
): void {
  const known = new Map(written.map((each) => [each.id, each]));
  const ofKey = Map.groupBy(
    written.toSorted((one, other) => one.position - other.position),
    nameOf,
  );
  const seen = new Map<string, { ids: string[]; partition: string }>();
  const met = new Set<string>();
  for (const { id, key, partition, digest } of onBus) {
    const event = known.get(id);
    expect(event !== undefined, () => `event ${id} of ${key} is on the bus, and nobody wrote it`);
    if (!event) continue;
    const name = nameOf(event);
    const isSame = key === event.key && (event.digest === null || event.digest === digest);
    expect(isSame, () => `${name}: ${id} is on the bus with another content than was written`);
    const line = seen.get(name) ?? { ids: [], partition };
    seen.set(name, line);
    expect(line.partition === partition, () => `${name}: its events are in more than one partition`);
    if (!met.has(id)) line.ids.push(id);
    met.add(id);
  }
  for (const [name, { ids }] of seen) {
    const order = (ofKey.get(name) ?? []).map(({ id }) => id);
    const at = ids.findIndex((id, place) => id !== order[place]);
    expect(
      at < 0,
      () =>
        `${name}: ${ids[at]} is number ${at + 1} on the bus and was written as number ${order.indexOf(ids[at] ?? "") + 1}`,
    );
  }
}

const nameOf = ({ about, key }: Written): string => `${about} ${key}`;
