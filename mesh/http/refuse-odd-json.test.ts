import { expect, test } from "bun:test";
import { refuseDeepJson, refuseOddText } from "./refuse-odd-json.ts";

const nested = (levels: number) => "[".repeat(levels) + "]".repeat(levels);
const check = (text: string) => refuseOddText(text, JSON.parse(text));
const problem = (status: number, pointer?: string) =>
  expect.objectContaining({
    problem: expect.objectContaining({
      status,
      ...(pointer !== undefined && { errors: [expect.objectContaining({ pointer })] }),
    }),
  });

function thrown(work: () => void): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
}

test("32 levels are taken, one more is not, whatever it is made of", () => {
  expect(thrown(() => refuseDeepJson(nested(32)))).toBeUndefined();
  expect(thrown(() => refuseDeepJson(nested(33)))).toEqual(problem(400));
  expect(thrown(() => refuseDeepJson(`${'{"a":'.repeat(33)}1${"}".repeat(33)}`))).toEqual(problem(400));
});

test("brackets side by side and in text are no depth", () => {
  expect(thrown(() => refuseDeepJson(`[${"[],".repeat(100)}[]]`))).toBeUndefined();
  expect(thrown(() => refuseDeepJson(JSON.stringify({ a: `"${"[{".repeat(100)}\\` })))).toBeUndefined();
});

test("U+0000 and half a surrogate pair are found where they stand", () => {
  expect(thrown(() => check('{"a":{"b/c":["x","y\\u0000"]}}'))).toEqual(problem(422, "/a/b~1c/1"));
  expect(thrown(() => check('{"a":"\\ud800"}'))).toEqual(problem(422, "/a"));
  expect(thrown(() => check('{"a":{"\\udc00":1}}'))).toEqual(problem(422, "/a"));
});

test("a whole pair and an escaped backslash are text like any other", () => {
  for (const text of ['{"a":"\\ud83c\\udf31"}', '{"a":"\\\\u0000"}', '"ü"'])
    expect(thrown(() => check(text))).toBeUndefined();
});
