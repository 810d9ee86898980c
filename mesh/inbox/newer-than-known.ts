const versioned = /^(.+)\.v(\d{1,9})$/;

/**
 * Says of an event type whether it is a newer version of one that is reacted to, and if so which version is the latest
 * known: `ecotrack.order.confirmed.v2` where only `….v1` has a reaction. Such an event is meant for this service, which
 * is too old for it. Any other type without a reaction is none of its business.
 */
export function newerThanKnown(reactions: Readonly<Record<string, unknown>>) {
  const latest = new Map<string, number>();
  for (const type of Object.keys(reactions)) {
    const [, name, version] = versioned.exec(type) ?? [];
    if (name) latest.set(name, Math.max(latest.get(name) ?? 0, Number(version)));
  }
  return (type: string): number | undefined => {
    const [, name = "", version] = versioned.exec(type) ?? [];
    const known = latest.get(name);
    return known !== undefined && Number(version) > known ? known : undefined;
  };
}
