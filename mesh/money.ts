import { type Static, Type } from "@sinclair/typebox";

/** An amount in minor units (cents) of an ISO 4217 currency. Never a fraction, never a float. */
export const moneySchema = Type.Object({
  amount: Type.Integer({ description: "Minor units, such as cents" }),
  currency: Type.String({ pattern: "^[A-Z]{3}$", description: "ISO 4217" }),
});

export type Money = Static<typeof moneySchema>;
