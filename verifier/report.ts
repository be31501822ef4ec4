/** A checklist as lines for a person, and as one object for programs. */
import { holds, type Check, type Checklist, type Status } from "./checklist.ts";

const labels: Record<Status, string> = {
  proven: "proven",
  attested: "attested",
  development: "development",
  failed: "FAILED",
};

/** How a check's verdict is shown. */
export type Paint = (status: Status, word: string) => string;

/** A line a check, then what was not checked, then the verdict. */
export function reportLines(checklist: Checklist, paint: Paint): string[] {
  const width = Math.max(...Object.values(labels).map(({ length }) => length));
  const names = Math.max(0, ...checklist.checks.map(({ name }) => name.length));
  const line = ({ name, status, text, detail }: Check): string => {
    const word = labels[status];
    const padding = " ".repeat(width - word.length);
    return `${paint(status, word)}${padding}  ${name.padEnd(names)}  ${detail ?? text}`;
  };
  const { notChecked } = checklist;
  return [
    ...checklist.checks.map(line),
    ...(notChecked.length > 0
      ? [`Not checked, for what they rest on failed: ${notChecked.join(", ")}.`]
      : []),
    verdict(checklist),
  ];
}

function verdict(checklist: Checklist): string {
  if (!holds(checklist)) return "The bundle does not hold.";
  const isSound = checklist.checks.every(({ status }) => status !== "development");
  return isSound
    ? "The bundle holds."
    : "The bundle holds, in a development set-up that proves nothing to outsiders.";
}

/** What `--json` prints, on one line. */
export const reportObject = (checklist: Checklist): object => ({
  holds: holds(checklist),
  checks: checklist.checks,
  notChecked: checklist.notChecked,
});
