import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { findProgram } from "./find-program.ts";
import { LocalFailure } from "./local-failure.ts";
import { runProgram } from "./run-program.ts";

export interface DebianProgram {
  /** Any of these will do. The unpacked one goes by the first. */
  readonly names: readonly [string, ...string[]];
  /** The first is the program's own; with them come those libraries of theirs that are not installed. */
  readonly packages: readonly [string, ...string[]];
  /** Where the program stands in it. */
  readonly path: string;
  /** Beside it, where it is only a link: a program that acts by the name it is called by. */
  readonly linkTo?: string;
  /** An argument with which it only says what it is. */
  readonly versionFlag: string;
  /** In the cache, of the unpacked one. */
  readonly folder: string;
  /** What a person can do where there is none. */
  readonly advice: string;
}

export interface Program {
  readonly path: string;
  readonly version: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Programs say what is read here in the words of no language. */
const c = { LC_ALL: "C" };

/**
 * An installed program, else the distribution's own package unpacked into the cache: the system stays as it is.
 * @throws LocalFailure that says why there is none
 */
export async function debianProgram(cache: string, wanted: DebianProgram): Promise<Program> {
  for (const name of wanted.names) {
    const installed = findProgram(name) ?? superuserProgram(name);
    if (installed) return tryProgram(wanted, installed, {}, cache);
  }
  const folder = join(cache, wanted.folder);
  if (!existsSync(folder)) await unpack(cache, folder, wanted);
  return tryProgram(wanted, join(folder, wanted.path), libraryPath(folder), cache);
}

/** Where Debian puts servers, which is on the PATH of root only. */
const superuserProgram = (name: string): string | undefined =>
  [`/usr/local/sbin/${name}`, `/usr/sbin/${name}`].find((path) => existsSync(path));

function libraryPath(folder: string): Record<string, string> {
  const libraries = join(folder, "usr/lib");
  const triplets = existsSync(libraries)
    ? readdirSync(libraries).filter((name) => name.includes("-linux-"))
    : [];
  const path = triplets.flatMap((triplet) => [join(libraries, triplet), join(folder, "lib", triplet)]);
  return { LD_LIBRARY_PATH: path.join(":") };
}

/** wrk says its version and ends with 1: what counts is that it says it. */
async function tryProgram(
  wanted: DebianProgram,
  path: string,
  env: Readonly<Record<string, string>>,
  cwd: string,
): Promise<Program> {
  const { output } = await runProgram([path, wanted.versionFlag], { cwd, env });
  const version = /\d+\.\d+(\.\d+)?/.exec(output)?.[0];
  if (output.includes("error while loading") || !version)
    throw missing(wanted, `the one in ${path} does not run (${output.trim().split("\n")[0]})`);
  return { path, version, env };
}

function missing({ names, advice }: DebianProgram, why: string): LocalFailure {
  return new LocalFailure(`No ${names.join(" or ")} can be had, ${why}: ${advice}`);
}

/** In a folder beside, renamed when the program has been seen to run. */
async function unpack(cache: string, folder: string, wanted: DebianProgram): Promise<void> {
  if (!findProgram("apt-get") || !findProgram("dpkg"))
    throw missing(wanted, "there is no apt-get to fetch it with");
  const unfinished = mkdtempSync(join(cache, `${wanted.folder}-`));
  const lists = join(unfinished, "apt");
  try {
    if (!(await download(unfinished, wanted.packages, []))) {
      const state = privateAptState(lists);
      await runProgram(["apt-get", "update", ...state], { cwd: unfinished, env: c });
      if (!(await download(unfinished, wanted.packages, state)))
        throw missing(wanted, `apt-get cannot download ${wanted.packages[0]}`);
    }
    for (const name of readdirSync(unfinished).filter((each) => each.endsWith(".deb"))) {
      await runProgram(["dpkg", "-x", name, "."], { cwd: unfinished });
      rmSync(join(unfinished, name));
    }
    rmSync(lists, { recursive: true, force: true });
    if (wanted.linkTo !== undefined) symlinkSync(wanted.linkTo, join(unfinished, wanted.path));
    await tryProgram(wanted, join(unfinished, wanted.path), libraryPath(unfinished), cache);
    renameSync(unfinished, folder);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

async function download(
  folder: string,
  packages: readonly string[],
  state: readonly string[],
): Promise<boolean> {
  const wanted = new Set(packages);
  for (const name of packages) {
    const depends = await runProgram(["apt-cache", "depends", ...state, name], { cwd: folder, env: c });
    if (!depends.succeeded) return false;
    // A line with a bar in front names one of several, the last of which has none.
    for (const [, library = ""] of depends.output.matchAll(/^ {2}Depends: ((?:lib|lua)[\w.+-]+)/gm)) {
      if (!(await isInstalled(library, folder))) wanted.add(library);
    }
  }
  return (await runProgram(["apt-get", "download", ...state, ...wanted], { cwd: folder, env: c })).succeeded;
}

async function isInstalled(name: string, cwd: string): Promise<boolean> {
  const { output } = await runProgram(["dpkg", "-s", name], { cwd, env: c });
  return output.includes("Status: install ok installed");
}

/** Package lists of our own, for an image that has none. */
function privateAptState(folder: string): string[] {
  for (const each of ["lists/partial", "archives/partial"])
    mkdirSync(join(folder, each), { recursive: true });
  const options = [
    `Dir::State::lists=${join(folder, "lists")}`,
    `Dir::Cache=${folder}`,
    "APT::Sandbox::User=root",
  ];
  return options.flatMap((option) => ["-o", option]);
}
