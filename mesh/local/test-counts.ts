export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export const noTests: TestCounts = { passed: 0, failed: 0, skipped: 0 };

export function addCounts(one: TestCounts, other: TestCounts): TestCounts {
  return {
    passed: one.passed + other.passed,
    failed: one.failed + other.failed,
    skipped: one.skipped + other.skipped,
  };
}

/**
 * The counts in the summary that ends the output of `bun test`. Its JUnit report leaves out the files that
 * fail to load. A run that failed without a failed test, or died before its summary, counts as one failure.
 */
export function countsFromOutput(output: string, exitCode: number | null): TestCounts {
  const plain = Bun.stripANSI(output);
  const summary = plain.slice(plain.lastIndexOf("\n\n", plain.lastIndexOf("\nRan ")));
  const number = (word: string) => Number(new RegExp(`^ *(\\d+) ${word}$`, "m").exec(summary)?.[1] ?? 0);
  const failed = number("fail");
  return {
    passed: number("pass"),
    failed: exitCode === 0 ? failed : Math.max(failed, 1),
    skipped: number("skip") + number("todo"),
  };
}

export function countsLine({ passed, failed, skipped }: TestCounts): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}
