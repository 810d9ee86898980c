import { existsSync } from "node:fs";
import { join } from "node:path";
import { pinnedBun } from "./install-packages.ts";
import { LocalFailure } from "./local-failure.ts";

export const runtimes = ["bun", "deno"] as const;
export type Runtime = (typeof runtimes)[number];

/** What runs a main.ts: the pinned Bun or the pinned Deno. */
export function runtimeCommand(runtime: Runtime, root: string): string[] {
  if (runtime === "bun") return [pinnedBun(root)];
  // Not node_modules/.bin/deno: that one is a script of Node that would stand between us and the signals.
  const program = [
    join(root, "node_modules/deno/deno"),
    join(root, "node_modules/@deno", denoPlatform(), "deno"),
  ];
  const found = program.find((path) => existsSync(path));
  if (!found)
    throw new LocalFailure(`No Deno is installed for ${process.platform} ${process.arch}: use --runtime bun`);
  return [found, "run", "--allow-all", "--no-prompt", "--quiet"];
}

function denoPlatform(): string {
  return `${process.platform}-${process.arch}${process.platform === "linux" ? "-glibc" : ""}`;
}
