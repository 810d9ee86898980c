import { randomBytes, randomInt } from "node:crypto";
import { newEmail } from "./person.ts";

/** What may never be written about anybody: values that occur nowhere else, so that they can be looked for. */
export class Canaries {
  readonly #mark = randomBytes(6).toString("hex");
  readonly #all = new Map<string, string>();

  readonly email = this.add("email", newEmail());
  readonly password = this.add("password", `canary password ${this.#mark}`);
  readonly wrongPassword = this.add("wrong password", `canary mistake ${this.#mark}`);
  readonly firstName = this.add("first name", `Canaria${this.#mark}`);
  readonly lastName = this.add("last name", `Serinus${this.#mark}`);
  readonly line1 = this.add("street", `${this.#mark} Canary Row`);
  readonly bio = this.add("bio", `Sings ${this.#mark} songs`);
  readonly card = this.add("card number", cardNumber());
  /** Stands where a token, a code or a secret is expected, and is none. */
  readonly nonsense = this.add("made-up secret", `canary-secret-${this.#mark}`);

  /** Adds what a call has given out, such as a token. @returns the value */
  add(name: string, value: string | undefined): string {
    if (!value) throw new Error(`There is no ${name} to look for`);
    this.#all.set(name, value);
    return value;
  }

  /** The names of those that stand in `text`, as they are or as they are written in JSON or in a URL. */
  in(text: string): string[] {
    return [...this.#all].flatMap(([name, value]) => {
      const written = [value, JSON.stringify(value).slice(1, -1), encodeURIComponent(value)];
      return written.some((each) => text.includes(each)) ? [name] : [];
    });
  }
}

/** Sixteen digits that pass Luhn's check, as a card's do. */
function cardNumber(): string {
  const digits = [4, ...Array.from({ length: 14 }, () => randomInt(10))];
  const sum = digits.reduce(
    (total, digit, at) => total + (at % 2 === 0 ? (digit * 2) % 9 || (digit && 9) : digit),
    0,
  );
  return [...digits, (10 - (sum % 10)) % 10].join("");
}
