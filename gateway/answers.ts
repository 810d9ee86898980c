import type { Log } from "#observability/log";
import { createOrderDetails } from "./compose/order-details.ts";
import type { AnswerName } from "./configuration/gateway-file-schema.ts";
import { createAsyncApiAnswer } from "./docs/asyncapi-answer.ts";
import { createDocsAnswer } from "./docs/docs-answer.ts";
import { createOpenApiAnswer } from "./docs/openapi-answer.ts";
import type { Answer } from "./pipeline.ts";
import type { RouteTable } from "./routes.ts";
import type { UpstreamClient } from "./upstream/upstream-client.ts";

interface AnswersOptions {
  readonly upstreams: UpstreamClient;
  readonly log: Log;
}

/**
 * What the gateway answers by itself, by the name that `answer:` in gateway.yaml uses. The pages are made once; what
 * reads from upstreams, for each route table.
 */
export async function openAnswers({
  upstreams,
  log,
}: AnswersOptions): Promise<(table: RouteTable) => Readonly<Record<AnswerName, Answer>>> {
  const docs = await createDocsAnswer();
  const asyncapi = createAsyncApiAnswer();
  return (table) => {
    const [order, user, product] = ["order", "user", "product"].map((name) => table.upstreams.get(name));
    return {
      "order-details":
        order && user && product ? createOrderDetails({ order, user, product, upstreams }) : absent,
      docs,
      openapi: createOpenApiAnswer({ table, log }),
      asyncapi,
    };
  };
}

/** The check of the file sees to it that no route asks for an answer without its upstreams. */
const absent: Answer = () => {
  throw new Error("order-details needs the upstreams order, user and product");
};
