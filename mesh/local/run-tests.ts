import { join } from "node:path";
import { startOtlpReceiver } from "#observability/trace/otlp-receiver";
import { endProcesses } from "./end-processes.ts";
import { findTests, type TestPlan } from "./find-tests.ts";
import type { Home } from "./home.ts";
import { journeyEnvironment } from "./journey-environment.ts";
import { failureLine } from "./local-failure.ts";
import { testPorts } from "./ports.ts";
import { runTestFiles } from "./run-test-files.ts";
import type { Runtime } from "./runtime-command.ts";
import { createSecrets, type Secrets } from "./secrets.ts";
import { kafkaMissing, startKafka } from "./start-kafka.ts";
import { type Stores, startStores } from "./start-stores.ts";
import { startSystem } from "./start-system.ts";
import { createTerminal } from "./terminal.ts";
import { addCounts, countsLine, noTests, type TestCounts } from "./test-counts.ts";
import { openTestHome, removeTestHome } from "./test-home.ts";
import { watchRunner } from "./watch-runner.ts";

const terminal = createTerminal();

/** `bun run test`: provisions what the chosen tests need, runs them, removes everything. Returns the exit code. */
export async function runTests(root: string, args: readonly string[]): Promise<number> {
  const runtime: Runtime = args.includes("--deno") ? "deno" : "bun";
  const filters = args.filter((arg) => !arg.startsWith("-"));
  const unknown = args.find((arg) => arg.startsWith("-") && arg !== "--deno");
  if (unknown) {
    console.error(`Unknown option ${unknown}. Usage: bun run test [--deno] [part of a path …]`);
    return 1;
  }
  const found = findTests(root, filters);
  const plan = runtime === "deno" ? { ...found, parts: [], kafka: [] } : found;
  const home = await openTestHome(join(root, ".ecotrack/cache"));
  const remove = removeOnSignal(home);
  try {
    const counts = await runPlan(home, root, plan, runtime);
    await remove();
    terminal.line(`\n${countsLine(counts)}`);
    return counts.failed === 0 ? 0 : 1;
  } catch (error) {
    await remove();
    terminal.line(failureLine(error) ?? String((error as Error).stack));
    terminal.line(`\n${countsLine({ ...noTests, failed: 1 })}`);
    return 1;
  }
}

/** Ctrl-C ends the tests and takes away what was provisioned for them; a second one does not wait for anybody. */
function removeOnSignal(home: Home): () => Promise<void> {
  let removal: Promise<void> | undefined;
  const remove = (withinMs?: number) => {
    removal ??= removeTestHome(home, withinMs);
    return removal;
  };
  let calls = 0;
  const end = () => {
    if (calls++ > 0) void endProcesses(home.processes, 0);
    void remove(3000).finally(() => process.exit(130));
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, end);
  watchRunner(end);
  return remove;
}

async function runPlan(home: Home, root: string, plan: TestPlan, runtime: Runtime): Promise<TestCounts> {
  const secrets = await createSecrets();
  const kafka = plan.kafka.length > 0 ? provideKafka(home) : undefined;
  try {
    const stores = await startStores(home, { root, secrets, durable: false, step: terminal.step });
    const parts = runParts(home, { root, stores, files: plan.parts });
    // At the same time: they wait for brokers and members to give up far more than they compute.
    const buses = runBuses(home, { root, stores, kafka, files: plan.kafka, after: parts });
    const counts = await Promise.all([parts, buses]);
    const journeys = await runJourneys(home, { root, stores, secrets, runtime, files: plan.journeys });
    return [...counts, journeys].reduce(addCounts);
  } finally {
    // It may be about to start a process, which the removal must find.
    await kafka;
  }
}

interface PartRun {
  readonly root: string;
  readonly stores: Stores;
  readonly files: readonly string[];
}

function runParts(home: Home, { root, stores, files }: PartRun): Promise<TestCounts> {
  title("Parts", files);
  return runTestFiles(home, { root, files, env: storeEnvironment(stores), timeoutMs: 30_000 });
}

interface BusRun extends PartRun {
  readonly kafka: ReturnType<typeof provideKafka> | undefined;
  /** What they say is held until then, so that each file's lines stay together. */
  readonly after: Promise<unknown>;
}

async function runBuses(home: Home, { root, stores, files, kafka, after }: BusRun): Promise<TestCounts> {
  if (!kafka) return noTests;
  const { brokers, missing } = await kafka;
  const env = { ...storeEnvironment(stores), ...(brokers && { KAFKA_BROKERS: brokers }) };
  const held: Buffer[] = [];
  const show = (bytes: Buffer) => void held.push(bytes);
  const counts = await runTestFiles(home, { root, files, env, timeoutMs: 60_000, show });
  await after;
  if (missing) terminal.line(`\nSkipped on Kafka: ${missing}`);
  title("Buses", files);
  for (const bytes of held) process.stdout.write(bytes);
  return counts;
}

function storeEnvironment(stores: Stores): Record<string, string> {
  return { TEST_DATABASE_URL: stores.postgresUrl, TEST_REDIS_URL: stores.redisUrl };
}

function title(name: string, files: readonly string[]): void {
  if (files.length > 0) terminal.line(`\n${name}: ${files.length} ${files.length === 1 ? "file" : "files"}`);
}

/** A broker from outside, our own, or the reason why there is none. Never throws: it is under way beside other tests. */
async function provideKafka(home: Home): Promise<{ brokers?: string; missing?: string }> {
  const given = process.env.KAFKA_BROKERS;
  if (given) return { brokers: given };
  const missing = kafkaMissing();
  if (missing) return { missing };
  try {
    return { brokers: (await terminal.step("Kafka", () => startKafka(home, home.cache))).brokers };
  } catch (error) {
    return { missing: failureLine(error) ?? String(error) };
  }
}

interface JourneyRun extends PartRun {
  readonly secrets: Secrets;
  readonly runtime: Runtime;
}

async function runJourneys(home: Home, run: JourneyRun): Promise<TestCounts> {
  const { root, stores, secrets, runtime, files } = run;
  if (files.length === 0) return noTests;
  title(`Journeys on ${runtime}`, files);
  const ports = await testPorts();
  const traces = await startOtlpReceiver();
  const tracing = { OTEL_EXPORTER_OTLP_ENDPOINT: traces.endpoint, OTEL_BSP_SCHEDULE_DELAY: "200" };
  const chosen = { LOG_LEVEL: process.env.LOG_LEVEL, ...tracing };
  await startSystem(home, {
    root,
    runtime,
    ports,
    stores,
    secrets,
    chosen,
    step: terminal.step,
    show: terminal.line,
  });
  const seen = { TRACES_URL: traces.endpoint, LOGS_FOLDER: home.logs };
  const env = { ...journeyEnvironment({ ports, stores, secrets }), ...seen };
  return runTestFiles(home, { root, files, env, timeoutMs: 60_000 });
}
