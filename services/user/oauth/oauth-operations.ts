import type { TSchema } from "@sinclair/typebox";
import type { DocumentDecoration } from "elysia";

type Operation = Pick<NonNullable<DocumentDecoration>, "requestBody" | "responses">;
type Form = "token" | "introspect" | "revoke";

interface Text {
  type: "string";
  description?: string;
  enum?: string[];
}
interface Fields {
  type?: "object";
  required: string[];
  properties: Record<string, Text>;
}

const text: Text = { type: "string" };
const credentials = {
  client_id: { ...text, description: "Unless sent by HTTP Basic" },
  client_secret: { ...text, description: "Unless sent by HTTP Basic; a public client has none" },
};

const fields: Record<Form, Fields> = {
  token: {
    required: ["grant_type"],
    properties: {
      grant_type: { type: "string", enum: ["authorization_code", "client_credentials", "refresh_token"] },
      code: { ...text, description: "For authorization_code" },
      redirect_uri: { ...text, description: "For authorization_code: the very same as at the beginning" },
      code_verifier: { ...text, description: "For authorization_code (RFC 7636)" },
      refresh_token: { ...text, description: "For refresh_token; good for one use" },
      scope: { ...text, description: "Names parted by blanks; without it all that the grant allows" },
      ...credentials,
    },
  },
  introspect: { required: ["token"], properties: { token: text, ...credentials } },
  revoke: { required: ["token"], properties: { token: text, token_type_hint: text, ...credentials } },
};

const errorSchema: Fields = {
  type: "object",
  required: ["error"],
  properties: { error: text, error_description: text },
};

/** How the documentation shows a call whose body is a form and whose refusals have the form of RFC 6749 §5.2. */
export function formOperation(form: Form, answer: TSchema): Operation {
  const { required, properties } = fields[form];
  const refusal = { content: { "application/json": { schema: errorSchema } } };
  return {
    requestBody: {
      required: true,
      content: {
        "application/x-www-form-urlencoded": {
          schema: { type: "object", required, properties },
        },
      },
    },
    responses: {
      200: { description: "OK", content: { "application/json": { schema: { ...answer } as object } } },
      400: { description: "Refused", ...refusal },
      401: { description: "The client did not prove who it is", ...refusal },
    },
  };
}

const parameter = (name: string, description: string, required = true) => ({
  name,
  in: "query" as const,
  required,
  description,
  schema: text,
});

export const authorizeOperation = {
  parameters: [
    parameter("response_type", "`code`"),
    parameter("client_id", "From registering the client"),
    parameter("redirect_uri", "One of those that were registered, exactly"),
    parameter("code_challenge", "Base64url of SHA-256 of the verifier (RFC 7636)"),
    parameter("code_challenge_method", "`S256`"),
    parameter("scope", "Names parted by blanks; without it all that the client is registered for", false),
    parameter("state", "Comes back as it is", false),
    parameter("prompt", "`none`, `login` or `consent`", false),
  ],
  responses: {
    200: { description: "A page to sign in or to consent", content: { "text/html": { schema: text } } },
    303: { description: "Back to the client, with `code` or `error`, `state` and `iss` (RFC 9207)" },
    400: {
      description: "The client or its address is not known",
      content: { "text/html": { schema: text } },
    },
  },
};
