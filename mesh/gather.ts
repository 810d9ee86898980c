import postgres from "postgres";
import { currentContext, type RequestContext } from "#observability/context";
import { inBatch } from "#observability/trace/in-batch";

export interface GatherOptions<Input, Output> {
  /** Does all of it in one transaction, or one call, and gives an answer for each, in the order of the batch. */
  readonly together: (batch: readonly Input[]) => Promise<readonly Output[]>;
  /** The most in one batch. */
  readonly most?: number;
  /** Batches begin at least so far apart, in milliseconds. */
  readonly apartMs?: number;
  /** How long the next batch waits for the end of the one before, in milliseconds: that one may be stuck. */
  readonly patienceMs?: number;
}

interface Waiting<Input, Output> {
  readonly input: Input;
  readonly resolve: (output: Output) => void;
  readonly reject: (error: unknown) => void;
  /** Of who asked. */
  readonly context: RequestContext | undefined;
}

/** Thrown by `together` for a batch that was refused as a whole, and for certain changed nothing. */
export class BatchRefused extends Error {
  override readonly name = "BatchRefused";
}

/**
 * Makes one transaction, or one call, of what comes close together (group commit): under load most of what a small
 * transaction costs is the round trip, the start of its statements and the commit, not its rows. What comes after a pause
 * goes at once; what comes while a batch is under way is the next one, so that the more there is to do, the more of it is
 * done together. When a batch is refused, each of it is tried alone, so that nobody fails for another's fault; when
 * the connection is lost, all of it fails, with its outcome unknown. It runs in the context of its first.
 */
export function gather<Input, Output>({
  together,
  most = 64,
  apartMs = 8,
  patienceMs = 40,
}: GatherOptions<Input, Output>): (input: Input) => Promise<Output> {
  let waiting: Waiting<Input, Output>[] = [];
  let underWay = 0;
  let planned = false;
  let startedAt = Number.NEGATIVE_INFINITY;
  let timer: ReturnType<typeof setTimeout> | undefined;

  async function run(batch: readonly Waiting<Input, Output>[]): Promise<void> {
    try {
      const outputs = await inBatch(
        batch.map(({ context }) => context),
        () => together(batch.map(({ input }) => input)),
      );
      for (const [at, { resolve }] of batch.entries()) resolve(outputs[at] as Output);
    } catch (error) {
      if (batch.length > 1 && isRefusal(error)) {
        await Promise.all(batch.map((each) => run([each])));
        return;
      }
      for (const { reject } of batch) reject(error);
    }
  }

  function begin(): void {
    clearTimeout(timer);
    timer = undefined;
    planned = false;
    const batch = waiting.slice(0, most);
    waiting = waiting.slice(most);
    if (batch.length === 0) return;
    underWay += 1;
    startedAt = performance.now();
    void run(batch).then(() => {
      underWay -= 1;
      if (waiting.length > 0 && !planned) plan();
    });
    if (waiting.length > 0) plan();
  }

  function plan(): void {
    if (underWay > 0) {
      timer ??= setTimeout(begin, patienceMs);
      return;
    }
    planned = true;
    clearTimeout(timer);
    const early = startedAt + apartMs - performance.now();
    if (early > 0) timer = setTimeout(begin, early);
    // After what is ready to run now: it may bring more.
    else setImmediate(begin);
  }

  return (input) =>
    new Promise((resolve, reject) => {
      waiting.push({ input, resolve, reject, context: currentContext() });
      if (!planned) plan();
    });
}

/** The data, a constraint, a deadlock or a raised exception: the batch is rolled back for certain (SQLSTATE classes). */
const isRefusal = (error: unknown): boolean =>
  error instanceof BatchRefused ||
  (error instanceof postgres.PostgresError && /^(22|23|40|P0)/.test(error.code));
