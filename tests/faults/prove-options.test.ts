import { expect, test } from "bun:test";
import { readProveOptions } from "./prove-options.ts";

test("without options it runs a minute with a random seed", () => {
  expect(readProveOptions([], 99)).toEqual({
    seed: 99,
    seconds: 60,
    orders: 0,
    faults: 45,
    buyers: 24,
    runtime: "bun",
    verbose: false,
    kafka: false,
    outage: 0,
    rate: 8,
  });
});

test("many orders and faults take the time that they need", () => {
  const options = readProveOptions(["--orders", "10000", "--faults", "200"], 1);
  expect(options).toMatchObject({ orders: 10_000, faults: 200, seconds: 400 });
});

test.each([
  [["--seed", "x"], '--seed is "x", expected an integer from 0 to 4294967295'],
  [["--bus", "rabbit"], '--bus is "rabbit", expected one of embedded, kafka'],
  [["--speed", "1"], "Unknown option --speed"],
  [["--seed"], "--seed needs a value"],
  [["--outage", "60"], "--outage takes a broker away, and there is none: add --bus kafka"],
])("%p is refused", (args, message) => {
  expect(() => readProveOptions(args, 1)).toThrow(message);
});
