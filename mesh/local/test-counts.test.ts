import { expect, test } from "bun:test";
import { addCounts, countsFromOutput, countsLine, noTests } from "./test-counts.ts";

const summary = [
  "(fail) b [0.1ms]",
  "",
  "",
  " 12 pass",
  " 3 skip",
  " 1 todo",
  " 2 fail",
  " 1 error",
  " 40 expect() calls",
];

test("the counts of the summary, colours and all", () => {
  const output = `${summary.map((line) => `\u001b[31m${line}\u001b[0m`).join("\n")}\nRan 18 tests across 2 files. [1.00s]\n`;
  expect(countsFromOutput(output, 1)).toEqual({ passed: 12, failed: 2, skipped: 4 });
});

test("what a test prints is not taken for the summary", () => {
  const output = " 99 fail\n\n\n 1 pass\n 0 fail\nRan 1 test across 1 file. [1.00ms]\n";
  expect(countsFromOutput(output, 0)).toEqual({ passed: 1, failed: 0, skipped: 0 });
});

test.each([
  ["", 1],
  ["Segmentation fault", null],
  [" 3 pass\n 0 fail\nRan 3 tests", 137],
] as const)("a run that failed without saying how (%p) is one failure", (output, exitCode) => {
  expect(countsFromOutput(output, exitCode).failed).toBe(1);
});

test("counts add up to the last line", () => {
  const sum = [{ passed: 2, failed: 0, skipped: 1 }, { passed: 3, failed: 1, skipped: 0 }, noTests].reduce(
    addCounts,
  );
  expect(countsLine(sum)).toBe("5 passed, 1 failed, 1 skipped");
});
