/** A bell: a ring while nobody waits is kept for the next who does. */
export function createWake() {
  let rung = false;
  let answer: (() => void) | undefined;
  return {
    ring(): void {
      rung = true;
      answer?.();
    },
    /** Resolves at a ring or after `ms`, and says whether it rang. */
    async heard(ms: number): Promise<boolean> {
      if (!rung) {
        let timer: ReturnType<typeof setTimeout> | undefined;
        await new Promise<void>((resolve) => {
          answer = resolve;
          timer = setTimeout(resolve, ms);
        });
        clearTimeout(timer);
        answer = undefined;
      }
      const heard = rung;
      rung = false;
      return heard;
    },
  };
}
