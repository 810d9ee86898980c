import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { readSetting, type Settings, type Values } from "#mesh/settings";

interface Cell {
  readonly text: string;
  /** Where it begins in its line, from 1. */
  readonly column: number;
}

/**
 * Reads a table of data: RFC 4180 in UTF-8 without line ends inside of quotes, with the names of its columns in the first
 * line. Each cell is read as the setting of its column; an empty one is a setting that is not set.
 * @param unique the column in which no two rows may say the same
 * @throws Error that says every mistake as file:line:column
 */
export function readTable<S extends Settings>(file: URL, columns: S, unique?: keyof S & string): Values<S>[] {
  const mistakes: string[] = [];
  const path = relative(process.cwd(), fileURLToPath(file));
  const names = Object.values(columns).map(({ name }) => name);
  const [head = "", ...lines] = readFileSync(file, "utf8")
    .replace(/\r?\n$/, "")
    .split(/\r?\n/);
  if (head !== names.join(","))
    throw new Error(`${path}:1:1: the first line is "${head}", expected "${names.join(",")}"`);
  const seen = new Map<unknown, number>();
  const rows = lines.map((line, at) => {
    const number = at + 2;
    const say = (column: number, what: string) => mistakes.push(`${path}:${number}:${column}: ${what}`);
    const row = readRow(line, columns, say);
    const value = unique && row[unique];
    const before = seen.get(value);
    if (value !== undefined && before !== undefined)
      say(1, `${unique} is ${JSON.stringify(value)}, as in line ${before}`);
    seen.set(value, number);
    return row as Values<S>;
  });
  if (mistakes.length > 0) throw new Error(mistakes.join("\n"));
  return rows;
}

function readRow<S extends Settings>(
  line: string,
  columns: S,
  say: (column: number, what: string) => void,
): Partial<Values<S>> {
  const row: Partial<Record<keyof S, unknown>> = {};
  const cells = cellsOf(line);
  const wanted = Object.entries(columns);
  if (!Array.isArray(cells)) say(cells.brokenAt, "a quote is not closed, or text stands beside it");
  else if (cells.length !== wanted.length)
    say(1, `there are ${cells.length} columns, expected ${wanted.length}`);
  else {
    for (const [at, [key, setting]] of wanted.entries()) {
      const { text, column } = cells[at] as Cell;
      try {
        row[key as keyof S] = readSetting(setting, { [setting.name]: text });
      } catch (mistake) {
        say(column, (mistake as Error).message);
      }
    }
  }
  return row as Partial<Values<S>>;
}

function cellsOf(line: string): Cell[] | { brokenAt: number } {
  const cells: Cell[] = [];
  let column = 1;
  for (const [all, quoted, plain = "", end] of line.matchAll(/(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/gy)) {
    cells.push({ text: quoted?.replaceAll('""', '"') ?? plain, column });
    if (end === "") return cells;
    column += all.length;
  }
  return { brokenAt: column };
}
