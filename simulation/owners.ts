/**
 * Who has topics of its own in a simulated region.
 */
import { ownerOf, topicFor, type TopicName } from "../schemas/topics.ts";

/** Their ids by what they are, such as `provider`. */
export type Owners = ReadonlyMap<string, readonly string[]>;

/** Every topic that a name stands for in the region: one, or one for each owner. */
export function addressesOf(
  region: string,
  topic: TopicName,
  owners: Owners,
): { readonly address: string; readonly owner?: string }[] {
  const kind = ownerOf(topic);
  if (kind === undefined) return [{ address: topicFor(region, topic) }];
  return (owners.get(kind) ?? []).map((owner) => ({ address: topicFor(region, topic, owner), owner }));
}
