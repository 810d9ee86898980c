// Runs in the reader's browser, put in front of docs-page.js: values to try a call with.

/** Stands where an id belongs that only the reader, or `withProduct`, can know. */
const placeholderId = "00000000-0000-7000-8000-000000000000";

/** What a field of this name is filled with where its schema has no example of its own. */
const namedExamples = {
  email: "ada@example.com",
  password: "correct horse battery staple",
  firstName: "Ada",
  lastName: "Lovelace",
  fullName: "Ada Lovelace",
  line1: "Lindenstr. 1",
  city: "Berlin",
  postalCode: "10969",
  country: "DE",
  currency: "EUR",
  token: "pm_card_visa",
  locale: "de-AT",
  category: "cleaning",
  material: "hardwood",
  kg: "0.25",
  energyKwh: "0.4",
  images: "https://example.com/brush.jpg",
  certificates: "FSC",
};

/** What a `$ref` stands for, or the schema itself. */
export const resolvedSchema = (schema, root) => {
  const path = schema?.$ref?.slice("#/".length).split("/");
  return path ? path.reduce((at, key) => at?.[key], root) : schema;
};

/** A value that fits the schema, from its own examples and defaults where it has them. */
export function exampleOf(given, root, name = "", depth = 0) {
  const schema = resolvedSchema(given, root) ?? {};
  const own = schema.example ?? schema.examples?.[0] ?? schema.default ?? schema.const ?? schema.enum?.[0];
  if (own !== undefined) return own;
  const either = schema.anyOf ?? schema.oneOf;
  if (either) return exampleOf(either[0], root, name, depth);
  if (schema.allOf)
    return Object.assign({}, ...schema.allOf.map((part) => exampleOf(part, root, name, depth)));
  if (depth > 6) return null;
  if (schema.type === "object" || schema.properties) return objectExample(schema, root, depth);
  if (schema.type === "array") return [exampleOf(schema.items, root, name, depth + 1)];
  if (schema.type === "integer" || schema.type === "number") return schema.minimum ?? 1;
  if (schema.type === "boolean") return false;
  return schema.type === "string" ? textExample(schema, name) : null;
}

/** The required fields; all of them where none is, since an empty change is no example. */
function objectExample(schema, root, depth) {
  const required = new Set(schema.required ?? []);
  const shown = Object.entries(schema.properties ?? {}).filter(
    ([name]) => required.size === 0 || required.has(name),
  );
  return Object.fromEntries(shown.map(([name, part]) => [name, exampleOf(part, root, name, depth + 1)]));
}

function textExample(schema, name) {
  if (schema.format === "uuid" || schema.pattern?.includes("[0-9a-f]{8}")) return placeholderId;
  if (schema.format === "date-time") return "2026-01-01T00:00:00Z";
  return namedExamples[name] ?? (schema.format === "email" ? namedExamples.email : wordOf(schema, name));
}

const wordOf = (schema, name) =>
  (name || "text").padEnd(schema.minLength ?? 0, "x").slice(0, schema.maxLength);

/** A body that orders something: the placeholder's place is taken by a product that can be had. */
export async function withProduct(body) {
  if (!body.includes(`"productId": "${placeholderId}"`)) return body;
  const answer = await fetch("/api/products?limit=20");
  const { data = [] } = answer.ok ? await answer.json() : {};
  const product = data.find(({ stock }) => stock.available > 0) ?? data[0];
  return product ? body.replaceAll(placeholderId, product.id) : body;
}
