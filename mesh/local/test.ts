// The entry of `bun run test`: only what comes with Bun may be imported before the packages are there.
import { join } from "node:path";
import { installPackages } from "./install-packages.ts";

const root = join(import.meta.dirname, "../..");
if (!installPackages(root)) process.exit(1);
const { runTests } = await import("./run-tests.ts");
process.exit(await runTests(root, process.argv.slice(2)));
