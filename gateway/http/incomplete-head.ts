import type { Problem } from "#mesh/problem";
import { maxHeadBytes, messageProblems } from "./message-problems.ts";

export const maxRequestLineBytes = 8192;
const lineEnd = Buffer.from("\r\n");

/**
 * What is wrong already with a head whose end has not come, so that it is not waited for.
 * @param input not empty
 */
export function refuseIncomplete(input: Buffer): Problem | undefined {
  const first = input[0] as number;
  // A method begins with a capital letter; what does not is TLS, a stray line or another protocol.
  if (first < 65 || first > 90) return messageProblems.badRequestLine();
  const feed = input.indexOf(10);
  if (feed > 0 && input[feed - 1] !== 13) return messageProblems.badRequestLine();
  const lineBytes = input.indexOf(lineEnd);
  if (lineBytes > maxRequestLineBytes || (lineBytes === -1 && input.length > maxRequestLineBytes))
    return messageProblems.uriTooLong(maxRequestLineBytes);
  return input.length > maxHeadBytes ? messageProblems.headTooLarge() : undefined;
}
