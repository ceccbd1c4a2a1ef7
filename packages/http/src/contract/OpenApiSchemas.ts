/**
 * The schemas of the OpenAPI document, as a program of another language wants them. They are open to members that come later, and as plain as
 * they can be. For the document.
 */
import { fromMember, type Json } from "./OpenApiWords.ts"

const isText = (schema: Json): boolean => schema["type"] === "string" && Object.keys(schema).length === 1
const isListed = (schema: Json): boolean => schema["type"] === "string" && Array.isArray(schema["enum"])

/** Texts that are listed: closed in an input, open in an answer, where a later version may list more. */
const listed = (types: ReadonlyArray<Json>): Json | undefined => {
  const values = types.filter(isListed).flatMap((each) => each["enum"] as ReadonlyArray<string>)
  if (values.length === 0) return undefined
  const others = types.filter((each) => !isListed(each))
  if (others.length === 0) return { type: "string", enum: values }
  return others.length === 1 && isText(others[0]!) ? { type: "string", examples: values } : undefined
}

const nullable = (types: ReadonlyArray<Json>): Json | undefined => {
  const [shown, ...more] = types.filter(({ type }) => type !== "null")
  return shown !== undefined && more.length === 0 && types.length === 2 && typeof shown["type"] === "string"
    ? { ...shown, type: [shown["type"], "null"] }
    : undefined
}

/** A bound that only says which integers a double can hold. */
const isBoundOfDoubles = ([name, value]: readonly [string, unknown]): boolean =>
  name === "minimum" && value === Number.MIN_SAFE_INTEGER

/** A schema, and all within it. @category conversions */
export const plain = (schema: Json): Json => {
  const { additionalProperties, anyOf, properties, ...rest } = Object.fromEntries(
    Object.entries(schema).filter((each) => !isBoundOfDoubles(each))
  ) as Json
  const types: ReadonlyArray<Json> | undefined = anyOf?.map(plain)
  return {
    ...rest,
    ...(rest["items"] === undefined ? {} : { items: plain(rest["items"]) }),
    ...(types === undefined ? {} : (listed(types) ?? nullable(types) ?? { anyOf: types })),
    ...(properties === undefined ? {} : { properties: members(properties) }),
    // What no page names is ignored in an input, and may come to an answer later.
    ...(typeof additionalProperties === "object" ? { additionalProperties: plain(additionalProperties) } : {})
  }
}

const members = (properties: Json): Json =>
  Object.fromEntries(
    Object.entries<Json>(properties).map(([name, schema]) => {
      const description = fromMember[name]
      return [name, { ...plain(schema), ...(description === undefined ? {} : { description }) }]
    })
  )
