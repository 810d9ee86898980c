import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Change } from "./breaks.ts";

const left = new Set(["node_modules", ".git", ".ecotrack"]);

/**
 * Copies the sources of the repository to `folder`, with its packages linked, and changes the copy. So a safeguard can be
 * switched off without a switch in what is shipped.
 * @throws Error that names the file when what is to be changed is not there exactly once
 */
export function makeBrokenCopy(root: string, folder: string, changes: readonly Change[]): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  cpSync(root, folder, { recursive: true, filter: (path) => !left.has(basename(path)) });
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  for (const { file, from, to } of changes) {
    const path = join(folder, file);
    writeFileSync(path, changed(readFileSync(path, "utf8"), { file, from, to }));
  }
}

/** @throws Error when `from` is not in the text exactly once */
export function changed(text: string, { file, from, to }: Change): string {
  const found = text.split(from).length - 1;
  if (found !== 1) {
    throw new Error(
      `The break is out of date: ${file} has ${found} times, not once: ${from.trim().slice(0, 80)}`,
    );
  }
  return text.replace(from, () => to);
}
