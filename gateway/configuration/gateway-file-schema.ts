import { type Static, Type } from "@sinclair/typebox";
import { claimHeaderPattern } from "#mesh/identity/claim-headers";
import {
  bodyBytes,
  CorsName,
  closed,
  headerName,
  integer,
  Limits,
  Name,
  named,
  names,
  timeoutMs,
  unique,
} from "./gateway-file-parts.ts";
import { type Auth, Route } from "./gateway-file-route.ts";

/*
 * What may stand in gateway.yaml. `gateway.schema.json`, which editors read, is this as a file:
 * `bun run gateway schema` writes it, and a test compares the two.
 */

const Upstream = Type.Object(
  {
    url: Type.String({
      minLength: 1,
      description: "http or https, without a query. A setting goes by its name: see the file.",
    }),
  },
  closed,
);

const ClaimValue = Type.Object(
  {
    name: Type.String({ minLength: 1 }),
    value: Type.Union([Type.String(), Type.Number(), Type.Boolean()]),
  },
  closed,
);

const Issuer = Type.Object(
  {
    issuer: Type.String({ minLength: 1, description: "The `iss` of its tokens, exactly." }),
    jwks: Type.String({ minLength: 1, description: "Where it publishes its keys (RFC 7517)." }),
    audience: Type.Union(
      [Type.String({ minLength: 1 }), unique(Type.String({ minLength: 1 }), { minItems: 1 })],
      {
        description: "What `aud` has to hold; of several, one.",
      },
    ),
    algorithms: unique(names(["ES256", "EdDSA", "RS256", "PS256"]), {
      minItems: 1,
      description: "Signatures that are taken (RFC 7518, RFC 8037).",
    }),
    type: Type.Optional(
      Type.String({
        minLength: 1,
        description: "The `typ` of the header, such as at+jwt (RFC 9068). Left out: any.",
      }),
    ),
    clockSkewSeconds: Type.Optional(integer(0, 300, "How far its clock may be off. 5 when left out.")),
    requiredClaims: Type.Optional(
      unique(Type.Union([Type.String({ minLength: 1 }), ClaimValue]), {
        description:
          "Beside iss, aud, sub, iat and exp. With a value: the claim is that value, or a list with it.",
      }),
    ),
    withoutScope: Type.Optional({
      ...names(["all", "none"]),
      description:
        "What its tokens without a scope may do. `all` where that is how people sign in. none when left out.",
    }),
    headers: Type.Optional(
      Type.Unsafe<Readonly<Record<string, string>>>({
        type: "object",
        description:
          "Claims that upstreams get as headers. What a client sends under these names is removed.",
        propertyNames: { pattern: claimHeaderPattern },
        additionalProperties: { type: "string", minLength: 1 },
      }),
    ),
  },
  closed,
);

const requests = integer(1, 1_000_000_000, "So many in the time that is given.");
const perSeconds = integer(1, 86_400);
const burst = integer(1, 1_000_000, "So many at once.");

const Tier = Type.Object(
  { requests, perSeconds: Type.Optional(perSeconds), burst: Type.Optional(burst) },
  { ...closed, description: "What it leaves out is as in the limit itself." },
);

const Limit = Type.Object(
  {
    requests,
    perSeconds: Type.Optional(perSeconds),
    burst: Type.Optional(burst),
    per: Type.Optional(names(["day", "month"], "A quota instead of a rate: by the calendar, in UTC.")),
    by: unique(names(["caller", "address", "user", "api-key", "route", "tier"]), {
      minItems: 1,
      description:
        "What it counts by; several are counted together. caller: the user, or the address of one who is not known. An IPv6 address counts as its /64.",
    }),
    tiers: Type.Optional(named(Tier, { description: "Other numbers for callers of a tier." })),
    exempt: Type.Optional(
      unique(Type.String({ minLength: 1 }), {
        description: "Roles of verified callers whom it does not count.",
      }),
    ),
  },
  { ...closed, oneOf: [{ required: ["perSeconds", "burst"] }, { required: ["per"] }] },
);

const Addresses = Type.Object(
  {
    allow: Type.Optional(unique(Type.String(), { description: "When not empty: only these." })),
    deny: Type.Optional(unique(Type.String(), { description: "Never these; wins over allow." })),
  },
  { ...closed, description: "Client addresses and CIDR ranges, IPv4 and IPv6." },
);

const Connections = Type.Object(
  {
    perAddress: Type.Optional(
      integer(1, 1_000_000, "Open at once from one address; proxies that are trusted do not count."),
    ),
    total: Type.Optional(integer(1, 1_000_000, "Open at once in one process.")),
    headersTimeoutMs: Type.Optional(integer(100, 600_000, "Until the headers of a request are there.")),
    bodyTimeoutMs: Type.Optional(integer(100, 600_000, "Until its body is there.")),
    writeTimeoutMs: Type.Optional(integer(100, 600_000, "Until the client takes more of an answer.")),
    idleTimeoutMs: Type.Optional(integer(100, 3_600_000, "Without a request on it.")),
    proxyProtocol: Type.Optional(
      Type.Boolean({
        description: "The load balancer before it says who connects (PROXY protocol 1 and 2).",
      }),
    ),
  },
  { ...closed, description: "What a connection may do, and how many there may be." },
);

const weight = Type.Optional(Type.Number({ minimum: 0, maximum: 1000 }));
const Threats = Type.Object(
  {
    halfLifeSeconds: Type.Optional(
      integer(1, 86_400, "After so long half of a score is forgotten. 60 when left out."),
    ),
    weights: Type.Optional(
      Type.Object(
        {
          unreadable: weight,
          "bad-path": weight,
          "unknown-path": weight,
          "not-found": weight,
          unauthorized: weight,
          "failed-sign-in": weight,
          forbidden: weight,
          "invalid-input": weight,
          "over-limit": weight,
        },
        { ...closed, description: "What each failure adds to a score; 0: nothing. See README.md." },
      ),
    ),
    flagAbove: Type.Optional(integer(1, 1_000_000, "A score that is logged and counted. 50 when left out.")),
    block: Type.Optional(
      Type.Object(
        {
          above: integer(1, 1_000_000, "The score of an address, or of an account as used from one address."),
          seconds: integer(1, 86_400, "For so long it may not call; each time for twice as long."),
          maxSeconds: Type.Optional(integer(1, 86_400, "And at most. As `seconds` when left out.")),
        },
        { ...closed, description: "Left out: nobody is blocked." },
      ),
    ),
  },
  {
    ...closed,
    description:
      "Failures add up by address and by account, and are forgotten with time. Left out: nothing is watched. Behind a load balancer TRUSTED_PROXIES has to name it, else everybody is one address.",
  },
);

const Cors = Type.Object(
  {
    origins: unique(Type.String({ pattern: "^https?://[^/*\\s]+$" }), {
      description: "Exact: scheme, host, and the port where it is not the scheme's own.",
    }),
    methods: Type.Optional(
      unique(names(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]), {
        description: "Of the route's methods, those for pages. All when left out.",
      }),
    ),
    headers: Type.Optional(
      unique(Type.String({ pattern: headerName }), { description: "Request headers that a page may send." }),
    ),
    expose: Type.Optional(
      unique(Type.String({ pattern: headerName }), {
        description: "Headers of the answer that a page may read.",
      }),
    ),
    credentials: Type.Optional(Type.Boolean({ description: "Whether cookies go along. No, when left out." })),
    maxAgeSeconds: integer(0, 86_400, "How long a browser remembers the preflight's answer."),
  },
  closed,
);

const Defaults = Type.Object(
  {
    limits: Limits,
    timeoutMs,
    bodyBytes,
    cors: Type.Optional(CorsName),
    contentTypes: Type.Optional(Route.properties.contentTypes),
  },
  { ...closed, description: "What a route gets that says nothing else." },
);

export const gatewayFileSchema = Type.Object(
  {
    upstreams: named(Upstream, { minProperties: 1, description: "Where requests go." }),
    issuers: Type.Optional(named(Issuer, { description: "Whose tokens are believed." })),
    tiers: Type.Optional(
      unique(Name("A tier."), {
        description: "What the claim `tier` of a token may say; limits have numbers for them.",
      }),
    ),
    roles: Type.Optional(
      unique(Type.String({ minLength: 1 }), {
        description: "What the claim `roles` of a token may say. Left out: every name is taken for a role.",
      }),
    ),
    limits: named(Limit, { description: "Limits that routes refer to by name." }),
    addresses: Type.Optional(Addresses),
    connections: Type.Optional(Connections),
    threats: Type.Optional(Threats),
    cors: Type.Optional(
      named(Cors, { description: "Whose pages may call from a browser; policies by name." }),
    ),
    defaults: Defaults,
    routes: Type.Array(Route, { minItems: 1 }),
  },
  { $schema: "https://json-schema.org/draft/2020-12/schema", title: "EcoTrack gateway.yaml", ...closed },
);

/** The file as it is written; `GatewayFile` is what it means. */
export type WrittenFile = Static<typeof gatewayFileSchema>;
export type AnswerName = NonNullable<WrittenFile["routes"][number]["answer"]>;
export type Method = WrittenFile["routes"][number]["methods"][number];
export type AuthSpec = Static<typeof Auth>;
export type LimitSpec = Static<typeof Limit>;
export type CorsSpec = Static<typeof Cors>;
export type IssuerSpec = Static<typeof Issuer>;
export type RouteSpec = Static<typeof Route>;
