/** Something on this machine is in the way. The message is one line: what it is and what to do about it. */
export class LocalFailure extends Error {
  override readonly name = "LocalFailure";
}

/** The one line that a person sees for `error`, or undefined when it is a bug that deserves its stack. */
export function failureLine(error: unknown): string | undefined {
  if (error instanceof LocalFailure) return error.message;
  const { code, path } = error as NodeJS.ErrnoException;
  if (code === "ENOSPC" || code === "EDQUOT") return diskFull(path);
  if (code === "EACCES" || code === "EPERM" || code === "EROFS") {
    return `Cannot write ${path ?? "the data folder"} (${code}): make it yours, or set ECOTRACK_HOME to a folder that is`;
  }
  return undefined;
}

export function diskFull(path = "the data folder"): string {
  return `The disk of ${path} is full: free some space and start again`;
}
