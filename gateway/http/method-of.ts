const methods = /^(?:\r\n)?(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|CONNECT|TRACE) /;

/** The method of a request that cannot be read otherwise; undefined for a word that is none of HTTP's, which may be anything. */
export const methodOf = (input: Buffer): string | undefined =>
  methods.exec(input.toString("latin1", 0, 10))?.[1];
