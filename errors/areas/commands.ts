import type { Area } from "../area.ts";

export const commands = {
  title: "Command line",
  about: "Reported where the command was started.",
  codes: {
    USAGE_INVALID: {
      status: 400,
      audience: ["user"],
      when: "A command's arguments or options are not understood.",
      remedy: "Run ./pavilion COMMAND --help.",
    },
    UNKNOWN_COMMAND: {
      status: 400,
      audience: ["user"],
      when: "The command line names no known command.",
      remedy: "Run ./pavilion help.",
    },
    CONFIRMATION_MISSING: {
      status: 400,
      audience: ["user"],
      when: "A command would delete something for good, or put another thing in its place, and was not told that this is meant.",
      remedy: "Confirm it as the command says.",
    },
    TIMED_OUT: {
      status: 504,
      audience: ["user"],
      when: "No answer came, or a state was not restored, within the time given.",
      remedy: "Check that every part is up, then try again.",
    },
    METRICS_UNAVAILABLE: {
      status: 503,
      audience: ["operator"],
      when: "The connector's metrics endpoint is not configured, does not answer, or does not answer with metrics.",
      remedy: "Check that the connector is up and that its configuration names a metrics port.",
    },
    DEAD_LETTER_UNKNOWN: {
      status: 404,
      audience: ["operator"],
      when: "No dead letter of the region has the name that was given.",
      remedy: "Name a letter as ./pavilion dead-letters list prints it.",
    },
    REDRIVE_SUPERSEDED: {
      status: 409,
      audience: ["operator"],
      when: "Another redrive of the same region began while this one ran.",
      remedy: "Run it again if letters are left; what was redriven stays so.",
    },
  },
} as const satisfies Area;
