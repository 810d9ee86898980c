// Started by both-runtimes.ts: runs the cases that a file exports and prints a line of JSON for each.
import type { Cases } from "./both-runtimes.ts";

const { cases } = (await import(process.argv[2] ?? "")) as { cases: Cases };
for (const [name, run] of Object.entries(cases)) {
  const outcome = await run().then(
    () => "ok",
    (error: Error) => error.stack ?? String(error),
  );
  console.log(JSON.stringify({ name, outcome }));
}
process.exit(0);
