import { expect, test } from "bun:test";
import { refuseRepeats } from "./refuse-repeats.ts";

const ask = (query: string) => () => refuseRepeats(new Request(`http://localhost/list${query}`));

test("a parameter that is given twice is refused, also when it is escaped differently", () => {
  expect(ask("?limit=1&limit=2")).toThrow("422 validation-failed");
  expect(ask("?limit=1&sort=name&%6cimit=1")).toThrow("422 validation-failed");
});

test("what is given once is taken", () => {
  for (const query of ["", "?", "?limit=1", "?limit=1&sort=limit&Limit=2"]) expect(ask(query)).not.toThrow();
});
