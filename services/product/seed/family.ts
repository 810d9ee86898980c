import type { MaterialShare } from "./material-shares.ts";

/**
 * A product family: every make in every size is one product of its own, with its own bill of materials,
 * named "make name, size".
 */
export interface Family {
  /** Empty where the make says it all. */
  readonly name: string;
  readonly category: string;
  readonly about: string;
  /** Country of manufacture, and the electricity it takes there for one kilogram of product. */
  readonly country: string;
  readonly kwhPerKg: string;
  /** Percent of the product's mass. */
  readonly packaging: readonly MaterialShare[];
  readonly lifeYears: number;
  readonly repairability: number;
  readonly makes: readonly Make[];
  readonly sizes: readonly Size[];
}

export interface Make {
  readonly make: string;
  /** Of the size's price: better materials cost more. */
  readonly pricePercent: number;
  /** Percent of the size's `kg`. */
  readonly mix: readonly MaterialShare[];
  readonly certificates: readonly string[];
}

export interface Size {
  readonly size: string;
  /** Euro cents. */
  readonly price: number;
  /** What the mix makes. */
  readonly kg: string;
  /** In kg, on top of it. */
  readonly parts: readonly MaterialShare[];
}
