/**
 * `/problems/<code>`: what a type of problem means, for a developer that has just met it. For the documentation of the server. Say nothing
 * here that the table of types does not say.
 */
import { exampleOf } from "../contract/Problem.ts"
import { pageOf, problemTypes, repeatOf, type Told } from "../contract/ProblemTypes.ts"
import { paths } from "./Acceptable.ts"

const style =
  "body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem;color:#222}dt{font-weight:600;margin-top:1rem}dd{margin:0}pre{background:#f5f5f5;padding:1rem;overflow:auto}code{font-size:.9em}"

const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`).replace(/`([^`]+)`/g, "<code>$1</code>")

const document = (title: string, body: string): string =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped(title)}</title><style>${style}</style>${body}</html>\n`

const link = (target: string, text: string): string => `<a href="${target}">${escaped(text)}</a>`

/** The page of one type. @category conversions */
export const ofType = (code: string, { advice, meaning, status, title }: Told): string =>
  document(
    title,
    `<h1>${escaped(title)}</h1><p><code>${code}</code>, status ${status}</p><dl>
<dt>What it means</dt><dd>${escaped(meaning)}</dd>
<dt>What to do</dt><dd>${escaped(advice)}</dd>
<dt>Repeat the request?</dt><dd>${escaped(repeatOf(status))}</dd>
<dt>Example</dt><dd><pre>${escaped(JSON.stringify(exampleOf(code), undefined, 2))}</pre></dd></dl>
<p>${link(paths.problems, "All problems")} · ${link(paths.docs, "The API")}</p>`
  )

/** The page that names them all. @category conversions */
export const ofAll = (): string =>
  document(
    "Problems",
    `<h1>Problems</h1><dl>${Object.entries(problemTypes)
      .map(
        ([code, { meaning, status }]) => `<dt>${link(pageOf(code), code)} ${status}</dt><dd>${escaped(meaning)}</dd>`
      )
      .join("\n")}</dl><p>${link(paths.docs, "The API")}</p>`
  )
