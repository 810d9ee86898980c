const operators = new Set(["and", "or", "unless", "bool", "offset", "inf", "nan"]);

/** The metrics that a PromQL expression reads, without functions, labels and operators. */
export function metricsIn(expr: string): string[] {
  const bare = expr
    .replaceAll(/"(?:[^"\\]|\\.)*"/g, "")
    .replaceAll(/\{[^}]*\}|\[[^\]]*\]/g, " ")
    .replaceAll(/\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, " ")
    .replaceAll(/\boffset\s+-?\w+/g, " ")
    .replaceAll(/\b(?:group_left|group_right)\b/g, " ")
    // The name of a function or an aggregation.
    .replaceAll(/[a-z_0-9]+\s*\(/g, "(");
  const names = bare.match(/[a-zA-Z_:][\w:]*/g) ?? [];
  return [...new Set(names.filter((name) => !operators.has(name.toLowerCase())))];
}
