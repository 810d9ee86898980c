import type { SendOutcome } from "./span-queue.ts";

/** OTLP 1.x §"Retryable Response Codes". */
const worthAnotherTry = new Set([429, 502, 503, 504]);

export interface OtlpTarget {
  /** The collector's address; `/v1/traces` is added to it. */
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Sends spans by OTLP over HTTP, as JSON, until `signal` says that it is too late. */
export function createOtlpSender({ endpoint, headers }: OtlpTarget) {
  return async (body: Uint8Array<ArrayBuffer>, signal: AbortSignal): Promise<SendOutcome> => {
    try {
      const response = await fetch(`${endpoint}/v1/traces`, {
        method: "POST",
        headers: { ...headers, "content-type": "application/json" },
        body,
        redirect: "error",
        signal,
      });
      // A connection is used again only when its answer was read.
      await response.arrayBuffer();
      if (response.ok) return "taken";
      return worthAnotherTry.has(response.status) ? "again" : "refused";
    } catch {
      return "again";
    }
  };
}
