import { type ChildProcess, spawn } from "node:child_process";
import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { eventually } from "#mesh/eventually";
import type { Listener } from "#mesh/listen";
import { type LiveHeap, liveHeapQuestion } from "./live-heap-question.ts";

/** The gateway as it runs in production, in a process that can be looked into. */
export interface GatewayProcess {
  readonly child: ChildProcess;
  readonly port: number;
  readonly adminPort: number;
}

export async function startGatewayProcess(
  { redisUrl, runtime }: { redisUrl: string; runtime: string },
  { folder, file, upstream }: { folder: string; file: string; upstream: Listener },
): Promise<GatewayProcess> {
  const url = `http://127.0.0.1:${upstream.port}`;
  const names = ["USER", "PRODUCT", "ORDER", "PAYMENT", "NOTIFICATION"];
  const output = join(folder, "gateway.log");
  const sink = await open(output, "w");
  const pathOf = (name: string) => new URL(name, import.meta.url).pathname;
  const child = spawn(runtime, ["--preload", pathOf("tell-live-heap.ts"), pathOf("../main.ts")], {
    env: {
      ...Object.fromEntries(names.map((name) => [`${name}_SERVICE_URL`, url])),
      PATH: process.env.PATH,
      JWKS_URL: `${url}/.well-known/jwks.json`,
      REDIS_URL: redisUrl,
      GATEWAY_FILE: file,
      PORT: "0",
      ADMIN_PORT: "0",
    },
    stdio: ["ignore", sink.fd, "inherit", "ipc"],
  });
  await sink.close();
  return eventually(
    async () => {
      const said = await readFile(output, "utf8");
      const port = Number(/"port":(\d+)/.exec(said)?.[1]);
      const adminPort = Number(/"adminPort":(\d+)/.exec(said)?.[1]);
      if (child.exitCode !== null) throw new Error(`The gateway ended with ${child.exitCode}: ${said}`);
      return port > 0 && adminPort > 0 ? { child, port, adminPort } : undefined;
    },
    { withinMs: 20_000 },
  );
}

export async function adminText({ adminPort }: GatewayProcess, path: string): Promise<string> {
  return (await fetch(`http://127.0.0.1:${adminPort}${path}`)).text();
}

export async function residentBytes(gateway: GatewayProcess): Promise<number> {
  const figures = await adminText(gateway, "/metrics");
  return Number(/^process_resident_memory_bytes\S* ([\d.e+]+)/m.exec(figures)?.[1]);
}

export function liveHeapBytes({ child }: GatewayProcess): Promise<number> {
  return new Promise((resolve) => {
    const hear = (message: Partial<LiveHeap>) => {
      if (message.liveHeapBytes === undefined) return;
      child.off("message", hear);
      resolve(message.liveHeapBytes);
    };
    child.on("message", hear);
    child.send(liveHeapQuestion);
  });
}
