/**
 * Loaded by the prover into each process that it starts, before the process's own code: puts its clock wrong and lets
 * the prover name a crash point at which it dies. Nothing of this exists in a process that is started otherwise.
 */
import { appendFileSync } from "node:fs";
import { connect } from "node:net";
import { crashPoints } from "../../mesh/crash-point.ts";

const { PROVE_PORT, PROVE_PROCESS = "", PROVE_DEATHS = "", PROVE_SKEW_MS } = process.env;
skewClock(Number(PROVE_SKEW_MS ?? 0));
obeyProver(Number(PROVE_PORT), PROVE_PROCESS);

function skewClock(ms: number): void {
  if (ms === 0) return;
  const RealDate = Date;
  const now = () => RealDate.now() + ms;
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args: unknown[], newTarget) =>
      Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget) as Date,
    get: (target, name, receiver) =>
      name === "now" ? now : (Reflect.get(target, name, receiver) as unknown),
  });
}

/** Each line is `<crash point> <pass>`: the process dies when it comes there for that time. */
function obeyProver(port: number, name: string): void {
  const passesLeft = new Map<string, number>();
  let text = "";
  const socket = connect({ port, host: "127.0.0.1" }, () => socket.write(`${name} ${process.pid}\n`));
  socket.on("error", () => {});
  socket.on("data", (bytes) => {
    text += bytes.toString();
    const lines = text.split("\n");
    text = lines.pop() ?? "";
    for (const line of lines) {
      const [point = "", pass = "1"] = line.split(" ");
      passesLeft.set(point, Number(pass));
    }
    crashPoints.reached = (point) => {
      const left = passesLeft.get(point);
      if (left === undefined) return;
      passesLeft.set(point, left - 1);
      if (left > 1) return;
      appendFileSync(PROVE_DEATHS, `${name} ${point}\n`);
      process.kill(process.pid, "SIGKILL");
    };
  });
  // Node's and Bun's; on Deno a service runs until it is told to stop anyway.
  socket.unref?.();
}
