/** What is written by hand and not through `log.<level>({ … })`: by log.ts, log-destination.ts and the gateway's record.ts. */
const writtenByHand =
  "level time service message trace_id span_id correlation_id user_id dropped method route path status ms address";
/** What functions that put fields together give: start-reconciliation.ts and kafka-log.ts. */
const putTogether = [
  "gateway",
  "charges",
  "refunds",
  "disputes",
  "repairs",
  "findings",
  "namespace",
  "broker",
  "cause",
];

/** The names of all fields that a line of these sources may have. */
export function loggedFields(sources: readonly string[]): ReadonlySet<string> {
  return new Set([...writtenByHand.split(" "), ...putTogether, ...sources.flatMap(fieldsIn)]);
}

/** Those of the object literals that a source gives to its log. */
export function fieldsIn(source: string): string[] {
  const calls = [...source.matchAll(/\blog\??\.(?:trace|debug|info|warn|error|fatal)\(\s*\{/g)];
  return calls.flatMap(({ index, 0: { length } }) => namesIn(source, index + length));
}

/** The names of an object literal's members. @param at behind its brace */
function namesIn(source: string, at: number): string[] {
  const members = [""];
  for (let depth = 0; depth >= 0 && at < source.length; at += 1) {
    const character = source.charAt(at);
    if ("{[(".includes(character)) depth += 1;
    if ("}])".includes(character)) depth -= 1;
    if (character === "," && depth === 0) members.push("");
    else members.push(`${members.pop() ?? ""}${character}`);
  }
  return members.flatMap((member) => /^\s*(\w+)/.exec(member)?.[1] ?? []);
}
