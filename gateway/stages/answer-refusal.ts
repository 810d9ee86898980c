import { oauthRefusal } from "#mesh/oauth-refusal";
import type { Problem } from "#mesh/problem";
import type { Exchange } from "../exchange.ts";
import { Fields } from "../http/fields.ts";
import { type EdgeResponse, problemAnswer } from "../listener/edge-response.ts";

const encoder = new TextEncoder();

/** Says a refusal in the form that the route's clients read. */
export function answerRefusal({ route, path, context }: Exchange, problem: Problem): EdgeResponse {
  if (route?.refusals !== "oauth") return problemAnswer(problem, path, context.traceId);
  const { status, headers, body } = oauthRefusal(problem);
  const fields = new Fields();
  fields.append("content-type", "application/json");
  for (const [name, value] of Object.entries(headers)) fields.append(name, value);
  return { status, fields, body: encoder.encode(JSON.stringify(body)) };
}
