import type { Setting } from "#mesh/settings";
import { decimal, sum } from "../decimal.ts";
import { materials } from "../emission-factors.ts";

/** How much of a material: in percent or kg, as its column says. */
export interface MaterialShare {
  readonly material: string;
  readonly amount: string;
}

/** A column of "cotton 99, polyester 1". */
export function materialShares(name: string): Setting<readonly MaterialShare[]> {
  return { name, secret: false, fallback: undefined, parse };
}

/** The same, adding up to 100. */
export function materialMix(name: string): Setting<readonly MaterialShare[]> {
  const parseMix = (text: string) => {
    const shares = parse(text);
    if (sum(shares.map(({ amount }) => decimal(amount))) !== decimal("100"))
      throw new Error("materials whose percentages add up to 100");
    return shares;
  };
  return { name, secret: false, fallback: undefined, parse: parseMix };
}

function parse(text: string): readonly MaterialShare[] {
  return text.split(", ").map((share) => {
    const [, material = "", amount = ""] = /^(\S+) (\d+(?:\.\d{1,6})?)$/.exec(share) ?? [];
    if (!materials.has(material))
      throw new Error('materials that have a factor, each with its amount, such as "cotton 99, polyester 1"');
    return { material, amount };
  });
}
