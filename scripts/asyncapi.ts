/**
 * What parties say to a region over Kafka and hear from it, as an AsyncAPI 3.0 document with Kafka bindings 0.5, derived
 * from what pipelines declare, the rights that follow from it and the Avro schemas. Topics that stages alone use are
 * left out. It is written from the parties' side: `send` is what a party writes, `receive` what it reads.
 */
import { Access } from "../services/operator/access.ts";
import { fullName, schemaText } from "../schemas/reading/avro-schemas.ts";
import type { EventName } from "../schemas/avro/index.ts";
import { deadLetterTopic, ownerOf, topicFor, type Party, type TopicName } from "../schemas/topics.ts";
import { stagesOf, topicsOf, type Pipeline } from "../runtime/contract/pipeline.ts";
import { messageTraits, securitySchemes, servers } from "./asyncapi-common.ts";

/** A member of the document, as JSON has it. */
type Part = Readonly<Record<string, unknown>>;

/** A topic that parties use, by the address that its names follow: `{region}.ingest.{provider}`. */
interface Channel {
  readonly id: string;
  readonly address: string;
  /** Its parameters besides the region: an owner, or the stage. */
  readonly parameter: string | undefined;
  readonly events: readonly EventName[];
  readonly key: string;
  readonly isSpread: boolean;
}

interface Operation {
  readonly party: Party;
  readonly action: "send" | "receive";
  readonly channel: Channel;
  /** What the consumer groups of the party begin with; undefined where any will do. */
  readonly groups: string | undefined;
}

/** Where a region's or an owner's name stands in an address. */
const named = (parameter: string): string => `{${parameter}}`;
const region = named("region");

/** The document, for the version of the program that it describes. */
export function asyncApi(pipelines: readonly Pipeline[], version: string): Part {
  const access = new Access(pipelines);
  const channels = [...declaredChannels(pipelines), deadLetters];
  const operations = operationsOf(pipelines, access, channels);
  const used = channels.filter((channel) => operations.some((operation) => operation.channel === channel));
  const parties = [...new Set(operations.map(({ party }) => party))];
  const configs = topicConfigs(access, parties);
  const events = [...new Set(used.flatMap((channel) => channel.events))].sort();
  return {
    asyncapi: "3.0.0",
    info: {
      title: "Pavilion DP Connector",
      version,
      description: about,
      license: { name: "GPL-3.0-or-later" },
      tags: parties.map((name) => ({ name, description: `What ${article(name)} ${name} writes and reads.` })),
    },
    defaultContentType: "application/vnd.confluent.avro",
    servers,
    channels: members(used, (channel) => [channel.id, channelPart(channel, configs)]),
    operations: members(operations, (operation) => [operationId(operation), operationPart(operation)]),
    components: {
      schemas: members(events, (event) => [event, avroPayload(event)]),
      messageTraits,
      parameters: members(parameters(used, pipelines), (parameter) => parameter),
      securitySchemes,
    },
  };
}

const about = `What providers, brokers, auditors and operators say to a region over Kafka, and hear from it.
An operation's tag names the party whose it is: it writes what it sends and reads what it receives, and nothing else is allowed to it;
an operator may do more, as [Topics](topics.md) shows with all that stages hand to one another.

A value is a zero byte, the schema's id in the region's registry as four bytes, big endian, and the Avro binary of the payload.
A record lies in the partition that murmur2 of its key gives. Read with \`isolation.level=read_committed\`.
[The protocol](../protocol.md) says what is signed and how, what an answer means, and how large a record may be.`;

function declaredChannels(pipelines: readonly Pipeline[]): Channel[] {
  const topics = topicsOf(pipelines);
  return topics.names.map((topic) => {
    const { events, key, partitions } = topics.of(topic);
    const parameter = ownerOf(topic);
    const id = topic.replace(/\.<[a-z]+>$/, "");
    return { id, address: addressOf(topic), parameter, events, key, isSpread: partitions === "spread" };
  });
}

function addressOf(topic: TopicName): string {
  const owner = ownerOf(topic);
  return topicFor(region, topic, owner === undefined ? undefined : named(owner));
}

/** Each stage has a topic for what it could not accept, which operators read. */
const deadLetters: Channel = {
  id: "dead-letter",
  address: deadLetterTopic(region, named("stage")),
  parameter: "stage",
  events: ["DeadLetter", "Redrive"],
  key: "the key of the record that was not accepted",
  isSpread: false,
};

/** By the ACLs that a party is given; an operator's by what it is declared to write, and the dead letters. */
function operationsOf(
  pipelines: readonly Pipeline[],
  access: Access,
  channels: readonly Channel[],
): Operation[] {
  const topics = topicsOf(pipelines);
  const by = (party: Party, action: Operation["action"], addresses: readonly string[], groups?: string) =>
    channels
      .filter(({ address }) => addresses.includes(address))
      .map((channel): Operation => ({ party, action, channel, groups }));
  const roles = new Set(
    topics.names
      .map((topic) => topics.of(topic))
      .flatMap(({ writers = [], readers = [] }) => [...writers, ...readers]),
  );
  const theirs = [...roles]
    .filter((role) => role !== "operator")
    .flatMap((role) => {
      const acls = access.partyAcls(region, { role, id: named(role) });
      const may = (operation: string): string[] =>
        acls
          .filter(
            (acl) =>
              acl.resourceType === "topic" &&
              acl.principal.startsWith(`${role}.`) &&
              acl.operation === operation,
          )
          .map(({ resourceName }) => resourceName);
      const groups = acls.find(({ resourceType }) => resourceType === "group")?.resourceName;
      return [...by(role, "send", may("write")), ...by(role, "receive", may("read"), groups)];
    });
  const written = topics.names.filter((topic) => topics.of(topic).writers?.includes("operator"));
  return [
    ...theirs,
    ...by("operator", "send", written.map(addressOf)),
    ...by("operator", "receive", [deadLetters.address]),
  ];
}

/** Kafka's settings of every topic as it is made, by address. */
function topicConfigs(access: Access, parties: readonly Party[]): ReadonlyMap<string, Part> {
  const roles = parties.filter((party) => party !== "operator");
  const specs = [
    ...access.regionTopics(region, 1),
    ...roles.flatMap((role) => access.partyTopics(region, { role, id: named(role) }, 1)),
  ];
  const [ofOneStage] = specs.filter(({ name }) => name.endsWith(".dead-letter"));
  return new Map([
    ...specs.map(({ name, config }) => [name, config] as const),
    [deadLetters.address, ofOneStage?.config ?? {}],
  ]);
}

function channelPart(channel: Channel, configs: ReadonlyMap<string, Part>): Part {
  const { address, parameter, events, isSpread } = channel;
  const config = Object.entries(configs.get(address) ?? {});
  const names = ["region", ...(parameter === undefined ? [] : [parameter])];
  return {
    address,
    description: isSpread ? "It has as many partitions as the region is set to." : "It has one partition.",
    parameters: members(names, (name) => [name, reference("components", "parameters", name)]),
    messages: members(events, (event) => [event, messagePart(event, channel.key)]),
    bindings: {
      kafka: {
        ...(isSpread ? {} : { partitions: 1 }),
        topicConfiguration: members(config, ([name, value]) => [name, settingOf(name, String(value))]),
        bindingVersion: "0.5.0",
      },
    },
  };
}

/** The binding has numbers, and a list of clean-up policies, where Kafka takes text. */
function settingOf(name: string, value: string): unknown {
  if (name === "cleanup.policy") return value.split(",");
  return /^-?\d+$/.test(value) ? Number(value) : value;
}

function messagePart(event: EventName, key: string): Part {
  return {
    name: fullName(event),
    title: event,
    traits: [reference("components", "messageTraits", "record")],
    headers: { type: "object", properties: { ce_type: { type: "string", const: fullName(event) } } },
    payload: reference("components", "schemas", event),
    bindings: { kafka: { key: { type: "string", description: `UTF-8: ${key}.` }, bindingVersion: "0.5.0" } },
  };
}

const operationId = ({ party, action, channel }: Operation): string => `${party}.${action}.${channel.id}`;

function operationPart({ party, action, channel, groups }: Operation): Part {
  const groupId = { type: "string", description: `Begins with \`${String(groups)}\`.` };
  return {
    action,
    channel: reference("channels", channel.id),
    tags: [{ name: party }],
    ...(groups === undefined ? {} : { bindings: { kafka: { groupId, bindingVersion: "0.5.0" } } }),
  };
}

function avroPayload(event: EventName): Part {
  return {
    schemaFormat: "application/vnd.apache.avro;version=1.9.0",
    schema: JSON.parse(schemaText(event)) as unknown,
  };
}

function parameters(channels: readonly Channel[], pipelines: readonly Pipeline[]): [string, Part][] {
  const owners = new Set(channels.map(({ parameter }) => parameter));
  const described = [...owners].flatMap((parameter): [string, Part][] => {
    if (parameter === undefined) return [];
    if (parameter !== "stage")
      return [[parameter, { description: `The ${parameter}'s id, as it was admitted.` }]];
    return [["stage", { description: "A stage.", enum: stagesOf(pipelines).map(({ name }) => name) }]];
  });
  return [["region", { description: "The region's name, from the access file." }], ...described];
}

const article = (noun: string): string => (/^[aeiou]/.test(noun) ? "an" : "a");

const reference = (...path: readonly string[]): Part => ({ $ref: `#/${path.join("/")}` });

const members = <T>(of: readonly T[], entry: (one: T) => readonly [string, unknown]): Part =>
  Object.fromEntries(of.map(entry));
