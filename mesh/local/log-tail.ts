import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";

/** The last lines that a process wrote, JSON log lines made readable; empty when there is no such file. */
export function logTail(file: string, lines = 5): string[] {
  try {
    const text = readFrom(file, -16_384);
    return text.split("\n").map(readableLine).filter(Boolean).slice(-lines);
  } catch {
    return [];
  }
}

/**
 * The last line that tells of an end, in the last `withinMs` of the log: a JSON line of level fatal, or a plain
 * one (a runtime's) that speaks of an error. A plain line is as old as the next line that has a time, or the file.
 */
export function lastFatal(file: string, withinMs: number, now = Date.now()): string | undefined {
  try {
    let time = statSync(file).mtimeMs;
    for (const line of readFrom(file, -16_384).split("\n").reverse()) {
      time = timeOf(line) ?? time;
      if (now - time > withinMs) return undefined;
      const fatal = line.startsWith("{")
        ? /"level":"fatal"/.test(line)
        : /error|cannot|fatal|failed/i.test(line);
      if (fatal) return readableLine(line);
    }
  } catch {
    // There is no such file.
  }
  return undefined;
}

function timeOf(line: string): number | undefined {
  const time = /^\{.*?"time":"([^"]+)"/.exec(line)?.[1];
  return time === undefined ? undefined : Date.parse(time);
}

/** Calls `each` for every line that joins the file, from its present end on. Polled: log lines may come thousands a second. */
export function followLog(file: string, each: (line: string) => void): () => void {
  let offset = sizeOf(file);
  let rest = "";
  const poll = () => {
    const size = sizeOf(file);
    if (size <= offset) return;
    const lines = (rest + readFrom(file, offset)).split("\n");
    offset = size;
    rest = lines.pop() ?? "";
    lines.forEach(each);
  };
  const timer = setInterval(poll, 250);
  return () => {
    clearInterval(timer);
    poll();
  };
}

/** A warning or an error in one readable line; undefined for what need not be seen. */
export function warningLine(line: string): string | undefined {
  const worthSeeing = line.startsWith("{")
    ? /"level":"(warn|error|fatal)"/
    : /\b(error|warning|cannot|failed|panic|exception)/i;
  return worthSeeing.test(line) ? readableLine(line) : undefined;
}

function readableLine(line: string): string {
  if (!line.startsWith("{")) return line.trim();
  try {
    const { level, message, msg, err } = JSON.parse(line);
    const text = String(message ?? msg ?? "");
    const cause = err?.message && !text.includes(err.message) ? err.message : undefined;
    return [level, text, cause].filter(Boolean).join(": ");
  } catch {
    return line.trim();
  }
}

function sizeOf(file: string): number {
  try {
    const handle = openSync(file, "r");
    const { size } = fstatSync(handle);
    closeSync(handle);
    return size;
  } catch {
    return 0;
  }
}

/** A negative `offset` counts from the end. At most 1 MiB at once: more is not for a terminal. */
function readFrom(file: string, offset: number): string {
  const handle = openSync(file, "r");
  try {
    const { size } = fstatSync(handle);
    const start = offset < 0 ? Math.max(0, size + offset) : Math.max(offset, size - 1024 * 1024);
    const buffer = Buffer.alloc(size - start);
    const length = readSync(handle, buffer, 0, buffer.length, start);
    return buffer.toString("utf8", 0, length);
  } finally {
    closeSync(handle);
  }
}
