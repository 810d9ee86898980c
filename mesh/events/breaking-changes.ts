import type { EventContract } from "./catalogue.ts";

type Schema = Readonly<Record<string, unknown>>;
type Contracts = Readonly<Record<string, EventContract>>;

/** They say nothing about what is valid. */
const annotations = new Set(["description", "title", "examples", "default", "$comment", "$id"]);

/**
 * What of `current` a consumer of `released` could not read, or a consumer of `current` in an event that is on the bus
 * already, one line each. What may change is little: an optional field may join, and an event type.
 */
export function breakingChanges(released: Contracts, current: Contracts): string[] {
  return Object.entries(released).flatMap(([type, before]) => {
    const now = current[type];
    if (!now) return [`${type} is gone`];
    const moved = (["topic", "source"] as const)
      .filter((name) => before[name] !== now[name])
      .map((name) => `${type} has another ${name}: ${before[name]} became ${now[name]}`);
    return [...moved, ...compare(type, before.data as Schema, now.data as Schema)];
  });
}

/** What to do about a breaking change. */
export const advice = `A released event changes only by an optional field. For any other change give it a new version beside the old
one (….v2), and send the old one until nobody reads it. Did nobody ever read it? Then: bun run events release --force`;

function compare(path: string, before: Schema, now: Schema): string[] {
  const keywords = new Set([...Object.keys(before), ...Object.keys(now)]);
  const found: string[] = [];
  for (const keyword of keywords) {
    if (annotations.has(keyword)) continue;
    if (keyword === "properties") found.push(...compareFields(path, before, now));
    else if (keyword === "required") found.push(...compareRequired(path, before, now));
    else if (keyword === "items" && isSchema(before.items) && isSchema(now.items))
      found.push(...compare(`${path}[]`, before.items, now.items));
    else if (text(before[keyword]) !== text(now[keyword]))
      found.push(`${path} has another ${keyword}: ${text(before[keyword])} became ${text(now[keyword])}`);
  }
  return found;
}

const isSchema = (value: unknown): value is Schema =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function compareFields(path: string, before: Schema, now: Schema): string[] {
  const fields = fieldsOf(now);
  return Object.entries(fieldsOf(before)).flatMap(([name, schema]) => {
    const found = fields[name];
    return found
      ? compare(`${path}/${name}`, schema, found)
      : [`${path}/${name} is gone or has another name`];
  });
}

function compareRequired(path: string, before: Schema, now: Schema): string[] {
  const [old, current] = [requiredOf(before), requiredOf(now)];
  const fields = fieldsOf(now);
  const optional = old.filter((name) => !current.includes(name) && fields[name]);
  const demanded = current.filter((name) => !old.includes(name));
  return [
    ...optional.map((name) => `${path}/${name} was always there and is optional now`),
    ...demanded.map((name) => `${path}/${name} is required now, and events on the bus lack it`),
  ];
}

const fieldsOf = (schema: Schema) => (schema.properties ?? {}) as Readonly<Record<string, Schema>>;
const requiredOf = (schema: Schema) => (schema.required ?? []) as readonly string[];

/** JSON without annotations and with its keys in order, so that only what counts is compared. */
function text(value: unknown): string {
  return JSON.stringify(value, (key, inner: unknown) => {
    if (annotations.has(key)) return undefined;
    if (!isSchema(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
