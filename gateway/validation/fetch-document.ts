/** What a service says of its own calls. */
export interface FetchedDocument {
  readonly text: string;
  /** Empty without one. */
  readonly etag: string;
}

const timeoutMs = 2000;
const maxBytes = 4 * 1024 * 1024;

/**
 * Asks a service for its OpenAPI document, within bounds of time and size.
 * @param etag of the one that is here
 * @throws Error when there is none to be had
 */
export async function fetchDocument(url: string, etag = ""): Promise<FetchedDocument | "unchanged"> {
  const answer = await fetch(`${url}/openapi.json`, {
    signal: AbortSignal.timeout(timeoutMs),
    redirect: "error",
    headers: { accept: "application/json", ...(etag !== "" && { "if-none-match": etag }) },
  });
  if (answer.status === 304 && etag !== "") return "unchanged";
  if (answer.status !== 200) {
    await answer.body?.cancel();
    throw new Error(`${url}/openapi.json answered ${answer.status}`);
  }
  return { text: await readBounded(answer), etag: answer.headers.get("etag") ?? "" };
}

async function readBounded(answer: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  // Leaving the loop by an error cancels the rest.
  for await (const part of answer.body ?? []) {
    bytes += part.length;
    if (bytes > maxBytes) throw new Error(`The OpenAPI document has more than ${maxBytes} bytes`);
    parts.push(part);
  }
  return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(parts));
}
