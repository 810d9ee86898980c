/** Never written, wherever one of these stands in what is logged; compared without case, dashes and underscores. */
const secretFields = new Set([
  "password",
  "token",
  "accesstoken",
  "refreshtoken",
  "authorization",
  "cookie",
  "setcookie",
  "secret",
  "apikey",
  "clientsecret",
  "card",
  "cardnumber",
]);
const deepest = 5;
const censored = "[redacted]";

/** The same fields with the value of every secret one replaced. What holds no secret is returned as it is, uncopied. */
export function redact(fields: Record<string, unknown>, depth = 0): Record<string, unknown> {
  let copy: Record<string, unknown> | undefined;
  for (const name in fields) {
    const value = fields[name];
    const clean = isSecret(name) ? censored : redactValue(value, depth);
    if (clean === value) continue;
    copy ??= { ...fields };
    copy[name] = clean;
  }
  return copy ?? fields;
}

function redactValue(value: unknown, depth: number): unknown {
  // An error is written by its own serialiser, which takes what it knows and nothing else.
  if (typeof value !== "object" || value === null || value instanceof Error) return value;
  if (depth >= deepest) return "[too deep]";
  if (!Array.isArray(value)) return redact(value as Record<string, unknown>, depth + 1);
  const items: unknown[] = value;
  const clean = items.map((item) => redactValue(item, depth + 1));
  return clean.some((item, at) => item !== items[at]) ? clean : items;
}

const isSecret = (name: string): boolean =>
  secretFields.has(name) ||
  (/[A-Z_-]/.test(name) && secretFields.has(name.toLowerCase().replace(/[_-]/g, "")));

/** What is written of an error: never its other properties, which may hold a statement's parameters or a request. */
export function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message, stack, cause } = error;
  const { code } = error as { code?: unknown };
  return {
    type: name,
    message,
    stack,
    ...((typeof code === "string" || typeof code === "number") && { code }),
    ...(cause instanceof Error && { cause: describeError(cause) }),
  };
}
