import { setTimeout as wait } from "node:timers/promises";
import type { Home } from "./home.ts";
import { lineRepeats } from "./line-repeats.ts";
import { LocalFailure } from "./local-failure.ts";
import { followLog, warningLine } from "./log-tail.ts";
import { exitLine, type RunningProcess, rotateLog, spawnProcess } from "./spawn-process.ts";
import type { ProcessDefinition } from "./system-processes.ts";

export interface SupervisedProcess {
  readonly definition: ProcessDefinition;
  /** Starts it for a change of its source. One that does not start waits for the next change. */
  restart(): Promise<void>;
}

export interface SuperviseOptions {
  readonly root: string;
  readonly command: readonly string[];
  /** Shows a line to the person at the terminal. */
  readonly show: (line: string) => void;
}

const readyWithinMs = 60_000;

/**
 * Starts a process and resolves when it is ready. One that dies later is started again, at once and then
 * ever later, up to half a minute.
 * @throws LocalFailure when it ends before it is ready, or never becomes so
 */
export async function superviseProcess(
  home: Home,
  definition: ProcessDefinition,
  { root, command, show }: SuperviseOptions,
): Promise<SupervisedProcess> {
  const { name } = definition;
  let running: RunningProcess | undefined;
  let deaths = 0;
  const warnings = lineRepeats((warning) => show(`${name}: ${warning}`));
  /** One start or stop at a time. */
  let turn: Promise<void> = Promise.resolve();

  async function launch(): Promise<void> {
    const { entry, env, group } = definition;
    const started = await spawnProcess(home, { name, group, env, cwd: root, command: [...command, entry] });
    running = started;
    const unfollow = followLog(started.logFile, (line) => {
      const warning = warningLine(line);
      if (warning) warnings.add(warning);
    });
    let ready = false;
    void started.exited.then((exit) => {
      unfollow();
      warnings.flush();
      if (running !== started) return;
      running = undefined;
      if (ready && !home.ending()) comeBack(exitLine(name, exit, started.logFile));
    });
    await untilReady(definition, started);
    ready = true;
    deaths = 0;
  }

  function comeBack(reason: string): void {
    const delayMs = Math.min(30_000, 250 * 2 ** deaths++);
    show(`${reason}; starting it again`);
    void inTurn(async () => {
      await wait(delayMs);
      if (home.ending() || running) return;
      await launch().then(
        () => show(`${name} is back`),
        (error: Error) => comeBack(error.message),
      );
    });
  }

  function inTurn(work: () => Promise<void>): Promise<void> {
    turn = turn.then(work);
    return turn;
  }

  rotateLog(home, name);
  await launch();
  return {
    definition,
    restart: () =>
      inTurn(async () => {
        if (home.ending()) return;
        const old = running;
        running = undefined;
        await old?.stop();
        const before = performance.now();
        await launch().then(
          () => show(`${name} restarted in ${Math.round(performance.now() - before)} ms`),
          (error: Error) => show(`${error.message}; waiting for the next change`),
        );
      }),
  };
}

async function untilReady({ name, readyUrl }: ProcessDefinition, running: RunningProcess): Promise<void> {
  const deadline = Date.now() + readyWithinMs;
  for (;;) {
    const exit = running.exit();
    if (exit) throw new LocalFailure(exitLine(name, exit, running.logFile));
    const answer = await ask(readyUrl);
    if (answer.ok) return;
    if (Date.now() > deadline) {
      await running.stop();
      throw new LocalFailure(
        `${name} is not ready after ${readyWithinMs / 1000} s: ${answer.text} (log: ${running.logFile})`,
      );
    }
    await wait(20);
  }
}

async function ask(url: string): Promise<{ ok: boolean; text: string }> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(5000) });
    return { ok: response.ok, text: `${response.status} ${(await response.text()).slice(0, 300)}` };
  } catch (error) {
    return { ok: false, text: (error as Error).message };
  }
}
