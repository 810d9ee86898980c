import { expect, test } from "bun:test";
import { addressBlock, Blocks } from "./blocks.ts";

const here = addressBlock("203.0.113.1");
const there = addressBlock("203.0.113.2");
const looks = (blocks: Blocks, key: string, now: number): number =>
  Array.from({ length: 50 }, () => blocks.mayLook(key, now)).filter(Boolean).length;

test("at each blocked address ten are looked at a second", () => {
  const blocks = new Blocks(10);
  expect([looks(blocks, here, 5000), looks(blocks, there, 5000)]).toEqual([10, 10]);
  expect([looks(blocks, here, 5999), looks(blocks, there, 5999)]).toEqual([0, 0]);
  expect([looks(blocks, here, 6000), looks(blocks, there, 6000)]).toEqual([10, 10]);
});
