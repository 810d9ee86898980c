import { drills } from "./drills.ts";

const width = Math.max(...drills.map(({ name }) => name.length)) + 2;

export const usage = `Does to a whole system what its alerts are there for, and looks whether they come, end, and come alone: two stores, gateway, five
services, a real Prometheus and a real Alertmanager with the files of this repository, people who buy, and a receiver.

  bun run drill [name…|all] [--speed N]

${drills.map(({ name, title, alert }) => `  ${name.padEnd(width)}${title}${alert ? `: ${alert}` : ", and nothing fires"}`).join("\n")}

  --speed  divides every duration of the rules, of Prometheus and of Alertmanager by N, from 1 to 5; 5 unless it is said.
           At 1 the files are what is shipped, and a drill takes up to half an hour. Several may run at once, each is a process of its own.

Exit code 1 when an alert does not come in its time, says no runbook, does not end, or when anybody is woken for anything else.`;

export interface DrillOptions {
  readonly names: readonly string[];
  readonly speed: number;
}

/** A figure that asks a store gives up after 2 s; until the next scrape, 15 s at speed 1, there has to be more time than that. */
const fastest = 5;

/** @throws Error that says what is wanted */
export function readDrillOptions(words: readonly string[]): DrillOptions | "help" {
  if (words.includes("--help")) return "help";
  const known = drills.map(({ name }) => name);
  const at = words.indexOf("--speed");
  const speed = at < 0 ? fastest : Number(words[at + 1]);
  if (!(speed >= 1 && speed <= fastest))
    throw new Error(`--speed is "${words[at + 1] ?? ""}", expected a number from 1 to ${fastest}`);
  const names = at < 0 ? words : words.toSpliced(at, 2);
  const unknown = names.find((name) => name !== "all" && !known.includes(name));
  if (unknown !== undefined) throw new Error(`There is no drill ${unknown}: ${known.join(", ")}, all`);
  return { names: names.length === 0 || names.includes("all") ? known : names, speed };
}
