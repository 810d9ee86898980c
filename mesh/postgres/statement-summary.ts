export interface StatementSummary {
  /** As in `SELECT sagas, UPDATE sagas`; OpenTelemetry's `db.query.summary`. */
  readonly summary: string;
  /** The table, where there is only one. */
  readonly table: string | undefined;
  /** With `$n` in the place of every value. */
  readonly text: string;
}

const longestText = 1000;
const longestSummary = 200;
const target =
  /\b(insert)\s+into\s+([a-z_]\w*)|\b(delete)\s+from\s+([a-z_]\w*)|(?<!for\s|do\s|key\s)\b(update)\s+([a-z_]\w*)|\b(?:from|join)\s+([a-z_]\w*)(?!\w*\s*\()/gi;
const commonTable = /\b([a-z_]\w*)\s+as\s+(?:not\s+)?(?:materialized\s+)?\(/gi;
/** What stands where a table would, for a statement that names none. */
const calledFunction = /\bfrom\s+([a-z_]\w*)\s*\(/i;
const known = new WeakMap<readonly string[], StatementSummary>();

/** What a statement does to which tables, from its text. The parts of a template stay the same, so it is read once. */
export function statementSummary(parts: readonly string[]): StatementSummary {
  let found = known.get(parts);
  if (found === undefined) {
    found = summarise(parts);
    known.set(parts, found);
  }
  return found;
}

function summarise(parts: readonly string[]): StatementSummary {
  const whole = parts.reduce((text, part, at) => `${text}$${at}${part}`);
  const text = whole
    .replaceAll(/--[^\n]*/g, "")
    .replaceAll(/\s+/g, " ")
    .trim();
  const own = new Set([...text.matchAll(commonTable)].map(([, name = ""]) => name.toLowerCase()));
  const steps = new Set<string>();
  const tables = new Set<string>();
  for (const [, insert, into, del, from, update, updated, read] of text.matchAll(target)) {
    const table = into ?? from ?? updated ?? read ?? "";
    if (own.has(table.toLowerCase())) continue;
    steps.add(`${(insert ?? del ?? update ?? "select").toUpperCase()} ${table}`);
    tables.add(table);
  }
  const verb = (/^\w+/.exec(text)?.[0] ?? "statement").toUpperCase();
  const called = calledFunction.exec(text)?.[1];
  const summary = [...steps].join(", ") || (called === undefined ? verb : `${verb} ${called}`);
  const [table] = tables;
  return {
    summary: summary.slice(0, longestSummary),
    table: tables.size === 1 ? table : undefined,
    text: text.slice(0, longestText),
  };
}
