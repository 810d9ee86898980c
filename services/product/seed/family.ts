/**
 * A product family: every make in every size is one product of its own, with its own bill of materials,
 * named "make name, size". `mix` and `packaging` are written as "material percent, …"; a mix adds up to 100.
 */
export interface Family {
  readonly name: string;
  readonly category: string;
  readonly about: string;
  /** Country of manufacture, and the electricity it takes there for one kilogram of product. */
  readonly country: string;
  readonly kwhPerKg: string;
  /** Percent of the product's mass. */
  readonly packaging: string;
  readonly lifeYears: number;
  readonly repairability: number;
  readonly makes: readonly Make[];
  readonly sizes: readonly Size[];
}

/** `price` is percent of the size's price: better materials cost more. */
export type Make = readonly [label: string, price: number, mix: string, certificates?: readonly string[]];

/** `price` in euro cents; `kg` is the part that the mix makes; `parts` are "material kg, …" on top of it. */
export type Size = readonly [label: string, price: number, kg: string, parts?: string];
