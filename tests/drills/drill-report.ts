import type { DrillResult } from "./run-drill.ts";

const head = ["drill", "alert", "to", "fault → alert", "at most", "end → resolved", "at most", "result"];

/** The table of all drills, and below it what was wrong. */
export function reportDrills(results: readonly DrillResult[]): string[] {
  const rows = results.map(({ name, alert, receiver, fired, resolved, wrong }) => [
    name,
    alert ?? "none",
    receiver ?? "",
    inSeconds(fired?.afterMs),
    inSeconds(fired?.limitMs),
    inSeconds(resolved?.afterMs),
    inSeconds(resolved?.limitMs),
    wrong.length === 0 ? "ok" : "FAILED",
  ]);
  const widths = head.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(" | ")} |`;
  return [
    line(head),
    `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`,
    ...rows.map(line),
    ...results.flatMap(({ name, wrong }) => wrong.map((each) => `  ✗ ${name}: ${each}`)),
  ];
}

const inSeconds = (ms: number | undefined): string =>
  ms === undefined ? "" : `${(ms / 1000).toFixed(ms < 60_000 ? 1 : 0)} s`;
