import type { Log } from "#observability/log";
import { createOrderDetails } from "./compose/order-details.ts";
import { createAsyncApiAnswer } from "./docs/asyncapi-answer.ts";
import { createDocsAnswer } from "./docs/docs-answer.ts";
import { createOpenApiAnswer } from "./docs/openapi-answer.ts";
import type { AnswerName } from "./gateway-file.ts";
import type { Answer } from "./pipeline.ts";
import type { RouteTable } from "./routes.ts";
import type { Deadlines } from "./upstream/deadlines.ts";

interface AnswersOptions {
  readonly table: RouteTable;
  readonly deadlines: Deadlines;
  readonly log: Log;
}

/**
 * What the gateway answers by itself, by the name that `answer:` in gateway.yaml uses.
 * @throws Error when a composed answer needs an upstream that the file does not have
 */
export async function createAnswers({
  table,
  deadlines,
  log,
}: AnswersOptions): Promise<Readonly<Record<AnswerName, Answer>>> {
  const upstream = (name: string) => {
    const found = table.upstreams.get(name);
    if (!found)
      throw new Error(`order-details needs the upstream ${name}, which gateway.yaml does not define`);
    return found;
  };
  return {
    "order-details": createOrderDetails({
      order: upstream("order"),
      user: upstream("user"),
      product: upstream("product"),
      deadlines,
    }),
    docs: await createDocsAnswer(),
    openapi: createOpenApiAnswer({ table, log }),
    asyncapi: createAsyncApiAnswer(),
  };
}
