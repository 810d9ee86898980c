import { Type } from "@sinclair/typebox";
import { Uuid } from "../uuid-schema.ts";
import { contractsOf, type EventContract, type Producer } from "./catalogue.ts";

/** What the events are called, where they go and what is in them, as an AsyncAPI 3.0 document. */
export function asyncApi(producers: readonly Producer[]) {
  const contracts = Object.entries(contractsOf(producers));
  return {
    asyncapi: "3.0.0",
    info: {
      title: "EcoTrack events",
      version: "1",
      description:
        "CloudEvents 1.0 in JSON. At least once on the wire: know an event by its `id`. In order per `subject`, which " +
        "is the key. A type changes only by optional fields; any other change is a new version of it.",
      license: { name: "Apache-2.0" },
    },
    defaultContentType: "application/cloudevents+json",
    channels: Object.fromEntries(producers.map((producer) => [producer.topic, channelOf(producer)])),
    operations: Object.fromEntries(
      producers.map((producer) => [operationName(producer), operationOf(producer)]),
    ),
    components: {
      messages: Object.fromEntries(contracts.map(([type, contract]) => [type, messageOf(type, contract)])),
    },
  };
}

const operationName = ({ source }: Producer) => `${source.slice(1)}-tells`;

const channelOf = ({ topic, source, events }: Producer) => ({
  address: topic,
  description: `What ${source.slice(1)} tells`,
  messages: Object.fromEntries(
    Object.keys(events).map((type) => [type, { $ref: `#/components/messages/${type}` }]),
  ),
});

const operationOf = ({ topic, source }: Producer) => ({
  action: "send",
  channel: { $ref: `#/channels/${topic}` },
  summary: `${source.slice(1)} tells what became true in it`,
});

const messageOf = (type: string, { source, data }: EventContract) => ({
  name: type,
  title: type.replace(/^ecotrack\./, ""),
  contentType: "application/cloudevents+json",
  payload: {
    ...envelope,
    properties: { ...envelope.properties, source: { const: source }, type: { const: type }, data },
  },
});

const envelope = Type.Object({
  specversion: Type.Literal("1.0"),
  id: Uuid,
  source: Type.String(),
  type: Type.String(),
  subject: Type.String({ description: "The aggregate; also the key" }),
  time: Type.String({ format: "date-time" }),
  datacontenttype: Type.Literal("application/json"),
  traceparent: Type.Optional(Type.String({ description: "W3C Trace Context" })),
  correlationid: Type.Optional(Type.String()),
  data: Type.Unknown(),
});
