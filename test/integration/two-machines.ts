/**
 * A provider's pushes and a sender's agents where there is more than one of them: at once from one folder, from two machines
 * with copies of it, cut off and run again. Tests for a stack on which a clinic's agent serves already.
 */
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { StateFolder } from "../../services/provider-agent/state-folder.ts";
import { CommandLine } from "./command-line.ts";

interface Scene {
  readonly pavilion: CommandLine;
  readonly dir: string;
  /** The agents that serve, the clinic's first; stopped by the caller. */
  readonly serving: ChildProcess[];
  /** The employer's file: its header, and its line about a person. */
  readonly header: string;
  readonly row: (person: number) => string;
  /** Publishes the shared collaboration, with 200 records each; the population has its datasets. */
  readonly agree: () => Promise<void>;
}

interface State {
  readonly datasets: { collaboration: string; remembered?: number; live?: number }[];
  readonly meters: { collaboration: string; topic?: number; seen?: number }[];
}

/** The collaboration that is agreed on, of the sender and of whose pushes these are. */
export const shared = { id: "two-machines", members: ["clinic", "employer"] } as const;

export function pushesOfTwoMachines({ pavilion, dir, serving, header, row, agree }: Scene): void {
  /** The same parties' other machine: their keys and access, and a copy of what they remember. */
  const elsewhere = new CommandLine(join(dir, "elsewhere"));
  mkdirSync(join(dir, "elsewhere"));
  const copyOf = (provider: string): void => {
    const folder = (home: string): string => join(home, "providers", provider);
    cpSync(folder(pavilion.home), folder(elsewhere.home), { recursive: true });
  };
  const stateFolder = join(pavilion.home, "providers", "employer", "state");

  /** The employer's push of so many people from a number on, as a command. */
  function pushing(from: number, count: number, ...options: string[]): string[] {
    const file = join(dir, `people-${String(from)}.csv`);
    const rows = Array.from({ length: count }, (_, index) => row(from + index));
    writeFileSync(file, `${[header, ...rows].join("\n")}\n`);
    return ["provider", "push", "--provider", "employer", "--collaboration", shared.id, ...options, file];
  }

  const settling = (...options: string[]): string[] => [...pushing(1, 1).slice(0, -1), ...options];

  async function stateOf(machine: CommandLine, provider: string): Promise<State> {
    return JSON.parse(
      await machine.done("provider", "state", "show", "--provider", provider, "--json"),
    ) as State;
  }

  async function isDone(machine: CommandLine, command: readonly string[], printed: RegExp): Promise<void> {
    assert.match(await machine.done(...command), printed);
  }

  /** Kills a push once its records are sealed, before it can be told that they are live. */
  async function interrupt(command: readonly string[]): Promise<void> {
    const push = pavilion.start(...command);
    const ended = once(push, "exit");
    const pending = join(stateFolder, "datasets", `${shared.id}.1.employer-of-${shared.id}.pending.jsonl`);
    while (!existsSync(pending)) {
      assert.equal(push.exitCode, null, "the push ended before its records were sealed");
      await sleep(2);
    }
    push.kill("SIGKILL");
    await ended;
  }

  test("pushes at once, from one folder and from two, are in whole where they say so, and agents find back", async () => {
    await agree();
    copyOf("clinic");
    copyOf("employer");

    {
      using owned = await new StateFolder(stateFolder).ownPushes(shared.id, { wait: false });
      assert.ok(owned);
      const { code, err } = await pavilion.run(...pushing(1, 50));
      assert.equal(code, 1);
      assert.match(err, new RegExp(`AGENT_BUSY: .*: process ${String(process.pid)} on `));
    }
    const [one, two] = [pushing(1, 50, "--wait"), pushing(51, 50, "--wait")];
    const pushed = /50 records of employer-of-two-machines are pushed/;
    await Promise.all([one, two].map((command) => isDone(pavilion, command, pushed)));
    const [three, four] = [pushing(101, 50), pushing(151, 50)];
    await Promise.all([isDone(pavilion, three, pushed), isDone(elsewhere, four, pushed)]);
    for (const machine of [pavilion, elsewhere]) {
      const { datasets } = await stateOf(machine, "employer");
      assert.equal(datasets.find(({ collaboration }) => collaboration === shared.id)?.live, 4);
    }
  });

  test("of a push that was interrupted the next one tells, and does nothing before it is settled", async () => {
    await interrupt(pushing(1, 100));
    const corrected = pushing(101, 100);
    const { code, err } = await pavilion.run(...corrected);
    assert.equal(code, 1);
    assert.match(
      err,
      /PUSH_INTERRUPTED: The push of people-1\.csv .* of its 100 records \d+ are live and \d+ are not/,
    );
    const given = JSON.parse(await pavilion.done(...settling("--discard", "--json"))) as Record<
      string,
      number
    >;
    assert.equal((given.live ?? NaN) + (given.dropped ?? NaN), 100);
    assert.match(await pavilion.done(...settling("--discard")), /nothing to give up/);
    await interrupt(corrected);
    await isDone(pavilion, settling("--resume"), /100 records of employer-of-two-machines are pushed/);
    assert.deepEqual(
      readdirSync(join(stateFolder, "datasets")).filter((name) => /\.new$|pending|unsent/.test(name)),
      [],
    );
  });

  test("a wrong column is refused before anything is sent, and a dry run tells what would be", async () => {
    const people = Array.from({ length: 40 }, (_, index) => `${String(index % 20)},care,20`);
    const file = join(dir, "visits.csv");
    writeFileSync(file, `id,sector,hours\n${people.join("\n")}\n`);
    const command = [...pushing(1, 1).slice(0, -1), file];
    const { code, err } = await pavilion.run(...command);
    assert.equal(code, 1);
    assert.match(
      err,
      /ROWS_LEFT_OUT: 20 of the file's 40 rows would be left out \(50 %\), more than 10 %: 20 for id: duplicate/,
    );
    const tried = await pavilion.done(...command, "--dry-run", "--left-out-max", "50%");
    assert.match(
      tried,
      /nothing was sent: of 40 rows 20 records of employer-of-two-machines would be pushed/,
    );
  });

  test("agents on two machines count in one meter, and of a folder one alone answers", async () => {
    const [first] = serving;
    assert.ok(first);
    const again = await pavilion.run("provider", "serve", "--provider", "clinic");
    assert.equal(again.code, 1);
    assert.match(again.err, new RegExp(`AGENT_BUSY: .*: process ${String(first.pid)} on `));
    first.kill("SIGTERM");
    await once(first, "exit");
    // What an agent of an earlier version counted in a file of its own counts too: here one evaluation.
    const old = join(elsewhere.home, "providers", "clinic", "state", "meter.json");
    const receivers = { employer: { evaluated: 1, pushes: {} } };
    writeFileSync(old, JSON.stringify({ [shared.id]: { epoch: 1, receivers } }));
    const second = elsewhere.start("provider", "serve", "--provider", "clinic", "--json");
    serving.push(second);
    assert.ok(second.stdout);
    await once(second.stdout, "data");
    second.stdout.resume();
    second.stderr?.resume();
    assert.equal(existsSync(old), false);
    // Of the 800 evaluations of an epoch the pushes before have used 400, whichever machine counted them, and the file one.
    await isDone(pavilion, pushing(1, 200), /200 records/);
    await isDone(pavilion, pushing(1, 199), /199 records/);
    const { err } = await pavilion.run(...pushing(1, 1, "--timeout", "8"));
    assert.match(err, /TIMED_OUT/);
    const { meters } = await stateOf(elsewhere, "clinic");
    const meter = meters.find(({ collaboration }) => collaboration === shared.id);
    assert.ok(meter?.topic !== undefined);
    assert.equal(meter.seen, meter.topic);
  });
}
