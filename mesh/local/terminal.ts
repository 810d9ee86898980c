/** What a person sees while something takes its time. */
export interface Terminal {
  /** Shows that `work` is under way and, with its time, that it is done. */
  readonly step: <T>(name: string, work: () => Promise<T>) => Promise<T>;
  readonly line: (text: string) => void;
}

/** On a terminal the steps under way stand in the last line; elsewhere only finished steps are written. */
export function createTerminal(output: NodeJS.WriteStream = process.stdout): Terminal {
  const underWay = new Map<string, number>();
  // The reader may be gone: `bun dev | head`, a closed window.
  output.on("error", () => {});
  let timer: ReturnType<typeof setInterval> | undefined;

  function redraw(): void {
    if (!output.isTTY) return;
    const steps = [...underWay].map(([name, since]) => `${name} ${seconds(since)}`).join(", ");
    output.write(`\r\x1b[K${steps && `  … ${steps}`.slice(0, (output.columns || 120) - 1)}`);
  }
  function line(text: string): void {
    output.write(`${output.isTTY ? "\r\x1b[K" : ""}${text}\n`);
    redraw();
  }
  async function step<T>(name: string, work: () => Promise<T>): Promise<T> {
    const since = performance.now();
    underWay.set(name, since);
    timer ??= setInterval(redraw, 100);
    try {
      const result = await work();
      underWay.delete(name);
      line(`  ✓ ${name.padEnd(22)} ${seconds(since)}`);
      return result;
    } finally {
      underWay.delete(name);
      if (underWay.size === 0) {
        clearInterval(timer);
        timer = undefined;
        redraw();
      }
    }
  }
  return { step, line };
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}
