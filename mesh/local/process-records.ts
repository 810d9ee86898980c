import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { processIdentity } from "./process-identity.ts";

export type StopSignal = "SIGTERM" | "SIGINT";
export type ProcessGroup = "test" | "gateway" | "service" | "helper" | "store";

/** A process that was started here, so that the next start can end it when this one could not. */
export interface ProcessRecord {
  readonly name: string;
  readonly group: ProcessGroup;
  readonly pid: number;
  /** See {@link processIdentity}. */
  readonly identity: string;
  /** What asks it to stop: SIGINT for PostgreSQL ("fast shutdown"), SIGTERM for the others. */
  readonly stop: StopSignal;
}

export interface ProcessRecords {
  add(process: Omit<ProcessRecord, "identity">): void;
  remove(pid: number): void;
  /** The recorded processes that still run, in the order in which they were started. */
  alive(): ProcessRecord[];
}

/** Records in a file, rewritten as a whole at each change: there are a dozen of them. A damaged file counts as empty. */
export function openProcessRecords(file: string): ProcessRecords {
  let records = read(file);
  const save = () => {
    // The folder may be taken away under a running system, which must still be able to end what it started.
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(`${file}.new`, JSON.stringify(records, null, 2), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  };
  return {
    add(started) {
      const identity = processIdentity(started.pid);
      if (identity === undefined) return;
      records.push({ ...started, identity });
      save();
    },
    remove(pid) {
      records = records.filter((record) => record.pid !== pid);
      try {
        save();
      } catch {
        // On a full disk the file names somebody who has ended: that is seen by the identity, and nobody is ended for it.
      }
    },
    alive: () => records.filter((record) => processIdentity(record.pid) === record.identity),
  };
}

function read(file: string): ProcessRecord[] {
  try {
    const found: unknown = JSON.parse(readFileSync(file, "utf8"));
    return Array.isArray(found) ? found.filter(isRecord) : [];
  } catch {
    return [];
  }
}

function isRecord(value: unknown): value is ProcessRecord {
  const record = value as Partial<ProcessRecord> | null;
  return (
    typeof record?.name === "string" &&
    typeof record.group === "string" &&
    typeof record.identity === "string" &&
    Number.isInteger(record.pid) &&
    (record.stop === "SIGTERM" || record.stop === "SIGINT")
  );
}
