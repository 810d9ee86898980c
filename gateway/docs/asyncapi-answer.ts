import { asyncApi } from "#mesh/events/asyncapi";
import { catalogue } from "#mesh/events/catalogue";
import type { Answer } from "../pipeline.ts";

/** `GET /asyncapi.json`: the events, which are the same for every service of this version. */
export function createAsyncApiAnswer(): Answer {
  const text = JSON.stringify(asyncApi(catalogue));
  return () =>
    new Response(text, {
      headers: { "content-type": "application/json", "cache-control": "public, max-age=300" },
    });
}
