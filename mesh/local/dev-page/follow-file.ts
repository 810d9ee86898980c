import { closeSync, fstatSync, openSync, readSync } from "node:fs";

/** More than this at once is not for a page: the first of it is skipped. */
const mostBytes = 1024 * 1024;

export interface FollowedFile {
  /** Reads what was added since the last time. */
  poll(): void;
}

/**
 * Gives every line that is added to a file, from its beginning on, also when it is renamed and begun anew (another inode) or
 * emptied. Half a line waits for the rest of it. A file that is not there is waited for.
 */
export function followFile(file: string, each: (line: string) => void): FollowedFile {
  let inode: number | undefined;
  let offset = 0;
  let rest = Buffer.alloc(0);

  function poll(): void {
    const handle = open(file);
    if (handle === undefined) return;
    try {
      const { ino, size } = fstatSync(handle);
      if (ino !== inode || size < offset) {
        inode = ino;
        offset = 0;
        rest = Buffer.alloc(0);
      }
      if (size - offset > mostBytes) skip(size);
      const added = Buffer.alloc(size - offset);
      const length = readSync(handle, added, 0, added.length, offset);
      offset += length;
      take(Buffer.concat([rest, added.subarray(0, length)]));
    } finally {
      closeSync(handle);
    }
  }

  function skip(size: number): void {
    each(
      JSON.stringify({
        level: "warn",
        message: `${size - offset - mostBytes} bytes of this log are not shown`,
      }),
    );
    offset = size - mostBytes;
    rest = Buffer.alloc(0);
  }

  /** By bytes: a character may be cut in two. */
  function take(bytes: Buffer): void {
    const end = bytes.lastIndexOf(10);
    rest = Buffer.from(bytes.subarray(end + 1));
    if (rest.length > mostBytes) rest = Buffer.alloc(0);
    if (end === -1) return;
    for (const line of bytes.toString("utf8", 0, end).split("\n")) each(line);
  }

  return { poll };
}

function open(file: string): number | undefined {
  try {
    return openSync(file, "r");
  } catch {
    return undefined;
  }
}
