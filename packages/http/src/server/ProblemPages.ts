/**
 * `/problems/<code>`: what a type of problem means, for a developer that has just met it. For the documentation of the server. Say nothing
 * here that the table of types does not say.
 */
import { exampleOf } from "../contract/Problem.ts"
import { pageOf, problemTypes, repeatOf, type Told } from "../contract/ProblemTypes.ts"
import { paths } from "./Acceptable.ts"
import { escaped, page, sentence } from "./Html.ts"

const link = (target: string, text: string): string => `<a href="${target}">${escaped(text)}</a>`

/** The page of one type. @category conversions */
export const ofType = (code: string, { advice, meaning, status, title }: Told): string =>
  page(
    title,
    `<h1>${escaped(title)}</h1><p><code>${code}</code>, status ${status}</p><dl>
<dt>What it means</dt><dd>${sentence(meaning)}</dd>
<dt>What to do</dt><dd>${sentence(advice)}</dd>
<dt>Repeat the request?</dt><dd>${escaped(repeatOf(status))}</dd>
<dt>Example</dt><dd><pre>${escaped(JSON.stringify(exampleOf(code), undefined, 2))}</pre></dd></dl>
<p>${link(paths.problems, "All problems")} · ${link(paths.docs, "The API")}</p>`
  )

/** The page that names them all. @category conversions */
export const ofAll = (): string =>
  page(
    "Problems",
    `<h1>Problems</h1><dl>${Object.entries(problemTypes)
      .map(
        ([code, { meaning, status }]) => `<dt>${link(pageOf(code), code)} ${status}</dt><dd>${sentence(meaning)}</dd>`
      )
      .join("\n")}</dl><p>${link(paths.docs, "The API")}</p>`
  )
