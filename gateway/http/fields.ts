/**
 * The header fields of one message: two lists side by side, names in lower case, in the order in which they came, which
 * costs a fraction of a `Headers` and changes nothing that it was not asked to. Values are Latin-1 text, a character a byte.
 */
export class Fields {
  readonly names: string[] = [];
  readonly values: string[] = [];
  travelling: string | undefined = undefined;
  /** Further ones of an answer: lines with their ends, of names that are not in the list, which nobody asks for any more. */
  lines = "";

  /** @param name in lower case. @returns the value; several of them joined as RFC 9110 §5.2 allows; null for none */
  get(name: string): string | null {
    const { names, values } = this;
    let found: string | null = null;
    for (let at = 0; at < names.length; at++) {
      if (names[at] === name) found = found === null ? (values[at] as string) : `${found}, ${values[at]}`;
    }
    return found;
  }

  has(name: string): boolean {
    return this.names.includes(name);
  }

  append(name: string, value: string): void {
    this.names.push(name);
    this.values.push(value);
  }

  /** In the place of all that have the name. */
  set(name: string, value: string): void {
    if (this.names.includes(name)) this.delete(name);
    this.append(name, value);
  }

  delete(name: string): void {
    for (let at = this.names.indexOf(name); at !== -1; at = this.names.indexOf(name)) {
      this.names.splice(at, 1);
      this.values.splice(at, 1);
    }
  }
}

/** The fields of a request. Nobody changes them: a client that sends the same lines again is given the same object. */
export interface RequestFields extends FieldReader {
  readonly names: readonly string[];
  readonly values: readonly string[];
  has(name: string): boolean;
  /** Those that travel on to an upstream, as text, once somebody has put them together. */
  travelling: string | undefined;
}

/** What can be asked for a field; `Headers` and `Fields` both can. */
export interface FieldReader {
  get(name: string): string | null;
}

/** What a field can be put into; `Headers` and `Fields` both can. */
export interface FieldWriter {
  get(name: string): string | null;
  has(name: string): boolean;
  set(name: string, value: string): void;
  append(name: string, value: string): void;
}
