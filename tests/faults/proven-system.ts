import { join } from "node:path";
import type { Home } from "../../mesh/local/home.ts";
import { keepStore } from "../../mesh/local/keep-store.ts";
import type { Ports } from "../../mesh/local/ports.ts";
import { testPorts } from "../../mesh/local/ports.ts";
import { type Runtime, runtimeCommand } from "../../mesh/local/runtime-command.ts";
import { createSecrets, databaseNames } from "../../mesh/local/secrets.ts";
import { serviceNames } from "../../mesh/local/service-names.ts";
import { type KafkaServer, startKafka } from "../../mesh/local/start-kafka.ts";
import { type Stores, startStores } from "../../mesh/local/start-stores.ts";
import { superviseProcess } from "../../mesh/local/supervise-process.ts";
import { localUrl, type ProcessDefinition, systemProcesses } from "../../mesh/local/system-processes.ts";
import { createMailbox, type Mailbox } from "../../services/notification/mailbox/mailbox.ts";
import { type CrashControl, openCrashControl } from "./crash-control.ts";
import type { MerchantKeys } from "./decide-disputes.ts";
import { type FaultProxy, openFaultProxy } from "./fault-proxy.ts";
import { recordWrites } from "./record-writes.ts";
import type { LinkName } from "./schedule.ts";

/** A whole system in which every way from one part to another leads through a proxy, and every service runs twice. */
export interface ProvenSystem {
  readonly gateway: string;
  /** Of order-service's two processes, past every proxy: for the same request at both at once. */
  readonly orderServices: readonly string[];
  readonly sandbox: string;
  /** Where the first process of each part listens, past every proxy. */
  readonly ports: Ports;
  readonly merchant: MerchantKeys;
  /** As they are behind the proxies. */
  readonly stores: Stores;
  /** Where it was asked for. */
  readonly kafkaBrokers: string | undefined;
  /** In the prover's own process: what was handed over is not to be lost with whom it was handed to. */
  readonly mailbox: Mailbox;
  readonly links: Readonly<Record<LinkName, FaultProxy>>;
  readonly crashes: CrashControl;
  /** Kills the broker and starts it again when the work is done. @throws Error where there is none */
  withoutKafka(work: () => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

export interface ProvenSystemOptions {
  /** Where the sources of the processes are: the repository, or a broken copy of it. */
  readonly root: string;
  readonly runtime: Runtime;
  readonly kafka: boolean;
  /** Whether every service runs twice; once is enough to see that a broken one is broken. */
  readonly twins?: boolean;
  /** Whether the stores write to the disk what they say is written. */
  readonly durable?: boolean;
  readonly skews: Readonly<Record<string, number>>;
  /** Settings that are other than usual. */
  readonly chosen?: Readonly<Record<string, string>>;
  readonly step: <T>(name: string, work: () => Promise<T>) => Promise<T>;
  /** What the supervisor says: that a process ended, that it is back. */
  readonly show: (line: string) => void;
  /** A store that cannot be started again. */
  readonly giveUp: (line: string) => void;
}

/** How long a buyer has to act at the bank or at PayPal: the least there is. */
export const actionMinutes = 1;

/** @throws LocalFailure when something does not start; whoever has `home` ends what did */
export async function startProvenSystem(home: Home, options: ProvenSystemOptions): Promise<ProvenSystem> {
  const { root, runtime, step, show, giveUp, twins: twice = true } = options;
  const secrets = await createSecrets();
  const inner = await testPorts();
  let others = await testPorts();
  while (Object.values(others).some((port) => Object.values(inner).includes(port)))
    others = await testPorts();
  const [stores, kafka, mailbox, crashes] = await Promise.all([
    startStores(home, { root, secrets, durable: options.durable ?? true, step, keep: { show, giveUp } }),
    options.kafka ? step("Kafka", () => keptKafka(home, { show, giveUp })) : undefined,
    createMailbox({ keep: 1_000_000, keepBytes: 2 ** 31 }),
    openCrashControl(join(home.directory, "deaths")),
  ]);
  const twins = { first: inner, second: others };
  const links = await openLinks(stores, mailbox, twins, twice);
  const outer = portsOf(inner, links);
  const definitions = systemProcesses({
    ports: outer,
    stores: throughProxies(stores, links),
    secrets,
    sandboxBooks: join(home.directory, "stripe-sandbox.json"),
    chosen: {
      LOG_LEVEL: "warn",
      PAYMENT_ACTION_MINUTES: String(actionMinutes),
      PAYMENT_REFUND_AGAIN_MINUTES: "0.1",
      RECONCILE_MINUTES: "0.5",
      ...options.chosen,
      ...(kafka && { KAFKA_BROKERS: kafka.brokers }),
    },
  });
  const command = [
    ...runtimeCommand(runtime, root),
    "--preload",
    join(root, "tests/faults/faults-preload.ts"),
  ];
  const start = (chosen: readonly ProcessDefinition[]) =>
    Promise.all(
      chosen.map((each) => {
        const env = { ...each.env, ...crashes.environment(each.name, options.skews[each.name] ?? 0) };
        const definition = { ...each, env };
        return step(each.name, () => superviseProcess(home, definition, { root, command, show }));
      }),
    );
  const [first, second, edge] = placed(definitions, twins, links);
  await start(first);
  if (twice) await start(second);
  await start(edge);
  await recordWrites(serviceNames.map((name) => stores.databaseUrls[name]));
  return {
    gateway: localUrl(inner.gateway),
    orderServices: [localUrl(inner.order), localUrl(twice ? others.order : inner.order)],
    sandbox: localUrl(inner.sandbox),
    ports: inner,
    merchant: {
      stripeSecretKey: secrets.stripeSecretKey,
      paypalClientId: definitions.find(({ name }) => name === "stripe-sandbox")?.env.PAYPAL_CLIENT_ID ?? "",
      paypalClientSecret: secrets.paypalClientSecret,
    },
    stores,
    kafkaBrokers: kafka?.brokers,
    mailbox,
    links,
    crashes,
    async withoutKafka(work) {
      if (!kafka) throw new Error("There is no Kafka");
      await kafka.without(work);
    },
    async close() {
      for (const link of Object.values(links)) link.close();
      crashes.close();
      await mailbox.stop();
    },
  };
}

async function keptKafka(home: Home, keep: Pick<ProvenSystemOptions, "show" | "giveUp">): Promise<KeptKafka> {
  const { brokers, process: first } = await startKafka(home, home.cache);
  let wanted = Promise.resolve();
  let isBack: (() => void) | undefined;
  keepStore(home, first, {
    ...keep,
    async start() {
      await wanted;
      const { process: again } = await startKafka(home, home.cache);
      isBack?.();
      return again;
    },
  });
  return {
    brokers,
    async without(work) {
      const done = Promise.withResolvers<void>();
      const back = Promise.withResolvers<void>();
      wanted = done.promise;
      isBack = back.resolve;
      const running = home.processes.alive().find(({ name }) => name === "kafka");
      if (running) process.kill(running.pid, "SIGKILL");
      await work().finally(done.resolve);
      await back.promise;
    },
  };
}

interface KeptKafka extends Pick<KafkaServer, "brokers"> {
  without(work: () => Promise<void>): Promise<void>;
}

interface Twins {
  readonly first: Ports;
  readonly second: Ports;
}

async function openLinks(stores: Stores, mailbox: Mailbox, { first, second }: Twins, twice: boolean) {
  const portOf = (url: string) => Number(new URL(url).port);
  const open = async <Name extends string>(name: Name, targets: readonly number[]) =>
    [name, await openFaultProxy(targets)] as const;
  const opened = await Promise.all([
    ...serviceNames.map((name) => open(name, twice ? [first[name], second[name]] : [first[name]])),
    ...databaseNames.map((name) => open(`postgres-${name}`, [portOf(stores.databaseUrls[name])])),
    open("redis", [portOf(stores.redisUrl)]),
    open("provider", [first.sandbox]),
    open("webhooks", [first.gateway]),
    open("mail", [mailbox.smtpPort]),
  ]);
  return Object.fromEntries(opened) as Record<LinkName, FaultProxy>;
}

type Links = Readonly<Record<LinkName, FaultProxy>>;

/** The ports under which the parts look for each other. */
function portsOf(inner: Ports, links: Links): Ports {
  const services = Object.fromEntries(serviceNames.map((name) => [name, links[name].port]));
  return { ...inner, ...services, sandbox: links.provider.port, smtp: links.mail.port };
}

function throughProxies(stores: Stores, links: Links): Pick<Stores, "databaseUrls" | "redisUrl"> {
  const moved = (url: string, link: FaultProxy) => {
    const found = new URL(url);
    found.port = String(link.port);
    return found.href;
  };
  const databaseUrls = Object.fromEntries(
    databaseNames.map((name) => [name, moved(stores.databaseUrls[name], links[`postgres-${name}`])]),
  ) as Stores["databaseUrls"];
  return { databaseUrls, redisUrl: moved(stores.redisUrl, links.redis) };
}

/** Gives each process the port it listens on behind its proxy, and every service a twin; those of one step start together. */
function placed(
  definitions: readonly ProcessDefinition[],
  { first, second }: Twins,
  links: Links,
): readonly [ProcessDefinition[], ProcessDefinition[], ProcessDefinition[]] {
  const webhooks = `${localUrl(links.webhooks.port)}/webhooks`;
  const twin = (definition: ProcessDefinition, number: 1 | 2, port: number): ProcessDefinition => ({
    ...definition,
    name: `${definition.name}-${number}`,
    env: {
      ...definition.env,
      PORT: String(port),
      SEED_ON_START: String(number === 1),
    },
    readyUrl: `${localUrl(port)}/health/ready`,
  });
  const steps: [ProcessDefinition[], ProcessDefinition[], ProcessDefinition[]] = [[], [], []];
  for (const definition of definitions) {
    const service = serviceNames.find((name) => definition.name === `${name}-service`);
    if (service) {
      steps[0].push(twin(definition, 1, first[service]));
      steps[1].push(twin(definition, 2, second[service]));
    } else if (definition.name === "stripe-sandbox") {
      const env = {
        ...definition.env,
        PORT: String(first.sandbox),
        WEBHOOK_URL: `${webhooks}/stripe`,
        PAYPAL_WEBHOOK_URL: `${webhooks}/paypal`,
        // Its certificate is asked for where its API is.
        PUBLIC_URL: localUrl(links.provider.port),
      };
      steps[0].push({ ...definition, env, readyUrl: `${localUrl(first.sandbox)}/health/ready` });
    } else if (definition.group === "gateway") steps[2].push(definition);
    else if (definition.name !== "mailbox") steps[0].push(definition);
  }
  return steps;
}
