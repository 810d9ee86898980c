import { readJwks, type VerifyingKey } from "./read-jwks.ts";

/** Sixteen keys with long certificate chains fit in. */
const maxBytes = 262_144;
/** For everything from the connection to the last byte. */
const timeoutMs = 3000;

export interface FetchedKeys {
  readonly keys: readonly VerifyingKey[];
  /** How long the issuer says that they may be kept; undefined when it says nothing. */
  readonly maxAgeMs: number | undefined;
}

/** @throws Error that says why there are no keys */
export async function fetchJwks(url: string, fetch = globalThis.fetch): Promise<FetchedKeys> {
  const answer = await fetch(url, {
    headers: { accept: "application/jwk-set+json, application/json" },
    // The keys decide who is let in: they come from where the operator said, or not at all.
    redirect: "manual",
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (answer.status !== 200) {
    await answer.body?.cancel();
    throw new Error(`it answered ${answer.status}`);
  }
  const text = await readText(answer);
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw new Error("the answer is no JSON");
  }
  const keys = readJwks(document);
  if (typeof keys === "string") throw new Error(`the answer is refused: ${keys}`);
  return { keys, maxAgeMs: maxAgeOf(answer.headers.get("cache-control")) };
}

async function readText(answer: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of answer.body ?? []) {
    size += part.length;
    if (size > maxBytes) throw new Error(`the answer is longer than ${maxBytes} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}

/** `max-age` of RFC 9111 §5.2.2; what may not be kept is kept for no time. */
function maxAgeOf(header: string | null): number | undefined {
  if (header === null) return undefined;
  if (/\bno-(?:store|cache)\b/i.test(header)) return 0;
  const seconds = /(?:^|[\s,])max-age\s*=\s*"?(\d{1,9})/i.exec(header)?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}
