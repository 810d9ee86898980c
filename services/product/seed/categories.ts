import { choice, text } from "#mesh/settings";
import { readTable } from "../csv-table.ts";

const slug = text("slug", { pattern: /^[a-z-]+$/ });

/** In the order of the shop. */
export const departments = readTable(
  new URL("./departments.csv", import.meta.url),
  { slug, name: text("name") },
  "slug",
);

/** In the order of the shop, each in its department. */
export const categories = readTable(
  new URL("./categories.csv", import.meta.url),
  {
    department: choice(
      "department",
      departments.map((each) => each.slug),
    ),
    slug,
    name: text("name"),
  },
  "slug",
);
