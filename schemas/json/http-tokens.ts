// Generated from http-tokens.schema.json by scripts/generate-json-types.ts. Edit the schema, then run the script.

/**
 * Who may call a connector over HTTP. It holds no token, only their digests.
 */
export interface HttpTokens {
  /**
   * One entry for each token; a caller may have several, while one takes the place of another.
   *
   * @maxItems 1000
   */
  tokens: HttpToken[];
}
export interface HttpToken {
  /**
   * Caller.
   */
  name: string;
  /**
   * What the caller may do: each address names the roles that it answers.
   */
  role: string;
  /**
   * SHA-256 of the token, which is 32 to 128 random characters.
   */
  sha256: string;
  /**
   * When it ends; absent where it does not.
   */
  until?: string;
}
