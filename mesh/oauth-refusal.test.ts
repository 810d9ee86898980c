import { expect, test } from "bun:test";
import { oauthRefusal } from "./oauth-refusal.ts";
import { problems } from "./problem.ts";

test.each([
  [problems.unsupportedMediaType(["application/x-www-form-urlencoded"]), 400, "invalid_request"],
  [problems.malformed("x"), 400, "invalid_request"],
  [problems.tooLarge(10), 413, "invalid_request"],
  [problems.quotaExceeded(["a"], 7), 429, "temporarily_unavailable"],
  [problems.unavailable("The database"), 503, "temporarily_unavailable"],
  [problems.internal(), 500, "server_error"],
])("%p is told to an OAuth client as %p %p", (problem, status, error) => {
  const refusal = oauthRefusal(problem);
  expect(refusal).toMatchObject({ status, headers: problem.headers ?? {}, body: { error } });
  expect(refusal.headers["cache-control"]).toBe("no-store");
});

test("its words are what RFC 6749 takes", () => {
  const { body } = oauthRefusal(problems.malformed('a "name" with \\ and é'));
  expect(body.error_description).toBe("a 'name' with ' and '");
});
