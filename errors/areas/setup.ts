import type { Area } from "../area.ts";

export const setup = {
  title: "Set-up",
  about: "Reported where the command or service was started.",
  codes: {
    CONFIG_INVALID: {
      status: 500,
      audience: ["operator", "user"],
      when: "A configuration or secret file cannot be read, breaks its schema, can be read by others, or contradicts what is there; or a name is reserved.",
      remedy: "Correct the named settings.",
    },
    CIRCUIT_MISMATCH: {
      status: 500,
      audience: ["operator", "developer"],
      when: "A file of a circuit is missing, or is not the one that the `artifacts.json` beside it pins.",
      remedy: "Restore the circuit's artifacts as they were released, all from one build.",
    },
    PART_MISSING: {
      status: 500,
      audience: ["user"],
      when: "A program that the embedded stack needs is not on this machine.",
      remedy: "Run the command again with the package registries reachable; finished downloads are kept.",
    },
    PART_START_FAILED: {
      status: 500,
      audience: ["user"],
      when: "A part of the stack ended, or was not ready in time.",
      remedy: "Read why at the end of the log that is named; ./pavilion doctor says what is missing.",
    },
    PORT_IN_USE: {
      status: 500,
      audience: ["user"],
      when: "A port that a part of the stack needs is taken by another program.",
      remedy: "Stop the program that listens there, or choose another port in stack.json.",
    },
    STACK_DOWN: {
      status: 503,
      audience: ["user"],
      when: "A command needs the stack of `./pavilion up`, and it is not running.",
      remedy: "Run ./pavilion up first.",
    },
    DISK_FULL: {
      status: 500,
      audience: ["operator", "user"],
      when: "A command could not write, because the disk is full.",
      remedy: "Free some space, then run the command again: what was done stays.",
    },
    KEYSTORE_UNREADABLE: {
      status: 500,
      audience: ["user"],
      when: "The keystore is missing, damaged, under another passphrase, or lacks the key that is needed.",
      remedy: "Give the passphrase that the keys were made with.",
    },
  },
} as const satisfies Area;
