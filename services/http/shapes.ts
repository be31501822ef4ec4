/**
 * A route's schemas at work: what is called and answered is held to them.
 *
 * Refuses at the start, as errors of whoever wrote the route: a path that is not made of plain segments and parameters, parameters
 * that are not the path's, and a body of whose objects one does not say whether it takes members that it does not name.
 */
import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import { PavilionError } from "../../errors/errors.ts";
import type { RouteDeclaration } from "../../runtime/contract/route.ts";
import type { Schema, Schemas } from "../../runtime/contract/schema.ts";
import { listFaults } from "../../schemas/reading/validate.ts";

const pathForm = /^(\/([a-zA-Z0-9._~-]+|\{[a-z][a-zA-Z0-9]*\}))+$/;
const options = { allErrors: false, strict: true, discriminator: true } as const;

/** Names in braces, in their order. */
export const namesIn = (path: string): string[] =>
  [...path.matchAll(/\{([^}]*)\}/g)].map(([, name = ""]) => name);

/** What comes in a URL is text; a number or truth value that it spells is taken for one. */
const texts = new Ajv({ ...options, coerceTypes: true });
const values = new Ajv(options);

export class Shapes {
  readonly #route: string;
  readonly #parameters: ValidateFunction;
  readonly #query: ValidateFunction;
  readonly #body: ValidateFunction | undefined;
  readonly #answer: ValidateFunction | undefined;

  constructor({ name, path, parameters = {}, query = {}, body, answer }: RouteDeclaration) {
    if (!pathForm.test(path)) throw new Error(`route ${name}: ${path} is no path`);
    const names = namesIn(path);
    if (names.toSorted().join() !== Object.keys(parameters).toSorted().join())
      throw new Error(`route ${name}: its parameters are not those of its path`);
    if (body !== undefined && !saysWhatElse(body))
      throw new Error(`route ${name}: an object of its body does not say whether it takes other members`);
    this.#route = name;
    this.#parameters = texts.compile(membersOf(parameters, names));
    this.#query = texts.compile(membersOf(query, []));
    this.#body = body === undefined ? undefined : values.compile(body);
    this.#answer = "schema" in answer ? values.compile(answer.schema) : undefined;
  }

  /** Throws CALL_INVALID. Numbers that texts spell are put in their places. */
  requireCall(call: { readonly parameters: object; readonly query: object; readonly body: unknown }): void {
    for (const text of Object.values(call.parameters)) {
      if (typeof text === "string" && /[/\\\p{Cc}]/u.test(text))
        throw new PavilionError(
          "CALL_INVALID",
          "A parameter in the path has a slash, a backslash or a control character.",
        );
    }
    requireValid(this.#parameters, call.parameters, "The path");
    requireValid(this.#query, call.query, "What stands after the question mark");
    if (this.#body !== undefined) requireValid(this.#body, call.body, "The body");
  }

  /** Throws where the handler answers something else than it declared: nobody is told of what it did not. */
  requireAnswer(answer: unknown): void {
    if (this.#answer !== undefined && !this.#answer(answer))
      throw new Error(`route ${this.#route} answered something else than it declares`);
  }
}

const membersOf = (properties: Schemas, required: readonly string[]): Schema => ({
  type: "object",
  additionalProperties: false,
  properties,
  required,
});

function requireValid(validate: ValidateFunction, value: unknown, what: string): void {
  if (validate(value)) return;
  const faults = listFaults((validate.errors ?? []).map(faultOf));
  throw new PavilionError("CALL_INVALID", `${what} does not follow the schema: ${faults}.`);
}

const faultOf = ({ instancePath, message = "" }: ErrorObject): string => `${instancePath || "/"} ${message}`;

/** Whether each object schema within says so; a schema within may stand in a list or under any keyword. */
function saysWhatElse(schema: unknown): boolean {
  if (typeof schema !== "object" || schema === null) return true;
  const { type, additionalProperties } = schema as Schema;
  if (type === "object" && additionalProperties === undefined) return false;
  return Object.values(schema).every(saysWhatElse);
}
