import { expect, test } from "bun:test";
import { readDrillOptions } from "./drill-options.ts";
import { drills } from "./drills.ts";

const all = drills.map(({ name }) => name);

test.each([
  [[], { names: all, speed: 5 }],
  [["all", "--speed", "1"], { names: all, speed: 1 }],
  [["--speed", "2.5", "redis", "bus"], { names: ["redis", "bus"], speed: 2.5 }],
])("%p", (words, options) => {
  expect(readDrillOptions(words)).toEqual(options);
});

test.each([
  [["--speed"], '--speed is "", expected a number from 1 to 5'],
  [["--speed", "0"], '--speed is "0", expected a number from 1 to 5'],
  [["--speed", "6"], '--speed is "6", expected a number from 1 to 5'],
  [["postgres"], "There is no drill postgres: "],
  [["--fast"], "There is no drill --fast: "],
])("%p is refused", (words, message) => {
  expect(() => readDrillOptions(words)).toThrow(message);
});
