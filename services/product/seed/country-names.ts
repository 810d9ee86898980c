import { text } from "#mesh/settings";
import { readTable } from "../csv-table.ts";

const rows = readTable(
  new URL("./countries.csv", import.meta.url),
  { country: text("country", { pattern: /^[A-Z]{2}$/ }), name: text("name") },
  "country",
);

/** Written out, because the names that `Intl` gives differ between runtimes. */
export const countryNames: ReadonlyMap<string, string> = new Map(
  rows.map(({ country, name }) => [country, name]),
);
