import type { Log } from "./log.ts";

export const logLevels = ["trace", "debug", "info", "warn", "error", "fatal"] as const;
export type LogLevel = (typeof logLevels)[number];

export const isLogLevel = (text: string): text is LogLevel => logLevels.some((level) => level === text);

/** Changes what a running process writes, and says so whatever the level is. */
export function changeLogLevel(log: Log, to: LogLevel): void {
  const from = log.level;
  log.level = "info";
  log.info({ from, to }, "log level changed");
  log.level = to;
}

/** SIGUSR2 makes a process tell all it can, and once more makes it as quiet as before. */
export function changeLogLevelOnSignal(log: Log): void {
  const usual = log.level as LogLevel;
  const other = usual === "debug" || usual === "trace" ? "info" : "debug";
  process.on("SIGUSR2", () => changeLogLevel(log, log.level === usual ? other : usual));
}
