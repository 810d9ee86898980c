import { type Answer, UpstreamUnavailable } from "#mesh/http/client";
import type { Outcome } from "./saga.ts";

/**
 * Makes an outcome of a call of the saga. No answer proves nothing, and neither does one that `read` does not know:
 * both are asked again. Only 422 speaks for itself: this request was never taken and never will be.
 * @param read gives undefined for an answer that it does not know
 */
export async function outcomeOf(
  call: Promise<Answer>,
  read: (answer: Answer) => Outcome | undefined,
): Promise<Outcome> {
  try {
    const answer = await call;
    const known = read(answer);
    if (known) return known;
    if (answer.status === 422) return { kind: "refused", reason: "rejected" };
    return { kind: "unknown", detail: `unexpected answer ${answer.status}` };
  } catch (error) {
    if (!(error instanceof UpstreamUnavailable)) throw error;
    return { kind: "unknown", detail: error.message };
  }
}
