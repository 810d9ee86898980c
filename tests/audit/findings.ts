/** What an audit compared, and what did not agree. */
export interface Findings {
  readonly violations: string[];
  checks(): number;
  /** Counts a comparison, and keeps what is wrong when it fails. */
  expect(holds: boolean, otherwise: () => string): void;
}

export function createFindings(): Findings {
  const violations: string[] = [];
  let checks = 0;
  return {
    violations,
    checks: () => checks,
    expect(holds, otherwise) {
      checks += 1;
      if (!holds) violations.push(otherwise());
    },
  };
}
