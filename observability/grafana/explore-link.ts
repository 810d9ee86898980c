import type { Link } from "./panel.ts";

/** Opens a query on the time that the page shows. `${…}` in it are Grafana's variables, and the labels of the line that is clicked. */
function explore(title: string, datasource: "loki" | "tempo", query: object): Link {
  const pane = {
    datasource,
    queries: [{ refId: "A", datasource: { type: datasource, uid: datasource }, ...query }],
    range: { from: `\${__from}`, to: `\${__to}` },
  };
  const panes = encodeURIComponent(JSON.stringify({ a: pane }));
  // Grafana puts values only where it sees the sign of a variable.
  return {
    title,
    url: `/explore?schemaVersion=1&panes=${panes.replaceAll(/%24%7B[\w.]+%7D/g, decodeURIComponent)}`,
  };
}

/** From a line to what its process wrote, and to its traces, those that failed or were slow first to be looked for. */
export function linksTo(service: string): Link[] {
  return [
    explore("Logs", "loki", { expr: `{service_name="${service}"}`, queryType: "range" }),
    explore("Traces that failed", "tempo", {
      query: `{resource.service.name="${service}" && status=error}`,
      queryType: "traceql",
    }),
    explore("Slow traces", "tempo", {
      query: `{resource.service.name="${service}" && duration>500ms}`,
      queryType: "traceql",
    }),
  ];
}

/** Of the process that the line is about. */
export const linksOfLine = linksTo(`\${__field.labels.job}`);
