/** For `error.type`: the code of an error (SQLSTATE, ECONNREFUSED) or its class, never its words. */
export function errorTypeOf(error: unknown): string {
  if (typeof error !== "object" || error === null) return "_OTHER";
  const { code, name } = error as { code?: unknown; name?: unknown };
  if (typeof code === "string" && short.test(code)) return code;
  return typeof name === "string" && short.test(name) ? name : "_OTHER";
}

const short = /^[\w.-]{1,64}$/;
