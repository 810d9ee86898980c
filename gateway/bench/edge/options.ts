const usage = `What the gateway costs a request, beside what others cost for the same, all before the same upstream.

  bun run bench:edge [--seconds 3] [--rounds 5] [--connections 32] [--only haproxy,ecotrack] [--out FOLDER]
  bun run bench:edge --memory        a million requests of 100,000 users: is its memory flat?
  bun run bench:edge --processes 2   several processes on one port: how it scales
  bun run bench:edge --flood         tokens with random signatures: what a refusal costs
  bun run bench:edge --profile       where the gateway's microseconds go
  … --urgent                         before what else this machine does, as far as root may say so

Compared are nginx (only passes on), HAProxy (HS256 token, one limit), Fastify on Node (HS256 token, one limit) and this
gateway (ES256 token, two limits over Redis, metrics, access log, 10 % traces; \`--only ecotrack,untraced\` tells what those
cost). Each has one core for itself; generator, upstream and
Redis have the others. They take turns of --seconds in --rounds rounds: as many requests as each can (wrk), then 70 % of
what the gateway can, at random distances and counted from when each was due.

The first run fetches wrk, nginx and HAProxy from the distribution and Fastify from npm into .ecotrack/cache; what cannot
be had is left out and named. Prints a table; figures and a picture go to FOLDER (.ecotrack/bench). Takes two to three
minutes; nothing else should run meanwhile, and what did is printed. Everything that it starts is on 127.0.0.1 and ended.`;

const peerNames = ["nginx", "haproxy", "fastify", "ecotrack", "untraced"] as const;
export type PeerName = (typeof peerNames)[number];

export interface EdgeOptions {
  readonly mode: "compare" | "memory" | "processes" | "flood" | "profile";
  readonly processes: number;
  readonly seconds: number;
  readonly rounds: number;
  readonly connections: number;
  readonly only: readonly PeerName[];
  readonly out: string | undefined;
  readonly urgent: boolean;
}

/** What was asked for; else what to print and whether that is a mistake. */
export function readOptions(args: readonly string[]): EdgeOptions | { say: string; code: number } {
  if (args.includes("--help")) return { say: usage, code: 0 };
  const flags = ["--memory", "--flood", "--profile", "--urgent"];
  const values = ["--processes", "--seconds", "--rounds", "--connections", "--only", "--out"];
  const given = new Map<string, string>();
  for (let at = 0; at < args.length; at++) {
    const name = args[at] ?? "";
    if (flags.includes(name)) given.set(name, "");
    else if (values.includes(name) && args[at + 1] !== undefined) given.set(name, args[++at] ?? "");
    else return { say: `Unknown or without its value: ${name}\n\n${usage}`, code: 1 };
  }
  const wrong: string[] = [];
  const number = (name: string, fallback: number, [min, max]: [number, number]): number => {
    const text = given.get(name);
    const value = text === undefined ? fallback : Number(text);
    if (!Number.isInteger(value) || value < min || value > max) {
      wrong.push(`${name} is "${text}", expected an integer from ${min} to ${max}`);
    }
    return value;
  };
  const only = given.get("--only")?.split(",") ?? peerNames.filter((name) => name !== "untraced");
  for (const name of only) {
    if (!isPeer(name)) wrong.push(`--only names "${name}", expected some of ${peerNames.join(", ")}`);
  }
  const options: EdgeOptions = {
    mode: modeOf(given),
    processes: number("--processes", 1, [1, 64]),
    seconds: number("--seconds", 3, [1, 60]),
    rounds: number("--rounds", 5, [1, 50]),
    connections: number("--connections", 32, [1, 250]),
    only: only.filter(isPeer),
    out: given.get("--out"),
    urgent: given.has("--urgent"),
  };
  return wrong.length === 0 ? options : { say: wrong.join("\n"), code: 1 };
}

const isPeer = (name: string): name is PeerName => peerNames.some((each) => each === name);

function modeOf(given: ReadonlyMap<string, string>): EdgeOptions["mode"] {
  if (given.has("--memory")) return "memory";
  if (given.has("--flood")) return "flood";
  if (given.has("--profile")) return "profile";
  return given.has("--processes") ? "processes" : "compare";
}
