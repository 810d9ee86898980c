import type { Problem } from "#mesh/problem";
import { maxHeadBytes, messageProblems } from "./message-problems.ts";

export const maxRequestLineBytes = 8192;
const lineEnd = Buffer.from("\r\n");

/**
 * What is wrong already with a head whose end has not come, so that it is not waited for.
 * @param input not empty
 */
export function refuseIncomplete(input: Buffer): Problem | undefined {
  if (isOnlyLineEnd(input)) return undefined;
  const from = input[0] === 13 && input[1] === 10 ? 2 : 0;
  const first = input[from] as number;
  // A method begins with a capital letter; what does not is TLS, a stray line or another protocol.
  if (first < 65 || first > 90) return messageProblems.badRequestLine();
  const feed = input.indexOf(10, from);
  if (feed > 0 && input[feed - 1] !== 13) return messageProblems.badRequestLine();
  const lineBytes = input.indexOf(lineEnd, from);
  if (lineBytes > maxRequestLineBytes || (lineBytes === -1 && input.length > maxRequestLineBytes))
    return messageProblems.uriTooLong(maxRequestLineBytes);
  return input.length > maxHeadBytes ? messageProblems.headTooLarge() : undefined;
}

/** The empty line, or half of it, that may stand before a request; by itself it is the end of the one before. */
export const isOnlyLineEnd = (input: Buffer): boolean =>
  input[0] === 13 && (input.length === 1 || (input.length === 2 && input[1] === 10));
