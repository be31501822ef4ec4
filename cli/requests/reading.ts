/**
 * Ended requests as they stand on a topic, the newest first, read from its end: what a list costs does not grow with how
 * long the region has run.
 */
import { connectKafka } from "../../runtime/kafka/client.ts";
import { readEvents, type Source } from "../../runtime/kafka/events.ts";
import { endOf } from "../../runtime/kafka/reader.ts";
import { openLog } from "../../runtime/log.ts";
import { openCodec } from "../../runtime/registry/codec.ts";
import type { RequestEntry } from "../../schemas/avro/index.ts";
import { topicFor } from "../../schemas/topics.ts";
import { operatorName } from "../../services/stack/stack.ts";
import { misuse } from "../../errors/misuse.ts";
import { accessOf } from "../party/keys.ts";
import { regionNamed, runningStack } from "../stack/running.ts";
import { topics } from "../../pipelines/pipelines.ts";

export interface EndedRequest {
  /** When its end was written down, in milliseconds. */
  readonly endedAt: number;
  readonly entry: RequestEntry;
}

interface Page {
  /** From this moment on, and before that one; milliseconds. */
  readonly since: number;
  readonly until: number;
  readonly limit: number;
}

/** As a provider, by its access file; else as the operator of the running stack. */
export async function openDoor(provider: string | undefined, named: string | undefined): Promise<Source> {
  const log = openLog({ service: "cli" }, "warn", "stderr");
  if (provider !== undefined) {
    if (named !== undefined)
      throw misuse("--region is for the operator; a provider reads in the region of its access file.");
    const { region, kafka, registryUrl } = accessOf("provider", provider);
    return {
      region,
      kafka: connectKafka(kafka, `provider.${provider}`, log),
      codec: await openCodec(registryUrl, topics),
      ...{ groups: `${region}.provider.${provider}`, log },
    };
  }
  const stack = runningStack();
  const { bootstrap, registryUrl, passwords } = stack;
  const region = regionNamed(stack, named).name;
  const access = { bootstrap, username: operatorName, password: passwords[operatorName] ?? "" };
  return {
    region,
    kafka: connectKafka(access, operatorName, log),
    codec: await openCodec(registryUrl, topics),
    ...{ groups: `${region}.operator`, log },
  };
}

/** The newest of a page, and whether there are older ones in it. Goes back by growing steps until the page is full. */
export async function newestEnded(
  door: Source,
  provider: string | undefined,
  { since, until, limit }: Page,
): Promise<{ entries: EndedRequest[]; more: boolean }> {
  const on = endedOn(provider);
  const end = await endOf(door.kafka, topicFor(door.region, on.topic, provider));
  // A transaction leaves a marker behind its records, so about half of the offsets hold some.
  for (let back = BigInt(2 * limit + 2); ; back *= 4n) {
    const from = end > back ? end - back : 0n;
    const read = from === end ? [] : await readFrom(door, on, from);
    const found = read.filter(({ endedAt }) => endedAt >= since && endedAt < until).reverse();
    const isWhole = from === 0n || (read[0]?.endedAt ?? Infinity) < since;
    if (isWhole || found.length > limit)
      return { entries: found.slice(0, limit), more: found.length > limit };
  }
}

type EndedOn = ReturnType<typeof endedOn>;

/** The region's whole list, or the one of a provider's own data. */
const endedOn = (provider: string | undefined) =>
  provider === undefined
    ? ({ topic: "requests.ended" } as const)
    : ({ topic: "provider.requests.<provider>", owner: provider } as const);

async function readFrom(door: Source, on: EndedOn, from: bigint): Promise<EndedRequest[]> {
  const read: EndedRequest[] = [];
  await readEvents(door, {
    ...on,
    types: ["RequestEntry"],
    from,
    take: ({ value: entry, time: endedAt }) => {
      read.push({ endedAt, entry });
    },
  });
  return read;
}
