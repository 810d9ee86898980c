import { expect, test } from "bun:test";
import { createRetryBudget } from "./retry-budget.ts";

test("repeats are a fifth of the traffic once the reserve is spent", () => {
  const budget = createRetryBudget({ ratio: 0.2, reserve: 2 });
  expect([budget.withdraw(), budget.withdraw(), budget.withdraw()]).toEqual([true, true, false]);
  let repeats = 0;
  for (let call = 0; call < 100; call += 1) {
    budget.deposit();
    if (budget.withdraw()) repeats += 1;
  }
  expect(repeats).toBeGreaterThanOrEqual(19);
  expect(repeats).toBeLessThanOrEqual(21);
});
