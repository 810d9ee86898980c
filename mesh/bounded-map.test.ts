import { expect, test } from "bun:test";
import { BoundedMap } from "./bounded-map.ts";

test("never holds more than it may, whatever is put in", () => {
  const map = new BoundedMap<number>(10);
  for (let nth = 0; nth < 1000; nth++) {
    map.set(`key ${nth}`, nth);
    expect(map.size).toBeLessThanOrEqual(10);
  }
});

test("the half that was used last stays, and so does what is asked for again and again", () => {
  const map = new BoundedMap<number>(10);
  map.set("asked for", 0);
  for (let nth = 0; nth < 1000; nth++) {
    map.set(`key ${nth}`, nth);
    expect(map.get("asked for")).toBe(0);
    for (let back = 0; back < Math.min(nth, 4); back++) expect(map.get(`key ${nth - back}`)).toBe(nth - back);
  }
  expect(map.get("key 1")).toBeUndefined();
});

test("what was deleted is gone from both halves, and what was changed has one value", () => {
  const map = new BoundedMap<number>(8);
  for (let nth = 0; nth < 5; nth++) map.set(`key ${nth}`, nth);
  map.set("key 0", 10);
  expect([map.get("key 0"), map.size]).toEqual([10, 5]);
  for (const key of ["key 0", "key 2"]) map.delete(key);
  expect([0, 1, 2, 3, 4].map((nth) => map.get(`key ${nth}`))).toEqual([undefined, 1, undefined, 3, 4]);
});

test("two turns without being asked for, and it is forgotten", () => {
  const map = new BoundedMap<number>(100);
  for (const nth of [1, 2, 3]) map.set(`key ${nth}`, nth);
  map.turn();
  map.set("key 4", 4);
  expect(map.get("key 1")).toBe(1);
  expect(new Set(map.values())).toEqual(new Set([1, 2, 3, 4]));
  map.turn();
  expect(new Set(map.values())).toEqual(new Set([1, 4]));
});
