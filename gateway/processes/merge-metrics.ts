/**
 * Puts several processes' metrics (Prometheus text format 0.0.4, or OpenMetrics) into one text, each sample with a label that tells whose
 * it is, so that nothing is added up that must not be. Help and type stand once, before all samples of their metric.
 */
export function mergeMetrics(texts: readonly { readonly process: string; readonly text: string }[]): string {
  const families = new Map<string, { readonly heading: string[]; readonly samples: string[] }>();
  for (const { process, text } of texts) {
    let family: { readonly heading: string[]; readonly samples: string[] } | undefined;
    for (const line of text.split("\n")) {
      if (line === "") continue;
      const described = /^# (?:HELP|TYPE) (\S+)/.exec(line)?.[1];
      if (described !== undefined) {
        family = families.get(described) ?? { heading: [], samples: [] };
        families.set(described, family);
        if (!family.heading.includes(line)) family.heading.push(line);
      } else if (!line.startsWith("#")) family?.samples.push(labelled(line, process));
    }
  }
  const merged = [...families.values()].flatMap(({ heading, samples }) => [...heading, ...samples]);
  if (texts.some(({ text }) => text.endsWith("# EOF\n"))) merged.push("# EOF");
  return `${merged.join("\n")}\n`;
}

function labelled(sample: string, process: string): string {
  const label = `process="${process}"`;
  const brace = sample.indexOf("{");
  const space = sample.indexOf(" ");
  if (brace !== -1 && brace < space) {
    const rest = sample.slice(brace + 1);
    return `${sample.slice(0, brace)}{${label}${rest.startsWith("}") ? "" : ","}${rest}`;
  }
  return `${sample.slice(0, space)}{${label}}${sample.slice(space)}`;
}
