import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface TestPlan {
  /** Pure tests and those on PostgreSQL and Redis. */
  readonly parts: string[];
  /** Those that also run on a Kafka broker. */
  readonly kafka: string[];
  /** Those that need the whole system. */
  readonly journeys: string[];
}

const elsewhere = new Set(["node_modules", ".git", ".ecotrack"]);

/** The test files below `root` whose path holds one of `filters` (all, when there is none), by what they need. */
export function findTests(root: string, filters: readonly string[]): TestPlan {
  const chosen = testFiles(root, "").filter(
    (path) => filters.length === 0 || filters.some((filter) => path.includes(filter.replace(/^\.\//, ""))),
  );
  const plan: TestPlan = { parts: [], kafka: [], journeys: [] };
  for (const path of chosen.sort()) {
    if (path.startsWith("tests/journeys/")) plan.journeys.push(path);
    else if (needsKafka(join(root, path))) plan.kafka.push(path);
    else plan.parts.push(path);
  }
  return plan;
}

function testFiles(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder ? `${folder}/${entry.name}` : entry.name;
    if (entry.isDirectory()) return elsewhere.has(entry.name) ? [] : testFiles(root, path);
    return entry.name.endsWith(".test.ts") ? [path] : [];
  });
}

/** A test of the stores that reads KAFKA_BROKERS is one. */
function needsKafka(file: string): boolean {
  return file.endsWith(".store.test.ts") && readFileSync(file, "utf8").includes("KAFKA_BROKERS");
}
