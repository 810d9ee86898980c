// The end of .ci/run: tells once more what failed. Each argument is a file with the output of a part that did.
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { showFailures } from "./failures.ts";

const parts = process.argv.slice(2).map((file) => ({
  name: basename(file),
  output: readFileSync(file, "utf8"),
}));
console.log(showFailures(parts).join("\n"));
