const usage = `Places orders as fast as they are taken, through the gateway of a whole system of its own, on durable stores.

  bun run bench:orders [--seconds 20] [--buyers 32] [--rate N] [--warm-up 30] [--runtime bun|deno]

With --rate, N orders begin in each second, whatever becomes of those before; at most --buyers are under way.
For --warm-up seconds before, orders are placed as fast as they are taken: the runtimes compile what runs often, which a
system that is in use has behind it.

Prints confirmed orders a second, latencies, and CPU an order with every process and store counted, beside the floor:
the same rows written by one script straight into PostgreSQL. Fails when stock, money, events or mails do not add up.`;

export interface OrdersOptions {
  readonly seconds: number;
  readonly buyers: number;
  /** Orders that begin in a second; without it each buyer begins the next when the last one is answered. */
  readonly rate: number | undefined;
  readonly warmUp: number;
  readonly runtime: "bun" | "deno";
}

/** What was asked for; tells how to ask, and ends the process, where it was not understood. */
export function readOptions(args: readonly string[]): OrdersOptions {
  const value = (name: string) => (args.includes(name) ? args[args.indexOf(name) + 1] : undefined);
  const seconds = Number(value("--seconds") ?? 20);
  const buyers = Number(value("--buyers") ?? 32);
  const rate = value("--rate") === undefined ? undefined : Number(value("--rate"));
  const warmUp = Number(value("--warm-up") ?? 30);
  const runtime = value("--runtime") ?? "bun";
  const good =
    seconds > 0 &&
    seconds <= 600 &&
    Number.isInteger(buyers) &&
    buyers > 0 &&
    buyers <= 512 &&
    warmUp > 0 &&
    warmUp <= 600 &&
    (rate === undefined || (rate > 0 && rate <= 10_000)) &&
    (runtime === "bun" || runtime === "deno");
  if (args.includes("--help") || !good) {
    console.log(usage);
    process.exit(args.includes("--help") ? 0 : 1);
  }
  return { seconds, buyers, rate, warmUp, runtime: runtime === "deno" ? "deno" : "bun" };
}
