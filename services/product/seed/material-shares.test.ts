import { expect, test } from "bun:test";
import { materialMix, materialShares } from "./material-shares.ts";

test("a mix is materials that have a factor, and adds up to 100", () => {
  const { parse } = materialMix("mix");
  expect(parse("cotton 98.5, polyester 1.5")).toEqual([
    { material: "cotton", amount: "98.5" },
    { material: "polyester", amount: "1.5" },
  ]);
  expect(() => parse("cotton 98, polyester 1")).toThrow("add up to 100");
});

test.each(["cotton", "unobtainium 1", "cotton 1,polyester 2", "cotton -1", "cotton 1;", ""])(
  "%p is no list of materials",
  (text) => {
    expect(() => materialShares("parts").parse(text)).toThrow("materials that have a factor");
  },
);
