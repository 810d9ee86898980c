import { LocalFailure } from "../../../mesh/local/local-failure.ts";
import type { Peer } from "./peer.ts";
import { body, path } from "./sample-request.ts";
import { withRandomSignature } from "./tokens.ts";

/**
 * Sees that a peer does what its row says before its cost is measured.
 * @throws LocalFailure that says what it answered
 */
export async function checkPeer(peer: Peer): Promise<void> {
  const good = await ask(peer, peer.token);
  if (good.status !== 200 || good.text !== body) throw wrong(peer, "a good request", good);
  if (!peer.token) return;
  const without = await ask(peer, undefined);
  if (without.status !== 401) throw wrong(peer, "a request without a token", without);
  const forged = await ask(peer, withRandomSignature(peer.token));
  if (forged.status !== 401) throw wrong(peer, "a forged token", forged);
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

async function ask({ port }: Peer, token: string | undefined): Promise<Answer> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    headers: token ? { authorization: `Bearer ${token}` } : {},
    signal: AbortSignal.timeout(5000),
  });
  return { status: response.status, text: await response.text() };
}

const wrong = ({ name }: Peer, what: string, { status, text }: Answer): LocalFailure =>
  new LocalFailure(`${name} answered ${what} with ${status} ${text.slice(0, 300)}`);
