import { residentMiB } from "../../mesh/local/cpu-time.ts";
import type { Home } from "../../mesh/local/home.ts";

/** The most resident memory of a process in each part of a run, in MiB. */
export type MemoryFigures = Readonly<Record<Part, number>>;
type Part = "before" | "firstHalf" | "secondHalf" | "afterwards";

/** How much memory some processes have, from second to second. */
export interface MemoryWatch {
  /** What is to be bounded begins, and ends. */
  begin(): void;
  end(): void;
  now(): string;
  figures(): ReadonlyMap<string, MemoryFigures>;
  /** Processes whose memory went on growing, in words. */
  unbounded(): string[];
  stop(): void;
}

const everyMs = 1000;
/** What a collector may leave lying from one half to the other; what grew with each order would be more. */
const tolerableMiB = 32;
/** What working a backlog off may need more than letting it grow, however long it is. */
const tolerableAfterwardsMiB = 128;

interface Sample {
  readonly at: number;
  readonly name: string;
  readonly mib: number;
}

/** Looks after the processes of these names until it is stopped. */
export function watchMemory(home: Home, names: readonly string[]): MemoryWatch {
  const samples: Sample[] = [];
  let begun = Number.POSITIVE_INFINITY;
  let ended = Number.POSITIVE_INFINITY;

  function look(): void {
    for (const { name, pid } of home.processes.alive()) {
      if (names.includes(name)) samples.push({ at: performance.now(), name, mib: residentOf(pid) });
    }
  }

  function partOf({ at }: Sample): Part {
    if (at < begun) return "before";
    if (at >= ended) return "afterwards";
    return at < (begun + Math.min(ended, performance.now())) / 2 ? "firstHalf" : "secondHalf";
  }

  const timer = setInterval(look, everyMs);
  look();
  const figures = () =>
    new Map(
      [...Map.groupBy(samples, ({ name }) => name)].map(([name, all]) => {
        const most = { before: 0, firstHalf: 0, secondHalf: 0, afterwards: 0 };
        for (const sample of all) most[partOf(sample)] = Math.max(most[partOf(sample)], sample.mib);
        return [name, most] as const;
      }),
    );
  return {
    begin() {
      begun = performance.now();
    },
    end() {
      ended = performance.now();
    },
    now: () =>
      names
        .map((name) => `${name} ${samples.findLast((each) => each.name === name)?.mib.toFixed(0) ?? 0} MiB`)
        .join(", "),
    figures,
    unbounded: () =>
      [...figures()].flatMap(([name, { firstHalf, secondHalf, afterwards }]) => [
        ...grown(name, [firstHalf, secondHalf], tolerableMiB),
        ...grown(name, [Math.max(firstHalf, secondHalf), afterwards], tolerableAfterwardsMiB),
      ]),
    stop: () => clearInterval(timer),
  };
}

const grown = (name: string, [from, to]: readonly [number, number], tolerable: number): string[] =>
  to - from > tolerable ? [`${name} grew from ${from.toFixed(0)} to ${to.toFixed(0)} MiB`] : [];

/** 0 for one that has just ended. */
function residentOf(pid: number): number {
  try {
    return residentMiB(pid);
  } catch {
    return 0;
  }
}
