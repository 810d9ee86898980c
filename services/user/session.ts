/** What is known of whoever begins a session; each is '' where it is not known. */
export interface Visitor {
  readonly address: string;
  readonly agent: string;
}

/** What a session is kept with. `client` and `scope` only where an OAuth client acts for the person. */
export interface About extends Partial<Visitor> {
  readonly client?: string;
  readonly scope?: string;
}

export interface SessionOwner {
  readonly userId: string;
  /** '' for the person's own sign-in. */
  readonly client: string;
  readonly scope: string;
}

export interface Session extends SessionOwner, Visitor {
  readonly id: string;
  readonly startedAt: Date;
  /** Of the last refresh. */
  readonly usedAt: Date;
}

/** @param hash as Redis keeps it; @returns undefined for a session that has ended */
export function readSession(id: string, hash: Readonly<Record<string, string>>): Session | undefined {
  const { user, secret, client = "", scope = "", started, used, agent = "", address = "" } = hash;
  if (!user || !secret) return undefined;
  const at = (text: string | undefined) => new Date(Number(text ?? 0));
  return { id, userId: user, client, scope, startedAt: at(started), usedAt: at(used), agent, address };
}
