type Labels = Readonly<Record<string, string>>;

export interface InhibitRule {
  readonly source_matchers: readonly string[];
  readonly target_matchers: readonly string[];
  readonly equal?: readonly string[];
}

/**
 * Those of the firing alerts that Alertmanager sends, by its rule: an alert is silenced by another that matches the source, where
 * both have the same values of `equal`, a missing one being empty. What is on both sides of a rule does not silence itself.
 */
export function notInhibited(rules: readonly InhibitRule[], firing: readonly Labels[]): Labels[] {
  return firing.filter(
    (target) =>
      !rules.some(
        ({ source_matchers, target_matchers, equal = [] }) =>
          matches(target_matchers, target) &&
          firing.some(
            (source) =>
              matches(source_matchers, source) &&
              !(matches(source_matchers, target) && matches(target_matchers, source)) &&
              equal.every((label) => (source[label] ?? "") === (target[label] ?? "")),
          ),
      ),
  );
}

export function readMatcher(matcher: string): { label: string; pattern: RegExp } {
  const [, label, operator, value = ""] = /^(\w+) (=~?) (.+)$/.exec(matcher) ?? [];
  if (label === undefined) throw new Error(`This matcher is not known here: ${matcher}`);
  const literal = value.replaceAll(/[^\w-]/g, "\\$&");
  return { label, pattern: new RegExp(`^(?:${operator === "=~" ? value : literal})$`) };
}

const matches = (matchers: readonly string[], labels: Labels): boolean =>
  matchers.map(readMatcher).every(({ label, pattern }) => pattern.test(labels[label] ?? ""));
