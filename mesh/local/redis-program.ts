import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { findProgram } from "./find-program.ts";
import { LocalFailure } from "./local-failure.ts";
import { runProgram } from "./run-program.ts";

export interface RedisProgram {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Redis from PATH, else the distribution's own package unpacked into the cache: the system stays as it is.
 * @throws LocalFailure that says what to install
 */
export async function redisProgram(cache: string): Promise<RedisProgram> {
  const installed = findProgram("redis-server") ?? findProgram("valkey-server");
  if (installed) return { command: [installed], env: {} };
  const folder = join(cache, "redis");
  if (!existsSync(folder)) await unpack(cache, folder);
  return unpackedProgram(folder);
}

function unpackedProgram(folder: string): RedisProgram {
  const libraries = join(folder, "usr/lib");
  const triplets = existsSync(libraries)
    ? readdirSync(libraries).filter((name) => name.includes("-linux-"))
    : [];
  const path = triplets.flatMap((triplet) => [join(libraries, triplet), join(folder, "lib", triplet)]);
  // Debian's redis-server is a link to this one, which acts by the name it is called by.
  const program = join(folder, "usr/bin/redis-server");
  return { command: [program], env: { LD_LIBRARY_PATH: path.join(":") } };
}

/** In a folder beside, renamed when it has been seen to run. */
async function unpack(cache: string, folder: string): Promise<void> {
  if (!findProgram("apt-get") || !findProgram("dpkg")) throw missing("there is no apt-get to fetch it with");
  const unfinished = mkdtempSync(join(cache, "redis-"));
  try {
    if (!(await download(unfinished, []))) {
      const state = privateAptState(cache);
      await apt(["apt-get", "update", ...state], cache);
      if (!(await download(unfinished, state))) throw missing("apt-get cannot download it");
    }
    for (const name of readdirSync(unfinished).filter((each) => each.endsWith(".deb"))) {
      await runProgram(["dpkg", "-x", name, "."], { cwd: unfinished });
    }
    symlinkSync("redis-check-rdb", join(unfinished, "usr/bin/redis-server"));
    const { command, env } = unpackedProgram(unfinished);
    const tried = await runProgram([...command, "--version"], { cwd: unfinished, env });
    if (!tried.succeeded) throw missing(`the unpacked one does not run (${tried.output.trim()})`);
    renameSync(unfinished, folder);
  } finally {
    for (const folder of [unfinished, join(cache, "apt")]) rmSync(folder, { recursive: true, force: true });
  }
}

/** redis-tools holds the server's program; with it come the libraries that are not installed here. */
async function download(folder: string, state: readonly string[]): Promise<boolean> {
  const depends = await apt(["apt-cache", "depends", ...state, "redis-tools"], folder);
  if (!depends.succeeded) return false;
  const libraries = [...depends.output.matchAll(/Depends: ((?:lib|lua)[\w.+-]+)/g)].map(
    (match) => match[1] ?? "",
  );
  const packages = ["redis-tools"];
  for (const name of libraries) if (!(await isInstalled(name, folder))) packages.push(name);
  return (await apt(["apt-get", "download", ...state, ...packages], folder)).succeeded;
}

async function isInstalled(name: string, cwd: string): Promise<boolean> {
  const { output } = await runProgram(["dpkg", "-s", name], { cwd, env: { LC_ALL: "C" } });
  return output.includes("Status: install ok installed");
}

/** Package lists of our own, for an image that has none. */
function privateAptState(cache: string): string[] {
  const folder = join(cache, "apt");
  for (const each of ["lists/partial", "archives/partial"]) {
    mkdirSync(join(folder, each), { recursive: true });
  }
  const options = [
    `Dir::State::lists=${join(folder, "lists")}`,
    `Dir::Cache=${folder}`,
    "APT::Sandbox::User=root",
  ];
  return options.flatMap((option) => ["-o", option]);
}

function apt(command: readonly string[], cwd: string) {
  return runProgram(command, { cwd, env: { LC_ALL: "C" } });
}

function missing(why: string): LocalFailure {
  return new LocalFailure(
    `No Redis is installed and ${why}: install redis-server or valkey-server, or set REDIS_URL to a running one`,
  );
}
