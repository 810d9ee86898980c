import { expect, test } from "bun:test";
import { readDevOptions } from "./dev-options.ts";

test("options are read in any order", () => {
  expect(readDevOptions([])).toEqual({ fresh: false, help: false, runtime: "bun" });
  expect(readDevOptions(["--runtime", "deno", "--fresh"])).toEqual({
    fresh: true,
    help: false,
    runtime: "deno",
  });
  expect(readDevOptions(["--runtime=deno"]).runtime).toBe("deno");
});

test.each([[["--frehs"]], [["--runtime", "node"]], [["--runtime"]], [["fresh"]]])("%p is refused", (args) => {
  expect(() => readDevOptions(args)).toThrow(/--/);
});
