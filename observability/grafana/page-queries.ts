import type { Datasource } from "./panel.ts";

interface Page {
  readonly panels: readonly {
    readonly targets?: readonly { datasource: { uid: string }; expr?: string; query?: string }[];
  }[];
  readonly annotations: { readonly list: readonly { datasource: { uid: string }; expr: string }[] };
  readonly templating: { readonly list: readonly { definition: string }[] };
}

/** What the panels of a dashboard's file ask of one source. */
export const pageQueries = (text: string, datasource: Datasource): string[] =>
  (JSON.parse(text) as Page).panels
    .flatMap(({ targets = [] }) => targets)
    .filter((target) => target.datasource.uid === datasource)
    .map(({ expr, query }) => expr ?? query ?? "");

/** Where the choices at its top come from. */
export const pageVariables = (text: string): string[] =>
  (JSON.parse(text) as Page).templating.list.map(({ definition }) => definition);

/** What draws lines through all of its panels. */
export const pageAnnotations = (text: string): string[] =>
  (JSON.parse(text) as Page).annotations.list.map(({ expr }) => expr);
