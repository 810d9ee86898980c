import { type DeadLetter, readDeadLetters } from "#mesh/dead-letters/dead-letter-store";
import { openDatabase } from "#mesh/postgres/open-database";
import type { Log } from "#observability/log";

/** An event that was set aside, without what is in it. */
export interface SetAside {
  readonly eventId: string;
  readonly service: string;
  readonly origin: DeadLetter["origin"];
  readonly type: string;
  readonly reason: string;
  readonly attempts: number;
  /** Milliseconds since the epoch. */
  readonly diedAt: number;
  readonly replayRequested: boolean;
  /** In which it was made. */
  readonly traceId: string | undefined;
}

const most = 20;
const longestReason = 500;

/** The first events that a service has set aside. A connection is open only for that: usually there is nothing to see. */
export async function readSetAside(service: string, url: string, log: Log): Promise<SetAside[]> {
  const sql = openDatabase({ url, max: 1, applicationName: "dev-page", log });
  try {
    const letters = await readDeadLetters(sql, { replayed: false, limit: most });
    return letters.map((letter) => setAside(service, letter));
  } finally {
    await sql.end({ timeout: 1 });
  }
}

function setAside(service: string, letter: DeadLetter): SetAside {
  const { eventId, origin, payload, reason, attempts, diedAt, replayRequestedAt } = letter;
  return {
    eventId,
    service,
    origin,
    type: /"type"\s*:\s*"([^"]{1,100})"/.exec(payload)?.[1] ?? "no event",
    reason: reason.slice(0, longestReason),
    attempts,
    diedAt: diedAt.getTime(),
    replayRequested: replayRequestedAt !== null,
    traceId: /"traceparent"\s*:\s*"00-([0-9a-f]{32})-/.exec(payload)?.[1],
  };
}
