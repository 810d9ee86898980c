import registered from "./registered.json" with { type: "json" };
import { mask } from "./secret-patterns.ts";
import type { Registered, Written } from "./telemetry/registered-json.ts";
import { errorTypeOf } from "./trace/error-type.ts";

const { fields: registeredFields } = registered as unknown as Registered;
const written = new Map<string, Written>(Object.entries(registeredFields));
/** In the place of a value that the register does not allow; its name stands before it. */
const unregistered = "[not in telemetry.yaml]";
const nameOfField = /^[A-Za-z_][\w-]{0,39}$/;

/**
 * What may be written of the fields of a line: those of telemetry.yaml, as it says. Of all others the name. What needs no
 * change is returned as it is, uncopied.
 */
export function redact(fields: Record<string, unknown>): Record<string, unknown> {
  let copy: Record<string, unknown> | undefined;
  for (const name in fields) {
    const value = fields[name];
    const how = written.get(name);
    const clean = how === undefined ? unregistered : allowed(value, how);
    if (clean === value) continue;
    copy ??= { ...fields };
    if (how === undefined && !nameOfField.test(name)) delete copy[name];
    else copy[name] = clean;
  }
  return copy ?? fields;
}

function allowed(value: unknown, how: Written): unknown {
  if (typeof value === "string") return how === "plain" ? value : mask(value);
  if (typeof value === "bigint") return String(value);
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Error) return describeError(value);
  if (value instanceof Date) return value.toJSON();
  if (Array.isArray(value)) return how === "masked" ? value.map(simple) : unregistered;
  return typeof how === "string" ? unregistered : membersOf(value, how);
}

function membersOf(value: object, members: readonly string[]): Record<string, unknown> {
  const known = Object.entries(value).filter(([name]) => nameOfField.test(name));
  return Object.fromEntries(
    known.map(([name, member]) => [name, members.includes(name) ? simple(member) : unregistered]),
  );
}

/** What is nested deeper has no name in the register. */
function simple(value: unknown): unknown {
  if (typeof value === "string") return mask(value);
  return typeof value === "object" && value !== null ? unregistered : value;
}

/** What is written of an error: never its other properties, which may hold a statement's parameters or a request. */
function describeError(error: Error): Record<string, unknown> {
  const { message, stack, cause } = error;
  const { code } = error as { code?: unknown };
  return {
    type: errorTypeOf({ name: error.name }),
    message: mask(message),
    ...(stack !== undefined && { stack: mask(stack) }),
    ...(code !== undefined && { code: typeof code === "number" ? code : errorTypeOf({ code }) }),
    ...(cause instanceof Error && { cause: describeError(cause) }),
  };
}
