import { expect, test } from "bun:test";
import { showFailures } from "./failures.ts";

const output = (many: number) =>
  [
    "bun test v1.4.5",
    "services/a.test.ts:",
    "(pass) it adds [0.1ms]",
    ...Array.from({ length: many }, (_, at) => [
      "what a test printed that passed",
      "\u001b[0m12 | expect(1)",
      "error: expect(received).toBe(expected)",
      "",
      `Expected: ${at}`,
      `\u001b[31m(fail)\u001b[0m it takes away ${at} [2.00ms]`,
    ]).flat(),
    "services/b.store.test.ts:",
    "(fail) it answers [5000.10ms]",
    "  ^ this test timed out after 5000ms.",
    "# Unhandled error between tests",
    "-------------------------------",
    "error: nobody caught it",
    "-------------------------------",
    "(pass) it goes on",
    "2 tests failed:",
    "(fail) it takes away 0 [2.00ms]",
    " 2 pass",
    "Ran 3 tests across 2 files. [5.00s]",
  ].join("\n");

test("each failed test is told of with its file and its error, a timeout and an error between tests as well", () => {
  expect(showFailures([{ name: "tests", output: output(1) }])).toEqual([
    "-- failed: tests",
    "",
    "services/a.test.ts:",
    "(fail) it takes away 0 [2.00ms]",
    "12 | expect(1)",
    "error: expect(received).toBe(expected)",
    "Expected: 0",
    "",
    "services/b.store.test.ts:",
    "(fail) it answers [5000.10ms]",
    "  ^ this test timed out after 5000ms.",
    "",
    "services/b.store.test.ts:",
    "# Unhandled error between tests",
    "-------------------------------",
    "error: nobody caught it",
  ]);
});

test("of a proof what it found and how to see it again is told, and how a part ended that marks nothing", () => {
  const diary = Array.from({ length: 20 }, (_, at) => `diary ${at}`);
  const proof = [
    "  bun run prove --seed 7",
    "  ✓ Shop 0.5 s",
    "  ✗ order 1 is open",
    "Error: nobody answers",
    ...diary,
  ];
  const told = showFailures([
    { name: "proof", output: proof.join("\n") },
    { name: "types", output: "a.ts: error TS1" },
  ]);
  expect(told).toEqual([
    "-- failed: proof",
    "",
    "  bun run prove --seed 7",
    "  ✗ order 1 is open",
    "Error: nobody answers",
    ...diary.slice(-12),
    "-- failed: types",
    "",
    "a.ts: error TS1",
  ]);
});

test("however much fails, it is told in 150 lines, the first and the last lines of a long error among them", () => {
  expect(showFailures([{ name: "tests", output: output(500) }]).length).toBe(151);
  const long = [
    "a.test.ts:",
    "1 | source",
    ...Array.from({ length: 400 }, (_, at) => `line ${at}`),
    "(fail) long [1ms]",
  ];
  const told = showFailures([{ name: "tests", output: long.join("\n") }]);
  expect(told.length).toBeLessThan(40);
  expect(told).toContain("line 0");
  expect(told.at(-1)).toBe("line 399");
});
