import { type Setting, text } from "#mesh/settings";

/** A column of decimals, kept as they are written: a binary float could not hold them. */
export const decimalColumn = (name: string): Setting<string> =>
  text(name, { pattern: /^\d{1,6}(\.\d{1,6})?$/ });
