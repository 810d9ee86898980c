import { join, resolve } from "node:path";
import { type DevOptions, readDevOptions, usage } from "./dev-options.ts";
import { devPageProcess, devPageTracing } from "./dev-page/dev-page-process.ts";
import { type Home, openHome } from "./home.ts";
import { failureLine, LocalFailure } from "./local-failure.ts";
import { developmentPorts, type Ports, refuseTakenPorts } from "./ports.ts";
import { runtimeCommand } from "./runtime-command.ts";
import { openSecrets } from "./secrets.ts";
import { startStores } from "./start-stores.ts";
import { startSystem } from "./start-system.ts";
import { type SupervisedProcess, superviseProcess } from "./supervise-process.ts";
import { createTerminal, type Terminal } from "./terminal.ts";
import { watchRunner } from "./watch-runner.ts";
import { watchSources } from "./watch-sources.ts";
import { welcome } from "./welcome.ts";

/** `bun dev`: starts everything and stays until it is told to stop. Ends this process. */
export async function dev(root: string, args: readonly string[]): Promise<void> {
  const terminal = createTerminal();
  let home: Home | undefined;
  try {
    const options = readDevOptions(args);
    if (options.help) return console.log(usage);
    refuseFreshElsewhere(options);
    const ports = developmentPorts();
    home = await openHome(resolve(root, process.env.ECOTRACK_HOME ?? ".ecotrack"), {
      fresh: options.fresh,
      cache: join(root, ".ecotrack/cache"),
    });
    if (home.leftovers.length > 0) {
      terminal.line(`  Ended what an earlier run left: ${home.leftovers.join(", ")}`);
    }
    endOnSignal(home, terminal);
    const system = await start(home, { root, ports, options, terminal });
    restartOnChange(root, system, terminal);
  } catch (error) {
    if (home?.ending()) return;
    await home?.end(5000);
    console.error(failureLine(error) ?? error);
    process.exit(1);
  }
}

interface Start {
  readonly root: string;
  readonly ports: Ports;
  readonly options: DevOptions;
  readonly terminal: Terminal;
}

async function start(home: Home, { root, ports, options, terminal }: Start): Promise<SupervisedProcess[]> {
  await refuseTakenPorts(ports);
  const { step, line: show } = terminal;
  const chosen = process.env;
  const secrets = await openSecrets(home);
  const stores = await startStores(home, {
    root,
    secrets,
    step,
    durable: true,
    keep: { show, giveUp: (line) => void endFailed(home, line) },
    postgresUrl: chosen.DATABASE_URL,
    redisUrl: chosen.REDIS_URL,
  });
  const { runtime } = options;
  const sandboxBooks = join(home.directory, "stripe-sandbox.json");
  const traced = { ...chosen, ...devPageTracing({ ports, chosen }) };
  const settings = { ports, stores, secrets, chosen: traced, sandboxBooks };
  // First, so that the first spans of the others find it.
  const page = await step("dev-page", () =>
    superviseProcess(home, devPageProcess({ ...settings, chosen }, home.logs), {
      root,
      command: runtimeCommand("bun", root),
      show,
    }),
  );
  const system = await startSystem(home, { ...settings, root, runtime, step, show });
  // Since the process began, loading included.
  show(`\nEcoTrack is ready after ${(performance.now() / 1000).toFixed(1)} s`);
  show(welcome(ports, { sandbox: !chosen.STRIPE_SECRET_KEY }));
  show(`Logs are in ${home.logs}; a changed source restarts its process; Ctrl-C stops everything.`);
  return [page, ...system];
}

/** The reason comes last: it is what a person looks for. */
async function endFailed(home: Home, reason: string): Promise<void> {
  await home.end();
  console.error(reason);
  process.exit(1);
}

/** What another server holds is not ours to throw away, and our new keys would not open it. */
function refuseFreshElsewhere({ fresh }: DevOptions): void {
  const foreign = ["DATABASE_URL", "REDIS_URL"].find((name) => process.env[name]);
  if (fresh && foreign) {
    throw new LocalFailure(
      `--fresh does not empty the server of ${foreign}: unset it, or start without --fresh`,
    );
  }
}

/** A second signal does not wait for anybody. */
function endOnSignal(home: Home, terminal: Terminal): void {
  let calls = 0;
  const end = () => {
    calls++;
    if (calls === 1) terminal.line("\nStopping …");
    void home.end(calls === 1 ? undefined : 0).then(() => {
      terminal.line("Stopped");
      process.exit(0);
    });
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, end);
  watchRunner(end);
}

/** Those behind the gateway first: it finds them changed. */
function restartOnChange(root: string, system: readonly SupervisedProcess[], terminal: Terminal): void {
  watchSources(root, (affects) => {
    const affected = system.filter(({ definition }) => affects(definition.name));
    terminal.line(`Changed: ${affected.map(({ definition }) => definition.name).join(", ")}`);
    const behind = affected.filter(({ definition }) => definition.group !== "gateway");
    const edge = affected.filter(({ definition }) => definition.group === "gateway");
    void Promise.all(behind.map((each) => each.restart())).then(() =>
      Promise.all(edge.map((each) => each.restart())),
    );
  });
}
