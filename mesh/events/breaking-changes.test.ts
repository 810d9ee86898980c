import { expect, test } from "bun:test";
import { type TSchema, Type } from "@sinclair/typebox";
import { advice, breakingChanges } from "./breaking-changes.ts";
import { catalogue, contractsOf } from "./catalogue.ts";
import released from "./released.json" with { type: "json" };

test("every released event can still be read by whoever reads it", () => {
  const found = breakingChanges(released, contractsOf(catalogue));
  expect(found.length === 0 ? "" : `${found.join("\n")}\n\n${advice}`).toBe("");
});

const before = Type.Object({
  id: Type.String({ description: "An id" }),
  note: Type.Optional(Type.String()),
  lines: Type.Array(Type.Object({ quantity: Type.Integer() })),
  state: Type.Union([Type.Literal("open"), Type.Literal("won")]),
});
const changes = (data: TSchema, topic = "t", type = "e.v1") =>
  breakingChanges(
    contractsOf([{ source: "/s", topic: "t", events: { "e.v1": before } }]),
    contractsOf([{ source: "/s", topic, events: { [type]: data } }]),
  );
const fields = before.properties;

test("optional fields, descriptions and event types may join", () => {
  const more = {
    ...fields,
    id: Type.String({ description: "Another description" }),
    lines: Type.Array(Type.Object({ quantity: Type.Integer(), gift: Type.Optional(Type.Boolean()) })),
    further: Type.Optional(Type.String()),
  };
  expect(changes(Type.Object(more))).toEqual([]);
});

test("whatever else changes is named", () => {
  expect(changes(before, "t", "e.v2")).toEqual(["e.v1 is gone"]);
  expect(changes(before, "u")).toEqual(["e.v1 has another topic: t became u"]);
  const { id, ...withoutId } = fields;
  expect(changes(Type.Object({ ...withoutId, key: Type.Optional(id) }))).toEqual([
    "e.v1/id is gone or has another name",
  ]);
  expect(changes(Type.Object({ ...fields, id: Type.Integer() }))).toEqual([
    'e.v1/id has another type: "string" became "integer"',
  ]);
  expect(changes(Type.Object({ ...fields, id: Type.Optional(id) }))).toEqual([
    "e.v1/id was always there and is optional now",
  ]);
  expect(changes(Type.Object({ ...fields, note: Type.String(), further: Type.String() }))).toEqual([
    "e.v1/note is required now, and events on the bus lack it",
    "e.v1/further is required now, and events on the bus lack it",
  ]);
  const fractions = Type.Array(Type.Object({ quantity: Type.Number() }));
  expect(changes(Type.Object({ ...fields, lines: fractions }))).toEqual([
    'e.v1/lines[]/quantity has another type: "integer" became "number"',
  ]);
  const widened = Type.Union([Type.Literal("open"), Type.Literal("won"), Type.Literal("lost")]);
  expect(changes(Type.Object({ ...fields, state: widened }))[0]).toStartWith("e.v1/state has another anyOf");
});
