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
    STACK_RUNNING: {
      status: 409,
      audience: ["operator", "user"],
      when: "A command needs the stack's folder for itself: the stack runs, or another command works on it, or changed it meanwhile.",
      remedy:
        "Run ./pavilion down first, or wait until the other command has ended; then run this one again.",
    },
    BACKUP_UNSOUND: {
      status: 422,
      audience: ["operator"],
      when: "A backup is damaged, incomplete or changed, or the folder holds none. Nothing of it was put back.",
      remedy: "Take another copy of this backup, or another backup: this one cannot be trusted.",
    },
    BACKUP_NEWER: {
      status: 409,
      audience: ["operator"],
      when: "A backup is of a later version of this program, whose formats this one may not read. Nothing of it was put back.",
      remedy: "Restore it by the version that it names, or a later one.",
    },
    DISK_FULL: {
      status: 500,
      audience: ["operator", "user"],
      when: "A command could not write, because the disk is full, or too full for what it would write.",
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
