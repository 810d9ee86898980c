import type { Static, TSchema } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { ProblemError, problems } from "../problem.ts";

/** An opaque place in a list. Clients hand it back as it is; what is in it may change at any time. */
export function encodeCursor(place: unknown): string {
  return Buffer.from(JSON.stringify(place)).toString("base64url");
}

/** @throws ProblemError 422 when the text is no cursor that this list gave */
export function decodeCursor<S extends TSchema>(schema: S, text: string): Static<S> {
  try {
    const place: unknown = JSON.parse(Buffer.from(text, "base64url").toString("utf8"));
    if (Value.Check(schema, place)) return place;
  } catch {
    // Falls through to the refusal: what cannot be read is no cursor.
  }
  throw new ProblemError(
    problems.validation([{ pointer: "/cursor", detail: "is not a cursor of this list" }]),
  );
}
