import type { Environment } from "#mesh/settings";
import type { Home } from "./home.ts";
import type { Ports } from "./ports.ts";
import { type Runtime, runtimeCommand } from "./runtime-command.ts";
import type { Secrets } from "./secrets.ts";
import type { Stores } from "./start-stores.ts";
import { type SupervisedProcess, superviseProcess } from "./supervise-process.ts";
import { systemProcesses } from "./system-processes.ts";

export interface SystemOptions {
  readonly root: string;
  readonly runtime: Runtime;
  readonly ports: Ports;
  readonly stores: Stores;
  readonly secrets: Secrets;
  readonly chosen: Environment;
  readonly sandboxBooks?: string;
  readonly step: <T>(name: string, work: () => Promise<T>) => Promise<T>;
  readonly show: (line: string) => void;
}

/**
 * Starts services and helpers side by side and then the gateway; resolves when all are ready.
 * After a failure some may run: the caller ends what is recorded.
 * @throws LocalFailure that names the first process that did not start
 */
export async function startSystem(home: Home, options: SystemOptions): Promise<SupervisedProcess[]> {
  const { root, step, show } = options;
  const command = runtimeCommand(options.runtime, root);
  const definitions = systemProcesses(options);
  const startAll = async (chosen: typeof definitions) => {
    const starts = chosen.map((definition) =>
      step(definition.name, () => superviseProcess(home, definition, { root, command, show })),
    );
    const settled = await Promise.allSettled(starts);
    return settled.map((start) => {
      if (start.status === "rejected") throw start.reason;
      return start.value;
    });
  };
  const behind = await startAll(definitions.filter(({ group }) => group !== "gateway"));
  const edge = await startAll(definitions.filter(({ group }) => group === "gateway"));
  return [...behind, ...edge];
}
