import { expect } from "bun:test";
import { call, type Sending } from "./person.ts";

/** What every refusal has to look like. */
export async function refuse(
  method: string,
  path: string,
  sending: Sending,
  status: number,
  code?: string,
): Promise<Record<string, unknown>> {
  const answer = await call(method, path, sending);
  expect({ path, status: answer.status, code: answer.body.code }).toEqual({
    path,
    status,
    code: code ?? answer.body.code,
  });
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
  // A copy: the matchers of the expectation are written into what they were compared with.
  expect(structuredClone(answer.body)).toMatchObject({
    type: expect.any(String),
    title: expect.any(String),
    status,
    instance: expect.any(String),
    code: expect.stringMatching(/^[a-z0-9-]+$/),
    traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
  });
  expect(JSON.stringify(answer.body)).not.toMatch(/node_modules|\.ts:| {4}at |postgres|ECONN/i);
  return answer.body;
}
