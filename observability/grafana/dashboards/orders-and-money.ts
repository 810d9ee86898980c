import { dashboard } from "../dashboard.ts";
import { stat, timeseries, traces } from "../panel.ts";
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

const confirmed = 'sum(increase(orders_total{order_status="confirmed"}[$__range]))';

export const ordersAndMoney = dashboard({
  uid: "orders-and-money",
  title: "orders and money",
  description: "What is bought, what it brings, and whether the money arrives.",
  rows: [
    {
      title: "In the time that is shown",
      panels: [
        stat({
          title: "Orders confirmed",
          description: "With stock reserved and money captured.",
          unit: "short",
          decimals: 0,
          query: { expr: confirmed },
        }),
        stat({
          title: "Sold",
          description: "Of confirmed orders, in units of each currency.",
          unit: "short",
          width: 8,
          query: { expr: "sum by (currency) (increase(order_value_sum[$__range]))", legend: "{{currency}}" },
        }),
        stat({
          title: "An order",
          description: "Is worth so much on average, in units of each currency.",
          unit: "short",
          decimals: 2,
          query: {
            expr: "sum by (currency) (increase(order_value_sum[$__range])) / sum by (currency) (increase(order_value_count[$__range]))",
            legend: "{{currency}}",
          },
        }),
        stat({
          title: "Conversion",
          description:
            "Orders confirmed in half an hour for each person who was there. Below 2 % a ticket is opened.",
          unit: "percentunit",
          steps: [[0.02, "green"]],
          query: { expr: "shop:conversion:ratio30m" },
        }),
        stat({
          title: "Payments that succeed",
          description: "Of a provider's answers to a charge, over five minutes.",
          unit: "percentunit",
          steps: [
            [0.9, "orange"],
            [0.95, "green"],
          ],
          query: { expr: "1 - payments:failures:ratio_rate5m", legend: "{{gateway}}" },
        }),
      ],
    },
    {
      title: "Orders",
      panels: [
        orders,
        processing,
        timeseries({
          title: "Sold",
          description: "An hour, by region, in units of each currency.",
          unit: "short",
          stacked: true,
          queries: [
            {
              expr: "3600 * sum by (currency, region) (rate(order_value_sum[$__rate_interval]))",
              legend: "{{currency}} {{region}}",
            },
          ],
        }),
        sagas,
        sagaAge,
        sagaSteps,
        violations,
      ],
    },
    { title: "Money", panels: [paymentAnswers, paymentDuration, webhooks, findings] },
    {
      title: "Look closer",
      panels: [
        traces(
          "Slow orders",
          "From the first step to the outcome.",
          '{name="order-processing" && duration>1s}',
        ),
        traces(
          "Charges with trouble",
          "Failed or slow.",
          '{name="payment-processing" && (status=error || duration>1s)}',
        ),
      ],
    },
  ],
});
