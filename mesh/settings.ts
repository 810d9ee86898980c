import { readFileSync } from "node:fs";

/** The environment of a process, as `process.env` has it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** One setting: where it is found and how its text becomes a value. `parse` throws an Error that says what is wanted. */
export interface Setting<T> {
  readonly name: string;
  readonly secret: boolean;
  readonly fallback: { readonly value: T } | undefined;
  parse(text: string): T;
}

export type Settings = Readonly<Record<string, Setting<unknown>>>;
export type Values<S extends Settings> = {
  readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : never;
};

/** Thrown by {@link readSettings}; the message has one line per bad key. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
}

function setting<T>(
  name: string,
  parse: (text: string) => T,
  options: { default?: T | undefined; secret?: boolean } = {},
): Setting<T> {
  const fallback = options.default === undefined ? undefined : { value: options.default };
  return { name, parse, fallback, secret: options.secret ?? false };
}

export function integer(
  name: string,
  { min, max, default: fallback }: { min: number; max: number; default?: number },
): Setting<number> {
  const parse = (text: string) => {
    const value = /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max)) throw new Error(`an integer from ${min} to ${max}`);
    return value;
  };
  return setting(name, parse, { default: fallback });
}

export function text(
  name: string,
  { default: fallback, pattern }: { default?: string; pattern?: RegExp } = {},
): Setting<string> {
  const parse = (found: string) => {
    if (pattern && !pattern.test(found)) throw new Error(`text that matches ${pattern}`);
    return found;
  };
  return setting(name, parse, { default: fallback });
}

/** An absolute URL, kept as text without a trailing slash. `protocols` as in `["http", "https"]`. */
export function url(
  name: string,
  { protocols, default: fallback }: { protocols: readonly string[]; default?: string },
): Setting<string> {
  const parse = (found: string) => {
    const parsed = URL.canParse(found) ? new URL(found) : undefined;
    if (!parsed || !protocols.includes(parsed.protocol.slice(0, -1))) {
      throw new Error(`a URL that starts with ${protocols.map((p) => `${p}://`).join(" or ")}`);
    }
    return found.replace(/\/$/, "");
  };
  return setting(name, parse, { default: fallback });
}

/** A value that is never shown in an error. Also read from the file that `<name>_FILE` names. */
export function secret(name: string): Setting<string> {
  return setting(name, (found) => found, { secret: true });
}

/** A database URL: a secret too, because it carries a password. */
export function databaseUrl(name: string): Setting<string> {
  return { ...url(name, { protocols: ["postgres", "postgresql"] }), secret: true };
}

export function choice<const T extends string>(
  name: string,
  values: readonly T[],
  { default: fallback }: { default?: T } = {},
): Setting<T> {
  const parse = (found: string) => {
    const value = values.find((candidate) => candidate === found);
    if (value === undefined) throw new Error(`one of ${values.join(", ")}`);
    return value;
  };
  return setting(name, parse, { default: fallback });
}

export function flag(name: string, { default: fallback }: { default: boolean }): Setting<boolean> {
  const parse = (found: string) => {
    if (found !== "true" && found !== "false") throw new Error("true or false");
    return found === "true";
  };
  return setting(name, parse, { default: fallback });
}

/** Items separated by commas; blanks around them do not count. */
export function list(name: string, { default: fallback }: { default?: readonly string[] } = {}) {
  const parse = (found: string): readonly string[] =>
    found
      .split(",")
      .map((item) => item.trim())
      .filter((item) => item !== "");
  return setting(name, parse, { default: fallback });
}

/** The same setting, but its absence is a value: `undefined`. */
export function optional<T>(inner: Setting<T>): Setting<T | undefined> {
  return { ...inner, fallback: { value: undefined } };
}

/**
 * Reads every setting of a process from its environment.
 * @throws SettingsError that names every bad key at once, with what was found (never a secret) and what is wanted.
 */
export function readSettings<S extends Settings>(
  processName: string,
  env: Environment,
  settings: S,
): Values<S> {
  const values: Record<string, unknown> = {};
  const mistakes: string[] = [];
  for (const [key, each] of Object.entries(settings)) {
    try {
      values[key] = readSetting(each, env);
    } catch (mistake) {
      mistakes.push((mistake as Error).message);
    }
  }
  if (mistakes.length > 0) {
    throw new SettingsError(mistakes.map((line) => `Cannot start ${processName}: ${line}`).join("\n"));
  }
  return values as Values<S>;
}

/** @throws Error that says what was found (never a secret) and what is wanted */
export function readSetting<T>(wanted: Setting<T>, env: Environment): T {
  const found = findText(wanted, env);
  if (found === undefined || found === "") {
    if (wanted.fallback) return wanted.fallback.value;
    throw new Error(`${wanted.name} is not set, expected ${expectation(wanted)}`);
  }
  try {
    return wanted.parse(found);
  } catch (mistake) {
    const shown = wanted.secret ? "a value that is not shown" : JSON.stringify(found);
    throw new Error(`${wanted.name} is ${shown}, expected ${(mistake as Error).message}`);
  }
}

function findText(wanted: Setting<unknown>, env: Environment): string | undefined {
  const file = wanted.secret ? env[`${wanted.name}_FILE`] : undefined;
  if (!file) return env[wanted.name];
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    throw new Error(`${wanted.name}_FILE is ${JSON.stringify(file)}, expected a file that can be read`);
  }
}

function expectation(wanted: Setting<unknown>): string {
  if (wanted.secret) return `a secret (or ${wanted.name}_FILE with a file's path)`;
  try {
    wanted.parse("");
    return "some text";
  } catch (mistake) {
    return (mistake as Error).message;
  }
}

/** What `read` gives; when settings are wrong, their lines on standard error and exit code 1, without a stack. */
export function settingsOrExit<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    console.error(error.message);
    process.exit(1);
  }
}

/** The names of the environment variables that these settings read, without the `_FILE` variants. */
export function settingNames(settings: Settings): string[] {
  return Object.values(settings).map((each) => each.name);
}
