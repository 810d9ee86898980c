import { ProblemError, problems } from "../problem.ts";
import { refuseDeepJson, refuseOddText, refuseRepeatedNames } from "./refuse-odd-json.ts";

/** Refuses bytes that are no UTF-8 instead of replacing them. */
const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Reads a JSON body and refuses what is ambiguous: another content type, bytes that are no UTF-8,
 * more than `maxBytes`, nesting without end, a name twice in one object, text that cannot be kept.
 * No body at all is null: whether one is needed is for the route's schema to say.
 * @throws ProblemError 400, 413, 415 or 422
 */
export async function readStrictJson(request: Request, maxBytes: number): Promise<unknown> {
  return parseStrictJson(await readBody(request, maxBytes), request.headers.get("content-type"));
}

/**
 * The same for a body that is here already: so the gateway reads what a service would.
 * @throws ProblemError 400, 415 or 422
 */
export function parseStrictJson(bytes: Uint8Array, contentType: string | null): unknown {
  const text = decode(bytes);
  if (text === "") return null;
  if (!isJson(contentType)) throw new ProblemError(problems.unsupportedMediaType());
  const names = refuseDeepJson(text);
  const value = parse(text);
  refuseRepeatedNames(names, value);
  refuseOddText(text, value);
  return value;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new ProblemError(problems.malformed("The body is not JSON"));
  }
}

/** @throws ProblemError 400 for bytes that are no UTF-8, 413 */
export async function readText(request: Request, maxBytes: number): Promise<string> {
  return decode(await readBody(request, maxBytes));
}

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new ProblemError(problems.malformed("The body is not UTF-8"));
  }
}

/** @throws ProblemError 413 as soon as it is known that the body has more than `maxBytes` */
async function readBody(request: Request, maxBytes: number): Promise<Uint8Array> {
  const announced = Number(request.headers.get("content-length") ?? 0);
  if (announced > maxBytes) throw new ProblemError(problems.tooLarge(maxBytes));
  // A length that was announced is enforced by the listener, so only a chunked body has to be counted.
  const bytes = new Uint8Array(await request.arrayBuffer());
  if (bytes.byteLength > maxBytes) throw new ProblemError(problems.tooLarge(maxBytes));
  return bytes;
}

function isJson(contentType: string | null): boolean {
  const [type = "", ...parameters] = (contentType ?? "").toLowerCase().split(";");
  const charset = parameters.map((each) => each.trim()).find((each) => each.startsWith("charset="));
  return type.trim() === "application/json" && (!charset || /^charset="?utf-?8"?$/.test(charset));
}
