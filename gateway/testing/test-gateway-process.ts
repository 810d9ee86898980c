import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "#mesh/eventually";

/** A gateway as it runs in production: a process of its own, ended by signals. For tests and benchmarks only. */
export interface GatewayProcess {
  readonly port: number;
  readonly adminPort: number;
  readonly pid: number;
  /** The path of its gateway.yaml. */
  readonly file: string;
  /** What it has written so far. */
  readonly output: () => string;
  signal(name: NodeJS.Signals): void;
  /** Its exit code, when it has ended. */
  readonly exited: Promise<number | null>;
  close(): Promise<void>;
}

interface GatewayProcessOptions {
  /** Text of gateway.yaml, in which `${PRODUCT_SERVICE_URL}` and the like stand for `upstreamUrl`. */
  readonly text: string;
  readonly upstreamUrl: string;
  readonly redisUrl: string;
  /** Another runtime than this one, with its arguments. */
  readonly runtime?: readonly [command: string, ...args: string[]];
}

const upstreams = ["USER", "PRODUCT", "ORDER", "PAYMENT", "NOTIFICATION"];

export async function startGatewayProcess(options: GatewayProcessOptions): Promise<GatewayProcess> {
  const { text, upstreamUrl, redisUrl, runtime = [process.execPath] } = options;
  const folder = await mkdtemp(join(tmpdir(), "gateway-"));
  const file = join(folder, "gateway.yaml");
  await writeFile(file, text);
  const [command, ...args] = runtime;
  const child = spawn(command, [...args, join(import.meta.dirname, "../main.ts")], {
    cwd: join(import.meta.dirname, "../.."),
    env: {
      ...process.env,
      ...Object.fromEntries(upstreams.map((name) => [`${name}_SERVICE_URL`, upstreamUrl])),
      JWKS_URL: `${upstreamUrl}/jwks.json`,
      GATEWAY_FILE: file,
      REDIS_URL: redisUrl,
      PORT: "0",
      ADMIN_PORT: "0",
      LOG_LEVEL: "info",
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const keep = (data: Buffer) => {
    // The line that tells the ports comes early; of an access log nobody wants the middle.
    if (output.length < 100_000) output += data.toString();
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const serving = await waitUntilServing(child, () => output);
  return {
    ...serving,
    pid: child.pid ?? 0,
    file,
    output: () => output,
    signal: (name) => void child.kill(name),
    exited,
    close: async () => {
      child.kill("SIGKILL");
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function waitUntilServing(
  child: ChildProcess,
  output: () => string,
): Promise<{ port: number; adminPort: number }> {
  return eventually(
    () => {
      if (child.exitCode !== null) throw new Error(`The gateway ended: ${output()}`);
      const line = output()
        .split("\n")
        .find((each) => each.includes('"serving"'));
      if (line === undefined) return undefined;
      const { port, adminPort } = JSON.parse(line) as { port: number; adminPort: number };
      return { port, adminPort };
    },
    { withinMs: 20_000 },
  ).catch((error: unknown) => {
    child.kill("SIGKILL");
    throw new Error(`The gateway does not serve: ${output().slice(0, 2000)}`, { cause: error });
  });
}
