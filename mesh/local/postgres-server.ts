import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import postgres from "postgres";
import { childEnvironment } from "./child-environment.ts";
import { freePorts } from "./free-ports.ts";
import type { Home } from "./home.ts";
import { diskFull, LocalFailure } from "./local-failure.ts";
import { logTail } from "./log-tail.ts";
import { portHolder } from "./port-holder.ts";
import { postgresCommand, postgresPrograms } from "./postgres-command.ts";
import { endPostgresLeftovers } from "./postgres-leftovers.ts";
import { runProgram } from "./run-program.ts";
import { type RunningProcess, rotateLog, spawnProcess } from "./spawn-process.ts";

export interface PostgresServer {
  /** The superuser's URL of the database `postgres`. */
  readonly url: string;
  readonly port: number;
  readonly process: RunningProcess;
}

export interface PostgresOptions {
  /** The repository, for the programs in its node_modules. */
  readonly root: string;
  readonly password: string;
  /** Test data needs not survive a power cut. */
  readonly durable: boolean;
  /** Where it was, for one that is started again; without it a free one. */
  readonly port?: number | undefined;
}

/**
 * Starts PostgreSQL on a free port, or the given one, with its data in `<home>/postgres`, made on the first run.
 * @throws LocalFailure when the data is damaged or the disk is full
 */
export async function startPostgres(home: Home, options: PostgresOptions): Promise<PostgresServer> {
  const programs = postgresPrograms(options.root);
  const data = join(home.directory, "postgres");
  if (!existsSync(data)) await initialise(home, programs, data, options.password);
  refuseDamage(data);
  await endPostgresLeftovers(data);
  const [free] = await freePorts(1);
  const port = options.port ?? free;
  const settings = { ...serverSettings, ...(options.durable ? {} : throwawaySettings), port: String(port) };
  const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  if (options.port === undefined) rotateLog(home, "postgres");
  const running = await spawnProcess(home, {
    name: "postgres",
    group: "store",
    command: postgresCommand(data, join(programs, "postgres"), ["-D", data, ...flags]),
    cwd: home.directory,
    env: childEnvironment(),
    stopSignal: "SIGINT",
  });
  const url = `postgres://postgres:${options.password}@127.0.0.1:${port}/postgres`;
  await untilItAnswers(url, running);
  return { url, port: Number(port), process: running };
}

const serverSettings = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  shared_buffers: "128MB",
  max_connections: "300",
  // Short transactions only: compiling a plan costs more than it saves.
  jit: "off",
  password_encryption: "scram-sha-256",
};
const throwawaySettings = { fsync: "off", synchronous_commit: "off", full_page_writes: "off" };

/** In a folder beside, renamed at the end: an interrupted first start leaves nothing half-made. */
async function initialise(home: Home, programs: string, data: string, password: string): Promise<void> {
  const unfinished = `${data}.new`;
  const passwordFile = join(home.directory, "initdb-password");
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { mode: 0o700 });
  writeFileSync(passwordFile, password, { mode: 0o600 });
  try {
    const authentication = ["-U", "postgres", "-A", "scram-sha-256", `--pwfile=${passwordFile}`];
    const args = ["-D", unfinished, ...authentication, "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"];
    const command = postgresCommand(unfinished, join(programs, "initdb"), args);
    const made = await runProgram(command, { cwd: home.directory });
    if (!made.succeeded) throw initFailure(home, made.output);
    renameSync(unfinished, data);
  } finally {
    rmSync(passwordFile, { force: true });
    rmSync(unfinished, { recursive: true, force: true });
  }
}

function initFailure(home: Home, output: string): LocalFailure {
  if (/no space left/i.test(output)) return new LocalFailure(diskFull(home.directory));
  const reason = output.split("\n").find((line) => /error|fatal/i.test(line)) ?? output.trim();
  return new LocalFailure(`Cannot make a PostgreSQL data folder in ${home.directory}: ${reason}`);
}

function refuseDamage(data: string): void {
  const version = join(data, "PG_VERSION");
  const found = existsSync(version) ? readFileSync(version, "utf8").trim() : "missing";
  if (found !== "18") throw damaged(data, `PG_VERSION is ${JSON.stringify(found.slice(0, 20))}`);
}

function damaged(data: string, what: string): LocalFailure {
  return new LocalFailure(`The data in ${data} is damaged (${what}): start over with: bun dev --fresh`);
}

async function untilItAnswers(url: string, running: RunningProcess): Promise<void> {
  const data = join(running.logFile, "../../postgres");
  const deadline = Date.now() + 60_000;
  const sql = postgres(url, { max: 1, connect_timeout: 5, backoff: () => 0.02, onnotice: () => {} });
  try {
    for (;;) {
      if (running.exit()) throw startFailure(url, data, running.logFile);
      try {
        await sql`select 1`;
        return;
      } catch (error) {
        if ((error as { code?: string }).code === "28P01") {
          throw damaged(data, "its password is not the one in secrets.json");
        }
        if (Date.now() > deadline) throw startFailure(url, data, running.logFile);
        await wait(15);
      }
    }
  } catch (error) {
    await running.stop();
    throw error;
  } finally {
    await sql.end({ timeout: 1 });
  }
}

function startFailure(url: string, data: string, logFile: string): LocalFailure {
  const log = logTail(logFile, 30);
  const { port } = new URL(url);
  const portTaken = log.slice(-5).some((line) => /could not bind .*in use/i.test(line));
  if (portTaken) {
    const holder = portHolder(Number(port)) ?? "another process";
    return new LocalFailure(`PostgreSQL's port ${port} was taken by ${holder}: stop it and start again`);
  }
  if (log.some((line) => /no space left/i.test(line))) return new LocalFailure(diskFull(data));
  const reason = log.findLast((line) => /PANIC|FATAL/.test(line)) ?? log.at(-1) ?? "it wrote nothing";
  return damaged(data, `PostgreSQL does not start: ${reason.replace(/^.*?(PANIC|FATAL)/, "$1")}`);
}
