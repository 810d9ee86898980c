import type { Reader } from "#mesh/postgres/sql";
import { appendAudit, auditEntry } from "./audit-log.ts";
import type { GatewayName } from "./payment-gateway.ts";
import type { SignatureRefusal } from "./signature-refusal.ts";

export interface WebhookRefusals {
  note(gateway: GatewayName, refusal: SignatureRefusal): Promise<void>;
}

/** Anybody may knock: without a limit whoever does could fill the disk with the record of it. */
const atMostEveryMs = 10_000;

/** Writes refused webhooks into the audit log, those that follow each other closely as a number in one row. */
export function createWebhookRefusals(sql: Reader, now: () => Date): WebhookRefusals {
  let notedAt = Number.NEGATIVE_INFINITY;
  let unnoted = 0;
  return {
    async note(gateway, refusal) {
      unnoted++;
      const at = now();
      if (at.getTime() - notedAt < atMostEveryMs) return;
      notedAt = at.getTime();
      const content = { gateway, refusal, refusedSinceLast: unnoted };
      unnoted = 0;
      await appendAudit(sql, auditEntry(at, "webhook-refused", null, content));
    },
  };
}
