import { stringify } from "yaml";
import type { Slo } from "./slo.ts";

interface RecordingRule {
  readonly record: string;
  readonly expr: string;
  readonly labels?: Readonly<Record<string, string>>;
}

const duration = "http_server_request_duration_seconds";
const head = `# Written by \`bun observability/prometheus/main.ts\` from ../../slo.yaml: change that one.
# Longer windows are averages of the five-minute rates of bad and of all requests, which weighs each moment by its traffic
# and costs Prometheus some dozens of series instead of every route's.
`;

/** The recording rules of the objectives, as the text of a rule file. */
export function sloRules(slo: Slo): string {
  const windows = [...new Set(slo.burnRates.flatMap(({ long, short }) => [long, short]))]
    .filter((window) => window !== "5m")
    .sort((a, b) => minutesOf(a) - minutesOf(b));
  const month = `${slo.windowDays}d`;
  const groups = [
    { name: "slo-requests", rules: Object.keys(slo.classes).flatMap((name) => requestRules(slo, name)) },
    { name: "slo-ratios", rules: [ratioRule(), ...windows.map((window) => ratioOver(window))] },
    {
      name: "slo-budget",
      // A month is read each time, and moves slowly.
      interval: "5m",
      rules: [
        ratioOver(month),
        {
          record: "slo:error_budget:remaining_ratio",
          expr: `1 - slo:bad:ratio_rate${month} / slo:error_budget:ratio`,
        },
      ],
    },
  ];
  return head + stringify({ groups }, { lineWidth: 0, aliasDuplicateObjects: false });
}

function requestRules({ classes, availability, latency }: Slo, name: string): RecordingRule[] {
  const { match, within } = classes[name] ?? { match: { route: "" }, within: 0 };
  const method = match.method === undefined ? "" : `method="${match.method}",`;
  const selector = `job="gateway",${method}route=~"${match.route}"`;
  const available = { slo: "availability", class: name };
  const fast = { slo: "latency", class: name };
  const rate = (what: string, more = "") => `sum(rate(${duration}_${what}{${selector}${more}}[5m]))`;
  const answered = ',status!~"5.."';
  const recorded = (of: typeof fast) => `sum(slo:requests:rate5m{slo="${of.slo}",class="${name}"})`;
  return [
    { record: "slo:requests:rate5m", labels: available, expr: rate("count") },
    {
      record: "slo:bad_requests:rate5m",
      labels: available,
      // No failure yet is no series yet.
      expr: `${rate("count", ',status=~"5.."')} or 0 * ${recorded(available)}`,
    },
    { record: "slo:requests:rate5m", labels: fast, expr: rate("count", answered) },
    {
      record: "slo:bad_requests:rate5m",
      labels: fast,
      expr: `${recorded(fast)} - ${rate("bucket", `${answered},${bucket(within)}`)}`,
    },
    { record: "slo:error_budget:ratio", labels: available, expr: constant(1 - availability) },
    { record: "slo:error_budget:ratio", labels: fast, expr: constant(1 - latency) },
  ];
}

/** Prometheus 3 writes a whole number as `2.0`. */
const bucket = (within: number): string =>
  Number.isInteger(within) ? `le=~"${within}([.]0)?"` : `le="${within}"`;

/** Without the binary tail of 1 - 0.999. */
const constant = (value: number): string => `vector(${Number(value.toPrecision(12))})`;

const ratioRule = (): RecordingRule => ({
  record: "slo:bad:ratio_rate5m",
  expr: "slo:bad_requests:rate5m / (slo:requests:rate5m > 0)",
});

const ratioOver = (window: string): RecordingRule => ({
  record: `slo:bad:ratio_rate${window}`,
  expr: `avg_over_time(slo:bad_requests:rate5m[${window}]) / (avg_over_time(slo:requests:rate5m[${window}]) > 0)`,
});

const minutes = { m: 1, h: 60, d: 1440 };
function minutesOf(window: string): number {
  return Number.parseInt(window, 10) * minutes[window.at(-1) as keyof typeof minutes];
}
