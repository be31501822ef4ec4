/**
 * `fill.ts DIR COUNT`: states with so many past questions.
 */
import { statesIn } from "../../runtime/state/disk-state.ts";
import { StateStore } from "../../runtime/state/store.ts";
import { keys, placeOf, remembering, timeOf } from "./past.ts";

/** Many inputs share a transaction while a backlog drains. */
const commitEvery = 100;
/** Nothing is asked again here: what a connector keeps in memory beyond this would only be looked after. */
const cacheBytes = 16 * 1024 * 1024;

const [dir = "", counted = ""] = process.argv.slice(2);
const count = Number(counted);
const open = statesIn(dir, { cluster: "bench", keys }, cacheBytes);
for (const { stage, past } of remembering) {
  const committed = open(placeOf(stage.name), stage.tables ?? []);
  const store = new StateStore(committed);
  for (let number = 0; number < count; number++) {
    store.stage(past(number, timeOf(number, count), store));
    const isLast = number + 1 === count;
    if ((number + 1) % commitEvery === 0 || isLast)
      await store.commit({ offset: BigInt(number), digest: "" });
  }
  await committed.close();
}
