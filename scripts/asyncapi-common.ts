/**
 * What the AsyncAPI document says of every record and every region alike: how one logs in, and CloudEvents 1.0 in Kafka's
 * binary mode as runtime/kafka/cloudevents.ts writes it.
 */

const address = {
  description: "Kafka's host and port, from the access file that an operator's `admit` writes.",
};

const security = [{ $ref: "#/components/securitySchemes/scramSha512" }];

export const servers = {
  region: {
    host: "{address}",
    protocol: "kafka-secure",
    description: "A region's Kafka, over TLS. The access file also has the schema registry's address.",
    variables: { address },
    security,
  },
  loopback: {
    host: "{address}",
    protocol: "kafka",
    description: "The embedded Kafka, without TLS, on the machine itself.",
    variables: { address },
    security,
  },
};

export const securitySchemes = {
  scramSha512: {
    type: "scramSha512",
    description: "The user and password of the access file. A user may do what its party's operations say.",
  },
};

const text = (description: string): object => ({ type: "string", description });
const always = (value: string): object => ({ type: "string", const: value });

export const messageTraits = {
  record: {
    contentType: "application/vnd.confluent.avro",
    headers: {
      type: "object",
      required: ["ce_specversion", "ce_id", "ce_type", "ce_source", "ce_time", "ce_subject", "content-type"],
      properties: {
        ce_specversion: always("1.0"),
        ce_id: text("Unique among what its source writes."),
        ce_source: text("Who wrote it: `/provider/<provider>`, `/broker/<broker>` or `/<region>/<stage>`."),
        ce_time: { ...text("When, by the writer's clock."), format: "date-time" },
        ce_subject: text("What it is about, such as the request's id."),
        "content-type": always("application/vnd.confluent.avro"),
        traceparent: { ...text("W3C Trace Context."), pattern: "^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$" },
      },
    },
    bindings: {
      kafka: {
        schemaIdLocation: "payload",
        schemaIdPayloadEncoding: "confluent",
        schemaLookupStrategy: "RecordNameStrategy",
        bindingVersion: "0.5.0",
      },
    },
  },
};
