import { expect, test } from "bun:test";
import { fairShare } from "./fair-share.ts";

const partitions = [1, 2, 3, 4, 5, 6, 7, 8].map((id) => ({ id }));

test("the only member takes everything", () => {
  expect(fairShare({ partitions, members: 1, held: new Set(), taken: new Set() })).toEqual({
    wanted: [1, 2, 3, 4, 5, 6, 7, 8],
    surplus: [],
  });
});

test("a member that holds too much gives back what is above its share", () => {
  const held = new Set([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(fairShare({ partitions, members: 2, held, taken: held })).toEqual({
    wanted: [],
    surplus: [5, 6, 7, 8],
  });
});

test("a member below its share takes only what is free", () => {
  expect(fairShare({ partitions, members: 3, held: new Set([1]), taken: new Set([1, 2, 3, 4]) })).toEqual({
    wanted: [5, 6],
    surplus: [],
  });
});

test("shares of more members than partitions are still whole", () => {
  expect(fairShare({ partitions, members: 20, held: new Set(), taken: new Set([1]) }).wanted).toEqual([2]);
});
