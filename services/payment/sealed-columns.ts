import type { Keyring } from "./keyring.ts";

/** The columns of `payments` that are kept sealed. */
export const sealedColumns = ["card_token", "next_action_url", "payer_reference"] as const;
export type SealedColumn = (typeof sealedColumns)[number];

export const placeOf = (paymentId: string, column: SealedColumn): string => `payments/${paymentId}/${column}`;

/** What stands sealed in a column; a text from before columns were sealed is given as it is. */
export function openColumn(keyring: Keyring, paymentId: string, column: SealedColumn, text: string): string {
  return text.startsWith("v1.") ? keyring.open(text, placeOf(paymentId, column)) : text;
}
