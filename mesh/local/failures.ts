/** How many lines all that is shown may have: whoever sees only the end of a long output has to see it. */
const mostLines = 150;
/** Of one failure, its beginning and its end: where it happened, and what was expected. */
const mostOfOne = 30;
const leastOfOne = 8;

/** One part of a run that failed, such as the tests or a proof. */
export interface FailedPart {
  readonly name: string;
  readonly output: string;
}

/** What failed, once more and briefly: each test with its file and error, of other parts what they marked, or their end. */
export function showFailures(parts: readonly FailedPart[]): string[] {
  const found = parts.map(({ name, output }) => ({ name, failures: failuresIn(output) }));
  const count = found.reduce((sum, { failures }) => sum + failures.length, 0);
  const room = Math.floor((mostLines - 2 * parts.length) / Math.max(count, 1)) - 1;
  const most = Math.min(mostOfOne, Math.max(leastOfOne, room));
  const lines = found.flatMap(({ name, failures }) => [
    `-- failed: ${name}`,
    ...failures.flatMap((failure) => ["", ...shortened(failure, most)]),
  ]);
  const more = lines.length - mostLines;
  return more > 0 ? [...lines.slice(0, mostLines), `… and ${more} more lines: see above`] : lines;
}

function failuresIn(output: string): string[][] {
  const lines = Bun.stripANSI(output).split(/\r?\n/);
  const tests = failedTests(lines);
  if (tests.length > 0) return tests;
  const said = lines.filter((line) => line.trim() !== "");
  // A prover says first with which seed it runs, and what it found long before its end.
  const marked = said.filter((line) => /✗|bun run prove --seed|^\w*Error: /.test(line));
  return [[...new Set([...marked.slice(0, 40), ...said.slice(-12)])]];
}

const testFile = /^\S+\.test\.ts:$/;
const verdict = /^\((pass|fail|skip|todo)\) /;
const outsideTests = /^# Unhandled error between tests/;

/** As `bun test` writes them: the file, then each error above the line that names its test; after many, all names again. */
function failedTests(lines: readonly string[]): string[][] {
  const failures: string[][] = [];
  let file = "";
  let begin = 0;
  let told = false;
  for (const [at, line] of lines.entries()) {
    if (/^\d+ tests? failed:$/.test(line)) told = true;
    else if (line.startsWith("Ran ")) told = false;
    else if (told) continue;
    else if (testFile.test(line)) {
      file = line;
      begin = at + 1;
    } else if (outsideTests.test(line)) {
      const end = lines.findIndex((each, index) => index > at + 1 && /^-{10,}$/.test(each));
      failures.push([file, ...lines.slice(at, end === -1 ? at + mostOfOne : end)]);
    } else if (verdict.test(line)) {
      const why = lines[at + 1]?.startsWith("  ^ ") ? [lines[at + 1] as string] : [];
      if (line.startsWith("(fail)")) failures.push([file, line, ...why, ...errorIn(lines.slice(begin, at))]);
      begin = at + 1;
    }
  }
  return failures.map((failure) => failure.filter((each) => each.trim() !== ""));
}

/** From the first excerpt of a source on; above it stands what tests printed that passed. */
function errorIn(lines: readonly string[]): readonly string[] {
  const excerpt = lines.findIndex((line) => /^ *\d+ \| /.test(line));
  return excerpt === -1 ? lines.slice(-mostOfOne) : lines.slice(excerpt);
}

function shortened(lines: readonly string[], most: number): readonly string[] {
  if (lines.length <= most) return lines;
  const head = Math.ceil(most / 2);
  const cut = lines.length - most + 1;
  return [...lines.slice(0, head), `  … ${cut} lines …`, ...lines.slice(lines.length - (most - 1 - head))];
}
