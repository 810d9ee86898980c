import { type ComparedPeer, ours } from "./comparison-table.ts";
import { spread } from "./statistics.ts";

const width = 760;
const left = 96;
const right = 190;
const rowHeight = 34;
const text = "#1f2933";
const bar = "#9aa5b1";
const ownBar = "#2b8a5a";

interface Row {
  readonly name: string;
  readonly values: readonly number[];
  readonly label: string;
}

/** Bars for a page: what a request costs, and how long the slowest hundredth takes at the same rate for all that can. */
export function comparisonPicture(peers: readonly ComparedPeer[], note: string): string {
  const cost = peers.map(({ name, saturated }) => {
    const values = saturated.map(({ cpuMicros }) => cpuMicros);
    const { median, lowest, highest } = spread(values);
    return { name, values, label: `${median.toFixed(1)}  (${lowest.toFixed(1)}–${highest.toFixed(1)})` };
  });
  const slow = peers.map(({ name, paced }) => {
    const values = paced.map(({ p99Ms }) => p99Ms);
    const rate = Math.round(paced[0]?.rate ?? 0).toLocaleString("en");
    return { name, values, label: `${spread(values).median.toFixed(2)}  at ${rate}/s` };
  });
  const panel = 40 + peers.length * rowHeight;
  const height = 56 + panel * 2 + 30;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="14" fill="${text}">
<title>CPU a request and latency, side by side</title>
<rect width="${width}" height="${height}" fill="#ffffff"/>
<text x="20" y="32" font-size="18" font-weight="600">One core, the same upstream</text>
${bars(cost, "CPU µs a request, all processes (lowest–highest round)", 56)}
${bars(slow, "p99 in ms, counted from when each request was due", 56 + panel)}
<text x="20" y="${height - 14}" font-size="12">${escaped(note)}</text>
</svg>
`;
}

function bars(rows: readonly Row[], title: string, top: number): string {
  const longest = Math.max(...rows.flatMap(({ values }) => values));
  const scale = (value: number) => (value / longest) * (width - left - right);
  const drawn = rows.map(({ name, values, label }, at) => {
    const { median, lowest, highest } = spread(values);
    const y = top + 32 + at * rowHeight;
    const end = left + scale(median);
    return `<text x="${left - 10}" y="${y + 16}" text-anchor="end">${escaped(name)}</text>
<rect x="${left}" y="${y}" width="${scale(median).toFixed(1)}" height="22" rx="2" fill="${name === ours ? ownBar : bar}"/>
<path d="M${(left + scale(lowest)).toFixed(1)} ${y + 11}H${(left + scale(highest)).toFixed(1)}" stroke="${text}" stroke-width="1.5"/>
<text x="${(Math.max(end, left + scale(highest)) + 8).toFixed(1)}" y="${y + 16}">${escaped(label)}</text>`;
  });
  return `<text x="20" y="${top + 16}" font-weight="600">${escaped(title)}</text>\n${drawn.join("\n")}`;
}

const escaped = (value: string): string =>
  value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
