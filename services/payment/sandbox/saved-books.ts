import { readFileSync, renameSync, writeFileSync } from "node:fs";
import type { SavedKeys } from "./idempotency.ts";
import type { Charge, Intent, Refund } from "./stripe-objects.ts";

/** Everything that a provider must not forget when it is restarted: who paid, and which keys were used for it. */
export interface SavedBooks {
  readonly intents: readonly Intent[];
  readonly charges: readonly Charge[];
  readonly refunds: readonly Refund[];
  readonly keys: SavedKeys;
}

/** The books of an earlier run; undefined when there are none. @throws when the file is no JSON */
export function readSavedBooks(file: string): SavedBooks | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as SavedBooks;
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return undefined;
    throw new Error(
      `The sandbox's books in ${file} cannot be read: remove the file to start with empty ones`,
      {
        cause: error,
      },
    );
  }
}

/** Replaces the file as a whole, so that a crash in between leaves the old one. */
export function writeSavedBooks(file: string, books: SavedBooks): void {
  writeFileSync(`${file}.new`, JSON.stringify(books));
  renameSync(`${file}.new`, file);
}
