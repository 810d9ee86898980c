import { orderHistory } from "./order-history.ts";
import type { ProveOptions } from "./prove-options.ts";
import type { Purchase } from "./purchase.ts";
import type { Proof } from "./run-proof.ts";

const shownViolations = 40;
const shownHistories = 5;

/** What was done and found, in lines for a person. */
export async function reportProof(proof: Proof, options: ProveOptions): Promise<string[]> {
  const { settled, checks, violations } = proof;
  return [
    "",
    ...ordersLines(proof),
    ...faultLines(proof),
    ...recoveryLines(proof),
    `  ${checks} checks of invariants, ${violations.length} violations`,
    ...(violations.length > 0 ? await violationLines(proof) : []),
    ...(violations.length > 0 || options.verbose ? diaryLines(proof) : []),
    "",
    `  The same schedule again: ${commandOf(options)}`,
    violations.length === 0 && settled.unsettled.length === 0
      ? "  Nothing was lost, doubled or left open."
      : "  An invariant was violated.",
  ];
}

function ordersLines({ purchases, settled, reasons, disputes }: Proof): string[] {
  const outcomes = counted(
    purchases.map(({ told, cancelled }) =>
      told === undefined
        ? "never answered"
        : cancelled
          ? "cancelled by the buyer"
          : (outcomes201[told.status] ?? String(told.status)),
    ),
  );
  const tries = purchases.flatMap((purchase) => purchase.tries);
  const answers = counted(tries.map((text) => text.split(" ").slice(2, -3).join(" ")));
  const ways = counted(purchases.map(wayOf));
  const { confirmed, cancelled } = settled.audit;
  return [
    `  ${purchases.length} purchases in ${tries.length} requests: ${shownCounts(outcomes)}`,
    `  paid by: ${shownCounts(ways, " × ")}`,
    `  answers: ${shownCounts(answers, " × ")}`,
    `  ${confirmed + cancelled} orders: ${confirmed} confirmed, ${cancelled} cancelled (${shownCounts(reasons)})`,
    `  disputes: ${shownCounts(counted(disputes), " × ")}`,
  ];
}

/** The test card and what its buyer does at the bank, or what the order at PayPal does. */
const wayOf = ({ payment: { type, token, agrees } }: Purchase): string =>
  type === "card"
    ? `${token}${agrees === undefined ? "" : agrees ? " (agrees)" : " (refuses)"}`
    : `PayPal ${token.split("_")[1]}`;

const outcomes201: Readonly<Record<number, string>> = {
  201: "placed",
  402: "declined",
  409: "sold out",
};

function faultLines({ done, deaths, schedule }: Proof): string[] {
  const kinds = counted(done.filter(({ missed }) => !missed).map(({ fault }) => fault.kind));
  const missed = done.filter((each) => each.missed).length;
  const armed = done.filter(({ fault }) => fault.kind === "crash").length;
  const points = counted(deaths.map(({ point }) => point));
  const skewed = Object.values(schedule.skews).filter((ms) => ms !== 0);
  const range = skewed.length > 0 ? ` from ${Math.min(...skewed)} to ${Math.max(...skewed)} ms` : "";
  return [
    `  ${done.length} faults: ${shownCounts(kinds)}${missed > 0 ? `; ${missed} found nobody to do it to` : ""}`,
    `  ${deaths.length} of ${armed} armed crash points were reached: ${shownCounts(points)}`,
    `  ${skewed.length} clocks wrong${range}`,
  ];
}

function recoveryLines({ recovery, settled }: Proof): string[] {
  const groups = new Map<string, number[]>();
  for (const [name, times] of recovery.backAfterMs) {
    const group = name.replace(/-\d$/, "");
    groups.set(group, [...(groups.get(group) ?? []), ...times]);
  }
  const shown = [...groups].map(([group, times]) => {
    const sorted = times.toSorted((a, b) => a - b);
    return `${group} ${seconds(sorted[Math.floor(sorted.length / 2)] ?? 0)} (longest ${seconds(sorted.at(-1) ?? 0)}, ${times.length} times)`;
  });
  const final = settled.finalAfterMs;
  return [
    `  back after, median: ${shown.join(", ") || "nothing ended"}`,
    `  the longest time without an order placed: ${seconds(recovery.longestPauseMs())}`,
    `  all orders final ${final === undefined ? "never" : seconds(final)} after the last fault and the last purchase, all at rest after ${seconds(settled.quietAfterMs)}`,
  ];
}

async function violationLines({ violations, audited, purchases }: Proof): Promise<string[]> {
  const ids = [...new Set(violations.flatMap((text) => /order ([0-9a-f-]{36})/.exec(text)?.[1] ?? []))];
  const lines = ["", ...violations.slice(0, shownViolations).map((text) => `  ✗ ${text}`)];
  if (violations.length > shownViolations) lines.push(`  and ${violations.length - shownViolations} more`);
  for (const id of ids.slice(0, shownHistories)) {
    const purchase = purchases.find(({ orderId, key }) => orderId === id || key === id);
    const history = await orderHistory(id, audited, purchase);
    lines.push("", `  order ${id}`, ...history.map((text) => `    ${text}`));
  }
  return lines;
}

const diaryLines = ({ recovery }: Proof): string[] => [
  "",
  "  what happened meanwhile",
  ...recovery.diary.map((text) => `    ${text}`),
];

export const commandOf = (options: ProveOptions): string => {
  const { seed, seconds, orders, faults, buyers, runtime, kafka, outage, rate } = options;
  return [
    `bun run prove --seed ${seed}`,
    outage > 0 ? `--outage ${outage} --rate ${rate}` : `--seconds ${seconds} --faults ${faults}`,
    `--buyers ${buyers}`,
    ...(orders > 0 ? [`--orders ${orders}`] : []),
    ...(runtime === "deno" ? ["--runtime deno"] : []),
    ...(kafka ? ["--bus kafka"] : []),
  ].join(" ");
};

function counted(words: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}

const shownCounts = (counts: ReadonlyMap<string, number>, between = " "): string =>
  [...counts].map(([word, times]) => `${times}${between}${word}`).join(", ") || "none";

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
