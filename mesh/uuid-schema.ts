import { FormatRegistry, Type } from "@sinclair/typebox";

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

if (!FormatRegistry.Has("uuid")) FormatRegistry.Set("uuid", (value) => uuidPattern.test(value));

/** A UUID in its text form (RFC 9562 §4). */
export const Uuid = Type.String({ format: "uuid" });
