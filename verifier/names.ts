/** The checks that every bundle begins with, whatever its kind: each under a name that does not change, with what it shows. */
export const shows = {
  "trust-schema": "The trust file follows its schema and names everything once.",
  "bundle-schema": "The bundle follows its schema and holds nothing that nobody reads.",
} as const;

export type VerifierCheck = keyof typeof shows;
