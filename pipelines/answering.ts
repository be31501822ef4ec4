/**
 * The stages that a pipeline's questions wait for: those that lie between a question and its answer, by the topics that are
 * declared. What feeds them beforehand, such as the intake of records, and what follows the answer, such as its proof, is
 * none of them.
 */
import type { AnyStage, Pipeline } from "../runtime/contract/pipeline.ts";
import { Topics, type TopicName } from "../schemas/topics.ts";

type Declared = Pick<AnyStage, "name" | "inputs" | "outputs">;

/**
 * The names of the stages on the way from where questions are asked to where whoever asks them reads the answer, in the
 * pipeline's order. None where nobody asks. Throws where no way leads from a question to an answer.
 */
export function answeringStages({ stages, topics }: Asked): string[] {
  const declared = new Topics(topics);
  const names = Object.keys(topics) as TopicName[];
  const questions = names.filter((topic) => declared.of(topic).answered === true);
  if (questions.length === 0) return [];
  const askers = questions.flatMap((topic) => declared.of(topic).writers ?? []);
  const answers = names.filter((topic) => declared.of(topic).readers?.some((one) => askers.includes(one)));

  const reached = new Set<Declared>();
  const follow = (topic: TopicName): void => {
    for (const stage of stages) {
      if (reached.has(stage) || !awaited(stage).includes(topic)) continue;
      reached.add(stage);
      stage.outputs.forEach(follow);
    }
  };
  const needed = new Set<Declared>();
  const trace = (topic: TopicName): void => {
    for (const stage of stages) {
      if (needed.has(stage) || !stage.outputs.includes(topic)) continue;
      needed.add(stage);
      awaited(stage).forEach(trace);
    }
  };
  questions.forEach(follow);
  answers.forEach(trace);
  const between = stages.filter((stage) => reached.has(stage) && needed.has(stage));
  if (between.length === 0) throw new Error(`no stage leads from ${questions.join(", ")} to an answer`);
  return between.map(({ name }) => name);
}

interface Asked {
  readonly stages: readonly Declared[];
  readonly topics: Pipeline["topics"];
}

/** The topics that an answer waits for at a stage. */
const awaited = ({ inputs }: Declared): TopicName[] =>
  inputs.filter(({ besideAnswer }) => besideAnswer !== true).map(({ topic }) => topic);
