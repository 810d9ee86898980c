/**
 * Whether the database failed rather than the event: away, starting, full, read-only, or it undid the transaction for
 * the sake of another (SQLSTATE classes 08, 40, 53, 57P and 25006). Trying the event again later is then all there is to do.
 */
export function isOutage(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" && /^(CONNECT|ECONN|08|40|53|57P|25006)/.test(code);
}
