import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lockOwner } from "./folder-lock.ts";
import { type Home, openHome } from "./home.ts";

const prefix = "ecotrack-test-";

/** A folder of its own for one run of the tests; unpacked programs are shared with `bun dev`. */
export async function openTestHome(cache: string): Promise<Home> {
  await sweep();
  return openHome(mkdtempSync(join(tmpdir(), prefix)), { fresh: false, cache });
}

/** Ends all that the run started and removes its data. */
export async function removeTestHome(home: Home, withinMs?: number): Promise<void> {
  await home.end(withinMs);
  rmSync(home.directory, { recursive: true, force: true });
}

/** What killed runs left behind. A young folder may belong to a run that has not locked it yet. */
async function sweep(): Promise<void> {
  for (const name of readdirSync(tmpdir()).filter((each) => each.startsWith(prefix))) {
    const folder = join(tmpdir(), name);
    const { uid, mtimeMs } = statSync(folder);
    const young = Date.now() - mtimeMs < 60_000;
    if (uid !== process.getuid?.() || young || lockOwner(join(folder, "lock")) !== undefined) continue;
    // What cannot be removed, such as a disk that a killed test has mounted in it, must not stop every later run.
    await removeTestHome(await openHome(folder, { fresh: false }), 2000).catch((error: Error) => {
      console.warn(`What a killed run left in ${folder} stays: ${error.message}`);
    });
  }
}
