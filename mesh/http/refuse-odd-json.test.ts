import { expect, test } from "bun:test";
import fc from "fast-check";
import { refuseDeepJson, refuseOddText, refuseRepeatedNames } from "./refuse-odd-json.ts";

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

const repeats = (text: string) => refuseRepeatedNames(refuseDeepJson(text), JSON.parse(text));

test.each([
  ['{"a":1,"a":1}'],
  ['[{"b":{"a":1,"c":[],"a":2}}]'],
  ['{"a":1,"\\u0061":2}'],
  ['{"":1,"":2}'],
  ['{"__proto__":1,"__proto__":2}'],
  ['{"\\"a\\\\":1,"\\"a\\\\":2}'],
  ['{"a":{"b":1},"a":{"b":1}}'],
])("%p has a name twice in one object", (text) => {
  expect(thrown(() => repeats(text))).toEqual(problem(400));
});

test("names in different objects, and colons in text, are no repeats", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), fc.integer({ min: 0, max: 3 }), (value, spaces) => {
      expect(thrown(() => repeats(JSON.stringify(value, undefined, spaces)))).toBeUndefined();
    }),
  );
  for (const text of ['{"a":":","b":"\\":"}', '[{"a":1},{"a":1}]', '{"a":{"a":{"a":"x:y"}}}', '"a:b"'])
    expect(thrown(() => repeats(text))).toBeUndefined();
});

test("of two that are the same somewhere, one is too many", () => {
  fc.assert(
    fc.property(fc.string(), fc.jsonValue({ maxDepth: 3 }), (name, value) => {
      const member = `${JSON.stringify(name)}:${JSON.stringify(value)}`;
      expect(thrown(() => repeats(`[0,{${member},${member}}]`))).toEqual(problem(400));
    }),
  );
});
