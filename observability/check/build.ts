import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { imageVersion } from "./image-version.ts";

const execute = promisify(execFile);

/** Runs a program until it ends. @throws Error with what it said, when it failed */
export async function run(
  program: string,
  args: readonly string[],
  { cwd, env }: { cwd?: string; env?: Record<string, string> } = {},
): Promise<string> {
  const options = { cwd, env: { ...process.env, CGO_ENABLED: "0", ...env }, maxBuffer: 64 * 1024 * 1024 };
  try {
    return (await execute(program, [...args], options)).stdout;
  } catch (error) {
    const { stderr = "", message } = error as { stderr?: string; message: string };
    throw new Error(stderr.trim().split("\n").slice(-5).join("\n") || message);
  }
}

/**
 * The real programs, built from their sources as Go's module proxy has them: minutes once, kept in `cache`.
 * @returns the path of the program
 */
export async function buildCollector(cache: string): Promise<string> {
  const version = imageVersion("collector");
  const folder = join(cache, `otelcol-${version}`);
  const program = join(folder, "otelcol", "otelcol");
  if (existsSync(program)) return program;
  mkdirSync(folder, { recursive: true });
  const builder = `go.opentelemetry.io/collector/cmd/builder@v${version}`;
  await run("go", ["install", builder], { env: { GOBIN: folder } });
  const manifest = readFileSync(new URL("./builder.yaml", import.meta.url), "utf8");
  writeFileSync(join(folder, "builder.yaml"), manifest);
  await run(join(folder, "builder"), ["--config", "builder.yaml"], { cwd: folder });
  return program;
}

export async function buildLoki(cache: string): Promise<string> {
  const version = imageVersion("loki");
  const program = join(cache, `loki-${version}`);
  if (existsSync(program)) return program;
  mkdirSync(cache, { recursive: true });
  const told = await run("go", ["mod", "download", "-json", `github.com/grafana/loki/v3@v${version}`], {
    cwd: cache,
  });
  const sources = join(cache, "loki-sources");
  cpSync((JSON.parse(told) as { Dir: string }).Dir, sources, { recursive: true });
  await run("chmod", ["-R", "u+w", sources]);
  // A module of its own beside it, which the proxy has apart.
  await run("go", ["mod", "edit", "-dropreplace=github.com/grafana/loki/pkg/push"], { cwd: sources });
  await run("go", ["build", "-mod=mod", "-o", program, "./cmd/loki"], { cwd: sources });
  rmSync(sources, { recursive: true });
  return program;
}
