/**
 * A stack under faults: requests, pushes and hostile records meanwhile, and the count afterwards. The long form and the
 * short one differ in what is done to it, and for how long.
 */
import { randomFrom } from "../seeded.ts";
import { HostileLoad } from "./hostile-load.ts";
import { PushLoad } from "./push-load.ts";
import { RequestLoad } from "./request-load.ts";
import { countStack, type StackCount } from "./stack-count.ts";
import { StackFaults } from "./stack-faults.ts";
import { StackRig } from "./stack-rig.ts";

/** How often each load does one. */
export interface Pace {
  readonly requestMs: number;
  readonly pushMs: number;
  readonly hostileMs: number;
}

export interface StackOutcome extends StackCount {
  /** The age of everybody that was pushed last, and the mean that was answered in the end. */
  readonly age: number;
  readonly meanAge: number | null;
  readonly tally: ReadonlyMap<string, number>;
  readonly pushes: string;
}

/** A budget that no load spends, and an ε that shows what is live. */
const budget = { epsilon: "100000", window: "100000" };
const perQuestion = 'budget: { epsilonPerQuestion: "64" }';
/** A sender evaluates four times as many identifiers in an epoch; pushes that are run again and again use up both. */
const limits = "limits: { records: 40000, changesPerDay: 400000 }";
const meanAge = {
  epsilon: "64",
  question: {
    measures: [{ kind: "mean", of: { dataset: "patients", column: "age" } }],
    groupings: [{ by: "total" }],
  },
};

export class StackRun {
  readonly rig: StackRig;
  readonly requests: RequestLoad;
  readonly hostile: HostileLoad;
  readonly pushes: PushLoad;
  readonly faults: StackFaults;

  static async start(seed: number): Promise<StackRun> {
    const rig = await StackRig.start(
      (terms) => terms.replace(/^budget: .*$/m, perQuestion).replaceAll(/limits: \{.*\}/g, limits),
      budget,
    );
    return new StackRun(rig, seed);
  }

  private constructor(rig: StackRig, seed: number) {
    this.rig = rig;
    this.requests = new RequestLoad(rig);
    this.hostile = new HostileLoad(rig, randomFrom(seed + 1), () => this.requests.sure.at(-1)?.request);
    this.pushes = new PushLoad(rig, randomFrom(seed + 2));
    this.faults = new StackFaults({
      ...{ rig, random: randomFrom(seed) },
      others: () => this.pushes.victims(),
      progress: () => this.requests.answer(),
    });
  }

  startLoads({ requestMs, pushMs, hostileMs }: Pace): void {
    this.requests.start(requestMs);
    this.pushes.start(pushMs);
    this.hostile.start(hostileMs);
  }

  get stand(): string {
    const { requests, hostile, pushes, faults } = this;
    return (
      `${String(requests.sure.length)} requests, ${String(hostile.published.length)} hostile records, ` +
      `${String(pushes.tried)} pushes, ${String(faults.done)} faults, last ${faults.last}`
    );
  }

  /** Ends faults and loads, and counts. */
  async finish(): Promise<StackOutcome> {
    const { requests, hostile, pushes, faults, rig } = this;
    await faults.settle();
    await rig.comeUp();
    await hostile.stop();
    await pushes.stop();
    await requests.stop();
    const { answer } = await requests.answer(meanAge);
    const count = await countStack(rig, requests, hostile);
    return {
      ...count,
      age: pushes.age,
      meanAge: answer?.groups[0]?.estimates[0]?.value ?? null,
      tally: faults.tally,
      pushes: `${String(pushes.tried)} pushes were run, ${String(pushes.told.length)} of them again`,
    };
  }

  async stop(): Promise<void> {
    await Promise.allSettled([this.hostile.stop(), this.requests.stop(), this.pushes.giveUp()]);
    await this.rig.stop();
  }
}
