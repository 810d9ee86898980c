import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { childEnvironment } from "./child-environment.ts";
import { findProgram } from "./find-program.ts";
import { freePorts } from "./free-ports.ts";
import type { Home } from "./home.ts";
import { LocalFailure } from "./local-failure.ts";
import { logTail } from "./log-tail.ts";
import { runProgram } from "./run-program.ts";
import { exitLine, type RunningProcess, spawnProcess } from "./spawn-process.ts";

export interface KafkaServer {
  /** As KAFKA_BROKERS has it. */
  readonly brokers: string;
  readonly process: RunningProcess;
}

const pom = join(import.meta.dirname, "kafka/pom.xml");
const java = ["java", "-Xmx512m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"];

/** Why no broker can be started on this machine, or undefined when one can. */
export function kafkaMissing(): string | undefined {
  const absent = ["mvn", "java"].filter((program) => !findProgram(program));
  return absent.length > 0 ? `${absent.join(" and ")} not found, and KAFKA_BROKERS is not set` : undefined;
}

/**
 * Starts one Apache Kafka node (KRaft: broker and controller in one) on a free port with its data in
 * `<home>/kafka`, where it was before when there is any. Its jars come from Maven once and stay in `cache`. For tests: small, nothing durable.
 * @throws LocalFailure when Maven cannot resolve it or it does not start
 */
export async function startKafka(home: Home, cache: string): Promise<KafkaServer> {
  const classpath = join(await resolveJars(cache), "*");
  const folder = join(home.directory, "kafka");
  const configuration = join(folder, "server.properties");
  const env = { CLASSPATH: classpath };
  if (!existsSync(configuration)) await initialise(folder, configuration, env);
  const port = Number(/advertised.*:(\d+)/.exec(readFileSync(configuration, "utf8"))?.[1]);
  const running = await spawnProcess(home, {
    name: "kafka",
    group: "store",
    command: [...java, "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "kafka.Kafka", configuration],
    cwd: folder,
    env: childEnvironment(env),
  });
  await untilItListens(port, running);
  return { brokers: `127.0.0.1:${port}`, process: running };
}

async function initialise(folder: string, configuration: string, env: Record<string, string>): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const [port = 0, controllerPort = 0] = await freePorts(2);
  writeFileSync(configuration, properties(port, controllerPort, folder));
  const clusterId = randomBytes(16).toString("base64url");
  const format = ["kafka.tools.StorageTool", "format", "-t", clusterId, "-c", configuration];
  const formatted = await runProgram([...java, ...format], { cwd: folder, env });
  if (!formatted.succeeded) {
    throw new LocalFailure(`Cannot format Kafka's storage: ${formatted.output.trim()}`);
  }
}

/** In a folder beside, renamed when complete. Named for the pom's content, so that another version is another folder. */
async function resolveJars(cache: string): Promise<string> {
  const version = /<version>(\d+\.\d+\.\d+)<\/version>/.exec(readFileSync(pom, "utf8"))?.[1];
  const folder = join(cache, `kafka-${version}`);
  if (existsSync(folder)) return folder;
  mkdirSync(cache, { recursive: true });
  const unfinished = mkdtempSync(join(cache, "kafka-"));
  try {
    const goal = [
      "dependency:copy-dependencies",
      `-DoutputDirectory=${unfinished}`,
      "-DincludeScope=runtime",
    ];
    const resolved = await runProgram(["mvn", "-q", "-B", "-f", pom, ...goal], { cwd: unfinished });
    if (!resolved.succeeded) {
      const reason = resolved.output.split("\n").find((line) => line.includes("ERROR")) ?? resolved.output;
      throw new LocalFailure(`Maven cannot resolve Apache Kafka: ${reason.trim()}`);
    }
    if (!existsSync(folder)) renameSync(unfinished, folder);
    return folder;
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

function properties(port: number, controllerPort: number, folder: string): string {
  return Object.entries({
    "process.roles": "broker,controller",
    "node.id": 1,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    "advertised.listeners": `PLAINTEXT://127.0.0.1:${port}`,
    "controller.listener.names": "CONTROLLER",
    "controller.quorum.voters": `1@127.0.0.1:${controllerPort}`,
    "log.dirs": join(folder, "log"),
    "offsets.topic.replication.factor": 1,
    "offsets.topic.num.partitions": 1,
    "transaction.state.log.replication.factor": 1,
    "transaction.state.log.min.isr": 1,
    "transaction.state.log.num.partitions": 1,
    "share.coordinator.state.topic.replication.factor": 1,
    "share.coordinator.state.topic.min.isr": 1,
    "group.initial.rebalance.delay.ms": 0,
  })
    .map(([name, value]) => `${name}=${value}\n`)
    .join("");
}

async function untilItListens(port: number, running: RunningProcess): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await accepts(port))) {
    const exit = running.exit();
    if (exit) throw new LocalFailure(exitLine("kafka", exit, running.logFile));
    if (Date.now() > deadline) {
      await running.stop();
      throw new LocalFailure(
        `Kafka does not listen after a minute: ${logTail(running.logFile).at(-1) ?? ""}`,
      );
    }
    await wait(50);
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("close", () => resolve(false));
    socket.setTimeout(500, () => socket.destroy());
    socket.once("connect", () => socket.destroy());
  });
}
