import { expect, test } from "bun:test";
import { createSpanClock } from "./span-clock.ts";

test("times follow the system's clock where the process's own has drifted, and not its rounding", () => {
  let now = 100.75;
  let wall = 5_000_000;
  const epochMs = createSpanClock(
    () => now,
    () => wall,
  );
  expect(epochMs(100.75)).toBe(5_000_000);
  expect(epochMs(101.25)).toBe(5_000_000.5);
  now += 6000;
  wall += 6001;
  expect(epochMs(now)).toBe(5_006_000);
  now += 6000;
  wall += 6500;
  expect(epochMs(now)).toBe(wall);
});
