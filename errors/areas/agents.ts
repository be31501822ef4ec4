import type { Area } from "../area.ts";

export const agents = {
  title: "Agents",
  about:
    "Told by a provider's agent to its own provider, or between the agents of one collaboration, by the relay or by an agent itself.",
  codes: {
    AGENT_BUSY: {
      status: 409,
      audience: ["provider"],
      when: "Another process works on the same dataset, or answers from the same state folder; the message says which and since when.",
      remedy: "Wait until the other process has ended, or have this one wait for it by --wait.",
    },
    ROWS_LEFT_OUT: {
      status: 422,
      audience: ["provider"],
      when: "More than the declared share of the file's rows would be left out, or of a column's cells have no value of their own. Nothing was sent.",
      remedy:
        "Correct the file, or the columns that the collaboration names; where so much is meant, say so by --left-out-max or --emptied-max.",
    },
    PUSH_INTERRUPTED: {
      status: 409,
      audience: ["provider"],
      when: "An earlier push of another file was interrupted; the message says what of it is live and what is not. Nothing was sent.",
      remedy:
        "Finish the earlier push by provider push --resume, or give up what is not live of it by --discard.",
    },
    PUSH_OVERTAKEN: {
      status: 409,
      audience: ["provider"],
      when: "Other agents of the provider pushed to the dataset again and again meanwhile, or a push that was interrupted can no longer be finished.",
      remedy: "Push from one machine at a time, then push again.",
    },
    PUSH_REJECTED: {
      status: 422,
      audience: ["provider"],
      when: "The connector or the relay rejected a batch of the push.",
      remedy: "Mend what the notice names, then push again.",
    },
    REGION_BEHIND: {
      status: 409,
      audience: ["provider"],
      when: "The region's topics hold less than this agent has seen of its own: a dataset's head, or the sender's meter.",
      remedy:
        "Ask the region's operator what was lost or restored; ./pavilion provider state shows both sides, and provider state repair goes on from them.",
    },
    EPOCH_KEY_REFUSED: {
      status: 403,
      audience: ["provider"],
      when: "The key of an epoch was announced by somebody other than the sender, or is a second one.",
      remedy:
        "Have the sender that the collaboration names announce one key for each epoch; another key needs a new epoch.",
    },
    OPRF_METER_EXCEEDED: {
      status: 429,
      audience: ["provider"],
      when: "A receiver has used up the evaluations that the sender's meter allows it within the epoch.",
      remedy:
        "Agree on a new epoch, or on a new version with a larger limits.records: an epoch has four times that.",
    },
    INPUT_UNREADABLE: {
      status: 400,
      audience: ["provider"],
      when: "The provider's file is missing, empty, not text in UTF-8, not separated by commas, not well-formed CSV, or lacks a declared column.",
      remedy: "Give a CSV file in UTF-8: commas between columns, the declared ones named in its first line.",
    },
  },
} as const satisfies Area;
