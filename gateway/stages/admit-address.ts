import type { Problem } from "#mesh/problem";
import type { Log } from "#observability/log";
import type { Metrics } from "#observability/metrics";
import type { AddressRules } from "../configuration/address-rules.ts";
import type { Exchange } from "../exchange.ts";
import { edgeProblems } from "../problems.ts";

export type AdmitAddress = (exchange: Exchange, keepsOut: AddressRules) => Problem | undefined;

/** Refuses addresses that the file keeps out, before anything about their request costs more than its head did. */
export function createAdmitAddress({ log, metrics }: { log: Log; metrics: Metrics }): AdmitAddress {
  const refused = metrics.counter("gateway_addresses_refused_total", "Requests of addresses kept out", [
    "rule",
  ]);
  return ({ address, context }, keepsOut) => {
    const rule = keepsOut(address);
    if (rule === undefined) return undefined;
    refused.inc({ rule });
    log.info({ trace_id: context.traceId, address, rule: `addresses.${rule}` }, "address refused");
    return edgeProblems.addressRefused();
  };
}
