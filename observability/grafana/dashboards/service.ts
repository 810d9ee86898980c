import { dashboard } from "../dashboard.ts";
import { linksTo } from "../explore-link.ts";
import { logs, type Panel, timeseries, traces } from "../panel.ts";
import { answersByRoute } from "./answers-by-route.ts";
import { arriving, consumed, deadLetters, outbox } from "./bus-panels.ts";
import { mailQueue } from "./mail-panels.ts";
import {
  findings,
  orders,
  paymentAnswers,
  paymentDuration,
  processing,
  sagaAge,
  sagaSteps,
  sagas,
  violations,
  webhooks,
} from "./orders-panels.ts";
import { connectionPools } from "./pool-panels.ts";
import { runtimePanels } from "./runtime-panels.ts";

interface ServicePage {
  readonly name: string;
  readonly description: string;
  /** What no other service has. */
  readonly own: readonly Panel[];
  readonly consumes?: boolean;
}

/** One service: how it answers, what it alone does, its events and its process. */
function servicePage({ name, description, own, consumes = false }: ServicePage): object {
  const job = `${name}-service`;
  return dashboard({
    uid: job,
    title: job,
    description,
    variables: [
      {
        name: "route",
        label: "Route",
        query: `label_values(http_server_request_duration_seconds_count{job="${job}"}, route)`,
      },
    ],
    rows: [
      { title: "Answers", panels: answersByRoute(job) },
      { title: "Its work", panels: own },
      {
        title: "Events",
        panels: [...outbox(job), ...(consumes ? [consumed(job), ...arriving(job)] : []), deadLetters(job)],
      },
      { title: "Database", panels: connectionPools(job) },
      { title: "Process", panels: runtimePanels(job) },
      {
        title: "Look closer",
        panels: [
          traces(
            "Slow or failed",
            "What it did.",
            `{resource.service.name="${job}" && (duration>200ms || status=error)}`,
          ),
          logs("Lines", "The latest; open one for its trace.", `{service_name="${job}"}`),
        ],
      },
    ],
  });
}

const user = linksTo("user-service");
const product = linksTo("product-service");

export const services = [
  servicePage({
    name: "user",
    description: "Accounts, signing in, sessions, tokens.",
    own: [
      timeseries({
        title: "Registrations",
        description: "A minute.",
        unit: "opm",
        links: user,
        queries: [
          {
            expr: "60 * sum by (registration_type, source) (rate(user_registrations_total[$__rate_interval]))",
            legend: "{{registration_type}} {{source}}",
          },
        ],
      }),
      timeseries({
        title: "Time to check a sign-in",
        description: "p95, by method and outcome. A wrong password takes as long as a right one, by design.",
        unit: "s",
        steps: [[1, "orange"]],
        links: user,
        exemplars: true,
        queries: [
          {
            expr: "histogram_quantile(0.95, sum by (le, authentication_method, success) (rate(user_login_duration_seconds_bucket[$__rate_interval])))",
            legend: "{{authentication_method}} {{success}}",
          },
        ],
      }),
      timeseries({
        title: "Refused sign-ins",
        description: "A minute, by why. Many: somebody tries passwords.",
        unit: "opm",
        links: user,
        queries: [
          {
            expr: "60 * sum by (reason) (rate(user_login_failures_total[$__rate_interval]))",
            legend: "{{reason}}",
          },
        ],
      }),
    ],
  }),
  servicePage({
    name: "product",
    description: "Catalogue, footprints, stock.",
    own: [
      timeseries({
        title: "Cache",
        description: "Look-ups a second, by kind and by where the value was found.",
        unit: "ops",
        links: product,
        queries: [
          {
            expr: "sum by (kind, level) (rate(product_cache_lookups_total[$__rate_interval]))",
            legend: "{{kind}} {{level}}",
          },
        ],
      }),
      timeseries({
        title: "Reservations",
        description: "A second, by what became of them.",
        unit: "ops",
        links: product,
        queries: [
          {
            expr: "sum by (outcome) (rate(product_reservations_total[$__rate_interval]))",
            legend: "{{outcome}}",
          },
        ],
      }),
    ],
  }),
  servicePage({
    name: "order",
    description: "Orders and their sagas.",
    own: [
      orders,
      processing,
      sagas,
      sagaAge,
      sagaSteps,
      violations,
      timeseries({
        title: "Breakers",
        description: "That are not closed: calls to that service fail at once.",
        unit: "short",
        steps: [[1, "red"]],
        links: linksTo("order-service"),
        queries: [
          {
            expr: 'max by (server, state) (circuit_breaker_state{state!="closed"})',
            legend: "{{server}} {{state}}",
          },
        ],
      }),
      timeseries({
        title: "Calls to other services",
        description: "p95, by service, route and outcome.",
        unit: "s",
        links: linksTo("order-service"),
        exemplars: true,
        queries: [
          {
            expr: "histogram_quantile(0.95, sum by (le, server, route, outcome) (rate(http_client_request_duration_seconds_bucket[$__rate_interval])))",
            legend: "{{server}} {{route}} {{outcome}}",
          },
        ],
      }),
    ],
  }),
  servicePage({
    name: "payment",
    description: "Charges, refunds, the ledger, and news of the providers.",
    own: [paymentAnswers, paymentDuration, webhooks, findings],
  }),
  servicePage({
    name: "notification",
    description: "Mails, from the event to the mail server's word.",
    own: mailQueue,
    consumes: true,
  }),
];
