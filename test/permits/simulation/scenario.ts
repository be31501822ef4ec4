/** Permits in a simulation: requests of which some are to be refused, each published twice; one reply and one leaf at most of each. */
import { runtimeMutants } from "../../../simulation/mutants.ts";
import { serve } from "../../../runtime/contract/pipeline.ts";
import type { Scenario } from "../../../simulation/scenario.ts";
import type { LoggedEvent, World } from "../../../simulation/world.ts";
import { deciding } from "../deciding.ts";
import { permits } from "../pipeline.ts";
import { replying } from "../replying.ts";

const [region, broker] = ["eu-central", "core"];
const holders = ["ada", "eve", "ada", "zoe", "eve"];

const requests = holders.map((holder, index) => ({
  requestId: `3d0ca315-aff9-4fc2-be61-${String(index).padStart(12, "0")}`,
  holder,
  purpose: "research",
}));

async function play(world: World, manner: "in turn" | "at once"): Promise<undefined> {
  for (const request of requests) {
    for (let copies = 0; copies < 2; copies++) {
      world.publish("permit.requests.<broker>", "PermitRequest", request, {
        key: request.requestId,
        owner: broker,
      });
    }
    if (manner === "in turn") await world.settle();
  }
  await world.settle();
  world.becomeCalm();
  await world.settle();
  return undefined;
}

const times = <N extends "PermitReply" | "LogLeaf">(events: readonly LoggedEvent<N>[], id: string): number =>
  events.filter(({ value }) => idOf(value) === id).length;

const idOf = (value: {
  readonly requestId?: string;
  readonly request?: { readonly requestId: string } | null;
}) => value.requestId ?? value.request?.requestId;

function violations(world: World): string[] {
  const replies = world.events<"PermitReply">("permit.replies.<broker>");
  const leaves = world.events<"LogLeaf">("proofs.pending");
  return requests.flatMap(({ requestId, holder }) => {
    const granted = holder !== "eve";
    const reply = replies.find(({ value }) => value.requestId === requestId)?.value;
    return [
      ...(times(replies, requestId) === 1
        ? []
        : [`${requestId} has ${String(times(replies, requestId))} replies`]),
      ...(reply?.granted === granted ? [] : [`${requestId} is answered wrongly`]),
      ...(times(leaves, requestId) === (granted ? 1 : 0)
        ? []
        : [`${requestId} is not logged as it was granted`]),
    ];
  });
}

export const scenario: Scenario<"in turn" | "at once", undefined> = {
  pipelines: [permits],
  ...{ region, partitions: 2, start: Date.parse("2026-01-01T00:00:00.000Z") },
  owners: new Map([["broker", [broker]]]),
  open:
    () =>
    ({ wrap }) => {
      const salts = wrap(
        { saltOf: (digest: string) => Promise.resolve(digest) },
        { saltOf: "HSM_UNAVAILABLE" },
      );
      const table = { allows: (holder: string) => holder !== "eve" };
      return [
        serve(deciding, () => ({ region, permits: table, ...salts })),
        serve(replying, () => ({ isAdmitted: (name) => name === broker })),
      ];
    },
  manners: ["in turn", "at once"],
  calm: ["in turn", "at once"],
  play,
  violations,
  mutants: runtimeMutants,
};
