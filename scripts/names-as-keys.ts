/**
 * A lint rule: no object is looked up by a name that does not stand in the code. `constructor` and `__proto__` are
 * members of every object, so that a map of other people's names is a Map. Reading and writing by a text (`table[name]`),
 * taking apart by one (`{ [name]: value } = table`) and asking for one (`name in table`) are refused unless the text's
 * type lists the names, or the object was just asked whether the member is its own: `Object.hasOwn(table, name) ?
 * table[name] : …`. What only makes an object to be written out (`Object.fromEntries`, `{ [name]: value }`) defines
 * members of its own whatever they are called, and is let pass.
 */
import type { Rule } from "eslint";
import { TypeFlags, type Type } from "typescript";

/** What typescript-eslint's parser hands to rules. */
interface Types {
  readonly getTypeAtLocation: (node: Rule.Node) => Type;
}

const listed =
  TypeFlags.StringLiteral | TypeFlags.NumberLike | TypeFlags.ESSymbolLike | TypeFlags.Index | TypeFlags.Never;

/** Whether every value of the type is a name that the code lists, a number or a symbol. */
function isListed(type: Type): boolean {
  if (type.isUnion()) return type.types.every(isListed);
  if (type.isIntersection()) return type.types.some(isListed);
  if ((type.flags & TypeFlags.TypeParameter) !== 0) {
    const constraint = type.getConstraint();
    return constraint !== undefined && isListed(constraint);
  }
  return (type.flags & listed) !== 0;
}

export const namesAsKeys: Rule.RuleModule = {
  meta: {
    type: "problem",
    schema: [],
    messages: { key: "An object is no map of names: take a Map, or list the names in the key's type." },
  },
  create(context) {
    const types = context.sourceCode.parserServices as Types;
    const check = (key: unknown): void => {
      const node = key as Rule.Node;
      if (!isListed(types.getTypeAtLocation(node))) context.report({ node, messageId: "key" });
    };
    /** Whether the expression is what a condition yields that holds where the call does. */
    const isAsked = (parent: Rule.Node | null, node: unknown, call: string): boolean =>
      parent?.type === "ConditionalExpression" &&
      parent.consequent === node &&
      context.sourceCode.getText(parent.test).split(" && ").includes(call);
    return {
      MemberExpression(node) {
        if (!node.computed) return;
        const [object = "", name = ""] = [node.object, node.property].map((part) =>
          context.sourceCode.getText(part),
        );
        if (!isAsked(node.parent, node, `Object.hasOwn(${object}, ${name})`)) check(node.property);
      },
      "ObjectPattern > Property[computed=true]"(node: Rule.Node) {
        if (node.type === "Property") check(node.key);
      },
      BinaryExpression({ operator, left }) {
        if (operator === "in" && left.type !== "PrivateIdentifier") check(left);
      },
    };
  },
};
