import { expect, test } from "bun:test";
import { Fields } from "../http/fields.ts";
import { refuseLoop } from "./refuse-loop.ts";

const refused = (...values: string[]) => {
  const fields = new Fields();
  for (const value of values) fields.append("via", value);
  return refuseLoop({ fields }, "ecotrack-gateway")?.status;
};

test.each([
  ["1.1 ecotrack-gateway"],
  ["1.0 fred, 1.1 p.example.net,1.1\tEcoTrack-Gateway (v1)"],
  ["HTTP/1.1 (odd) ecotrack-gateway"],
  ["1.1 a (does not end, 1.1 ecotrack-gateway"],
])("who comes by %p comes round", (value) => {
  expect(refused(value)).toBe(508);
  expect(refused("1.1 another", value)).toBe(508);
});

test.each([
  [""],
  ["1.1 another, 2 third.example:8080"],
  ["1.1 ecotrack-gateway.example"],
  ["1.1 a (ecotrack-gateway, 1.1 ecotrack-gateway (in \\) it, 1.1 ecotrack-gateway))"],
  ["ecotrack-gateway"],
])("who comes by %p does not", (value) => {
  expect(refused(value)).toBeUndefined();
  expect(refused()).toBeUndefined();
});

test("comments in comments are read once", () => {
  const deep = `1.1 a ${"(".repeat(8000)}${")".repeat(8000)}, 1.1 b`;
  const began = performance.now();
  for (let times = 0; times < 50; times++) expect(refused(deep)).toBeUndefined();
  // A pass for each comment would take some seconds.
  expect(performance.now() - began).toBeLessThan(3000);
});
