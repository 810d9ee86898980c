import { expect, test } from "bun:test";
import { Script } from "node:vm";
import { createDocsAnswer } from "./docs-answer.ts";

// The page's own script has no types.
const script: { exampleOf(schema: unknown, root: unknown): unknown } = await import(
  new URL("docs-example.js", import.meta.url).href
);
const { exampleOf } = script;

const text = { type: "string", minLength: 1 };
const object = (properties: Record<string, unknown>, required = Object.keys(properties)) => ({
  type: "object",
  required,
  properties,
});

test("an example has what its fields' names ask for", () => {
  const root = { components: { schemas: { Address: object({ fullName: text, country: text }) } } };
  const schema = object({
    items: {
      type: "array",
      items: object({
        productId: { type: "string", format: "uuid" },
        quantity: { type: "integer", minimum: 1 },
      }),
    },
    shippingAddress: { $ref: "#/components/schemas/Address" },
    paymentMethod: object({ type: { const: "card" }, token: text }),
  });
  expect(exampleOf(schema, root)).toEqual({
    items: [{ productId: "00000000-0000-7000-8000-000000000000", quantity: 1 }],
    shippingAddress: { fullName: "Ada Lovelace", country: "DE" },
    paymentMethod: { type: "card", token: "pm_card_visa" },
  });
});

test("optional fields stand in an example only where no other does, and its schema's own example wins", () => {
  expect(exampleOf(object({ email: text, bio: text }, ["email"]), {})).toEqual({ email: "ada@example.com" });
  expect(exampleOf(object({ lastName: { ...text, example: "Byron" } }, []), {})).toEqual({
    lastName: "Byron",
  });
});

test("the page's script is one that a browser runs without asking for another", async () => {
  const answer = await createDocsAnswer();
  const page = await (await answer({} as Parameters<typeof answer>[0])).text();
  const source = page.slice(page.indexOf("<script>") + "<script>".length, page.indexOf("</script>"));
  expect(source).toContain("function exampleOf");
  expect(() => new Script(source)).not.toThrow();
});
