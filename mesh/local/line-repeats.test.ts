import { expect, test } from "bun:test";
import { eventually } from "#mesh/eventually";
import { lineRepeats } from "./line-repeats.ts";

test("a flood of one message is one line and one count, beside others", () => {
  const seen: string[] = [];
  const repeats = lineRepeats((line) => seen.push(line));
  for (let n = 0; n < 300; n++) repeats.add(`warn: order ${n} of 01a2019d-6618-70f6-b6f6-3de405def82b waits`);
  repeats.add("warn: slow");
  expect(seen).toHaveLength(2);
  repeats.flush();
  expect(seen.slice(2)).toEqual([
    "… and 299 more like it: warn: order 0 of 01a2019d-6618-70f6-b6f6-3de405def82b waits",
  ]);
});

test("the count comes by itself, and a message that had ended is shown again", async () => {
  const seen: string[] = [];
  const repeats = lineRepeats((line) => seen.push(line), 10);
  repeats.add("away");
  repeats.add("away");
  await eventually(() => (seen.length === 2 ? true : undefined));
  expect(seen).toEqual(["away", "… and 1 more like it: away"]);
  await eventually(() => {
    repeats.add("away");
    return seen.filter((line) => line === "away").length === 1 ? true : undefined;
  });
});
