import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { buildCollector, buildLoki, run } from "./build.ts";
import { tryCollector } from "./try-collector.ts";

/**
 * Whether the real programs take our files, and do with spans what the files are for. Builds them from their sources once,
 * which takes minutes and `go`; so it is no part of the tests.
 */
const observability = new URL("..", import.meta.url).pathname;
const cache = process.env.ECOTRACK_CHECK_CACHE ?? join(observability, "../.ecotrack/cache/observability");
const config = (path: string) => join(observability, path);

async function check(what: string, work: () => Promise<unknown>): Promise<void> {
  const began = performance.now();
  try {
    await work();
    console.log(`  ✓ ${what} (${Math.round((performance.now() - began) / 1000)} s)`);
  } catch (error) {
    process.exitCode = 1;
    console.log(`  ✗ ${what}: ${(error as Error).message}`);
  }
}

mkdirSync(join(cache, "positions"), { recursive: true });
const go = await run("go", ["version"]).catch(() => undefined);
if (go === undefined) console.log("  – collector, log reader, Loki: skipped, go is not installed");
else {
  await check("collector/config.yaml: the collector takes it", async () =>
    run(await buildCollector(cache), ["validate", `--config=${config("collector/config.yaml")}`]),
  );
  await check("collector/log-reader.yaml: the collector takes it", async () =>
    run(await buildCollector(cache), [
      "validate",
      `--config=${config("collector/log-reader.yaml")}`,
      // Where it remembers how far it has read is a volume of its container's.
      `--config=yaml:extensions::file_storage::directory: ${join(cache, "positions")}`,
    ]),
  );
  await check(
    "the collector keeps what failed or was slow, and lets nothing through that it should not",
    async () => {
      const mistakes = await tryCollector(await buildCollector(cache), cache);
      if (mistakes.length > 0) throw new Error(mistakes.join("; "));
    },
  );
  await check("loki/loki.yaml: Loki takes it", async () =>
    run(await buildLoki(cache), ["-verify-config", `-config.file=${config("loki/loki.yaml")}`]),
  );
}
console.log("  – tempo/tempo.yaml, grafana/: skipped, Go's module proxy has neither Tempo nor Grafana");
