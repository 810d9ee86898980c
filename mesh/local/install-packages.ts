// Runs before anything is installed: only what comes with Bun may be imported here.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Installs what bun.lock names, unless that was done already. The installer shows its own progress.
 * @returns whether everything is there
 */
export function installPackages(root: string): boolean {
  const stamp = join(root, "node_modules", ".ecotrack-installed");
  const wanted = createHash("sha256")
    .update(readFileSync(join(root, "bun.lock")))
    .update(readFileSync(join(root, "package.json")))
    .update(patchesIn(join(root, "patches")))
    .update(`${process.platform}/${process.arch}`)
    .digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return true;
  console.log("Installing packages …");
  const install = spawnSync(process.execPath, ["install", "--frozen-lockfile"], {
    cwd: root,
    stdio: "inherit",
  });
  if (install.status !== 0) {
    console.error("Cannot install the packages: see above, mend it and start again");
    return false;
  }
  writeFileSync(stamp, wanted);
  return true;
}

/** What is changed in packages after they are unpacked. */
function patchesIn(folder: string): string {
  if (!existsSync(folder)) return "";
  return readdirSync(folder)
    .sort()
    .map((name) => name + readFileSync(join(folder, name), "utf8"))
    .join("");
}

/** The Bun that package.json pins, once it is installed; until then the one that runs this. */
export function pinnedBun(root: string): string {
  const pinned = join(root, "node_modules/bun/bin/bun.exe");
  // Without its install script the package holds a stub of a few lines in the program's place.
  return existsSync(pinned) && statSync(pinned).size > 1024 * 1024 ? pinned : process.execPath;
}
