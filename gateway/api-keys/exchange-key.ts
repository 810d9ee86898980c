import type { ServiceTokens } from "#mesh/identity/service-tokens";
import type { Log } from "#observability/log";

/** What user-service makes of a key: a token that stands for its owner, for a while. */
export interface ExchangedKey {
  readonly token: string;
  readonly expiresInMs: number;
}

/** Asks for the token of a key. Never throws: whatever is neither a token nor a refusal is an outage. */
export type ExchangeKey = (key: string) => Promise<ExchangedKey | "refused" | "unavailable">;

const path = "/internal/api-keys/exchange";
const timeoutMs = 2000;
const maxAnswerBytes = 16_384;

export function createKeyExchange({
  userServiceUrl,
  tokens,
  log,
  fetch = globalThis.fetch,
}: {
  userServiceUrl: string;
  tokens: ServiceTokens;
  log: Log;
  fetch?: typeof globalThis.fetch;
}): ExchangeKey {
  return async (key) => {
    try {
      const answer = await fetch(userServiceUrl + path, {
        method: "POST",
        headers: {
          authorization: `Bearer ${await tokens.for("user-service")}`,
          "content-type": "application/json",
        },
        body: JSON.stringify({ key }),
        redirect: "manual",
        signal: AbortSignal.timeout(timeoutMs),
      });
      const body = await answer.text();
      const told = readAnswer(answer.status, body);
      if (told === "unavailable") log.warn({ status: answer.status }, "an API key could not be exchanged");
      return told;
    } catch (error) {
      log.warn({ err: error }, "an API key could not be exchanged");
      return "unavailable";
    }
  };
}

/** A 401 may also mean that it is the gateway's own token that is not accepted: only the refusal's code tells. */
function readAnswer(status: number, text: string): ExchangedKey | "refused" | "unavailable" {
  if (text.length > maxAnswerBytes) return "unavailable";
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return "unavailable";
  }
  if (typeof body !== "object" || body === null) return "unavailable";
  if (status === 401 && "code" in body && body.code === "invalid-api-key") return "refused";
  if (status !== 200 || !("accessToken" in body) || !("expiresIn" in body)) return "unavailable";
  const { accessToken, expiresIn } = body;
  if (typeof accessToken !== "string" || typeof expiresIn !== "number" || !(expiresIn > 0))
    return "unavailable";
  return { token: accessToken, expiresInMs: expiresIn * 1000 };
}
