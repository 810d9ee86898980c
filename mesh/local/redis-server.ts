import { mkdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { childEnvironment } from "./child-environment.ts";
import { type DebianProgram, debianProgram } from "./debian-program.ts";
import { freePorts } from "./free-ports.ts";
import type { Home } from "./home.ts";
import { diskFull, LocalFailure } from "./local-failure.ts";
import { logTail } from "./log-tail.ts";
import { portHolder } from "./port-holder.ts";
import { type RunningProcess, rotateLog, spawnProcess } from "./spawn-process.ts";

export interface RedisServer {
  readonly url: string;
  readonly port: number;
  readonly process: RunningProcess;
}

export interface RedisOptions {
  readonly password: string;
  readonly durable: boolean;
  /** Where it was, for one that is started again; without it a free one. */
  readonly port?: number | undefined;
}

/** In Debian redis-tools holds the server's program, under another name. */
const redis: DebianProgram = {
  names: ["redis-server", "valkey-server"],
  packages: ["redis-tools"],
  path: "usr/bin/redis-server",
  linkTo: "redis-check-rdb",
  versionFlag: "--version",
  folder: "redis",
  advice: "install redis-server or valkey-server, or set REDIS_URL to a running one",
};

/**
 * Starts Redis on a free port, or the given one. With `durable` it keeps its data in `<home>/redis` (append-only file, written
 * to disk every second): sessions and queued mails survive a restart.
 * @throws LocalFailure when there is none, or its data is damaged, or the disk is full
 */
export async function startRedis(
  home: Home,
  { password, durable, port: given }: RedisOptions,
): Promise<RedisServer> {
  const program = await debianProgram(home.cache, redis);
  const folder = join(home.directory, "redis");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const [free = 0] = await freePorts(1);
  const port = given ?? free;
  const configuration = join(folder, "redis.conf");
  writeFileSync(configuration, settings({ port, folder, password, durable }), { mode: 0o600 });
  if (given === undefined) rotateLog(home, "redis");
  const running = await spawnProcess(home, {
    name: "redis",
    group: "store",
    command: [program.path, configuration],
    cwd: folder,
    env: childEnvironment(program.env),
  });
  await untilItAnswers(port, password, running, folder);
  return { url: `redis://:${password}@127.0.0.1:${port}`, port, process: running };
}

function settings(given: { port: number; folder: string; password: string; durable: boolean }): string {
  return [
    `port ${given.port}`,
    "bind 127.0.0.1",
    `dir "${given.folder}"`,
    // In a file of 0600 and not on the command line, where every user of the machine could read it.
    `requirepass ${given.password}`,
    `appendonly ${given.durable ? "yes" : "no"}`,
    'save ""',
    // What a queue needs: nothing may be thrown away to make room.
    "maxmemory-policy noeviction",
    "",
  ].join("\n");
}

async function untilItAnswers(
  port: number,
  password: string,
  running: RunningProcess,
  folder: string,
): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!(await pong(port, password))) {
    if (!running.exit() && Date.now() < deadline) {
      await wait(15);
      continue;
    }
    const log = logTail(running.logFile, 20);
    await running.stop();
    if (log.some((line) => /no space left/i.test(line))) throw new LocalFailure(diskFull(folder));
    if (log.slice(-5).some((line) => /address already in use/i.test(line))) {
      const holder = portHolder(port) ?? "another process";
      throw new LocalFailure(`Redis's port ${port} was taken by ${holder}: stop it and start again`);
    }
    throw new LocalFailure(
      `The data in ${folder} is damaged (Redis does not start: ${log.at(-1) ?? "it wrote nothing"}): remove ${folder} (sessions and queued hints are lost, orders are not)`,
    );
  }
}

/** Whether Redis answers a PING: false while it still loads its data. */
function pong(port: number, password: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(`AUTH ${password}\r\nPING\r\n`));
    let answer = "";
    socket.setTimeout(1000, () => socket.destroy());
    socket.on("data", (bytes) => {
      answer += bytes.toString();
      if (answer.includes("+PONG") || answer.includes("-")) socket.destroy();
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(answer.includes("+PONG")));
  });
}
