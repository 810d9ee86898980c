// The entry of `bun dev`: only what comes with Bun may be imported before the packages are there.
import { join } from "node:path";
import { installPackages } from "./install-packages.ts";

const root = join(import.meta.dirname, "../..");
if (!installPackages(root)) process.exit(1);
const { dev } = await import("./dev.ts");
await dev(root, process.argv.slice(2));
