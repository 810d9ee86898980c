import type { Fields } from "../http/fields.ts";
import { statusTexts } from "../http/status-texts.ts";

/** Who listens decides how the end of a body is told; what an upstream said about it is about another connection. */
const framingFields = new Set(["content-length", "transfer-encoding", "connection", "keep-alive"]);

let dateSecond = 0;
let dateText = "";
/** RFC 9110 §6.6.1; one text a second. */
function dateNow(): string {
  const second = Math.floor(Date.now() / 1000);
  if (second !== dateSecond) {
    dateSecond = second;
    dateText = new Date(second * 1000).toUTCString();
  }
  return dateText;
}

export interface HeadOptions {
  /** Bytes of the body; "chunked"; "close" when the end of the connection is its end; "none" without one. */
  readonly framing: number | "chunked" | "close" | "none";
  /** Of an answer to HEAD, and of 304: the length that there would be is told by the upstream. */
  readonly keepLength: boolean;
  readonly close: boolean;
}

/** The head of an answer as text, Latin-1, with the empty line at its end. */
export function responseHead(
  status: number,
  fields: Fields,
  { framing, keepLength, close }: HeadOptions,
): string {
  const { names, values } = fields;
  let head = `HTTP/1.1 ${status} ${statusTexts[status] ?? ""}\r\n`;
  let dated = false;
  for (let at = 0; at < names.length; at++) {
    const name = names[at] as string;
    if (framingFields.has(name) && !(keepLength && name === "content-length")) continue;
    if (name === "date") dated = true;
    head += `${name}: ${values[at]}\r\n`;
  }
  if (!dated) head += `date: ${dateNow()}\r\n`;
  if (typeof framing === "number") head += `content-length: ${framing}\r\n`;
  else if (framing === "chunked") head += "transfer-encoding: chunked\r\n";
  return `${head}${fields.lines}${close ? "connection: close\r\n" : ""}\r\n`;
}
