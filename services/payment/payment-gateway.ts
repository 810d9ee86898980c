import type { Money } from "#mesh/money";

export type GatewayName = "stripe" | "paypal";

/** When the money is taken: with the charge, or later by a call of its own. */
export type CaptureMode = "automatic" | "delayed";

/** What the provider says of a charge. `unknown` means that it may or may not have happened. */
export type ChargeOutcome =
  | { readonly outcome: "captured"; readonly reference: string; readonly payer?: string }
  /** The money is held for us and not taken yet. */
  | { readonly outcome: "authorized"; readonly reference: string }
  /** The buyer has to agree at the provider or the bank first. */
  | { readonly outcome: "requires-action"; readonly reference: string; readonly url: string }
  | {
      readonly outcome: "declined";
      readonly reference: string | null;
      readonly code: string;
      readonly detail: string;
    }
  | { readonly outcome: "unknown"; readonly reason: string };

export type RefundOutcome =
  | { readonly outcome: "succeeded"; readonly reference: string }
  | { readonly outcome: "refused"; readonly code: string }
  | { readonly outcome: "unknown"; readonly reason: string };

/** `captured`: too late, the money was taken meanwhile. */
export type VoidOutcome = "voided" | "captured" | "unknown";

/** `token` names at the provider what pays; `createdAt` is when the charge was first asked for. */
export interface ChargeOrder {
  readonly orderId: string;
  readonly amount: Money;
  readonly token: string;
  readonly capture: CaptureMode;
  readonly createdAt: Date;
}

/** A charge of which the provider's id may be known. */
export interface KnownCharge extends ChargeOrder {
  readonly reference: string | null;
}

/** `reference` is the charge's, `amount` in its currency. */
export interface RefundOrder {
  readonly refundId: string;
  readonly reference: string;
  readonly token: string;
  readonly amount: Money;
}

/** What the provider has of one charge, in minor units. */
export interface ChargeTotals {
  readonly captured: number;
  readonly refunded: number;
  /** Whether `refunded` has in it what the provider took from us, for a dispute say. */
  readonly countsTaken: boolean;
  readonly currency: string;
}

/** Money that moved at the provider, as its list has it. `orderId` and `refundId` are ours, where it carries them. */
export type ProviderMovement =
  | {
      readonly kind: "charge";
      readonly reference: string;
      readonly orderId: string | null;
      readonly amount: Money;
      readonly at: Date;
    }
  | {
      readonly kind: "refund";
      readonly reference: string;
      /** False for one that the bank sent back to us: the money did not reach the buyer. */
      readonly succeeded: boolean;
      readonly chargeReference: string | null;
      readonly orderId: string | null;
      readonly refundId: string | null;
      readonly amount: Money;
      readonly at: Date;
    }
  /** The provider took a charge back, or gave back what it took. */
  | {
      readonly kind: "reversal" | "return";
      readonly reference: string;
      readonly chargeReference: string | null;
      readonly amount: Money;
      readonly at: Date;
    };

/** A dispute as an event of the provider's tells it: the event's type and its object. */
export interface ToldDispute {
  readonly id: string;
  readonly type: string;
  readonly object: unknown;
  readonly at: Date;
}

/** A provider that gave no answer, or none that says anything for sure. */
export class ProviderSilent extends Error {
  override readonly name: string = "ProviderSilent";
}

/**
 * A payment provider. Nothing in it throws for what the provider answers or for its absence, but for `orderOf`, `totals`,
 * `disputeNow`, `disputes` and `movements`. Every provider passes the suite in `payment-gateway.test.ts`.
 */
export interface PaymentGateway {
  readonly name: GatewayName;
  /** How long the provider surely remembers an idempotency key, in milliseconds; a forgotten one charges twice. */
  readonly keyTrustedForMs: number;
  /** Charges, or holds the money. The same order is never charged twice: its id is the idempotency key. */
  charge(order: ChargeOrder): Promise<ChargeOutcome>;
  /**
   * Finds out without the key where a charge stands, and goes on with it when the buyer has agreed meanwhile. What was
   * charged within the last minute may be missing from it unless its reference is known.
   */
  find(charge: KnownCharge): Promise<ChargeOutcome>;
  /** Takes money that is held. */
  capture(charge: KnownCharge): Promise<ChargeOutcome>;
  /** Ends a charge that waits for the buyer, or lets held money go. */
  void(charge: KnownCharge): Promise<VoidOutcome>;
  /** Sends money back; the same refund never twice, as its id is the idempotency key. */
  refund(refund: RefundOrder): Promise<RefundOutcome>;
  /** Looks for a refund by its id, for when its key may be forgotten. */
  findRefund(refund: RefundOrder): Promise<RefundOutcome>;
  /**
   * Our order id of a charge, as the provider keeps it: null for a charge that has none, undefined for one that the provider
   * does not know. @throws ProviderSilent
   */
  orderOf(reference: string): Promise<string | null | undefined>;
  /** Undefined when the provider knows no such charge. @throws ProviderSilent */
  totals(charge: KnownCharge): Promise<ChargeTotals | undefined>;
  /** How a dispute stands, as an event of the provider's tells it. Undefined when it knows none. @throws ProviderSilent */
  disputeNow(id: string): Promise<Pick<ToldDispute, "type" | "object"> | undefined>;
  /** How those stand that were opened between two moments (Stripe) or changed (PayPal). @throws ProviderSilent */
  disputes(from: Date, to: Date): AsyncIterable<ToldDispute>;
  /** What moved from one moment up to another. @throws when the provider gives no answer */
  movements(from: Date, to: Date): AsyncIterable<ProviderMovement>;
}

/** PayPal is there when its settings are. */
export interface Gateways {
  readonly stripe: PaymentGateway;
  readonly paypal: PaymentGateway | undefined;
}

/** @throws when payments of a provider are left over whose settings were taken away */
export function gatewayNamed(gateways: Gateways, name: GatewayName): PaymentGateway {
  const found = gateways[name];
  if (found === undefined)
    throw new Error(`${name} is not configured, and has payments that are not settled`);
  return found;
}
