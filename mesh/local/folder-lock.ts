import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { LocalFailure } from "./local-failure.ts";
import { processIdentity } from "./process-identity.ts";

/**
 * Makes this process the only one that works in a folder, until the returned function gives it up.
 * The lock of a process that is gone does not count.
 * @throws LocalFailure when another process works there
 */
export function lockFolder(file: string): () => void {
  const mine = JSON.stringify({ pid: process.pid, identity: processIdentity(process.pid) });
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      writeFileSync(file, mine, { flag: "wx", mode: 0o600 });
      return () => rmSync(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const owner = lockOwner(file);
    if (owner !== undefined) {
      throw new LocalFailure(
        `EcoTrack already runs in this folder (process ${owner}): stop it with Ctrl-C in its terminal or with: kill ${owner}`,
      );
    }
    rmSync(file, { force: true });
  }
  throw new LocalFailure(`Cannot lock ${file}: another start is under way`);
}

/** The pid of the running process that holds the lock, or undefined. */
export function lockOwner(file: string): number | undefined {
  try {
    const { pid, identity } = JSON.parse(readFileSync(file, "utf8"));
    return processIdentity(pid) === identity ? pid : undefined;
  } catch {
    return undefined;
  }
}
