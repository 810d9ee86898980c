/** How the joined OpenAPI document describes the one call that the gateway puts together itself. */
export const detailsOperation: Record<string, unknown> = {
  tags: ["orders"],
  summary: "An order with its customer and its products, in one answer",
  description:
    "Read with the caller's token. Where a part cannot be had at the moment, its name stands in `unavailable` and the rest is there.",
  responses: {
    "200": {
      description: "The order; possibly without customer or products",
      content: {
        "application/json": {
          schema: {
            type: "object",
            required: ["order", "customer", "products", "unavailable"],
            properties: {
              order: { type: "object", description: "As GET /api/orders/{id} answers it" },
              customer: { type: "object", nullable: true, description: "As GET /api/users/me answers it" },
              products: {
                type: "array",
                items: { type: "object", description: "As GET /api/products/{id} answers it" },
              },
              unavailable: { type: "array", items: { type: "string", enum: ["customer", "products"] } },
            },
          },
        },
      },
    },
  },
};
