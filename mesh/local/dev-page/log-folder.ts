import { readdirSync } from "node:fs";
import { join } from "node:path";
import { type FollowedFile, followFile } from "./follow-file.ts";
import { type LogEntry, readLogLine } from "./log-entry.ts";

const pollMs = 200;

/** Gives the lines of all logs in a folder, `<process>.log` each, those of the run before (`<process>.1.log`) left out. */
export function followLogs(
  folder: string,
  each: (entry: LogEntry) => void,
  now: () => number = Date.now,
): { poll(): void; stop(): void } {
  const files = new Map<string, FollowedFile>();

  function poll(): void {
    look();
    for (const file of files.values()) file.poll();
  }

  function look(): void {
    for (const name of logNames(folder)) {
      const service = name.slice(0, -".log".length);
      if (files.has(name)) continue;
      const add = (line: string) => {
        const entry = readLogLine(service, line, now());
        if (entry) each(entry);
      };
      files.set(name, followFile(join(folder, name), add));
    }
  }

  const timer = setInterval(poll, pollMs);
  return { poll, stop: () => clearInterval(timer) };
}

function logNames(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => /^[\w-]+\.log$/.test(name));
  } catch {
    return [];
  }
}
