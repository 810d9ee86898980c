/** A metric as a process exposes it. */
export interface ExposedFamily {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  /** Without the buckets' `le`. */
  readonly samples: readonly { readonly name: string; readonly labels: Readonly<Record<string, string>> }[];
}

/** Reads the Prometheus text format 0.0.4. @throws Error on a line that is none of it */
export function parseExposition(text: string): readonly ExposedFamily[] {
  const families = new Map<string, ExposedFamily & { samples: ExposedFamily["samples"][number][] }>();
  let help = "";
  let current: string | undefined;
  for (const line of text.split("\n").filter((each) => each !== "")) {
    const [, kind, name, rest] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (kind === "HELP") help = rest ?? "";
    else if (kind === "TYPE" && name !== undefined) {
      families.set(name, { name, type: rest ?? "", help, samples: [] });
      current = name;
    } else {
      const [, sample, labels] = /^([a-z_0-9]+)(?:\{(.*)\})? (?:[-+\d.e]+|NaN|[-+]Inf)$/.exec(line) ?? [];
      const family = families.get(current ?? "");
      if (sample === undefined || !family) throw new Error(`This is no sample: ${line}`);
      family.samples.push({ name: sample, labels: parseLabels(labels ?? "") });
    }
  }
  return [...families.values()];
}

function parseLabels(text: string): Record<string, string> {
  const found = [...text.matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/g)].map(
    ([, name = "", value = ""]) => [name, value] as const,
  );
  return Object.fromEntries(found.filter(([name]) => name !== "le"));
}
