import { readFileSync } from "node:fs";
import { processIdentity } from "./process-identity.ts";

/**
 * Calls `gone` once when `npx` or `bun run`, through which this process was started, has ended. Neither passes
 * SIGTERM on: npm ends its shell, the shell ends, and what it started would run for ever.
 */
export function watchRunner(gone: () => void): void {
  const runners = runnersAbove(process.ppid, process.env, readStat);
  const identities = runners.map((pid) => [pid, processIdentity(pid)] as const);
  if (identities.length === 0) return;
  const timer = setInterval(() => {
    if (identities.every(([pid, identity]) => processIdentity(pid) === identity)) return;
    clearInterval(timer);
    gone();
  }, 500);
  timer.unref();
}

/** The processes from `pid` upwards that only hand over to this one: `bun run`, npm and the shell between them. */
export function runnersAbove(
  pid: number,
  env: Readonly<Record<string, string | undefined>>,
  stat: (pid: number) => { name: string; parent: number } | undefined,
): number[] {
  const chain: { pid: number; name: string }[] = [];
  for (let at = pid; at > 1 && chain.length < 6; ) {
    const found = stat(at);
    if (!found) break;
    chain.push({ pid: at, name: found.name });
    at = found.parent;
  }
  const npm = env.npm_command ? chain.findIndex(({ name }) => name.startsWith("npm ")) : -1;
  const ofBunRun = env.npm_lifecycle_event && chain[0]?.name.startsWith("bun") ? 1 : 0;
  return chain.slice(0, Math.max(npm + 1, ofBunRun)).map((each) => each.pid);
}

function readStat(pid: number): { name: string; parent: number } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const end = stat.lastIndexOf(")");
    return {
      name: stat.slice(stat.indexOf("(") + 1, end),
      parent: Number(stat.slice(end + 2).split(" ")[1]),
    };
  } catch {
    return undefined;
  }
}
