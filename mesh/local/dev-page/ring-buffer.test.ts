import { expect, test } from "bun:test";
import { RingBuffer } from "./ring-buffer.ts";

function filled(size: number, count: number): RingBuffer<number> {
  const buffer = new RingBuffer<number>(size);
  for (let n = 1; n <= count; n++) buffer.add(n);
  return buffer;
}

test("the newest are kept, in their order", () => {
  expect(new RingBuffer<number>(3).last(5)).toEqual([]);
  expect(filled(3, 2).last(5)).toEqual([1, 2]);
  expect(filled(3, 8).last(5)).toEqual([6, 7, 8]);
  expect(filled(3, 8).last(2)).toEqual([7, 8]);
  expect(filled(3, 8).added).toBe(8);
});

test("only those that pass count", () => {
  expect(filled(10, 10).last(2, (n) => n % 2 === 1)).toEqual([7, 9]);
});

test("what was seen before is left out, what has gone is not missed", () => {
  const buffer = filled(3, 8);
  expect(buffer.last(5, undefined, 7)).toEqual([8]);
  expect(buffer.last(5, undefined, 8)).toEqual([]);
  expect(buffer.last(5, undefined, 2)).toEqual([6, 7, 8]);
});
