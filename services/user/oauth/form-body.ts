import type { OAuthError } from "./oauth-error.ts";

export type Form = ReadonlyMap<string, string>;

const maxParameters = 50;

/**
 * The parameters of a form-encoded body. One without a value counts as left out, one that is there twice makes the
 * request invalid (RFC 6749 §3.1, §3.2).
 */
export function readForm(request: Request, body: unknown): Form | OAuthError {
  const [type = ""] = (request.headers.get("content-type") ?? "").toLowerCase().split(";");
  if (type.trim() !== "application/x-www-form-urlencoded") {
    return { error: "invalid_request", description: "Send application/x-www-form-urlencoded" };
  }
  const form = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(typeof body === "string" ? body : "")) {
    if (form.has(name))
      return { error: "invalid_request", description: "A parameter is given more than once" };
    if (form.size >= maxParameters) return { error: "invalid_request", description: "Too many parameters" };
    if (value.includes("\0")) return { error: "invalid_request", description: "A parameter cannot be read" };
    form.set(name, value);
  }
  for (const [name, value] of form) if (value === "") form.delete(name);
  return form;
}
