import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { SendOutcome } from "./span-queue.ts";

const zip = promisify(gzip);

/** OTLP 1.x §"Retryable Response Codes". */
const worthAnotherTry = new Set([429, 502, 503, 504]);

export interface OtlpTarget {
  /** The collector's address; `/v1/traces` is added to it. */
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  /** An eighth of the bytes for six times the processor's time (0.5 ms more for 512 spans): where the network is what costs. */
  readonly compression?: "gzip" | "none" | undefined;
}

/** Sends spans by OTLP over HTTP, as JSON, until `signal` says that it is too late. */
export function createOtlpSender({ endpoint, headers, compression }: OtlpTarget) {
  const zipped = compression === "gzip";
  const encoding = { "content-type": "application/json", ...(zipped && { "content-encoding": "gzip" }) };
  return async (body: Uint8Array<ArrayBuffer>, signal: AbortSignal): Promise<SendOutcome> => {
    try {
      const response = await fetch(`${endpoint}/v1/traces`, {
        method: "POST",
        headers: { ...headers, ...encoding },
        // The lowest level: the usual one takes twice the time for 5 % of the bytes.
        body: zipped ? await zip(body, { level: 1 }) : body,
        redirect: "error",
        signal,
      });
      // A connection is used again only when its answer was read.
      const answer = await response.text();
      if (response.ok) return partOf(answer);
      if (worthAnotherTry.has(response.status)) return "again";
      return { refused: "all", reason: `status ${response.status}` };
    } catch {
      return "again";
    }
  };
}

/** OTLP 1.x §"Partial Success": a collector that took a batch says how many spans of it it did not take, and why. */
function partOf(answer: string): SendOutcome {
  if (!answer.includes("partialSuccess")) return "taken";
  const { partialSuccess } = readAnswer(answer);
  const refused = Number(partialSuccess?.rejectedSpans ?? 0);
  const reason = partialSuccess?.errorMessage ?? "";
  return refused > 0 || reason !== "" ? { refused, reason } : "taken";
}

interface Answer {
  /** 64-bit numbers are text in OTLP's JSON. */
  readonly partialSuccess?: {
    readonly rejectedSpans?: string | number;
    readonly errorMessage?: string;
  } | null;
}

function readAnswer(text: string): Answer {
  try {
    return JSON.parse(text) as Answer;
  } catch {
    return {};
  }
}
