import { Type } from "@sinclair/typebox";
import {
  bodyBytes,
  CorsName,
  closed,
  headerName,
  integer,
  Limits,
  Name,
  names,
  timeoutMs,
  unique,
} from "./gateway-file-parts.ts";

export const Auth = Type.Union(
  [
    names(["anyone", "user", "admin"]),
    Type.Object(
      {
        anonymous: Type.Optional(Type.Boolean({ description: "Callers without a credential may too." })),
        roles: Type.Optional(
          unique(Type.String({ minLength: 1 }), { minItems: 1, description: "One of them is needed." }),
        ),
        scopes: Type.Optional(
          unique(Type.String({ pattern: "^[!#-\\[\\]-~]+$" }), {
            minItems: 1,
            description: "All of them are needed.",
          }),
        ),
        accept: Type.Optional(
          unique(names(["token", "api-key"]), { minItems: 1, description: "Tokens only, when left out." }),
        ),
        issuers: Type.Optional(
          unique(Name("An issuer."), {
            minItems: 1,
            description: "Whose tokens are taken. Everybody's, when left out.",
          }),
        ),
      },
      closed,
    ),
  ],
  { description: "Who may call: anyone, user (whoever is known), admin (the role), or in detail." },
);

export const Route = Type.Object(
  {
    path: Type.String({
      pattern: "^(/([a-zA-Z0-9._~-]+|\\{[a-zA-Z]+\\}))+$",
      description: "Whole path; {name} stands for one segment.",
    }),
    host: Type.Optional(
      Type.String({
        pattern: "^(\\*\\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$",
        description: "Only under this host, without a port; *.example.com: every host below it. Lower case.",
      }),
    ),
    headers: Type.Optional(
      Type.Unsafe<Readonly<Record<string, string>>>({
        type: "object",
        minProperties: 1,
        propertyNames: { pattern: headerName },
        additionalProperties: { type: "string" },
        description: "Only requests with these headers, exactly.",
      }),
    ),
    methods: unique(names(["GET", "POST", "PUT", "PATCH", "DELETE"]), {
      minItems: 1,
      description: "GET takes HEAD with it; OPTIONS is answered by the gateway.",
    }),
    upstream: Type.Optional(Name("Where it goes.")),
    answer: Type.Optional(
      names(["order-details", "docs", "openapi", "asyncapi"], "Answered by the gateway itself."),
    ),
    auth: Auth,
    ignoreToken: Type.Optional(
      Type.Boolean({
        description: "Do not look at a credential that is sent along. Only where anyone may call.",
      }),
    ),
    signIn: Type.Optional(
      Type.Boolean({
        description:
          "Whether a 401 of the upstream is a failed sign-in for `threats`. Left out: where anyone may call, it is.",
      }),
    ),
    limits: Type.Optional(Limits),
    cost: Type.Optional(integer(1, 1_000_000, "What one request takes from each limit. 1 when left out.")),
    timeoutMs: Type.Optional(timeoutMs),
    bodyBytes: Type.Optional(bodyBytes),
    contentTypes: Type.Optional(
      unique(Type.String({ pattern: "^[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+$" }), {
        minItems: 1,
        description: "Media types of bodies that are taken. All, when left out.",
      }),
    ),
    validate: Type.Optional(
      Type.Boolean({ description: "Check requests against the upstream's own OpenAPI document." }),
    ),
    cors: Type.Optional(CorsName),
    refusals: Type.Optional(
      names(
        ["problem", "oauth"],
        "How a refusal is told: as RFC 9457, or RFC 6749 §5.2 has it. problem, when left out.",
      ),
    ),
  },
  { ...closed, oneOf: [{ required: ["upstream"] }, { required: ["answer"] }] },
);
