import { problemOfTier } from "../change-tier.ts";
import { afterlifeMs, reachable } from "../session-store.ts";
import type { InvalidInput } from "../user.ts";
import type { UserDeps } from "../user-deps.ts";
import { lockUser } from "../user-store.ts";
import { hashSecret, newClientSecret } from "./client-secret.ts";
import { type ClientInput, checkClient, type OAuthClient } from "./oauth-client.ts";
import {
  deleteClientRow,
  findClient,
  insertClient,
  listClients,
  replaceSecret,
  updateStanding,
} from "./oauth-client-store.ts";

const maxClientsPerOwner = 20;
const hourMs = 3_600_000;
/** A request that found the client or key a moment ago has given its token by then. */
const underWayMs = 5000;

export type ClientRefusal =
  | InvalidInput
  | { readonly refused: "user-not-found" | "client-not-found" | "too-many-clients" | "client-has-no-secret" };

/** The secret is told here and never again; undefined for a public client. */
export interface RegisteredClient {
  readonly client: OAuthClient;
  readonly secret: string | undefined;
}

export async function registerClient(
  { transaction, now, newId, log }: UserDeps,
  ownerId: string,
  input: ClientInput,
): Promise<RegisteredClient | ClientRefusal> {
  const wanted = checkClient(input);
  if ("refused" in wanted) return wanted;
  const at = now();
  const client = { ...wanted, id: newId(), ownerId, tier: "", internal: false, createdAt: at, updatedAt: at };
  const secret = client.kind === "confidential" ? newClientSecret() : undefined;
  const refusal = await transaction<ClientRefusal | undefined>(async (tx) => {
    // Locked, so that two registrations at once do not both find room.
    if (!(await lockUser(tx, ownerId))) return { refused: "user-not-found" };
    if ((await listClients(tx, ownerId)).length >= maxClientsPerOwner) return { refused: "too-many-clients" };
    await insertClient(tx, client, secret === undefined ? null : hashSecret(secret));
    return undefined;
  });
  if (refusal) return refusal;
  log.info(
    { audit: "oauth-client-registered", clientId: client.id, ownerId },
    "an OAuth client is registered",
  );
  return { client, secret };
}

/** A new secret; the one before stays good for `oldValidHours`, so that a deployment can follow. */
export async function rotateSecret(
  { sql, transaction, now, log }: UserDeps,
  { id, ownerId, oldValidHours }: { id: string; ownerId: string; oldValidHours: number },
): Promise<RegisteredClient | ClientRefusal> {
  const secret = newClientSecret();
  const at = now();
  const previousUntil = new Date(at.getTime() + oldValidHours * hourMs);
  const client = await findClient(sql, id);
  if (client?.ownerId !== ownerId) return { refused: "client-not-found" };
  if (client.kind === "public") return { refused: "client-has-no-secret" };
  const replaced = await transaction((tx) =>
    replaceSecret(tx, { id, ownerId, secretHash: hashSecret(secret), previousUntil, at }),
  );
  if (!replaced) return { refused: "client-not-found" };
  log.info({ audit: "oauth-secret-rotated", clientId: id, ownerId }, "a client's secret is replaced");
  return { client: { ...client, updatedAt: at }, secret };
}

/** Ends the client with every token that it holds, within a second. */
export async function deleteClient(
  deps: UserDeps,
  { id, ownerId }: { id: string; ownerId: string },
): Promise<true | ClientRefusal> {
  const deleted = await deps.transaction(async (tx) => {
    if (!(await deleteClientRow(tx, id, ownerId))) return false;
    await endTokensOf(deps, id);
    return true;
  });
  if (!deleted) return { refused: "client-not-found" };
  deps.log.info({ audit: "oauth-client-deleted", clientId: id, ownerId }, "an OAuth client is deleted");
  return true;
}

/** Those in people's names by their sessions, those of its own by its id. */
export async function endTokensOf(
  { sessions, revocations, now }: Pick<UserDeps, "sessions" | "revocations" | "now">,
  clientId: string,
): Promise<void> {
  await sessions.endAllOfClient(clientId);
  await revokeSubject({ revocations, now }, clientId);
}

/** All tokens of a person or client that is gone for good, also those that are being given out at this moment. */
export async function revokeSubject(
  { revocations, now }: Pick<UserDeps, "revocations" | "now">,
  subject: string,
): Promise<void> {
  const issuedBefore = new Date(now().getTime() + underWayMs);
  const until = new Date(issuedBefore.getTime() + afterlifeMs);
  await reachable(revocations.revokeUser(subject, issuedBefore, until));
}

/** What only an admin may change: which limits it has. */
export async function changeStanding(
  { sql, transaction, now, log, tiers }: UserDeps,
  id: string,
  change: { tier?: string | undefined; internal?: boolean | undefined },
): Promise<OAuthClient | ClientRefusal> {
  const unknown = problemOfTier(tiers, change.tier ?? "");
  if (unknown) return unknown;
  const client = await findClient(sql, id);
  if (!client) return { refused: "client-not-found" };
  if (client.kind === "public" && change.internal) return { refused: "client-has-no-secret" };
  const { tier, internal } = change;
  const changed = await transaction((tx) => updateStanding(tx, id, { tier, internal, at: now() }));
  if (!changed) return { refused: "client-not-found" };
  log.info(
    { audit: "oauth-standing-changed", clientId: id, tier, internal },
    "a client's standing is changed",
  );
  return changed;
}
