import type { Metrics } from "./metrics.ts";

/** What runs, and on what. `revision` is the commit that the process was built from. */
export function tellBuild(
  metrics: Metrics,
  { version, revision }: { version: string; revision: string },
): void {
  const { bun, deno, node } = process.versions;
  const runtime = bun ? `bun ${bun}` : deno ? `deno ${deno}` : `node ${node}`;
  metrics
    .gauge("build_info", "1; what runs, by its labels", ["version", "revision", "runtime"])
    .set({ version, revision, runtime }, 1);
}
