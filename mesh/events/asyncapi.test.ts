import { expect, test } from "bun:test";
import { Ajv } from "ajv";
import { asyncApi } from "./asyncapi.ts";
import { catalogue, contractsOf } from "./catalogue.ts";
import { userEvent } from "./user-events.ts";

const document = JSON.parse(JSON.stringify(asyncApi(catalogue))) as ReturnType<typeof asyncApi>;

test("every reference leads somewhere, and every event is on one channel", () => {
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(
    ([, path = ""]) => path,
  );
  for (const path of references) {
    let found: unknown = document;
    for (const part of path.split("/")) found = (found as Record<string, unknown>)[part];
    expect(found, path).toBeDefined();
  }
  const told = Object.values(document.channels).flatMap(({ messages }) => Object.keys(messages));
  expect(told.sort()).toEqual(Object.keys(contractsOf(catalogue)).sort());
  expect(Object.keys(document.operations).length).toBe(catalogue.length);
});

test("the payload is the whole event: what a builder makes is valid, without its data it is not", () => {
  const ajv = new Ajv({ strict: false, formats: { uuid: true, "date-time": true } });
  const message = document.components.messages["ecotrack.user.deleted.v1"];
  const valid = ajv.compile(message?.payload ?? false);
  const userId = "0199c6a4-2f4e-7c31-8a51-3f1d2c4b5a69";
  const event = userEvent("ecotrack.user.deleted.v1", {
    id: userId,
    subject: userId,
    time: new Date(),
    data: { userId },
  });
  expect(valid(event)).toBe(true);
  expect(valid({ ...event, data: {} })).toBe(false);
  expect(valid({ ...event, source: "/order-service" })).toBe(false);
});
