import type { Area } from "../area.ts";

export const evidence = {
  title: "Evidence",
  about: "Reported by `verify` and `audit` before they check anything.",
  codes: {
    TRUST_UNREADABLE: {
      status: 400,
      audience: ["auditor"],
      when: "`verify` was given no trust file, or one that cannot be read.",
      remedy: "Give the trust file that your own sources confirm: --trust TRUST.json.",
    },
    BUNDLE_UNREADABLE: {
      status: 400,
      audience: ["auditor"],
      when: "`verify` was given a bundle that is missing, or is no JSON in UTF-8.",
      remedy: "Give an evidence bundle as it was published, unaltered.",
    },
  },
} as const satisfies Area;
