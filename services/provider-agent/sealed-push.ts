/**
 * The records of a push as sealed batches, left in the state folder before anything of them is sent, so that they can be
 * sent again byte for byte.
 */
import { randomBytes } from "node:crypto";
import { endOf } from "../../runtime/kafka/reader.ts";
import { topicFor } from "../../schemas/topics.ts";
import type { Agent } from "./agent.ts";
import { inBatches } from "./batches.ts";
import type { Membership } from "./membership.ts";
import type { Progress } from "./progress.ts";
import type { PreparedRow } from "./rows.ts";
import { sealBatch, type Head, type SealingContext } from "./sealing.ts";
import type { DatasetPlace, PendingBatch, PendingPush } from "./state-folder.ts";

export interface TokenRow {
  readonly row: PreparedRow;
  readonly token: Uint8Array;
}

/** Whose push is sealed, and what follows which head. */
export interface Sealing {
  readonly agent: Agent;
  readonly membership: Membership;
  readonly place: DatasetPlace;
  /** The push's id. */
  readonly push: string;
  /** The head that the first batch follows. */
  readonly after: Head | undefined;
}

/** Seals the records, in their order, into the state folder. */
export async function sealPush(
  sealing: Sealing,
  records: readonly TokenRow[],
  told: Pick<PendingPush, "file" | "fileDigest" | "begun" | "report" | "summary" | "live">,
  progress: Progress,
): Promise<PendingPush> {
  const { agent, membership, place, push } = sealing;
  const pending: PendingPush = {
    push,
    version: membership.collaboration.version,
    regionKey: keyText(membership.sealingKey),
    noticesFrom: await noticesEnd(agent),
    ...told,
  };
  await agent.state.writePending(place, pending, sealBatches(sealing, records, progress));
  return pending;
}

/** A batch without records that ends a push: what comes of it later no longer follows. */
export async function sealEnd(sealing: Sealing): Promise<PendingBatch> {
  return { ...(await sealBatch(contextOf(sealing), [], sealing.after, true)), rows: [] };
}

async function* sealBatches(
  sealing: Sealing,
  records: readonly TokenRow[],
  progress: Progress,
): AsyncGenerator<PendingBatch> {
  const context = contextOf(sealing);
  let previous = sealing.after;
  let done = 0;
  progress.begin("seal");
  for (const batch of inBatches(records)) {
    const sealed = batch.map(({ row, token }) => ({ token, values: row.values }));
    done += batch.length;
    const made = await sealBatch(context, sealed, previous, done === records.length);
    previous = made.head;
    progress.update("seal", done, records.length);
    yield { ...made, rows: batch.map(({ row }) => row.row) };
  }
}

const contextOf = ({ agent, membership, place, push }: Sealing): SealingContext => ({
  regionKey: membership.sealingKey,
  sign: agent.keys.identity.sign,
  slot: membership.collaboration.providers.indexOf(membership.participant),
  columns: membership.participant.columns,
  randomBytes,
  place: { ...place, version: membership.collaboration.version, provider: agent.self.provider, push },
});

/** Offset in the notices topic at which the first notice about what is sealed now can stand. */
export const noticesEnd = async ({ self, kafka }: Agent): Promise<string> =>
  String(await endOf(kafka, topicFor(self.region, "provider.notices.<provider>", self.provider)));

/** Whether the batches of a push can still be sent: they are for one version, and sealed to one key. */
export const isCurrent = (
  { version, regionKey }: PendingPush,
  { collaboration, sealingKey }: Membership,
): boolean => version === collaboration.version && regionKey === keyText(sealingKey);

const keyText = (key: Uint8Array): string => Buffer.from(key).toString("base64url");
