export const usage = `Proves that orders, money, stock, events and mails stay right while everything fails: a whole system of its own on durable
stores, two processes of each service, buyers, and faults from a schedule that a seed decides.

  bun run prove [--seed N] [--seconds 60] [--orders N] [--faults N] [--buyers 24] [--runtime bun|deno] [--bus embedded|kafka] [--verbose]
  bun run prove --bus kafka --outage <seconds> [--rate 8] [--buyers 24]
  bun run prove --break <name> | --break list | --break all

  --seed     which schedule; without it a random one, which is printed
  --seconds  how long faults are injected; more when --orders or --faults ask for it
  --orders   at least so many are placed
  --faults   how many there are
  --verbose  prints what happened when, also without a violation
  --outage   no faults but one: the broker is away for so long, while --rate orders begin in a second
  --break    switches off one safeguard in a copy of the sources, and succeeds when a violation is found

Exit code 1 when an invariant is violated (with --break: when none is).`;

export interface ProveOptions {
  readonly seed: number;
  readonly seconds: number;
  readonly orders: number;
  readonly faults: number;
  readonly buyers: number;
  readonly runtime: "bun" | "deno";
  readonly kafka: boolean;
  readonly verbose: boolean;
  /** Seconds without the broker; 0 for a run with a schedule of faults. */
  readonly outage: number;
  /** Orders that begin in a second during an outage. */
  readonly rate: number;
  readonly break?: string;
}

/** Faults a second that the system still lives with: each takes a process away for about a second. */
const faultsASecond = 0.75;
const ordersASecond = 25;

/** @throws Error that names the option and what is wanted */
export function readProveOptions(words: readonly string[], randomSeed: number): ProveOptions | "help" {
  if (words.includes("--help")) return "help";
  const args = words.filter((word) => word !== "--verbose");
  const given = new Map<string, string>();
  for (let at = 0; at < args.length; at += 2) {
    const name = args[at] ?? "";
    if (!names.includes(name)) throw new Error(`Unknown option ${name}`);
    const value = args[at + 1];
    if (value === undefined) throw new Error(`${name} needs a value`);
    given.set(name, value);
  }
  const whole = (name: string, otherwise: number, [least, most]: readonly [number, number]) => {
    const value = Number(given.get(name) ?? otherwise);
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    throw new Error(`${name} is "${given.get(name)}", expected an integer from ${least} to ${most}`);
  };
  const choice = <T extends string>(name: string, choices: readonly [T, ...T[]]): T => {
    const found = choices.find((each) => each === (given.get(name) ?? choices[0]));
    if (found) return found;
    throw new Error(`${name} is "${given.get(name)}", expected one of ${choices.join(", ")}`);
  };
  const orders = whole("--orders", 0, [0, 1_000_000]);
  const wanted = whole("--faults", -1, [-1, 100_000]);
  const needed = Math.ceil(Math.max(60, orders / ordersASecond, wanted / faultsASecond));
  const seconds = whole("--seconds", needed, [1, 86_400]);
  const chosen = given.get("--break");
  const kafka = choice("--bus", ["embedded", "kafka"]) === "kafka";
  const outage = whole("--outage", 0, [0, 86_400]);
  if (outage > 0 && !kafka)
    throw new Error("--outage takes a broker away, and there is none: add --bus kafka");
  return {
    seed: whole("--seed", randomSeed, [0, 2 ** 32 - 1]),
    seconds,
    orders,
    faults: wanted < 0 ? Math.round(seconds * faultsASecond) : wanted,
    buyers: whole("--buyers", 24, [1, 256]),
    runtime: choice("--runtime", ["bun", "deno"]),
    verbose: args.length < words.length,
    kafka,
    outage,
    rate: whole("--rate", 8, [1, 1000]),
    ...(chosen !== undefined && { break: chosen }),
  };
}

const names = [
  "--seed",
  "--seconds",
  "--orders",
  "--faults",
  "--buyers",
  "--runtime",
  "--bus",
  "--outage",
  "--rate",
  "--break",
];
