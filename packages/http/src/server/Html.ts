/**
 * Text as HTML: escaped, and the little Markdown that our own sentences use. For the pages of the documentation.
 */
import { paths } from "./Acceptable.ts"

/** @category conversions */
export const escaped = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)

/** A sentence with `code`, **emphasis** and [links](/docs). @category conversions */
export const sentence = (text: string): string =>
  escaped(text)
    .replace(/`([^`]+)`/g, "<code>$1</code>")
    .replace(/\*\*([^*]+)\*\*/g, "<strong>$1</strong>")
    .replace(/\[([^\]]+)\]\(([^)]+)\)/g, '<a href="$2">$1</a>')

/** Paragraphs of sentences. @category conversions */
export const prose = (text: string): string =>
  text
    .split(/\n\n+/)
    .map((paragraph) => `<p>${sentence(paragraph)}</p>`)
    .join("\n")

/** A whole page. It has no script and no style but those named here, and nothing of it comes from another host. @category conversions */
export const page = (title: string, body: string, script?: string): string =>
  `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped(title)}</title>
<link rel="stylesheet" href="${paths.style}">${script === undefined ? "" : `<script defer src="${script}"></script>`}</head>
<body>${body}</body>
</html>
`
