import type { Fields } from "./fields.ts";
import { isOdd, parseFields } from "./parse-fields.ts";

/** How the end of an answer's body is known (RFC 9112 §6.3). */
export type AnswerFraming =
  | { readonly kind: "none" }
  | { readonly kind: "length"; readonly bytes: number }
  | { readonly kind: "chunked" }
  | { readonly kind: "until-close" };

export interface ResponseHead {
  readonly status: number;
  readonly fields: Fields;
  readonly framing: AnswerFraming;
  /** Whether the connection may carry another request. */
  readonly keepAlive: boolean;
}

const statusLine = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: [^\r\n]*)?$/;
const none: AnswerFraming = { kind: "none" };

/**
 * @param head Latin-1, without the empty line at its end
 * @returns undefined for what is no head that can be trusted: ambiguous framing, odd characters
 */
export function parseResponseHead(head: string, method: string): ResponseHead | undefined {
  if (isOdd(head)) return undefined;
  const lineEnd = head.indexOf("\r\n");
  const match = statusLine.exec(lineEnd === -1 ? head : head.slice(0, lineEnd));
  if (!match) return undefined;
  const fields = parseFields(head, lineEnd === -1 ? head.length : lineEnd + 2);
  if (typeof fields === "string") return undefined;
  const status = Number(match[2]);
  const framing = framingOf(fields, status, method, match[1] as string);
  if (!framing) return undefined;
  const connection = fields.get("connection")?.toLowerCase() ?? "";
  const persistent = match[1] === "1" ? !connection.includes("close") : connection.includes("keep-alive");
  const keepAlive = persistent && framing.kind !== "until-close" && !isBodyOfNone(fields, status);
  return { status, fields, framing, keepAlive };
}

/** Announces a body where none may be (RFC 9110 §15.3.5): whether it was sent all the same is anybody's guess. */
function isBodyOfNone(fields: Fields, status: number): boolean {
  if (status === 204) return fields.has("transfer-encoding") || Number(fields.get("content-length")) > 0;
  return status === 304 && fields.has("transfer-encoding");
}

function framingOf(fields: Fields, status: number, method: string, minor: string): AnswerFraming | undefined {
  const coding = fields.get("transfer-encoding");
  const length = fields.get("content-length");
  if (coding !== null && (length !== null || minor === "0")) return undefined;
  if (length !== null && !/^\d{1,15}$/.test(length)) return undefined;
  if (method === "HEAD" || status < 200 || status === 204 || status === 304) return none;
  if (coding !== null) return coding.toLowerCase() === "chunked" ? { kind: "chunked" } : undefined;
  if (length !== null) return { kind: "length", bytes: Number(length) };
  return { kind: "until-close" };
}
