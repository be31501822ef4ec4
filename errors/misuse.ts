/** A command line that is not understood: exit code 2, with the command's usage. */
export const misuse = (message: string): Error =>
  Object.assign(new Error(message), { code: "ERR_PARSE_ARGS_INVALID_OPTION_VALUE" });

/** Such an error, or one of parseArgs's own. */
export const isMisuse = (error: unknown): error is Error =>
  error instanceof Error && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
