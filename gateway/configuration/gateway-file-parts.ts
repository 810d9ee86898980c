import { type Static, type TSchema, Type } from "@sinclair/typebox";

/* Forms that the schema of gateway.yaml is made of. */

export const closed = { additionalProperties: false } as const;
export const names = <const T extends readonly string[]>(values: T, description?: string) =>
  Type.Unsafe<T[number]>({ type: "string", enum: [...values], ...(description && { description }) });
export const unique = <T extends TSchema>(
  items: T,
  options: { description?: string; minItems?: number } = {},
) => Type.Array(items, { uniqueItems: true, ...options });
export const named = <T extends TSchema>(
  value: T,
  options: { description?: string; minProperties?: number } = {},
) =>
  Type.Unsafe<Readonly<Record<string, Static<T>>>>({
    type: "object",
    propertyNames: { pattern: "^[a-z][a-z0-9-]*$" },
    additionalProperties: value,
    ...options,
  });
export const integer = (minimum: number, maximum: number, description?: string) =>
  Type.Integer({ minimum, maximum, ...(description && { description }) });

export const Name = (description: string) => Type.String({ pattern: "^[a-z][a-z0-9-]*$", description });
const maxBodyBytes = 8 * 1024 * 1024;
export const timeoutMs = integer(10, 600_000, "Until the upstream's answer begins, in milliseconds.");
export const bodyBytes = integer(0, maxBodyBytes, "The largest request body, in bytes.");
export const headerName = "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$";
export const Limits = unique(Name("A limit."), {
  description: "Every one of them has to allow a request. An empty list: no limit.",
});
export const CorsName = Name("A policy of `cors`, or none: no page of another origin may call.");
