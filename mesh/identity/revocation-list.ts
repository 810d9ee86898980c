/** Entries outlive their end by this much, so that a clock that was wrong for a while lets nothing in again. */
const graceMs = 3_600_000;

interface Cut {
  /** Seconds since the epoch, like `iat`. */
  issuedBefore: number;
  until: number;
}

/** What is revoked, in memory. Asking costs one or two lookups and allocates nothing. */
export interface RevocationList {
  isRevoked(sessionId: string, subject?: string, issuedAt?: number): boolean;
  /** `until` in milliseconds since the epoch, as everywhere here: when nothing of it can be valid any more. */
  addSession(sessionId: string, until: number): void;
  /** @param issuedBefore milliseconds since the epoch; an empty subject is everybody */
  addIssuedBefore(subject: string, issuedBefore: number, until: number): void;
  /** Forgets what ended long ago by the wall clock and by the monotonic one. */
  prune(): void;
  size(): number;
}

/**
 * @param now wall clock in milliseconds
 * @param elapsed a clock that nobody sets, in milliseconds
 */
export function createRevocationList({
  now = Date.now,
  elapsed = () => performance.now(),
}: {
  now?: () => number;
  elapsed?: () => number;
} = {}): RevocationList {
  const sessions = new Map<string, { until: number; keepUntil: number }>();
  const users = new Map<string, Cut & { keepUntil: number }>();
  let everybody = 0;

  const keepUntil = (until: number): number => elapsed() + Math.max(0, until - now()) + graceMs;
  const isOver = (entry: { until: number; keepUntil: number }): boolean =>
    entry.until + graceMs <= now() && entry.keepUntil <= elapsed();

  return {
    isRevoked(sessionId, subject, issuedAt) {
      if (sessions.has(sessionId)) return true;
      if (subject === undefined || issuedAt === undefined) return false;
      if (issuedAt < everybody) return true;
      // Nearly always there is no such entry at all, and then there is nothing to look for.
      return users.size > 0 && issuedAt < (users.get(subject)?.issuedBefore ?? 0);
    },
    addSession(sessionId, until) {
      if (sessionId === "" || !Number.isFinite(until) || until + graceMs <= now()) return;
      // Told again, as after a reconnection, is nothing new.
      const known = sessions.get(sessionId);
      if (!known || known.until < until) sessions.set(sessionId, { until, keepUntil: keepUntil(until) });
    },
    addIssuedBefore(subject, issuedBefore, until) {
      if (!Number.isFinite(issuedBefore) || !Number.isFinite(until) || until + graceMs <= now()) return;
      const seconds = issuedBefore / 1000;
      // For everybody it holds for good: a number costs nothing, and who signs tokens does not go back in time.
      if (subject === "") everybody = Math.max(everybody, seconds);
      else {
        const known = users.get(subject);
        const end = Math.max(until, known?.until ?? 0);
        users.set(subject, {
          issuedBefore: Math.max(seconds, known?.issuedBefore ?? 0),
          until: end,
          keepUntil: keepUntil(end),
        });
      }
    },
    prune() {
      for (const [session, entry] of sessions) if (isOver(entry)) sessions.delete(session);
      for (const [user, entry] of users) if (isOver(entry)) users.delete(user);
    },
    size: () => sessions.size + users.size + (everybody > 0 ? 1 : 0),
  };
}
