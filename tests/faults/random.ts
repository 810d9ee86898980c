/** A generator of numbers that gives the same ones for the same seed, on every machine. */
export interface Random {
  /** From 0 to below 1. */
  fraction(): number;
  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number;
  /** One of them. @throws RangeError when there is none */
  oneOf<T>(choices: readonly T[]): T;
  /** Those of the choices with more weight more often. */
  weighted<T>(choices: readonly (readonly [weight: number, choice: T])[]): T;
  shuffled<T>(list: readonly T[]): T[];
}

/** Mulberry32: 32 bits of state are plenty for a schedule. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  function fraction(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
  const between = (least: number, most: number) => least + Math.floor(fraction() * (most - least + 1));
  function oneOf<T>(choices: readonly T[]): T {
    if (choices.length === 0) throw new RangeError("There is nothing to choose from");
    return choices[between(0, choices.length - 1)] as T;
  }
  return {
    fraction,
    between,
    oneOf,
    weighted<T>(choices: readonly (readonly [number, T])[]): T {
      let left = fraction() * choices.reduce((sum, [weight]) => sum + weight, 0);
      for (const [weight, choice] of choices) {
        left -= weight;
        if (left < 0) return choice;
      }
      return oneOf(choices)[1];
    },
    shuffled<T>(list: readonly T[]): T[] {
      const left = [...list];
      return list.map(() => left.splice(between(0, left.length - 1), 1)[0] as T);
    },
  };
}
