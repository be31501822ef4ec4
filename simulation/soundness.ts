/**
 * What must hold after every run, whatever is played: nothing stands twice, and nothing rests on what was aborted.
 */
import { outsideId, type World } from "./world.ts";

/** Violations, in words. */
export function unsoundness(world: World): string[] {
  return world.topics.names.flatMap((topic) => {
    const events = world.events(topic);
    const places = events
      .filter(({ id }) => id !== outsideId)
      .map(({ id, source, partition }) => `${source} ${id} ${String(partition)}`);
    const isTwice = new Set(places).size < places.length;
    return [
      ...(isTwice ? [`an event stands twice on ${topic}`] : []),
      ...(events.every((event) => world.isDerived(event)) ? [] : [`${topic} rests on an aborted record`]),
    ];
  });
}
