/**
 * A JSON Schema (draft-07) that stands in the code, and the type of what follows it: so that one declaration validates, describes
 * and types.
 *
 * Promises: TypeOf knows `const`, `enum`, and the types with their items and properties; of anything else it says unknown.
 * Does not: express lengths, ranges and patterns; those are the validator's.
 */
export type Schema = Readonly<Record<string, unknown>>;

/** Schemas by the name of what follows them. */
export type Schemas = Readonly<Record<string, Schema>>;

export type TypeOf<S> = S extends { readonly const: infer V }
  ? V
  : S extends { readonly enum: readonly (infer V)[] }
    ? V
    : S extends { readonly type: "string" }
      ? string
      : S extends { readonly type: "integer" | "number" }
        ? number
        : S extends { readonly type: "boolean" }
          ? boolean
          : S extends { readonly type: "array"; readonly items: infer I }
            ? readonly TypeOf<I>[]
            : S extends { readonly type: "object"; readonly properties: infer P }
              ? MembersOf<P, RequiredOf<S>>
              : unknown;

type RequiredOf<S> = S extends { readonly required: readonly (infer N)[] } ? N : never;

type MembersOf<P, Required> = {
  readonly [N in keyof P as N extends Required ? N : never]: TypeOf<P[N]>;
} & {
  readonly [N in keyof P as N extends Required ? never : N]?: TypeOf<P[N]>;
};
