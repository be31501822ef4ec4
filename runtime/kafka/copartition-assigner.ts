/**
 * Assigns partition numbers rather than partitions: whoever gets partition n of one topic gets it of every topic of the
 * group, so that co-partitioned inputs and a stage's changelog meet in one task. kafkajs's own round robin splits them.
 */
import { AssignerProtocol, type PartitionAssigner } from "kafkajs";

const name = "copartition";
const version = 1;

export const copartitionAssigner: PartitionAssigner = ({ cluster }) => ({
  name,
  version,

  assign({ members, topics }) {
    const memberIds = members.map((member) => member.memberId).sort();
    const assignments = new Map(memberIds.map((id) => [id, new Map<string, number[]>()]));
    for (const topic of topics) {
      for (const { partitionId } of cluster.findTopicPartitionMetadata(topic)) {
        const owner = memberIds[partitionId % memberIds.length];
        const assignment = owner === undefined ? undefined : assignments.get(owner);
        assignment?.set(topic, [...(assignment.get(topic) ?? []), partitionId]);
      }
    }
    return Promise.resolve(
      [...assignments].map(([memberId, assignment]) => ({
        memberId,
        memberAssignment: AssignerProtocol.MemberAssignment.encode({
          version,
          assignment: Object.fromEntries(assignment),
          userData: Buffer.alloc(0),
        }),
      })),
    );
  },

  protocol({ topics }) {
    return {
      name,
      metadata: AssignerProtocol.MemberMetadata.encode({ version, topics, userData: Buffer.alloc(0) }),
    };
  },
});
