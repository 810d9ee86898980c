import type { Problem } from "#mesh/problem";
import type { Fields, RequestFields } from "./fields.ts";
import { messageProblems } from "./message-problems.ts";
import { isOdd, parseFields } from "./parse-fields.ts";

/** How the end of a request's body is known (RFC 9112 §6.3). */
export type RequestFraming =
  | { readonly kind: "none" }
  | { readonly kind: "length"; readonly bytes: number }
  | { readonly kind: "chunked" };

export interface RequestHead {
  readonly method: string;
  /** As it was sent. */
  readonly target: string;
  readonly fields: RequestFields;
  /** The lines of the fields as they were sent. */
  readonly lines: string;
  readonly framing: RequestFraming;
  /** Whether the client wants to use the connection again. */
  readonly keepAlive: boolean;
  /** Of HTTP/1.0 a client understands no chunks. */
  readonly minor: 0 | 1;
  /** The client waits for `100 Continue` before it sends the body. */
  readonly expectsContinue: boolean;
}

/** A higher minor version is taken as 1.1, the highest that is spoken here (RFC 9110 §2.5). */
const requestLine = /^([A-Z]{1,20}) (\S+) HTTP\/1\.(\d)$/;
/** What has no meaning at an edge that is no tunnel, or tells what a client should not learn. */
const refusedMethods = new Set(["CONNECT", "TRACE", "TRACK"]);
/** Sent twice, two readers may believe different ones. */
const onlyOnce = [
  "host",
  "content-length",
  "transfer-encoding",
  "authorization",
  "x-api-key",
  "content-type",
  "origin",
  "idempotency-key",
  "expect",
];
const none: RequestFraming = { kind: "none" };

/**
 * Reads the head of a request strictly (RFC 9112): whatever two parsers could understand differently is refused, so that
 * the request that is forwarded is the one that the client framed.
 * @param text Latin-1, without the empty line at its end
 * @param before the last one that was read on the connection: clients send the same fields again and again, and what was
 * read of them then holds for the same bytes now
 */
export function parseRequestHead(text: string, before?: RequestHead): RequestHead | Problem {
  // One empty line may come first: some clients send it after a body (RFC 9112 §2.2).
  const head = text.startsWith("\r\n") ? text.slice(2) : text;
  const lineEnd = head.indexOf("\r\n");
  const line = lineEnd === -1 ? head : head.slice(0, lineEnd);
  const lines = lineEnd === -1 ? "" : head.slice(lineEnd);
  const known = before !== undefined && before.lines === lines ? before : undefined;
  if (isOdd(known ? line : head)) return messageProblems.oddCharacter();
  const match = requestLine.exec(line);
  if (!match) return problemOfLine(line);
  const method = match[1] as string;
  const target = match[2] as string;
  if (refusedMethods.has(method)) return messageProblems.methodNotImplemented();
  const minor = match[3] === "0" ? 0 : 1;
  // What the fields mean depends on the version.
  if (known?.minor === minor) return { ...known, method, target };
  const fields = parseFields(head, lineEnd === -1 ? head.length : lineEnd + 2);
  if (typeof fields === "string") return messageProblems.badField(fields);
  const problem = twice(fields);
  if (problem) return problem;
  const framing = framingOf(fields, minor);
  if ("status" in framing) return framing;
  const expect = fields.get("expect");
  if (expect !== null && expect.toLowerCase() !== "100-continue") return messageProblems.unknownExpectation();
  const connection = fields.get("connection");
  return {
    method,
    target,
    fields,
    lines,
    framing,
    keepAlive: minor === 1 && (connection === null || !/\bclose\b/i.test(connection)),
    minor,
    expectsContinue: expect !== null && minor === 1,
  };
}

function problemOfLine(line: string): Problem {
  if (/ HTTP\/\d(?:\.\d)?$/.test(line) && !/ HTTP\/1\.\d$/.test(line)) return messageProblems.version();
  return messageProblems.badRequestLine();
}

function twice({ names }: Fields): Problem | undefined {
  for (const name of onlyOnce) {
    const first = names.indexOf(name);
    if (first !== -1 && names.indexOf(name, first + 1) !== -1) return messageProblems.repeatedField(name);
  }
  return undefined;
}

/** A length and a coding together are how requests are smuggled (RFC 9112 §11.2); no other coding than chunks is known. */
function framingOf(fields: Fields, minor: 0 | 1): RequestFraming | Problem {
  const coding = fields.get("transfer-encoding");
  const length = fields.get("content-length");
  if (coding !== null) {
    if (length !== null) return messageProblems.ambiguousLength();
    if (minor === 0) return messageProblems.ambiguousLength();
    return coding.toLowerCase() === "chunked" ? { kind: "chunked" } : messageProblems.unknownCoding();
  }
  if (length === null) return none;
  if (!/^\d{1,15}$/.test(length)) return messageProblems.badLength();
  const bytes = Number(length);
  return bytes === 0 ? none : { kind: "length", bytes };
}
