/** A request that the PayPal side answers with an error. https://developer.paypal.com/api/rest/responses/ */
export class PaypalRefusal extends Error {
  constructor(
    readonly status: number,
    override readonly name: string,
    readonly issue: string,
    description: string,
  ) {
    super(description);
  }

  get body(): unknown {
    const { name, issue, message } = this;
    return { name, message, debug_id: "sandbox", details: [{ issue, description: message }], links: [] };
  }
}

export const unprocessable = (issue: string, description: string): PaypalRefusal =>
  new PaypalRefusal(422, "UNPROCESSABLE_ENTITY", issue, description);

export const notFound = (): PaypalRefusal =>
  new PaypalRefusal(
    404,
    "RESOURCE_NOT_FOUND",
    "INVALID_RESOURCE_ID",
    "Specified resource ID does not exist.",
  );

export const invalidRequest = (description: string): PaypalRefusal =>
  new PaypalRefusal(400, "INVALID_REQUEST", "INVALID_PARAMETER_VALUE", description);
