/** What several processes know of their file together: its text when one of them last took it over. */
export interface KeptFile {
  /** Undefined: none of them runs one. */
  ask(): Promise<string | undefined>;
  tell(text: string): void;
}

/** What a worker says to its supervisor: that it serves, which file it runs, or that it needs one. */
export type WorkerMessage =
  | { readonly adminPort: number }
  | { readonly runs: string }
  | { readonly asks: "last-good-file" };
/** What the supervisor answers. */
export interface LastGoodFile {
  readonly lastGood: string | null;
}

const say = (message: WorkerMessage): boolean | undefined => process.send?.(message);

/** As the supervisor keeps it; undefined in a process that has none. */
export function keptBySupervisor(): KeptFile | undefined {
  if (!process.send) return undefined;
  return {
    tell: (text) => void say({ runs: text }),
    ask: () =>
      new Promise((resolve) => {
        const answered = (message?: LastGoodFile) => {
          process.off("message", answered);
          process.off("disconnect", answered);
          resolve(message?.lastGood ?? undefined);
        };
        process.on("message", answered);
        // Nobody will answer any more; without a file this process ends then.
        process.on("disconnect", answered);
        say({ asks: "last-good-file" });
      }),
  };
}
