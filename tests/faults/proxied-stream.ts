import type { Socket } from "node:net";

/** One direction of a proxied connection. */
export interface Stream {
  /** Everything from now on arrives this many ms later, and never before what was sent before it. 0: at once. */
  holdFor(ms: number): void;
  /** Called in place of passing on what comes. */
  onData(instead: (() => void) | undefined): void;
  /** Calls back when nothing is held any more: what was sent arrives, also after the sender has gone. */
  whenEmpty(then: () => void): void;
}

interface Held {
  readonly chunk: Buffer;
  readonly since: number;
}

/** Carries bytes from one socket to the other, as fast as the other takes them. */
export function createStream(from: Socket, to: Socket): Stream {
  const held: Held[] = [];
  let holdMs = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let instead: (() => void) | undefined;
  let then: (() => void) | undefined;

  function pass(chunk: Buffer): void {
    if (to.destroyed) return;
    if (to.write(chunk)) return;
    from.pause();
    to.once("drain", () => from.resume());
  }

  function release(): void {
    clearTimeout(timer);
    const now = performance.now();
    while (held[0] && held[0].since + holdMs <= now) pass((held.shift() as Held).chunk);
    if (held[0] && Number.isFinite(holdMs)) timer = setTimeout(release, held[0].since + holdMs - now);
    else if (!held[0]) then?.();
  }

  from.on("data", (chunk: Buffer) => {
    if (instead) return instead();
    if (holdMs === 0 && held.length === 0) return pass(chunk);
    held.push({ chunk, since: performance.now() });
    release();
  });

  return {
    holdFor(ms) {
      holdMs = ms;
      release();
    },
    onData(work) {
      instead = work;
    },
    whenEmpty(work) {
      then = work;
      if (held.length === 0) work();
    },
  };
}
