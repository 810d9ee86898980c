import { type ChildProcess, spawn } from "node:child_process";
import type { Log } from "#observability/log";
import type { LastGoodFile, WorkerMessage } from "./kept-file.ts";

export interface WorkerOptions {
  readonly index: number;
  /** What runs the gateway: the runtime, its flags and the script. */
  readonly command: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
  /** Told when it serves and the level of `log` has changed since it was begun. */
  readonly serves: (worker: Worker) => unknown;
  /** Where the file is kept that the workers run. */
  readonly file: { lastGood: string | undefined };
}

const firstRestartMs = 200;
const longestRestartMs = 10_000;
/** Who has served for so long did not fail at its start. */
const settledMs = 10_000;

/** One process that serves, and is started again when it ends by itself: at once at first, later at longer intervals. */
export class Worker {
  readonly index: number;
  adminPort: number | undefined;
  #child: ChildProcess | undefined;
  #level = "";
  #stopping = false;
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #ended: () => void = () => {};
  readonly ended: Promise<void>;
  /** Resolves when it serves for the first time; rejects with its exit code when it ends before. */
  readonly started: Promise<void>;
  #settleStart: { resolve: () => void; reject: (error: Error) => void } | undefined;

  constructor(private readonly options: WorkerOptions) {
    this.index = options.index;
    this.ended = new Promise((resolve) => {
      this.#ended = resolve;
    });
    this.started = new Promise((resolve, reject) => {
      this.#settleStart = { resolve, reject };
    });
    this.#spawn();
  }

  #spawn(): void {
    const { command, env, index, log } = this.options;
    this.#level = log.level;
    const [program, ...args] = command;
    const startedAt = performance.now();
    const child = spawn(program, args, {
      env: {
        ...env,
        GATEWAY_PROCESSES: "1",
        GATEWAY_PROCESS: String(index),
        ADMIN_PORT: "0",
        LOG_LEVEL: log.level,
      },
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    this.#child = child;
    child.on("message", (message: WorkerMessage) => this.#told(child, message));
    child.on("error", () => {});
    child.on("exit", (code, signal) => this.#exited(code, signal, performance.now() - startedAt));
  }

  #told(child: ChildProcess, message: WorkerMessage): void {
    const { file, log, serves } = this.options;
    if ("runs" in message) file.lastGood = message.runs;
    else if ("asks" in message) child.send({ lastGood: file.lastGood ?? null } satisfies LastGoodFile);
    else {
      this.adminPort = message.adminPort;
      if (log.level !== this.#level) serves(this);
      this.#settleStart?.resolve();
      this.#settleStart = undefined;
    }
  }

  #exited(code: number | null, signal: string | null, afterMs: number): void {
    this.#child = undefined;
    this.adminPort = undefined;
    if (this.#settleStart) {
      this.#settleStart.reject(
        new Error(`Process ${this.index} ended with ${signal ?? code} before it served`),
      );
      this.#settleStart = undefined;
      this.#stopping = true;
    }
    if (this.#stopping) {
      this.#ended();
      return;
    }
    this.#failures = afterMs > settledMs ? 0 : this.#failures + 1;
    const delayMs = Math.min(longestRestartMs, firstRestartMs * 2 ** this.#failures);
    this.options.log.error(
      { process: this.index, code, signal, delayMs },
      "a process ended and is started again",
    );
    this.#timer = setTimeout(() => this.#spawn(), delayMs);
  }

  signal(name: NodeJS.Signals): void {
    this.#child?.kill(name);
  }

  /** Lets it answer what it has begun, and resolves when it has ended. */
  stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#timer);
    if (this.#child) this.#child.kill("SIGTERM");
    else this.#ended();
    return this.ended;
  }
}
