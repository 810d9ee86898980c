import { type Problem, problems } from "#mesh/problem";
import type { FieldsRefusal } from "./parse-fields.ts";

const fieldDetails = {
  "line-end": "Half of a line end stands in a header",
  folded: "A header goes on in the next line",
  name: "A header has no name, or one that is none",
  "too-many": "There are too many headers",
} as const satisfies Record<FieldsRefusal, string>;

/** What is wrong with a message before anybody asks what it wants. After each of these the connection is closed. */
export const messageProblems = {
  badRequestLine: (): Problem => problems.malformed("The request line is not that of HTTP/1.1"),
  oddCharacter: (): Problem => problems.malformed("A control character stands in the head"),
  badField: (refusal: FieldsRefusal): Problem =>
    refusal === "too-many" ? messageProblems.headTooLarge() : problems.malformed(fieldDetails[refusal]),
  repeatedField: (name: string): Problem => problems.malformed(`The header ${name} is there more than once`),
  badLength: (): Problem => problems.malformed("Content-Length is no length"),
  ambiguousLength: (): Problem =>
    problems.malformed("Transfer-Encoding is sent with Content-Length, or with HTTP/1.0"),
  badChunk: (): Problem => problems.malformed("The body is not chunked as it says"),
  unknownCoding: (): Problem => ({
    status: 501,
    code: "transfer-coding-not-implemented",
    title: "The body's transfer coding is not known",
    detail: "chunked is taken",
  }),
  methodNotImplemented: (): Problem => ({
    status: 501,
    code: "method-not-implemented",
    title: "Nothing here takes this method",
  }),
  version: (): Problem => ({
    status: 505,
    code: "http-version-not-supported",
    title: "HTTP/1.1 is spoken here",
  }),
  unknownExpectation: (): Problem => ({
    status: 417,
    code: "expectation-failed",
    title: "The expectation is not known",
    detail: "100-continue is",
  }),
  uriTooLong: (limitBytes: number): Problem => ({
    status: 414,
    code: "uri-too-long",
    title: "The URI is too long",
    detail: `At most ${limitBytes} bytes are taken`,
  }),
  headTooLarge: (): Problem => ({
    status: 431,
    code: "headers-too-large",
    title: "The headers are too large",
    detail: `At most ${maxHeadBytes} bytes and 100 fields are taken`,
  }),
  tooSlow: (): Problem => ({
    status: 408,
    code: "request-timeout",
    title: "The request takes too long to arrive",
  }),
  tooManyConnections: (): Problem => ({
    status: 429,
    code: "too-many-connections",
    title: "Too many connections from this address",
    headers: { "retry-after": "1" },
  }),
  full: (): Problem => problems.unavailable("The gateway has as many connections as it takes and"),
} as const;

/** Request line and fields together. */
export const maxHeadBytes = 16_384;
