/**
 * OPRF relay: carries RFC 9497 messages between the agents of one collaboration.
 *
 * Promises: forwards unchanged what a member signed for the current epoch, to the one member it is meant for, and one
 * key an epoch. Does not: hold a key, compute on elements, or meter; the sender's agent meters.
 */
import type { CollaborationTable } from "../../domain/terms/collaboration.ts";
import type { PopulationTable } from "../../domain/terms/home.ts";
import { verifySignature } from "../../domain/terms/signatures.ts";
import {
  readMessage,
  requireCurrent,
  requireMember,
  requirePlace,
  type MessageDocument,
  type MessageKind,
} from "../../domain/terms/membership.ts";
import { PavilionError } from "../../errors/errors.ts";
import {
  publish,
  reject,
  type Effects,
  type Outcome,
  type Stage,
  type StageEvent,
} from "../../runtime/contract/stage.ts";
import type { StateView } from "../../runtime/contract/state.ts";
import type { BlindedBatch, EpochKey, EvaluatedBatch } from "../../schemas/avro/index.ts";
import type { Collaboration } from "../../schemas/json/collaboration.ts";
import { audited, notice } from "./notice.ts";
import { requireBlinded, requireEvaluated } from "./payload.ts";
import { pinEpochKey, routeBlinded, routeEpochKey, routeEvaluated, type PinnedKey } from "./route.ts";

export interface OprfRelayPorts {
  readonly collaborations: CollaborationTable;
  readonly populations: PopulationTable;
  /** The region's partition count. */
  readonly partitions: number;
  readonly region: string;
}

type MessageName = "BlindedBatch" | "EvaluatedBatch" | "EpochKey";
type MessageEvent = StageEvent<MessageName>;

const kinds: Readonly<Record<MessageName, MessageKind>> = {
  BlindedBatch: "blinded-batch",
  EvaluatedBatch: "evaluated-batch",
  EpochKey: "epoch-key",
};

/** A message's signed document, and where the message goes once that document is found good. */
interface Message {
  readonly document: MessageDocument;
  readonly forward: (collaboration: Collaboration, state: StateView) => Effects;
}

export const oprfRelay: Stage<MessageName, OprfRelayPorts> = {
  name: "oprf-relay",
  inputs: [{ topic: "ingest.<provider>", types: ["BlindedBatch", "EvaluatedBatch", "EpochKey"] }],
  outputs: ["oprf.blinded.<provider>", "oprf.evaluated.<provider>", "provider.notices.<provider>"],
  handle: relay,
};

function relay(event: MessageEvent, state: StateView, ports: OprfRelayPorts): Outcome {
  const { owner: provider } = event;
  if (provider === undefined)
    return reject("INTERNAL_ERROR", "A message came on a topic that is no provider's.");
  const kind = kinds[event.type];
  let document: MessageDocument | undefined;
  let dataset = "";
  try {
    const message = readEvent(event);
    document = message.document;
    const { collaboration, participant } = requireMember(document, provider, ports.collaborations);
    dataset = participant.dataset;
    requirePlace(event.key, participant);
    requireCurrent(document, collaboration, ports);
    verifySignature(kind, document, event.value.signature, participant);
    return publish({ ...message.forward(collaboration, state), audit: [audited(provider, kind, document)] });
  } catch (error) {
    if (!(error instanceof PavilionError)) throw error;
    return reject(error.code, error.message, {
      outputs: [notice(provider, textOf(event), document, dataset, error)],
      audit: [audited(provider, kind, document, error)],
    });
  }
}

const textOf = ({ value }: MessageEvent): string => ("document" in value ? value.document : value.header);

function readEvent(event: MessageEvent): Message {
  if (event.type === "BlindedBatch") return readBlinded(event.value);
  return event.type === "EvaluatedBatch" ? readEvaluated(event.value) : readEpochKey(event.value);
}

function readBlinded(batch: BlindedBatch): Message {
  const document = readMessage("blinded-batch", batch.header);
  const forward = (collaboration: Collaboration): Effects => {
    const outputs = routeBlinded(batch, document.provider, collaboration);
    requireBlinded(batch, document);
    return { outputs };
  };
  return { document, forward };
}

function readEvaluated(batch: EvaluatedBatch): Message {
  const document = readMessage("evaluated-batch", batch.header);
  const forward = (collaboration: Collaboration): Effects => {
    const outputs = routeEvaluated(batch, document.provider, document.receiver, collaboration);
    requireEvaluated(batch, document);
    return { outputs };
  };
  return { document, forward };
}

function readEpochKey(key: EpochKey): Message {
  const document = readMessage("epoch-key", key.document);
  const forward = (collaboration: Collaboration, state: StateView): Effects => {
    const outputs = routeEpochKey(key, document.provider, collaboration);
    const pinned = state.get("keys", collaboration.id) as PinnedKey | undefined;
    const value = pinEpochKey(pinned, document);
    return { outputs, changes: [{ table: "keys", key: collaboration.id, value }] };
  };
  return { document, forward };
}
