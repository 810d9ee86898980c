import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Bench } from "./peer.ts";

/** Writes a token for each of `users`, one in a line, for a generator that is another process. */
export function tokenFile(
  { home }: Bench,
  name: string,
  { first, users, token }: { first: number; users: number; token: (user: number) => string },
): string {
  const file = join(home.directory, `${name}.tokens`);
  const lines = Array.from({ length: users }, (_, at) => token(first + at));
  writeFileSync(file, `${lines.join("\n")}\n`, { mode: 0o600 });
  return file;
}
