import { dashboard } from "../dashboard.ts";
import { stat, timeseries } from "../panel.ts";

const carbon = "sum(increase(carbon_sold_kg_total[$__range]))";
const confirmed = 'sum(increase(orders_total{order_status="confirmed"}[$__range]))';

export const sustainability = dashboard({
  uid: "sustainability",
  title: "sustainability",
  description:
    "The footprint of what was sold, as it was told to the people who bought it. Kilograms of CO2e.",
  rows: [
    {
      title: "In the time that is shown",
      panels: [
        stat({
          title: "Carbon sold",
          description: "Footprint of the confirmed orders, from cradle to what each product's boundary says.",
          unit: "masskg",
          decimals: 1,
          width: 6,
          query: { expr: carbon },
        }),
        stat({
          title: "Of an order",
          description: "On average.",
          unit: "masskg",
          decimals: 2,
          width: 6,
          query: { expr: `${carbon} / (${confirmed} > 0)` },
        }),
        stat({
          title: "Of each unit of money",
          description:
            "Footprint for each unit of a currency that was spent: falls when people choose better goods.",
          unit: "masskg",
          decimals: 3,
          width: 6,
          query: {
            expr: `scalar(${carbon}) / (sum by (currency) (increase(order_value_sum[$__range])) > 0)`,
            legend: "{{currency}}",
          },
        }),
        stat({
          title: "Ever",
          description: "Since the running processes started, all of them together.",
          unit: "masskg",
          width: 6,
          query: { expr: "sum(carbon_sold_kg_total)" },
        }),
      ],
    },
    {
      title: "Over time",
      panels: [
        timeseries({
          title: "Carbon sold",
          description: "An hour.",
          unit: "masskg",
          width: 12,
          queries: [{ expr: "3600 * sum(rate(carbon_sold_kg_total[$__rate_interval]))", legend: "carbon" }],
        }),
        timeseries({
          title: "Footprint of an order",
          description: "Mean of an hour's orders. A jump: other goods, or a footprint that was corrected.",
          unit: "masskg",
          width: 12,
          queries: [
            {
              expr: 'sum(increase(carbon_sold_kg_total[1h])) / (sum(increase(orders_total{order_status="confirmed"}[1h])) > 0)',
              legend: "an order",
            },
          ],
        }),
      ],
    },
  ],
});
