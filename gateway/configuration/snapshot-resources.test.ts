import { expect, test } from "bun:test";
import { KeptResources } from "./snapshot-resources.ts";

interface Opened {
  readonly name: string;
  closed: boolean;
  close(): void;
}

function keep() {
  const opened: Opened[] = [];
  const kept = new KeptResources((name: string, spec: { url: string }): Opened => {
    if (spec.url === "") throw new Error(`${name} has no url`);
    const resource = {
      name,
      closed: false,
      close() {
        resource.closed = true;
      },
    };
    opened.push(resource);
    return resource;
  });
  return { opened, kept };
}

test("what is asked for again stays open, what is not is closed once the next is in use", () => {
  const { opened, kept } = keep();
  kept.prepare({ a: { url: "1" }, b: { url: "2" } }).commit();
  const next = kept.prepare({ a: { url: "1" }, c: { url: "3" } });
  expect(next.value.get("a")).toBe(opened[0] as Opened);
  expect(opened.map(({ closed }) => closed)).toEqual([false, false, false]);
  next.commit();
  expect(opened.map(({ name, closed }) => [name, closed])).toEqual([
    ["a", false],
    ["b", true],
    ["c", false],
  ]);
});

test("one that changed is opened anew", () => {
  const { opened, kept } = keep();
  kept.prepare({ a: { url: "1" } }).commit();
  kept.prepare({ a: { url: "2" } }).commit();
  expect(opened.map(({ closed }) => closed)).toEqual([true, false]);
});

test("what was opened for nothing is closed, and nothing else", () => {
  const { opened, kept } = keep();
  kept.prepare({ a: { url: "1" } }).commit();
  kept.prepare({ a: { url: "1" }, b: { url: "2" } }).abandon();
  expect(() => kept.prepare({ c: { url: "3" }, d: { url: "" } })).toThrow("d has no url");
  expect(opened.map(({ name, closed }) => [name, closed])).toEqual([
    ["a", false],
    ["b", true],
    ["c", true],
  ]);
});
