import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findProgram } from "../../../mesh/local/find-program.ts";
import { LocalFailure } from "../../../mesh/local/local-failure.ts";
import { runProgram } from "../../../mesh/local/run-program.ts";

/** A set of npm packages in a folder of the cache of its own, for what runs on Node. */
export async function npmFolder(
  cache: string,
  name: string,
  versions: Readonly<Record<string, string>>,
): Promise<string> {
  const node = findProgram("node");
  if (!node || !findProgram("npm")) throw new LocalFailure("Node and npm are not installed");
  const folder = join(cache, name);
  const wanted = `${JSON.stringify({ private: true, type: "module", dependencies: versions }, null, 2)}\n`;
  const stamp = join(folder, "installed.json");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return folder;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), wanted);
  const flags = ["--no-audit", "--no-fund", "--ignore-scripts", "--fetch-timeout=30000", "--fetch-retries=1"];
  const command = ["npm", "install", "--prefix", folder, ...flags];
  const { succeeded, output } = await runProgram(command, { cwd: folder, env: networkEnvironment() });
  if (!succeeded) throw new LocalFailure(`npm cannot install it (${output.trim().split("\n").at(-1)})`);
  writeFileSync(stamp, wanted);
  return folder;
}

/** How this machine gets out, where that is told by the environment. */
function networkEnvironment(): Record<string, string> {
  const names = /^(npm_config_\w+|NODE_EXTRA_CA_CERTS|https?_proxy|no_proxy)$/i;
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value && names.test(name) ? [[name, value]] : [],
    ),
  );
}
