import { type CrashPoint, crashPointNames } from "#mesh/crash-point";
import { type ServiceName, serviceNames } from "../../mesh/local/service-names.ts";
import { createRandom, type Random } from "./random.ts";

/** A way between two parts that goes through a proxy of ours; named for where it leads. */
export const linkNames = [
  ...serviceNames,
  "provider",
  "webhooks",
  "mail",
  "redis",
  "postgres-user",
  "postgres-product",
  "postgres-order",
  "postgres-payment",
  "postgres-notification",
  "postgres-bus",
] as const;
export type LinkName = (typeof linkNames)[number];

export const disturbances = ["delay", "cut", "reset", "blackhole"] as const;
export type Disturbance = (typeof disturbances)[number];
export type StoreName = "postgres" | "redis" | "kafka";

/** What is done to the system; times in milliseconds since the load began. */
export type Fault = { readonly at: number } & (
  | { readonly kind: "kill"; readonly process: string }
  | { readonly kind: "crash"; readonly process: string; readonly point: CrashPoint; readonly pass: number }
  | { readonly kind: "pause"; readonly process: string; readonly forMs: number }
  | { readonly kind: "restart"; readonly store: StoreName }
  | {
      readonly kind: Disturbance;
      readonly link: LinkName;
      readonly forMs: number;
      /** How much later every packet comes; of `delay` only. */
      readonly delayMs: number;
    }
);

export interface ScheduleOptions {
  readonly seed: number;
  readonly seconds: number;
  readonly faults: number;
  readonly kafka: boolean;
}

export interface Schedule {
  readonly faults: readonly Fault[];
  /** By how many milliseconds the clock of each process is wrong. */
  readonly skews: Readonly<Record<string, number>>;
}

/** Every service runs twice. */
export const instanceNames: readonly string[] = serviceNames.flatMap((name) => [
  `${name}-service-1`,
  `${name}-service-2`,
]);
const helpers = ["gateway", "stripe-sandbox"];

/** Longer than any lease: of a saga 20 s, of a payment 15 s. */
const beyondLeaseMs = 22_000;
const longestSkewMs = 8_000;

const serviceOf: Record<CrashPoint extends `${infer Moment}:${string}` ? Moment : never, ServiceName[]> = {
  "order-insert": ["order"],
  "saga-end": ["order"],
  "reservation-hold": ["product"],
  "reservation-confirm": ["product"],
  "charge-record": ["payment"],
  "provider-call": ["payment"],
  "charge-book": ["payment"],
  "provider-refund": ["payment"],
  "relay-publish": ["order", "product", "payment", "notification"],
  "inbox-commit": ["notification"],
  "offset-commit": ["notification"],
  "mail-handover": ["notification"],
};

/**
 * The faults of one run: a pure function of its options. One of each kind and each crash point come first, as far as
 * there is room; chance fills up the rest and decides on the moments.
 */
export function drawSchedule({ seed, seconds, faults, kafka }: ScheduleOptions): Schedule {
  const random = createRandom(seed);
  const lastMs = seconds * 1000;
  const skews = Object.fromEntries(
    instanceNames.map((name) => [name, random.between(0, 1) * random.between(-longestSkewMs, longestSkewMs)]),
  );
  const stores: StoreName[] = kafka ? ["postgres", "redis", "kafka"] : ["postgres", "redis"];
  const certain: Draw[] = random.shuffled<Draw>([
    ...stores.map(
      (store): Draw =>
        (at) => ({ at, kind: "restart", store }),
    ),
    ...disturbances.map(
      (kind): Draw =>
        (at) =>
          disturb(random, at, kind),
    ),
    (at) => pause(random, at, beyondLeaseMs),
    (at) => pause(random, at, random.between(500, 3000)),
    (at) => kill(random, at),
    ...crashPointNames.map(
      (point): Draw =>
        (at) =>
          crash(random, at, point),
    ),
  ]);
  const draws = Array.from({ length: faults }, (_, index) => certain[index] ?? anyFault(random, stores));
  const moments = draws.map(() => random.between(500, lastMs)).sort((a, b) => a - b);
  return { skews, faults: draws.map((draw, index) => draw(moments[index] ?? 0)) };
}

type Draw = (at: number) => Fault;

function anyFault(random: Random, stores: readonly StoreName[]): Draw {
  return random.weighted<Draw>([
    [30, (at) => kill(random, at)],
    [30, (at) => crash(random, at, random.oneOf(crashPointNames))],
    [12, (at) => pause(random, at, random.between(300, 4000))],
    [1, (at) => pause(random, at, beyondLeaseMs)],
    [24, (at) => disturb(random, at, random.oneOf(disturbances))],
    [3, (at) => ({ at, kind: "restart", store: random.oneOf(stores) })],
  ]);
}

const kill = (random: Random, at: number): Fault => ({
  at,
  kind: "kill",
  process: random.oneOf([...instanceNames, ...helpers]),
});

const pause = (random: Random, at: number, forMs: number): Fault => ({
  at,
  kind: "pause",
  process: random.oneOf([...instanceNames, "gateway"]),
  forMs,
});

function crash(random: Random, at: number, point: CrashPoint): Fault {
  const services = serviceOf[point.split(":")[0] as keyof typeof serviceOf];
  const process = `${random.oneOf(services)}-service-${random.between(1, 2)}`;
  return { at, kind: "crash", process, point, pass: random.between(1, 6) };
}

const disturb = (random: Random, at: number, kind: Disturbance): Fault => ({
  at,
  kind,
  link: random.oneOf(linkNames),
  forMs: random.between(200, 5000),
  delayMs: random.between(20, 900),
});

/** When the last fault of a schedule is over, in milliseconds since the load began. */
export const endOf = ({ faults }: Schedule): number =>
  Math.max(0, ...faults.map((fault) => fault.at + ("forMs" in fault ? fault.forMs : 0)));

/** A fault in a few words. */
export function describeFault(fault: Fault): string {
  switch (fault.kind) {
    case "kill":
      return `kill -9 ${fault.process}`;
    case "crash":
      return `${fault.process} dies at ${fault.point}, pass ${fault.pass}`;
    case "pause":
      return `${fault.process} stands still for ${fault.forMs} ms`;
    case "restart":
      return `${fault.store} is killed and started again`;
    case "delay":
      return `the way to ${fault.link} is ${fault.delayMs} ms longer for ${fault.forMs} ms`;
    default:
      return `${fault.kind} on the way to ${fault.link} for ${fault.forMs} ms`;
  }
}
