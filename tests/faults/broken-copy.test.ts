import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { breaks } from "./breaks.ts";
import { changed } from "./broken-copy.ts";

const root = join(import.meta.dir, "../..");

test.each(breaks.map((each) => [each.name, each] as const))(
  "%s changes what is there",
  (_name, { changes }) => {
    for (const change of changes) {
      const text = readFileSync(join(root, change.file), "utf8");
      expect(changed(text, change)).toContain(change.to);
    }
  },
);

test("a change of something that is not there, or there twice, is refused by name", () => {
  const change = { file: "a.ts", from: "x", to: "y" };
  expect(() => changed("abc", change)).toThrow("The break is out of date: a.ts has 0 times, not once: x");
  expect(() => changed("x x", change)).toThrow("a.ts has 2 times");
});
