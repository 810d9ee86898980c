import { readFileSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import type { CrashPoint } from "#mesh/crash-point";

/** Where the processes of the proven system hear at which crash point they are to die, and note that they did. */
export interface CrashControl {
  /** What a process has to be given so that it hears of it; see `faults-preload.ts`. */
  environment(process: string, skewMs: number): Record<string, string>;
  /** The process dies when it comes to that point for the `pass`th time. Also the next process of that name, should this one die of something else before. */
  arm(process: string, point: CrashPoint, pass: number): void;
  /** Who died where, one for each time. */
  deaths(): { process: string; point: string }[];
  close(): void;
}

export async function openCrashControl(deathsFile: string): Promise<CrashControl> {
  writeFileSync(deathsFile, "");
  const sockets = new Map<string, Socket>();
  let armed: { process: string; point: CrashPoint; pass: number }[] = [];

  function deaths() {
    return readFileSync(deathsFile, "utf8")
      .split("\n")
      .filter(Boolean)
      .map((line) => {
        const [process = "", point = ""] = line.split(" ");
        return { process, point };
      });
  }

  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", (bytes) => {
      const [name = ""] = bytes.toString().split(" ");
      sockets.set(name, socket);
      const died = deaths().filter(({ process }) => process === name);
      armed = armed.filter(
        ({ process, point }) => process !== name || !died.some((each) => each.point === point),
      );
      for (const { process, point, pass } of armed) if (process === name) socket.write(`${point} ${pass}\n`);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port: 0, host: "127.0.0.1" }, resolve);
  });
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  return {
    environment: (process, skewMs) => ({
      PROVE_PORT: String(port),
      PROVE_PROCESS: process,
      PROVE_DEATHS: deathsFile,
      PROVE_SKEW_MS: String(skewMs),
    }),
    arm(process, point, pass) {
      armed.push({ process, point, pass });
      sockets.get(process)?.write(`${point} ${pass}\n`);
    },
    deaths,
    close() {
      server.close();
      for (const socket of sockets.values()) socket.destroy();
    },
  };
}
