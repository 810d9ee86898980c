import type { ReceivedSpan } from "../trace/otlp-receiver.ts";
import { processesOf, type Span, type Telemetry } from "./telemetry.ts";

type Seen = Pick<ReceivedSpan, "service" | "name" | "kind" | "attributes">;

/** What was seen and is not in the register, and what is in it and was not seen; a sentence each, none twice. */
export function checkSpans({ spans }: Telemetry, seen: readonly Seen[]): readonly string[] {
  const mistakes = new Set<string>();
  const met = new Set<Span>();
  for (const span of seen) {
    const entry = spans.find((each) => isOf(each, span));
    if (!entry)
      mistakes.add(`${span.service} has a ${span.kind} span ${span.name}, which telemetry.yaml does not say`);
    else {
      met.add(entry);
      for (const mistake of checkAttributes(entry, Object.keys(span.attributes)))
        mistakes.add(`${span.service}: ${entry.name} (${entry.kind}) ${mistake}`);
    }
  }
  for (const span of spans)
    if (!met.has(span) && span.rare === undefined) mistakes.add(`there is no ${span.kind} span ${span.name}`);
  return [...mistakes];
}

const isOf = ({ name, kind, in: where }: Span, span: Seen): boolean =>
  kind === span.kind &&
  processesOf(where).includes(span.service) &&
  name.replaceAll(/\{([^}]+)\}/g, (_, attribute: string) => String(span.attributes[attribute])) === span.name;

function checkAttributes({ attributes, sometimes = [] }: Span, found: readonly string[]): string[] {
  const missing = attributes.filter((name) => !found.includes(name)).map((name) => `is without ${name}`);
  const odd = found.filter((name) => !attributes.includes(name) && !sometimes.includes(name));
  return [...missing, ...odd.map((name) => `has ${name}`)];
}
