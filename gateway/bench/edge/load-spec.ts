/** What the generator is told, as JSON in its one argument. */
export interface LoadSpec {
  readonly port: number;
  readonly connections: number;
  /** Used in turn, one for each request. */
  readonly tokens: { readonly file: string } | { readonly one: string | undefined };
  /**
   * Requests that begin in a second, at random distances, whatever becomes of those before. Without it each connection
   * begins its next one when the last is answered.
   */
  readonly rate?: number;
  /** How many in all. */
  readonly requests: number;
  /** The first so many are not in the latencies: what is compiled on first use has been by then. */
  readonly warmUp: number;
  /** With one of these each is to be answered. */
  readonly statuses: readonly number[];
}

/** What it says at its end, as JSON in one line. */
export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
  /** How late the generator was with a request that had a free connection. The latencies have it in them. */
  readonly lateP50Ms: number;
  readonly lateP99Ms: number;
  /** How many answers had which status. */
  readonly byStatus: Readonly<Record<string, number>>;
  readonly wrong: number;
  readonly firstWrong: string;
}
