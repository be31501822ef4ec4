/** A command line that is not understood: exit code 2, with the command's usage. */
export const misuse = (message: string): Error =>
  Object.assign(new Error(message), { code: "ERR_PARSE_ARGS_INVALID_OPTION_VALUE" });
